import { digestOfText } from '../base/digest.ts'
import type { Report } from '../diagnostics/report.ts'
import type { Source } from '../diagnostics/source.ts'
import type { Block, Expression } from '../hcl/ast.ts'
import { EXPRESSION_STEPS } from '../hcl/function.ts'
import { EMPTY_SCOPE, type Scope } from '../hcl/scope.ts'
import type { Environment } from './blocks/environment.ts'
import { decodeOutput, type OutputValue } from './blocks/output.ts'
import { checkRefactorings, decodeRefactorings } from './blocks/refactoring.ts'
import type { VariableDeclaration } from './blocks/variable.ts'
import { checkPrompts } from './checks.ts'
import { createCompiler, createSite } from './compile.ts'
import type { Configuration, Remnant } from './configuration.ts'
import { collectDeclarations, type Declarations } from './declared.ts'
import type { BlockSite } from './decode/site.ts'
import { foldedVariables } from './folded.ts'
import type { CompileHost } from './host.ts'
import type { CompiledBlock } from './instance.ts'
import { createInstances, type Instances } from './instance-registry.ts'
import { destroyGuard } from './lifecycle.ts'
import { createNames } from './names.ts'
import { inDependencyOrder } from './order.ts'
import type { ParsedConfiguration } from './parsed.ts'
import { pinForm } from './pin.ts'
import { resolveVariables, validateVariables } from './resolved-variables.ts'
import type { Settings } from './settings.ts'
import { checkLocals, collectLocals, createSettingsScope } from './settings-scope.ts'
import { createTrail } from './trail.ts'
import { reportUnused, usedBySettings } from './unused.ts'
import type { VariableInput } from './variables.ts'

export interface LoadInput {
  readonly parsed: ParsedConfiguration
  readonly settings: Settings
  readonly environment: Environment
  readonly variables: readonly VariableInput[]
  /** Files that the values came from. */
  readonly variableFiles: readonly Source[]
  readonly host: CompileHost
}

export interface Loaded {
  /** Undefined when there are errors. */
  readonly configuration: Configuration | undefined
  /** Variables without a value: a terminal is asked for them, and the configuration loaded again. */
  readonly missing: readonly VariableDeclaration[]
  /** What expressions of the configuration may use: for the console. */
  readonly names: Scope
}

/** Decodes and compiles a configuration for one environment. Everything that is wrong with it is reported in one pass. */
export function loadConfiguration(input: LoadInput, report: Report): Loaded {
  const { parsed, settings, environment } = input
  // What is missing in half of a configuration is no mistake of its own.
  if (parsed.isPartial) return { configuration: undefined, missing: [], names: EMPTY_SCOPE }
  const host: CompileHost = { ...input.host, functions: new Map(input.host.functions).set(pinForm.name, pinForm) }
  const used = new Set<string>()
  const trail = createTrail()
  const instances = createInstances({ host, trail, compiler: createCompiler(host, report), names: () => names, report })
  const declarations = collectDeclarations(parsed, instances.repetitionOf, report)
  const locals = collectLocals(parsed)
  const site = (block: Block, where: string, scope: Scope) => createSite(block, where, where, scope, host, report)
  checkLocals(parsed, report)
  const variables = resolveVariables(declarations, input.variables, createSettingsScope(parsed, host.functions), host, report)
  const names = createNames({
    root: parsed.root,
    project: settings.project,
    environment: environment.name,
    variables: variables.values,
    locals,
    blocks: declarations.published,
    trail,
    contextOf: scope => ({ scope, functions: host.functions, report, budget: { remaining: EXPRESSION_STEPS }, files: host.files }),
    instancesOf: instances.of,
    referenceTo: instances.referenceTo,
    onUse: name => used.add(name),
  })

  validateVariables(variables, names, site)
  const blocks = compileAll(declarations, instances)
  const outputs = [...declarations.outputs].flatMap(([name, block]): readonly OutputValue[] => {
    const output = decodeOutput(block, name, site(block, `in output "${name}"`, names))
    return output ? [output] : []
  })
  const refactorings = decodeRefactorings(parsed.blocks, block => site(block, `in ${block.type}`, names), report)
  for (const name of usedBySettings(parsed.blocks)) used.add(name)
  const usedByBlocks = new Set(used)
  evaluateLocals(locals, names, report)
  const ordered = inDependencyOrder(blocks, report)
  checkPrompts(ordered, report)
  checkRefactorings(refactorings, new Set(ordered.map(block => block.address)), report)
  if (variables.missing.length === 0) reportUnused(declarations.variables, locals, { byBlocks: usedByBlocks, byAll: used }, report)
  if (report.hasErrors || variables.missing.length > 0) return { configuration: undefined, missing: variables.missing, names }
  const configuration = assemble(
    input,
    { blocks: ordered, outputs, variables: variables.values, refactorings },
    {
      foldedVariables: block => foldedVariables(block, locals),
      remnant: address => remnantOf(address, declarations, block => site(block, address, names)),
    },
  )
  return { configuration, missing: [], names }
}

function assemble(
  { parsed, settings, environment, variableFiles, host }: LoadInput,
  parts: Pick<Configuration, 'blocks' | 'outputs' | 'variables' | 'refactorings'>,
  questions: { readonly foldedVariables: (block: Block | undefined) => readonly string[]; readonly remnant: Configuration['remnant'] },
): Configuration {
  const written = new Map(parts.blocks.map(({ address, block }) => [address, block]))
  return {
    root: parsed.root,
    project: settings.project,
    environment,
    ...parts,
    files: {
      ...Object.fromEntries(
        [...parsed.files.map(({ source }) => source), ...variableFiles].map(({ name, text }) => [name, digestOfText(text)]),
      ),
      ...Object.fromEntries(host.files.reads()),
    },
    foldedVariables: address => questions.foldedVariables(written.get(address)),
    remnant: questions.remnant,
  }
}

function remnantOf(address: string, { published }: Declarations, siteOf: (block: Block) => BlockSite): Remnant | undefined {
  const [kind = '', name = ''] = address.replace(/\[.*$/s, '').split('.')
  const declared = published.get(kind)?.get(name)
  if (declared === undefined) return undefined
  const { block } = declared
  return { block, repetition: declared.repetition(), preventDestroy: destroyGuard(block, siteOf(block).evaluation) }
}

function compileAll({ published }: Declarations, instances: Instances): readonly CompiledBlock[] {
  const declared = [...published.values()].flatMap(blocks => [...blocks.values()])
  const inSourceOrder = declared.sort((a, b) => compareSource(a.block, b.block))
  return inSourceOrder.flatMap(block => instances.of(block)).flatMap(instance => instances.compiler.compile(instance) ?? [])
}

function compareSource(a: Block, b: Block): number {
  const [first, second] = [a.range.source.name, b.range.source.name]
  return first === second ? a.range.start - b.range.start : first < second ? -1 : 1
}

/** Also those that nothing uses, so that their errors are told. */
function evaluateLocals(locals: ReadonlyMap<string, Expression>, names: Scope, report: Report): void {
  for (const [name, { range }] of locals) {
    names.resolve({ kind: 'traversal', root: 'local', rootRange: range, steps: [{ kind: 'attribute', key: name, range }], range }, report)
  }
}
