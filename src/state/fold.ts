import type { PointerChange } from '../registry/pointer.ts'
import type { ReleaseWithChanges } from '../registry/release.ts'
import type { OwnedVersion, StateSnapshot } from './state.ts'

export interface Folded {
  /** The state as it follows from its lineage's releases; the serial is the old one, for nothing was written. */
  readonly snapshot: StateSnapshot
  /** Releases of this lineage that the state had missed: an apply that was killed after its commit, or from elsewhere. */
  readonly own: readonly ReleaseWithChanges[]
}

/**
 * Catches up with the registry (STA-3): releases of this lineage are ours and change what is owned; releases of others are
 * drift, which compares what is owned with the pointers, so only their number is remembered. Recognised by lineage, never
 * by what a plan would be: the configuration may have been edited since.
 *
 * @param releases those after `snapshot.release`, oldest first.
 */
export function fold(snapshot: StateSnapshot, releases: readonly ReleaseWithChanges[]): Folded {
  const last = releases.at(-1)
  if (!last) return { snapshot, own: [] }
  const own = releases.filter(release => release.lineage === snapshot.lineage)
  const owned = new Map(snapshot.owned)
  for (const { changes } of own) for (const change of changes) follow(owned, change, snapshot.lineage)
  return { snapshot: { ...snapshot, release: last.number, owned }, own }
}

/**
 * What a lineage owns as the registry alone tells it (STA-2); serial, outputs and checks stay.
 *
 * @param releases all of the environment, oldest first.
 */
export function rebuild(snapshot: StateSnapshot, releases: readonly ReleaseWithChanges[]): StateSnapshot {
  return fold({ ...snapshot, release: 0, owned: new Map() }, releases).snapshot
}

function follow(owned: Map<string, OwnedVersion>, change: PointerChange, lineage: string): void {
  if (change.after && change.ownerAfter === lineage) owned.set(change.address, change.after)
  else owned.delete(change.address)
}
