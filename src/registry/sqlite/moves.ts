import type { AddressMove } from '../release.ts'
import type { Scope } from './pointers.ts'

// Numbers and digests stay; where a version came from is its origin (MOVE-1). An address that has versions keeps its own.
const COPY_VERSIONS = `
INSERT INTO artifact_version(project, address, version, digest, interface_digest, format, origin, created_at, created_by, message)
SELECT project, @to, version, digest, interface_digest, format, address || '@' || version, created_at, created_by, message
FROM artifact_version WHERE project = @project AND address = @from
  AND NOT EXISTS (SELECT 1 FROM artifact_version WHERE project = @project AND address = @to)`
const COPY_REFERENCES = `
INSERT OR IGNORE INTO reference(project, address, version, target, interface_digest)
SELECT r.project, v.address, v.version, r.target, r.interface_digest
FROM reference r JOIN artifact_version v ON v.project = r.project AND v.origin = r.address || '@' || r.version
WHERE r.project = @project AND r.address = @from AND v.address = @to`
/** A hold that is in force at the new address already stays as it is. */
const MOVE_HOLDS = `
UPDATE OR IGNORE hold SET address = @to WHERE project = @project AND environment = @environment AND address = @from`

/** Gives an address the versions and holds of the one that it was: the flips of the same release move the pointers. */
export function moveAddresses({ store, project, environment }: Scope, moves: readonly AddressMove[]): void {
  for (const { from, to } of moves) {
    store.prepared(COPY_VERSIONS).run({ project, from, to })
    store.prepared(COPY_REFERENCES).run({ project, from, to })
    store.prepared(MOVE_HOLDS).run({ project, environment, from, to })
  }
}
