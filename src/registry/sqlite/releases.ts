import type { Ulid } from '../../base/ids.ts'
import type { PointerChange } from '../pointer.ts'
import type { Release, ReleaseRequest, ReleaseWithChanges } from '../release.ts'
import { changesOfAddress, changesOfRelease, lastChange, type Scope } from './pointers.ts'
import { findVersion } from './versions.ts'

// Columns are named as the type names them, so that a row is the value.
const COLUMNS = `environment, number, kind, apply_id AS applyId, lineage, change_digest AS changeDigest, restores, actor, source, reason,
  created_at AS createdAtMs`
const NEWEST = `SELECT ${COLUMNS} FROM release WHERE project = ? AND environment = ? ORDER BY number DESC LIMIT ?`
const SINCE = `SELECT ${COLUMNS} FROM release WHERE project = ? AND environment = ? AND number > ? ORDER BY number`
const ONE = `SELECT ${COLUMNS} FROM release WHERE project = ? AND environment = ? AND number = ?`
const BY_APPLY_ID = `SELECT ${COLUMNS} FROM release WHERE apply_id = ? AND project = ?`
const INSERT = `
INSERT INTO release(project, environment, number, kind, apply_id, lineage, change_digest, restores, actor, source, reason, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

export function newestReleases({ store, project, environment }: Scope, limit: number): readonly Release[] {
  return store.prepared<Release>(NEWEST).all(project, environment, limit)
}

export function releasesSince(scope: Scope, number: number): readonly ReleaseWithChanges[] {
  const rows = scope.store.prepared<Release>(SINCE).all(scope.project, scope.environment, number)
  return rows.map(release => ({ ...release, changes: changesOfRelease(scope, release.number) }))
}

export function releaseOf(scope: Scope, number: number): ReleaseWithChanges | undefined {
  const release = scope.store.prepared<Release>(ONE).get(scope.project, scope.environment, number)
  return release && { ...release, changes: changesOfRelease(scope, number) }
}

export function releaseByApplyId({ store, project }: Pick<Scope, 'store' | 'project'>, applyId: Ulid): Release | undefined {
  return store.prepared<Release>(BY_APPLY_ID).get(applyId, project)
}

/** The releases that moved an address, newest first, each with that change alone; before a rename, those of its old address. */
export function historyOfAddress(scope: Scope, address: string): readonly ReleaseWithChanges[] {
  const select = scope.store.prepared<Release>(ONE)
  return changesWithMoves(scope, address).flatMap(change => {
    const release = select.get(scope.project, scope.environment, change.number)
    return release ? [{ ...release, changes: [change] }] : []
  })
}

/** The release that moved each address last, with that change alone. */
export function lastMoves(scope: Scope, addresses: readonly string[]): ReadonlyMap<string, ReleaseWithChanges> {
  const select = scope.store.prepared<Release>(ONE)
  const moves = addresses.flatMap(address => {
    const change = lastChange(scope, address)
    const release = change && select.get(scope.project, scope.environment, change.number)
    return release ? [[address, { ...release, changes: [change] }] as const] : []
  })
  return new Map(moves)
}

/** A first pointer whose version is a copy of what the same release archived was a rename, and not an import. */
function changesWithMoves(scope: Scope, address: string): readonly PointerChange[] {
  const changes = changesOfAddress(scope, address)
  const first = changes.at(-1)
  if (first?.after == null || first.before !== null) return changes
  const origin = findVersion(scope.store, scope.project, { address, version: first.after.version })?.origin
  const from = origin?.slice(0, origin.lastIndexOf('@'))
  const earlier = from === undefined ? [] : changesWithMoves(scope, from)
  const wasArchivedThen = earlier.some(change => change.number === first.number && change.after === null)
  return wasArchivedThen ? [...changes, ...earlier.filter(change => change.number < first.number)] : changes
}

export function insertRelease({ store, project, environment }: Scope, number: number, request: ReleaseRequest): Release {
  const { kind, applyId, lineage, changeDigest, restores = null, actor, source, reason } = request
  const createdAtMs = store.clock.now()
  store
    .prepared(INSERT)
    .run(project, environment, number, kind, applyId, lineage, changeDigest, restores, actor, source, reason, createdAtMs)
  return { environment, number, kind, applyId, lineage, changeDigest, restores, actor, source, reason, createdAtMs }
}
