import { digestOfText } from '../base/digest.ts'
import type { Report } from '../diagnostics/report.ts'
import type { Source } from '../diagnostics/source.ts'
import { EMPTY_SCOPE, type Scope } from '../hcl/scope.ts'
import type { Environment } from './blocks/environment.ts'
import { evaluateOutput, toOutputValue } from './blocks/output.ts'
import { checkRefactorings, decodeRefactorings, type ModulePath, type Refactorings } from './blocks/refactoring.ts'
import type { VariableDeclaration } from './blocks/variable.ts'
import { checkBudgets } from './budget-checks.ts'
import { checkPrompts } from './checks.ts'
import type { Configuration } from './configuration.ts'
import { foldedVariables } from './folded.ts'
import type { CompileHost } from './host.ts'
import { checkResults, compileBlocks, withCalled, workOutInterface, workOutLocals } from './modules/declared-values.ts'
import { createModuleInstance } from './modules/instantiate.ts'
import type { Loading, ModuleInstance } from './modules/module-instance.ts'
import { inDependencyOrder } from './order.ts'
import type { ParsedConfiguration } from './parsed.ts'
import { pinForm } from './pin.ts'
import { remnantOf } from './remnant.ts'
import { type ResolvedVariables, resolveVariables, validateVariables } from './resolved-variables.ts'
import type { Settings } from './settings.ts'
import { createSettingsScope } from './settings-scope.ts'
import { createTrail } from './trail.ts'
import { reportUnused } from './unused.ts'
import type { VariableInput } from './variables.ts'
import { checkWorkflows } from './workflow-checks.ts'

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
  const host: CompileHost = {
    servers: parsed.servers ?? [],
    ...input.host,
    functions: new Map(input.host.functions).set(pinForm.name, pinForm),
  }
  const loading = createLoading(input, host, report)
  const given = { names: () => variables.values.keys(), read: (name: string) => variables.values.get(name) }
  const root = createModuleInstance(loading, { path: undefined, parsed, host, caller: undefined, variables: given })
  const variables: ResolvedVariables = resolveVariables(
    root.declarations,
    input.variables,
    createSettingsScope(parsed, host.functions),
    host,
    report,
  )
  const { names } = root

  validateVariables(variables, names, root.site)
  const modules = [...withCalled(root)]
  const blocksOf = new Map(modules.map(module => [module, compileBlocks(module)]))
  const outputs = outputsOf(root)
  for (const module of modules) if (module !== root) workOutInterface(module)
  const checks = modules.flatMap(module => checkResults(module, loading))
  const refactorings = refactoringsOf(modules, report)
  const usedByBlocks = new Map(modules.map(({ parsed }) => [parsed.files, new Set(loading.usesOf(parsed))]))
  for (const module of modules) workOutLocals(module, loading)
  const ordered = inDependencyOrder([...blocksOf.values()].flat(), report)
  checkPrompts(ordered, report)
  checkBudgets(ordered, report)
  checkWorkflows(ordered, report)
  checkRefactorings(refactorings, new Set(ordered.map(block => block.address)), report)
  if (variables.missing.length === 0) reportUnused(modules, loading, usedByBlocks)
  if (report.hasErrors || variables.missing.length > 0) return { configuration: undefined, missing: variables.missing, names }
  const configuration: Configuration = {
    root: parsed.root,
    project: settings.project,
    environment,
    ...{ blocks: ordered, outputs, checks, variables: variables.values, refactorings },
    files: filesOf(input),
    searches: host.files.searches(),
    foldedVariables: whereFolded(blocksOf),
    remnant: address => remnantOf(address, root, loading),
  }
  return { configuration, missing: [], names }
}

function createLoading({ parsed, settings, environment }: LoadInput, host: CompileHost, report: Report): Loading {
  const uses = new Map<ParsedConfiguration['files'], Set<string>>()
  let instances = 0
  return {
    root: parsed.root,
    project: settings.project,
    environment: environment.name,
    host,
    trail: createTrail(),
    report,
    countInstance: () => ++instances,
    // All calls of one folder share its files.
    usesOf({ files }) {
      const used = uses.get(files) ?? new Set()
      uses.set(files, used)
      return used
    },
  }
}

function outputsOf(root: ModuleInstance): Configuration['outputs'] {
  return [...root.declarations.outputs].flatMap(([name, block]) => {
    const output = evaluateOutput(block, name, root.site(block, `in output "${name}"`))
    return output ? [toOutputValue(output)] : []
  })
}

/** Of the root, and of each module that is called: what one says is about all its instances. */
function refactoringsOf(modules: readonly ModuleInstance[], report: Report): Refactorings {
  const byPath = new Map(modules.map(module => [JSON.stringify(callsTo(module)), module]))
  const decoded = [...byPath.values()].map(module =>
    decodeRefactorings(module.parsed.blocks, callsTo(module), block => module.site(block, `in ${block.type}`), report),
  )
  return {
    moved: decoded.flatMap(({ moved }) => moved),
    removed: decoded.flatMap(({ removed }) => removed),
    imports: decoded.flatMap(({ imports }) => imports),
  }
}

/** Names of the `module` blocks that lead to an instance. */
function callsTo({ caller }: ModuleInstance): ModulePath {
  return caller ? [...callsTo(caller.instance), caller.block.labels[0]?.text ?? ''] : []
}

/** What the configuration was made from. Fetched modules are pinned by the lock, which stands for them. */
function filesOf({ parsed, variableFiles, host }: LoadInput): Configuration['files'] {
  const sources = [...sourcesOf(parsed), ...(parsed.lock ? [parsed.lock] : []), ...variableFiles]
  return {
    ...Object.fromEntries(sources.map(({ name, text }) => [name, digestOfText(text)])),
    ...Object.fromEntries(host.files.reads()),
  }
}

function sourcesOf({ files, modules }: ParsedConfiguration): readonly Source[] {
  const called = [...modules.values()].flatMap(module => (module.isFetched ? [] : sourcesOf(module)))
  return [...files.map(({ source }) => source), ...called]
}

/** By address, worked out when asked. */
function whereFolded(blocksOf: ReadonlyMap<ModuleInstance, ReturnType<typeof compileBlocks>>): Configuration['foldedVariables'] {
  const written = new Map([...blocksOf].flatMap(([module, blocks]) => blocks.map(({ address, block }) => [address, { block, module }])))
  return address => {
    const found = written.get(address)
    return found ? foldedVariables(found.block, found.module) : []
  }
}
