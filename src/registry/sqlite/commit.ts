import { ARTIFACT_FORMAT } from '../../artifact/envelope.ts'
import { crashPoint } from '../../base/crash-point.ts'
import { invariant } from '../../base/invariant.ts'
import type { AuditEntry } from '../audit.ts'
import type { HeldContent, Hold } from '../hold.ts'
import type { Pointer, PointerFlip } from '../pointer.ts'
import type { BrokenReference, Release, ReleaseConflict, ReleaseOutcome, ReleaseRequest } from '../release.ts'
import type { NewVersion } from '../version.ts'
import { appendAudit } from './audit-log.ts'
import { hasContent } from './contents.ts'
import { holdsOf, liftHold, placeHold } from './holds.ts'
import { moveAddresses } from './moves.ts'
import { brokenReferences, flipPointers, headOf, pointerTo, type Scope } from './pointers.ts'
import { insertRelease, releaseByApplyId, releasesSince } from './releases.ts'
import { writeState } from './state-rows.ts'
import { findVersion, insertReferences, insertVersions } from './versions.ts'

/**
 * Steps A3 to A5 of the release protocol, inside one write transaction that the caller rolls back unless the outcome is
 * `released` or `unchanged`. Every check of REL-3 … REL-8 is made here, whatever the client checked before (REL-9).
 */
export function commitRelease(scope: Scope, unsorted: ReleaseRequest): ReleaseOutcome {
  crashPoint('A3-begun')
  const request = sortedRequest(unsorted)
  const answered = releaseByApplyId(scope, request.applyId)
  if (answered) return firstAnswer(answered, request)

  const head = headOf(scope)
  if (head.release !== request.base) {
    const { environment, base } = request
    return { outcome: 'moved', environment, base, head: head.release, releases: releasesSince(scope, base) }
  }
  if (request.flips.length === 0) return writeStateAlone(scope, request)

  const number = head.release + 1
  const pointers = request.flips.map(flip => pointerTo(scope, flip.address))
  const elsewhere = ownersAgree(request, pointers)
  if (elsewhere) return elsewhere
  moveAddresses(scope, request.moves ?? [])
  const conflict = publishVersions(scope, request) ?? checkHolds(scope, request) ?? flip(scope, number, request, pointers)
  if (conflict) return conflict

  const release = insertRelease(scope, number, request)
  keepHolds(scope, release, request)
  if (request.state) {
    const found = writeState(scope, request.state)
    if (found !== undefined) return { outcome: 'state-moved', found }
  }
  appendAudit(scope.store, scope.project, auditEntries(release, request))
  crashPoint('A4-inserted')
  return { outcome: 'released', release, repeated: false }
}

/** Rows are inserted in address order: opposite orders deadlock in other stores (REL-12), and appending is fastest here. */
function sortedRequest(request: ReleaseRequest): ReleaseRequest {
  return {
    ...request,
    // SQLite would replace a lone surrogate, and the audit row would not match its hash any more (NUM-4).
    actor: request.actor.toWellFormed(),
    source: request.source.toWellFormed(),
    reason: request.reason.toWellFormed(),
    versions: request.versions.toSorted(byAddress),
    flips: request.flips.toSorted(byAddress),
    references: request.references.toSorted(byAddress),
  }
}

function byAddress(a: { readonly address: string }, b: { readonly address: string }): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : 0
}

function firstAnswer(release: Release, request: ReleaseRequest): ReleaseOutcome {
  const same = release.environment === request.environment && release.changeDigest === request.changeDigest
  invariant(same, 'registry/apply-id-reused', `apply id ${request.applyId} was used for another change`)
  return { outcome: 'released', release, repeated: true }
}

function writeStateAlone(scope: Scope, request: ReleaseRequest): ReleaseOutcome {
  const found = request.state && writeState(scope, request.state)
  return found === undefined ? { outcome: 'unchanged' } : { outcome: 'state-moved', found }
}

/** DRIFT-9: an apply moves only what is its own, nobody's, or taken over with consent; rollback and promote leave the owner. */
function ownersAgree(request: ReleaseRequest, pointers: readonly (Pointer | undefined)[]): ReleaseConflict | undefined {
  const elsewhere: Pointer[] = []
  const leavesOwner = request.kind === 'rollback' || request.kind === 'promote'
  for (const [index, flip] of request.flips.entries()) {
    const pointer = pointers[index]
    const known = (pointer?.version ?? null) === flip.before && (pointer?.owner ?? null) === flip.ownerBefore
    invariant(
      known,
      'registry/wrong-before',
      `the release ${request.applyId} is based on another pointer of ${flip.address} than the registry has`,
    )
    if (!pointer || pointer.owner === null || pointer.owner === request.lineage || flip.takeOver !== undefined) continue
    if (!leavesOwner || (flip.after !== null && flip.ownerAfter !== pointer.owner)) elsewhere.push(pointer)
  }
  return elsewhere.length > 0 ? { outcome: 'owned-elsewhere', pointers: elsewhere } : undefined
}

function publishVersions(scope: Scope, request: ReleaseRequest): ReleaseConflict | undefined {
  const { store, project } = scope
  const absent: HeldContent[] = []
  const present: NewVersion[] = []
  for (const version of request.versions) {
    if (hasContent(store, version.digest)) present.push(version)
    else absent.push({ address: version.address, digest: version.digest })
  }
  if (absent.length > 0) return { outcome: 'content-missing', contents: absent }
  const taken = insertVersions(store, project, present, request, ARTIFACT_FORMAT)
  if (taken.length > 0) return { outcome: 'version-taken', taken }
  insertReferences(store, project, request.references)
  return undefined
}

/** HOLD-3: held content is not published again, unless this release lifts the hold by name. */
function checkHolds(scope: Scope, request: ReleaseRequest): ReleaseConflict | undefined {
  const inForce = new Map<string, Hold[]>()
  for (const hold of holdsOf(scope, false)) inForce.set(hold.address, [...(inForce.get(hold.address) ?? []), hold])
  const lifted = new Set(request.holdsLifted?.map(({ address, digest }) => `${address} ${digest}`))
  const held = request.flips.flatMap(({ address, after, before }) => {
    const candidates = inForce.get(address)
    if (!candidates || after === null || after === before) return []
    const digest = findVersion(scope.store, scope.project, { address, version: after })?.digest
    return candidates.filter(hold => hold.digest === digest && !lifted.has(`${address} ${digest}`))
  })
  return held.length > 0 ? { outcome: 'held', holds: held } : undefined
}

function flip(
  scope: Scope,
  number: number,
  request: ReleaseRequest,
  before: readonly (Pointer | undefined)[],
): ReleaseConflict | undefined {
  flipPointers(scope, number, request.flips)
  const changed = request.flips.some((flip, index) => changesInterface(scope, flip, before[index]))
  // What refers to an unchanged interface stays right, so all pointers are looked at only when one was changed or archived.
  const moved = new Set(request.flips.map(({ address }) => address))
  // A pair of which neither end moves was let through by an earlier release, and is no reason to refuse this one.
  const broken = brokenReferences(scope, changed ? 0 : number).filter(pair => moved.has(pair.address) || moved.has(pair.target))
  const dangling = broken.filter(isDangling)
  if (dangling.length > 0) return { outcome: 'dangling', references: dangling }
  return broken.length > 0 && request.forceIncompatible === undefined ? { outcome: 'incompatible', references: broken } : undefined
}

function changesInterface(scope: Scope, flip: PointerFlip, before: Pointer | undefined): boolean {
  if (!before) return false
  if (flip.after === null) return true
  return pointerTo(scope, flip.address)?.interfaceDigest !== before.interfaceDigest
}

function isDangling(reference: BrokenReference): boolean {
  return reference.targetVersion === null
}

function keepHolds(scope: Scope, release: Release, request: ReleaseRequest): void {
  const { actor } = request
  for (const held of request.holdsLifted ?? []) liftHold(scope, held, { actor, reason: request.overrideReason ?? '' })
  for (const held of request.holdsPlaced ?? []) placeHold(scope, held, release.number, { actor, reason: request.reason })
}

function auditEntries(release: Release, request: ReleaseRequest): readonly AuditEntry[] {
  const { actor, reason } = request
  const { environment, number, applyId, changeDigest, lineage } = release
  const holdEntry = (action: string, why: string) => (held: HeldContent) => ({
    actor,
    action,
    subject: `${environment} ${held.address}`,
    reason: why,
    detail: { release: number, digest: held.digest },
  })
  return [
    {
      actor,
      action: `release.${release.kind}`,
      subject: `${environment}@${number}`,
      reason,
      detail: {
        apply_id: applyId,
        change_digest: changeDigest,
        lineage,
        pointers: request.flips.length,
        versions: request.versions.length,
        ...(request.moves?.length ? { moves: request.moves.map(({ from, to }) => `${from} → ${to}`) } : {}),
      },
    },
    ...(request.forceIncompatible === undefined
      ? []
      : [{ actor, action: 'release.force', subject: `${environment}@${number}`, reason: request.forceIncompatible, detail: {} }]),
    ...request.flips.flatMap(({ address, ownerBefore: from, takeOver }) => {
      if (takeOver === undefined || from === null || from === lineage) return []
      return [{ actor, action: 'pointer.take', subject: `${environment} ${address}`, reason: takeOver, detail: { release: number, from } }]
    }),
    ...(request.holdsLifted ?? []).map(holdEntry('hold.override', request.overrideReason ?? '')),
    ...(request.holdsPlaced ?? []).map(holdEntry('hold.place', reason)),
  ]
}
