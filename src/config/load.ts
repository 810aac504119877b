import { digestOfText } from '../base/digest.ts'
import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Block, Expression, TraversalExpression } from '../hcl/ast.ts'
import { EXPRESSION_STEPS } from '../hcl/function.ts'
import type { Scope } from '../hcl/scope.ts'
import { INVALID, type Value } from '../hcl/value.ts'
import { formatAddress } from './address.ts'
import type { Environment } from './blocks/environment.ts'
import { decodeOutput, type OutputValue } from './blocks/output.ts'
import type { VariableDeclaration } from './blocks/variable.ts'
import { checkPrompts } from './checks.ts'
import { type Compiler, createCompiler, createSite } from './compile.ts'
import type { Configuration, Remnant } from './configuration.ts'
import { collectDeclarations, type Declarations } from './declared.ts'
import type { BlockSite } from './decode/site.ts'
import { foldedVariables } from './folded.ts'
import type { CompileHost } from './host.ts'
import type { CompiledBlock, DeclaredBlock, Instance } from './instance.ts'
import { type InstancePlan, instanceScope, planInstances } from './instances.ts'
import { destroyGuard } from './lifecycle.ts'
import { createNames } from './names.ts'
import { inDependencyOrder } from './order.ts'
import type { ParsedConfiguration } from './parsed.ts'
import { pinForm } from './pin.ts'
import { createReference, referenceValue } from './reference.ts'
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
  const host: CompileHost = { ...input.host, functions: new Map(input.host.functions).set(pinForm.name, pinForm) }
  const plans = new Map<Block, InstancePlan>()
  const used = new Set<string>()
  const declarations = collectDeclarations(parsed, block => plans.get(block)?.repetition ?? 'single', report)
  const locals = collectLocals(parsed)
  const site = (block: Block, where: string, scope: Scope) => createSite(block, where, where, scope, host, report)
  checkLocals(parsed, report)
  const variables = resolveVariables(declarations, input.variables, createSettingsScope(parsed, host.functions), host, report)
  const trail = createTrail()
  const compiler = createCompiler(host, report)
  const instances = new Map<DeclaredBlock, readonly Instance[]>()

  function instancesOf(declared: DeclaredBlock, askedBy?: TraversalExpression): readonly Instance[] {
    const known = instances.get(declared)
    if (known) return known
    const header = `${declared.kind}.${declared.name}`
    const context = createSite(declared.block, header, `in ${declared.kind} "${declared.name}"`, names, host, report).evaluation
    const plan = trail.enter(header, askedBy?.range, report, () => planInstances(declared.block, context))
    if (plan === undefined) return []
    plans.set(declared.block, plan)
    const made = plan.instances.map(({ key, names: own }): Instance => {
      const address = { kind: declared.kind, name: declared.name, ...(key === undefined ? {} : { key }) }
      return { address, text: formatAddress(address), declared, scope: instanceScope(own, names) }
    })
    instances.set(declared, made)
    return made
  }

  function referenceTo(instance: Instance, askedAt: () => SourceRange): Value {
    const read = (name: string) => {
      const attribute = trail.enter(instance.text, askedAt(), report, () => ({ value: compiler.attribute(instance, name) }))
      return attribute === undefined ? INVALID : attribute.value
    }
    return referenceValue(createReference(instance.address, { read, names: () => compiler.attributeNames(instance) }))
  }

  const names = createNames({
    root: parsed.root,
    project: settings.project,
    environment: environment.name,
    variables: variables.values,
    locals,
    blocks: declarations.published,
    trail,
    contextOf: scope => ({ scope, functions: host.functions, report, budget: { remaining: EXPRESSION_STEPS }, files: host.files }),
    instancesOf,
    referenceTo,
    onUse: name => used.add(name),
  })

  validateVariables(variables, names, site)
  const blocks = compileAll(declarations, instancesOf, compiler)
  const outputs = [...declarations.outputs].flatMap(([name, block]): readonly OutputValue[] => {
    const output = decodeOutput(block, name, site(block, `in output "${name}"`, names))
    return output ? [output] : []
  })
  for (const name of usedBySettings(parsed.blocks)) used.add(name)
  const usedByBlocks = new Set(used)
  evaluateLocals(locals, names, report)
  const ordered = inDependencyOrder(blocks, report)
  checkPrompts(ordered, report)
  reportUnused(declarations.variables, locals, { byBlocks: usedByBlocks, byAll: used }, report)
  if (report.hasErrors || variables.missing.length > 0) return { configuration: undefined, missing: variables.missing, names }
  const written = new Map(ordered.map(({ address, block }) => [address, block]))
  const configuration: Configuration = {
    root: parsed.root,
    project: settings.project,
    environment,
    blocks: ordered,
    outputs,
    variables: variables.values,
    files: {
      ...Object.fromEntries(parsed.files.map(file => [file.source.name, digestOfText(file.source.text)])),
      ...Object.fromEntries(host.files.reads()),
    },
    foldedVariables: address => foldedVariables(written.get(address), locals),
    remnant: address => remnantOf(address, declarations, block => site(block, address, names)),
  }
  return { configuration, missing: [], names }
}

function remnantOf(address: string, { published }: Declarations, siteOf: (block: Block) => BlockSite): Remnant | undefined {
  const [kind = '', name = ''] = address.replace(/\[.*$/s, '').split('.')
  const declared = published.get(kind)?.get(name)
  if (declared === undefined) return undefined
  const { block } = declared
  return { block, repetition: declared.repetition(), preventDestroy: destroyGuard(block, siteOf(block).evaluation) }
}

function compileAll(
  { published }: Declarations,
  instancesOf: (declared: DeclaredBlock) => readonly Instance[],
  compiler: Compiler,
): readonly CompiledBlock[] {
  const declared = [...published.values()].flatMap(blocks => [...blocks.values()])
  const inSourceOrder = declared.sort((a, b) => compareSource(a.block, b.block))
  return inSourceOrder.flatMap(instancesOf).flatMap(instance => compiler.compile(instance) ?? [])
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
