import type { Report } from '../../diagnostics/report.ts'
import type { Block } from '../../hcl/ast.ts'
import { formatKey, withinModule } from '../address.ts'
import { type CheckResult, evaluateCheck } from '../blocks/check.ts'
import type { CompiledBlock } from '../instance.ts'
import { instanceScope, planInstances } from '../instances.ts'
import type { Loading, ModuleInstance } from './module-instance.ts'

/** The module instance and all that it calls, callers first. */
export function* withCalled(module: ModuleInstance): Iterable<ModuleInstance> {
  yield module
  for (const called of module.calls.all()) yield* withCalled(called)
}

/** The published blocks of one module instance, in source order. */
export function compileBlocks({ declarations, instances, caller }: ModuleInstance): readonly CompiledBlock[] {
  const declared = [...declarations.published.values()].flatMap(blocks => [...blocks.values()])
  const inSourceOrder = declared.sort((a, b) => compareSource(a.block, b.block))
  const blocks = inSourceOrder.flatMap(block => instances.of(block)).flatMap(instance => instances.compiler.compile(instance) ?? [])
  const awaited = dependsOnOf(caller)
  return awaited.length === 0 ? blocks : blocks.map(block => ({ ...block, dependsOn: [...block.dependsOn, ...awaited] }))
}

/** What a module waits for, all that is in it waits for. */
function dependsOnOf(caller: ModuleInstance['caller']): readonly string[] {
  return caller === undefined ? [] : [...caller.dependsOn, ...dependsOnOf(caller.instance.caller)]
}

export function compareSource(a: Block, b: Block): number {
  const [first, second] = [a.range.source.name, b.range.source.name]
  return first === second ? a.range.start - b.range.start : first < second ? -1 : 1
}

/** The results of all `check` blocks of one module instance. */
export function checkResults({ path, declarations, names, site }: ModuleInstance, { report }: Loading): readonly CheckResult[] {
  return [...declarations.checks].flatMap(([name, block]) => {
    const where = `in check "${name}"`
    const { instances } = planInstances(block, site(block, where).evaluation)
    return instances.flatMap(({ key, names: own }) => {
      const address = withinModule(path, `check.${name}${key === undefined ? '' : formatKey(key)}`)
      const scope = instanceScope(own, names)
      const siteOf = (into: Report) => ({ ...site(block, where, scope, into), address })
      return evaluateCheck(block, address, siteOf, report) ?? []
    })
  })
}

/** Outputs and arguments of a module, also those that nobody reads: so that their errors are told. */
export function workOutInterface(module: ModuleInstance): void {
  module.caller?.arguments.check(module)
  for (const [name, block] of module.declarations.outputs) module.output(name, block.headerRange)
}

/** Locals of a module, also those that nobody reads. */
export function workOutLocals({ locals, names }: ModuleInstance, { report }: Loading): void {
  for (const [name, { range }] of locals) {
    names.resolve({ kind: 'traversal', root: 'local', rootRange: range, steps: [{ kind: 'attribute', key: name, range }], range }, report)
  }
}
