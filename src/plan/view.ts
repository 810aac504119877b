import { type Import, type Moved, movedAddress, movedWithin } from '../config/blocks/refactoring.ts'
import type { CompiledBlock } from '../config/instance.ts'
import type { Hold } from '../registry/hold.ts'
import type { Pointer } from '../registry/pointer.ts'
import type { StateSnapshot } from '../state/state.ts'

/** State and registry under the names that the configuration has for addresses now. */
export interface PlanView {
  readonly state: StateSnapshot
  readonly pointers: ReadonlyMap<string, Pointer>
  readonly holds: readonly Hold[]
  /** Where a pointer was, by its address now (MOVE-1). */
  readonly formerly: ReadonlyMap<string, string>
  /** Moves that cannot be, for something else is active at the new address. */
  readonly blocked: readonly Moved[]
}

/** What is there, as it is. */
export interface Present {
  readonly state: StateSnapshot
  readonly pointers: ReadonlyMap<string, Pointer>
  readonly holds: readonly Hold[]
}

/** Renames what `moved` blocks speak of: only what is ours, and only to a block that the configuration has. */
export function viewThrough(moved: readonly Moved[], blocks: readonly CompiledBlock[], present: Present): PlanView {
  if (moved.length === 0) return { ...present, formerly: new Map(), blocked: [] }
  const configured = new Set(blocks.map(({ address }) => address))
  const formerly = new Map<string, string>()
  const blocked: Moved[] = []
  for (const [address, { owner }] of present.pointers) {
    const to = owner === present.state.lineage && !configured.has(address) ? movedAddress(address, moved) : address
    if (to === address || !configured.has(to)) continue
    if (present.pointers.has(to))
      blocked.push(...moved.filter(move => movedAddress(address, [move]) !== address).map(move => movedWithin(move, address)))
    else formerly.set(to, address)
  }
  const now = new Map([...formerly].map(([to, from]) => [from, to]))
  const rename = (address: string) => now.get(address) ?? address
  return {
    state: { ...present.state, owned: new Map([...present.state.owned].map(([address, owned]) => [rename(address), owned])) },
    pointers: new Map(
      [...present.pointers.values()].map(pointer => [rename(pointer.address), { ...pointer, address: rename(pointer.address) }]),
    ),
    holds: present.holds.map(hold => ({ ...hold, address: rename(hold.address) })),
    formerly,
    blocked,
  }
}

/** Of the imports those that are still to be done: the address is not ours yet. */
export function openImports(imports: readonly Import[], { pointers, state }: Present): ReadonlyMap<string, Import> {
  return new Map(imports.flatMap(item => (pointers.get(item.to)?.owner === state.lineage ? [] : [[item.to, item] as const])))
}
