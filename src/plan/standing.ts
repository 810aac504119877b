import type { Import } from '../config/blocks/refactoring.ts'
import type { CompiledBlock } from '../config/instance.ts'
import type { Pointer } from '../registry/pointer.ts'
import { classify, type DriftRule } from './drift.ts'
import type { PlanView } from './view.ts'

/** Where an address stands, and the block that the configuration has for it. */
export interface Standing {
  readonly address: string
  readonly rule: DriftRule
  readonly block: CompiledBlock | undefined
  readonly pointer: Pointer | undefined
}

/**
 * Compares configuration, state and registry at every address that any of ours knows: changed or not, each once. Blocks
 * come in their order, then what is ours and not configured, by address.
 *
 * @param imports to be done, by address: consent to take what others own (DRIFT-9).
 */
export function standings(configured: readonly CompiledBlock[], view: PlanView, imports: ReadonlyMap<string, Import>): readonly Standing[] {
  const { state, pointers } = view
  const held = new Set(view.holds.map(hold => `${hold.address} ${hold.digest}`))
  const blocks = new Map(configured.map(block => [block.address, block]))
  const gone = [...state.owned.keys()].filter(address => !blocks.has(address)).sort()
  return [...blocks.keys(), ...gone].flatMap(address => {
    const block = blocks.get(address)
    const pointer = pointers.get(address)
    const taken = imports.get(address)?.takeOver ?? false
    const rule = classify({
      configuration: block?.digest,
      state: state.owned.get(address),
      registry: pointer && taken && pointer.owner !== state.lineage ? { ...pointer, owner: null } : pointer,
      lineage: state.lineage,
      held: block !== undefined && held.has(`${address} ${block.digest}`),
    })
    return rule ? [{ address, rule, block, pointer }] : []
  })
}

/** Others moved the pointer away from where our last release left it. */
export function isDrifted({ rule }: Standing): boolean {
  return ['rolled-back', 'drift-and-change', 'archived-by-others', 'drift-then-archive'].includes(rule.kind)
}

/** The block is no longer configured, and its pointer is ours. */
export function isArchived({ rule }: Standing): boolean {
  return rule.kind === 'archive' || rule.kind === 'drift-then-archive'
}

/** Nothing moves: equal, brought to where we are by others, given up, or refused. */
export function isUnchanged({ rule, block }: Standing): boolean {
  const isStill = ['unchanged', 'converged', 'gone', 'owned-elsewhere'].includes(rule.kind)
  return isStill || (rule.kind === 'unowned' && block === undefined)
}
