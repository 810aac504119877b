import type { Schema } from '../../sqlite/format.ts'

/**
 * The registry and the state of a project in one file (REG-8). Tables as the rules list them, and `reference`: the facts of
 * the compiler that REL-8 is checked against, for an artifact names the addresses it refers to and not their interfaces.
 * Tables without rowid are kept in key order, so a release of many blocks appends; `content` has large rows and a rowid.
 */
const REGISTRY_TABLES = `
CREATE TABLE content(
  digest TEXT PRIMARY KEY NOT NULL, bytes INTEGER NOT NULL, media TEXT NOT NULL, store TEXT NOT NULL, body TEXT, locator TEXT, key_ref TEXT,
  offered_at INTEGER NOT NULL, state TEXT NOT NULL
);
CREATE TABLE artifact_version(
  project TEXT NOT NULL, address TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL REFERENCES content(digest),
  interface_digest TEXT NOT NULL, format TEXT NOT NULL, origin TEXT, created_at INTEGER NOT NULL, created_by TEXT NOT NULL, message TEXT NOT NULL,
  PRIMARY KEY(project, address, version), UNIQUE(project, address, digest)
) WITHOUT ROWID;
CREATE INDEX artifact_version_by_digest ON artifact_version(digest);
CREATE TABLE reference(
  project TEXT NOT NULL, address TEXT NOT NULL, version INTEGER NOT NULL, target TEXT NOT NULL, interface_digest TEXT NOT NULL,
  PRIMARY KEY(project, address, version, target, interface_digest)
) WITHOUT ROWID;
CREATE TABLE environment_head(
  project TEXT NOT NULL, environment TEXT NOT NULL, number INTEGER NOT NULL, registry_id TEXT NOT NULL, PRIMARY KEY(project, environment)
) WITHOUT ROWID;
CREATE TABLE release(
  project TEXT NOT NULL, environment TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, apply_id TEXT NOT NULL UNIQUE, lineage TEXT,
  change_digest TEXT NOT NULL, restores INTEGER, actor TEXT NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY(project, environment, number)
) WITHOUT ROWID;
CREATE TABLE pointer(
  project TEXT NOT NULL, environment TEXT NOT NULL, address TEXT NOT NULL, version INTEGER NOT NULL, owner TEXT, changed_in INTEGER NOT NULL,
  PRIMARY KEY(project, environment, address), FOREIGN KEY(project, address, version) REFERENCES artifact_version(project, address, version)
) WITHOUT ROWID;
CREATE TABLE pointer_change(
  project TEXT NOT NULL, environment TEXT NOT NULL, address TEXT NOT NULL, number INTEGER NOT NULL, before INTEGER, after INTEGER,
  owner_before TEXT, owner_after TEXT, folded TEXT NOT NULL, PRIMARY KEY(project, environment, address, number)
) WITHOUT ROWID;
CREATE INDEX pointer_change_by_release ON pointer_change(project, environment, number);
CREATE TABLE hold(
  project TEXT NOT NULL, environment TEXT NOT NULL, address TEXT NOT NULL, digest TEXT NOT NULL, rollback INTEGER NOT NULL, reason TEXT NOT NULL,
  actor TEXT NOT NULL, created_at INTEGER NOT NULL, lifted_at INTEGER, lifted_by TEXT, lifted_why TEXT
);
CREATE UNIQUE INDEX hold_in_force ON hold(project, environment, address, digest) WHERE lifted_at IS NULL;
CREATE TABLE evidence(
  id TEXT PRIMARY KEY NOT NULL, project TEXT NOT NULL, eval TEXT NOT NULL, origin TEXT NOT NULL, actor TEXT NOT NULL, candidate_closure TEXT NOT NULL,
  baseline_closure TEXT, dataset TEXT NOT NULL, judges TEXT NOT NULL, metrics TEXT NOT NULL, params TEXT NOT NULL, results_digest TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE TABLE audit(
  project TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
  reason TEXT NOT NULL, detail TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY(project, seq)
) WITHOUT ROWID;
CREATE TABLE audit_head(project TEXT PRIMARY KEY NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID;
`

const STATE_TABLES = `
CREATE TABLE state(
  project TEXT NOT NULL, environment TEXT NOT NULL, lineage TEXT NOT NULL, serial INTEGER NOT NULL, digest TEXT NOT NULL, blocks INTEGER NOT NULL,
  written_at INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(project, environment)
);
CREATE TABLE state_lock(
  project TEXT NOT NULL, environment TEXT NOT NULL, id TEXT NOT NULL, user TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
  boot_id TEXT NOT NULL, operation TEXT NOT NULL, flowrun_version TEXT NOT NULL, since INTEGER NOT NULL, renewed_at INTEGER NOT NULL,
  PRIMARY KEY(project, environment)
);
`

/** Earlier states, in a file of their own: damage to one file leaves the other (DESIGN.md 18, ruling 10). */
const HISTORY_TABLES = `
CREATE TABLE snapshot(
  project TEXT NOT NULL, environment TEXT NOT NULL, serial INTEGER NOT NULL, lineage TEXT NOT NULL, digest TEXT NOT NULL, blocks INTEGER NOT NULL,
  written_at INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(project, environment, serial)
);
`

export function registrySchema(registryId: () => string): Schema {
  return {
    format: 1,
    oldestFormat: 1,
    tables: REGISTRY_TABLES + STATE_TABLES,
    ifLost: 'the next apply publishes everything anew, and history starts over',
    facts: kept => ({ registry_id: kept ? registryId() : '' }),
  }
}

export const historySchema: Schema = {
  format: 1,
  oldestFormat: 1,
  tables: HISTORY_TABLES,
  ifLost: 'only earlier snapshots of the state are lost with it',
  facts: () => ({}),
}
