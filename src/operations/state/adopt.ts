import { OperationError } from '../../diagnostics/operation-error.ts'
import { conflictDiagnostic } from '../../registry/conflict.ts'
import type { Pointer, PointerFlip, PointerSet } from '../../registry/pointer.ts'
import type { StateVersion } from '../../registry/release.ts'
import { follow } from '../../state/catch-up.ts'
import type { StateSnapshot } from '../../state/state.ts'
import { commitState, type OwnershipChange, type StateChanged, type StateSite } from './change.ts'

/**
 * Makes a state from elsewhere the state, and the registry agree with what it owns (STA-10).
 *
 * @param replaced what is stored now. A state of another lineage takes over what that one owned.
 * @throws OperationError `state/other-registry`, `registry/behind-state`, `registry/integrity`, `apply/owned-elsewhere`.
 */
export async function adoptState(site: StateSite, state: StateSnapshot, replaced: StateVersion | null): Promise<StateChanged> {
  const { snapshot, pointers } = await follow(site.registry, site.environment, state)
  const elsewhere = ownedElsewhere(snapshot, pointers, replaced)
  if (elsewhere.length > 0) {
    throw new OperationError(conflictDiagnostic({ outcome: 'owned-elsewhere', pointers: elsewhere }, site.environment))
  }
  const taken = [...pointers.pointers.values()].filter(({ address, owner }) => snapshot.owned.has(address) && owner !== snapshot.lineage)
  const givenUp = [...pointers.pointers.values()].filter(
    ({ address, owner }) => !snapshot.owned.has(address) && (owner === snapshot.lineage || (owner !== null && owner === replaced?.lineage)),
  )
  const flip = ({ address, version, owner }: Pointer, ownerAfter: string | null): PointerFlip => ({
    address,
    before: version,
    after: version,
    ownerBefore: owner,
    ownerAfter,
    ...(owner !== null && owner !== snapshot.lineage ? { takeOver: site.operation } : {}),
  })
  return await commitState(site, {
    snapshot,
    stored: replaced,
    base: pointers.release,
    flips: [...taken.map(pointer => flip(pointer, snapshot.lineage)), ...givenUp.map(pointer => flip(pointer, null))],
    changes: [
      ...taken.map(({ address, version, owner }): OwnershipChange => ({ action: 'take', address, version, from: owner })),
      ...givenUp.map(({ address, version }): OwnershipChange => ({ action: 'give-up', address, version })),
    ],
  })
}

/** What belongs to a third configuration, which nobody has agreed to take from (DRIFT-9). */
function ownedElsewhere({ owned, lineage }: StateSnapshot, { pointers }: PointerSet, replaced: StateVersion | null): readonly Pointer[] {
  return [...owned.keys()].flatMap(address => {
    const pointer = pointers.get(address)
    const isOurs = pointer?.owner === undefined || pointer.owner === null || pointer.owner === lineage
    return pointer === undefined || isOurs || pointer.owner === replaced?.lineage ? [] : [pointer]
  })
}
