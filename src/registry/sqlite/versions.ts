import type { SqliteStore } from '../../sqlite/database.ts'
import type { ReleaseRequest, TakenVersion } from '../release.ts'
import type { ArtifactVersion, CompiledReference, NewVersion, VersionName, VersionQuery } from '../version.ts'

// Columns are named as the type names them, so that a row is the value.
const COLUMNS =
  'address, version, digest, interface_digest AS interfaceDigest, origin, created_at AS createdAtMs, created_by AS createdBy, message'
const ALL = `SELECT ${COLUMNS} FROM artifact_version WHERE project = ? AND address = ? ORDER BY version DESC`
const BY_NUMBER = `SELECT ${COLUMNS} FROM artifact_version WHERE project = ? AND address = ? AND version = ?`
const BY_DIGEST = `SELECT ${COLUMNS} FROM artifact_version WHERE project = ? AND address = ? AND digest = ?`
const HIGHEST = 'SELECT address, max(version) AS version FROM artifact_version WHERE project = ? GROUP BY address'
const INSERT = `
INSERT INTO artifact_version(project, format, address, version, digest, interface_digest, origin, created_at, created_by, message)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
const REFERENCES =
  'SELECT address, version, target, interface_digest AS interfaceDigest FROM reference WHERE project = ? AND address = ? AND version = ?'
const INSERT_REFERENCE = 'INSERT OR IGNORE INTO reference(project, address, version, target, interface_digest) VALUES (?, ?, ?, ?, ?)'

export function versionsOf(store: SqliteStore, project: string, address: string): readonly ArtifactVersion[] {
  return store.prepared<ArtifactVersion>(ALL).all(project, address)
}

export function highestVersions(store: SqliteStore, project: string): ReadonlyMap<string, number> {
  const rows = store.prepared<{ address: string; version: number }>(HIGHEST).all(project)
  return new Map(rows.map(row => [row.address, row.version]))
}

export function findVersion(store: SqliteStore, project: string, query: VersionQuery): ArtifactVersion | undefined {
  return 'version' in query
    ? store.prepared<ArtifactVersion>(BY_NUMBER).get(project, query.address, query.version)
    : store.prepared<ArtifactVersion>(BY_DIGEST).get(project, query.address, query.digest)
}

export function compiledReferences(store: SqliteStore, project: string, versions: readonly VersionName[]): readonly CompiledReference[] {
  const select = store.prepared<CompiledReference>(REFERENCES)
  return versions.flatMap(({ address, version }) => select.all(project, address, version))
}

/** Inserts the versions of a release; those whose number or digest is there already are reuse, or taken (REL-7). */
export function insertVersions(
  store: SqliteStore,
  project: string,
  versions: readonly NewVersion[],
  request: Pick<ReleaseRequest, 'actor' | 'reason'>,
  format: string,
): readonly TakenVersion[] {
  const insert = store.prepared(INSERT)
  const now = store.clock.now()
  const taken: TakenVersion[] = []
  for (const wanted of versions) {
    const { address, version, digest, interfaceDigest, origin = null } = wanted
    const { changes } = insert.run(project, format, address, version, digest, interfaceDigest, origin, now, request.actor, request.reason)
    if (changes === 1) continue
    const existing = findVersion(store, project, { address, version }) ?? findVersion(store, project, { address, digest })
    if (existing && (existing.version !== version || existing.digest !== digest)) taken.push({ wanted, existing })
  }
  return taken
}

export function insertReferences(store: SqliteStore, project: string, references: readonly CompiledReference[]): void {
  const insert = store.prepared(INSERT_REFERENCE)
  for (const { address, version, target, interfaceDigest } of references) insert.run(project, address, version, target, interfaceDigest)
}
