import type { Block } from '../../hcl/ast.ts'
import { EXPRESSION_STEPS } from '../../hcl/function.ts'
import type { Scope } from '../../hcl/scope.ts'
import { INVALID, SENSITIVE, type Value, withMarks } from '../../hcl/value.ts'
import { withinModule } from '../address.ts'
import { evaluateOutput } from '../blocks/output.ts'
import { createCompiler, createSite, declaredDependencies } from '../compile.ts'
import { collectDeclarations } from '../declared.ts'
import type { CompileHost } from '../host.ts'
import { createInstances } from '../instance-registry.ts'
import { createNames, type VariableValues } from '../names.ts'
import type { ParsedConfiguration, ParsedModule } from '../parsed.ts'
import { checkLocals, collectLocals, createSettingsScope } from '../settings-scope.ts'
import { createArguments } from './arguments.ts'
import { createModuleCalls } from './calls.ts'
import type { Loading, ModuleCaller, ModuleInstance } from './module-instance.ts'

/** What one instance is made of. */
export interface ModuleSources {
  readonly path: string | undefined
  readonly parsed: ParsedConfiguration
  readonly host: CompileHost
  readonly caller: ModuleCaller | undefined
  readonly variables: VariableValues
}

/** An instance of a module, the root included. Its blocks and values are made when somebody asks for them. */
export function createModuleInstance(loading: Loading, { path, parsed, host, caller, variables }: ModuleSources): ModuleInstance {
  const { report, trail } = loading
  const instances = createInstances({ host, trail, compiler: createCompiler(host, report), names: () => names, module: path, report })
  const declarations = collectDeclarations(parsed, path, instances.repetitionOf, report)
  const locals = collectLocals(parsed)
  checkLocals(parsed, report)
  const used = loading.usesOf(parsed)
  const calls = createModuleCalls(
    loading,
    () => instance,
    instantiator(loading, () => instance),
  )
  const names: Scope = createNames({
    root: loading.root,
    folder: parsed.root,
    project: loading.project,
    environment: loading.environment,
    module: path,
    variables,
    locals,
    blocks: declarations.published,
    resolveModule: calls.resolve,
    trail,
    contextOf: scope => ({ scope, functions: host.functions, report, budget: { remaining: EXPRESSION_STEPS }, files: host.files }),
    instancesOf: instances.of,
    referenceTo: instances.referenceTo,
    onUse: name => used.add(name),
  })
  const outputs = new Map<string, Value>()
  const instance: ModuleInstance = {
    path,
    parsed,
    declarations,
    locals,
    names,
    instances,
    calls,
    caller,
    site: (block, where, scope = names, into = report) => {
      const whole = path === undefined ? where : `${where} of ${path}`
      return createSite(block, whole, whole, scope, host, into)
    },
    output(name, askedAt) {
      const block = declarations.outputs.get(name)
      if (block === undefined) return undefined
      const known = outputs.get(name)
      if (known !== undefined) return known
      const work = () => evaluateOutput(block, name, instance.site(block, `in output "${name}"`))
      const output = trail.enter(withinModule(path, name), askedAt, report, work)
      const value = output === undefined ? INVALID : output.sensitive ? withMarks(output.value, SENSITIVE) : output.value
      outputs.set(name, value)
      return value
    },
  }
  return instance
}

/** Makes instances of what the `module` blocks of a caller call. */
function instantiator(loading: Loading, caller: () => ModuleInstance) {
  return (block: Block, path: string, scope: Scope): ModuleInstance | undefined => {
    const { parsed: from, site } = caller()
    const parsed = from.modules.get(block)
    if (parsed === undefined) return undefined
    const callSite = site(block, `in module "${block.labels[0]?.text}"`, scope)
    const host = moduleHost(loading.host, parsed)
    const settings = createSettingsScope(parsed, host.functions)
    const given = createArguments(loading, {
      call: block,
      path,
      site: callSite,
      variables: () => instance.declarations.variables,
      declarationSite: (declared, where) => createSite(declared, where, `${where} of ${path}`, settings, host, loading.report),
    })
    const dependsOn = declaredDependencies(block, callSite)
    const instance: ModuleInstance = createModuleInstance(loading, {
      path,
      parsed,
      host,
      variables: given,
      caller: { instance: caller(), block, arguments: given, dependsOn },
    })
    return instance
  }
}

/** By the files of the project, then by folder: one view each, so that a template is parsed once. */
const views = new WeakMap<CompileHost['files'], Map<string, CompileHost['files']>>()

/** Functions of a module read files from its folder on. */
function moduleHost(host: CompileHost, { root, boundary }: ParsedModule): CompileHost {
  const known = views.get(host.files) ?? new Map<string, CompileHost['files']>()
  views.set(host.files, known)
  const key = JSON.stringify([root, boundary])
  const { reads, searches, within } = host.files
  const files = known.get(key) ?? { ...within(root, boundary), reads, searches, within }
  known.set(key, files)
  return { ...host, files }
}
