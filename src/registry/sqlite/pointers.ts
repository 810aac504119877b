import type { Digest } from '../../base/digest.ts'
import type { SqliteStore } from '../../sqlite/database.ts'
import type { Head, Pointer, PointerChange, PointerFlip } from '../pointer.ts'
import type { BrokenReference } from '../release.ts'

// Columns are named as the types name them, so that a row is the value.
const POINTER_COLUMNS = 'p.address, p.version, v.digest, v.interface_digest AS interfaceDigest, p.owner, p.changed_in AS changedIn'
const VERSION_JOIN = 'JOIN artifact_version v ON v.project = p.project AND v.address = p.address AND v.version = p.version'
const CURRENT = `SELECT ${POINTER_COLUMNS} FROM pointer p ${VERSION_JOIN} WHERE p.project = ? AND p.environment = ? ORDER BY p.address`
// Not a join: this SQLite has STAT4, and plans a join anew for each set of bound values, 9 µs instead of 1.
const ONE = `
SELECT p.address, p.version, p.owner, p.changed_in AS changedIn,
  (SELECT v.digest FROM artifact_version v WHERE v.project = p.project AND v.address = p.address AND v.version = p.version) AS digest,
  (SELECT v.interface_digest FROM artifact_version v WHERE v.project = p.project AND v.address = p.address AND v.version = p.version) AS interfaceDigest
FROM pointer p WHERE p.project = ? AND p.environment = ? AND p.address = ?`
const AT_RELEASE = `
SELECT ${POINTER_COLUMNS} FROM (
  SELECT project, address, after AS version, owner_after AS owner, max(number) AS changed_in
  FROM pointer_change WHERE project = ? AND environment = ? AND number <= ? GROUP BY address
) p ${VERSION_JOIN} ORDER BY p.address`
const CHANGES = `
SELECT c.address, c.number, c.before, b.digest AS beforeDigest, c.after, a.digest AS afterDigest,
  c.owner_before AS ownerBefore, c.owner_after AS ownerAfter, c.folded
FROM pointer_change c
LEFT JOIN artifact_version b ON b.project = c.project AND b.address = c.address AND b.version = c.before
LEFT JOIN artifact_version a ON a.project = c.project AND a.address = c.address AND a.version = c.after
WHERE c.project = ? AND c.environment = ?`
const CHANGES_OF_RELEASE = `${CHANGES} AND c.number = ? ORDER BY c.address`
const CHANGES_OF_ADDRESS = `${CHANGES} AND c.address = ? ORDER BY c.number DESC`
const LAST_CHANGE = `${CHANGES_OF_ADDRESS} LIMIT 1`
const HEAD = 'SELECT number, registry_id FROM environment_head WHERE project = ? AND environment = ?'
const HEADS =
  'SELECT environment, number AS "release", registry_id AS registryId FROM environment_head WHERE project = ? ORDER BY environment'
const REGISTRY_ID = "SELECT value FROM meta WHERE key = 'registry_id'"
const SET_HEAD = `
INSERT INTO environment_head(project, environment, number, registry_id) VALUES (?, ?, ?, (${REGISTRY_ID}))
ON CONFLICT DO UPDATE SET number = excluded.number`
const SET = `
INSERT INTO pointer(project, environment, address, version, owner, changed_in) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET version = excluded.version, owner = excluded.owner, changed_in = excluded.changed_in`
const REMOVE = 'DELETE FROM pointer WHERE project = ? AND environment = ? AND address = ?'
const RECORD = `
INSERT INTO pointer_change(project, environment, address, number, before, after, owner_before, owner_after, folded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
/** References of the current set without a target, or with one whose interface no compile ever saw (REL-8). */
const BROKEN = `
SELECT f.address, f.version, r.target, t.version AS targetVersion
FROM pointer f
JOIN reference r ON r.project = f.project AND r.address = f.address AND r.version = f.version
LEFT JOIN pointer t ON t.project = f.project AND t.environment = f.environment AND t.address = r.target
LEFT JOIN artifact_version v ON v.project = t.project AND v.address = t.address AND v.version = t.version
WHERE f.project = ? AND f.environment = ? AND f.changed_in >= ?
GROUP BY f.address, r.target HAVING coalesce(max(v.interface_digest = r.interface_digest), 0) = 0
ORDER BY f.address, r.target`

interface ChangeRow {
  readonly address: string
  readonly number: number
  readonly before: number | null
  readonly beforeDigest: Digest | null
  readonly after: number | null
  readonly afterDigest: Digest | null
  readonly ownerBefore: string | null
  readonly ownerAfter: string | null
  readonly folded: string
}

/** An environment of a project: the scope of pointers and releases. */
export interface Scope {
  readonly store: SqliteStore
  readonly project: string
  readonly environment: string
}

export function headOf({ store, project, environment }: Scope): Head {
  const row = store.prepared<{ number: number; registry_id: string }>(HEAD).get(project, environment)
  if (row) return { environment, registryId: row.registry_id, release: row.number }
  return { environment, registryId: store.prepared<{ value: string }>(REGISTRY_ID).get()?.value ?? '', release: 0 }
}

export function headsOf(store: SqliteStore, project: string): readonly Head[] {
  return store.prepared<Head>(HEADS).all(project)
}

export function currentPointers({ store, project, environment }: Scope): ReadonlyMap<string, Pointer> {
  return pointersFrom(store.prepared<Pointer>(CURRENT).all(project, environment))
}

export function pointersAtRelease({ store, project, environment }: Scope, number: number): ReadonlyMap<string, Pointer> {
  return pointersFrom(store.prepared<Pointer>(AT_RELEASE).all(project, environment, number))
}

export function pointerTo({ store, project, environment }: Scope, address: string): Pointer | undefined {
  return store.prepared<Pointer>(ONE).get(project, environment, address)
}

export function changesOfRelease({ store, project, environment }: Scope, number: number): readonly PointerChange[] {
  return store.prepared<ChangeRow>(CHANGES_OF_RELEASE).all(project, environment, number).map(changeFrom)
}

export function changesOfAddress({ store, project, environment }: Scope, address: string): readonly PointerChange[] {
  return store.prepared<ChangeRow>(CHANGES_OF_ADDRESS).all(project, environment, address).map(changeFrom)
}

/** What moved an address last. */
export function lastChange({ store, project, environment }: Scope, address: string): PointerChange | undefined {
  const row = store.prepared<ChangeRow>(LAST_CHANGE).get(project, environment, address)
  return row && changeFrom(row)
}

export function flipPointers({ store, project, environment }: Scope, number: number, flips: readonly PointerFlip[]): void {
  const set = store.prepared(SET)
  const remove = store.prepared(REMOVE)
  const record = store.prepared(RECORD)
  for (const { address, before, after, ownerBefore, ownerAfter, folded = {} } of flips) {
    if (after === null) remove.run(project, environment, address)
    else set.run(project, environment, address, after, ownerAfter, number)
    record.run(project, environment, address, number, before, after, ownerBefore, ownerAfter, JSON.stringify(folded))
  }
  store.prepared(SET_HEAD).run(project, environment, number)
}

/** @param since only references of pointers that this release or a later one moved; 0: of all. */
export function brokenReferences({ store, project, environment }: Scope, since: number): readonly BrokenReference[] {
  return store.prepared<BrokenReference>(BROKEN).all(project, environment, since)
}

function pointersFrom(rows: readonly Pointer[]): ReadonlyMap<string, Pointer> {
  return new Map(rows.map(row => [row.address, row]))
}

function changeFrom(row: ChangeRow): PointerChange {
  return {
    address: row.address,
    number: row.number,
    before: pointed(row.before, row.beforeDigest),
    after: pointed(row.after, row.afterDigest),
    ownerBefore: row.ownerBefore,
    ownerAfter: row.ownerAfter,
    folded: JSON.parse(row.folded),
  }
}

function pointed(version: number | null, digest: Digest | null): PointerChange['after'] {
  return version === null || digest === null ? null : { version, digest }
}
