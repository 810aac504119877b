import type { Change, Plan } from '../plan/plan.ts'
import type { PointerFlip } from '../registry/pointer.ts'
import type { ReleaseKind } from '../registry/release.ts'
import type { NewVersion } from '../registry/version.ts'

/** A release that changes nothing but addresses and owners is an import: it moves no pointer to another version. */
export function releaseKind({ mode, changes }: Pick<Plan, 'mode' | 'changes'>): ReleaseKind {
  if (mode === 'destroy') return 'destroy'
  const isOwnership = changes.length > 0 && changes.every(({ action }) => ['import', 'forget', 'move'].includes(action))
  return isOwnership ? 'import' : 'apply'
}

/** Versions that are published already are sent too: the same digest under the same number is reuse (REL-7). */
export function newVersions(changes: readonly Change[]): readonly NewVersion[] {
  return changes.flatMap(({ address, after }) => {
    if (after === undefined) return []
    const { version, digest, interfaceDigest, origin } = after
    return [{ address, version, digest, interfaceDigest, ...(origin === undefined ? {} : { origin }) }]
  })
}

/** The pointers that a change moves: one, or two where a block has another address now. */
export function flipsOf(change: Change, lineage: string): readonly PointerFlip[] {
  const { address, action, before, after, ownerBefore = null, previousAddress, imported } = change
  const version = before?.version ?? null
  // A forgotten pointer stays and belongs to nobody (MOVE-3).
  if (action === 'forget') return [{ address, before: version, after: version, ownerBefore, ownerAfter: null }]
  if (action === 'delete') return [{ address, before: version, after: null, ownerBefore, ownerAfter: null }]
  const arrival = {
    address,
    before: imported ? imported.active : version,
    after: after?.version ?? null,
    ownerBefore,
    ownerAfter: lineage,
    ...(imported?.takeOver === undefined ? {} : { takeOver: imported.takeOver }),
    ...(after?.folded ? { folded: after.folded } : {}),
  }
  if (previousAddress === undefined) return [arrival]
  return [
    { address: previousAddress, before: version, after: null, ownerBefore, ownerAfter: null },
    { ...arrival, before: null, ownerBefore: null },
  ]
}
