import type { Block } from '../hcl/ast.ts'
import { EXPRESSION_STEPS } from '../hcl/function.ts'
import { EMPTY_SCOPE } from '../hcl/scope.ts'
import { parseAddress } from './address.ts'
import type { Remnant } from './configuration.ts'
import type { Repetition } from './instances.ts'
import { destroyGuard } from './lifecycle.ts'
import type { Loading, ModuleInstance } from './modules/module-instance.ts'
import { findBlock, type ParsedConfiguration } from './parsed.ts'

/** Of an address that is not configured: the block that it was an instance of, in this module or one that has lost an instance. */
export function remnantOf(address: string, root: ModuleInstance, loading: Loading): Remnant | undefined {
  const parts = parseAddress(address)
  if (parts === undefined) return undefined
  let instance: ModuleInstance | undefined = root
  let parsed: ParsedConfiguration | undefined = root.parsed
  let lost: Repetition | undefined
  for (const { name, key } of parts.modules) {
    const call: Block | undefined = parsed && findBlock(parsed, 'module', name)
    const caller: ModuleInstance | undefined = instance
    instance = call && caller?.calls.of(call).find(({ path = '' }) => path.endsWith(`module.${name}${key}`))
    if (call && caller && instance === undefined) lost ??= caller.calls.repetitionOf(call)
    parsed = call && parsed?.modules.get(call)
  }
  const block = parsed && findBlock(parsed, parts.kind, parts.name)
  if (block === undefined) return undefined
  const declared = instance?.declarations.published.get(parts.kind)?.get(parts.name)
  return {
    block,
    repetition: lost ?? declared?.repetition() ?? 'single',
    preventDestroy: destroyGuard(block, instance?.site(block, '').evaluation ?? blind(loading)),
  }
}

/** A module instance that is gone has no values any more: what is written as a literal still holds. */
function blind({ host: { functions, files }, report }: Loading) {
  return { scope: EMPTY_SCOPE, functions, files, report, budget: { remaining: EXPRESSION_STEPS } }
}
