import { SPENDING_TABLES } from '../../../gateway/ledger/sqlite/schema.ts'
import type { Schema } from '../../../sqlite/format.ts'

/**
 * Runs and their journals. What a run is given and gives stands apart from its row, which each step writes. `queue` says
 * where a queued run stands: `ready` and `suspect` may be claimed, `blocked` waits for a slot of its lane, `delayed` for its
 * time. `slot`: it takes one of its lane's. `wake`: something came for it while it ran. `held_by`: it is
 * paused until this budget pays again, at `resume_at` or when its limit is raised. `seq` counts its events, of which
 * those of steps are the step rows themselves. A value that begins with `@` is the digest of a blob (STEP-8). Tables with values
 * have row ids: a row above 1 KB would spill each time to a page of its own in a key-ordered table, and steps of many runs at
 * once would dirty a page each; so they share pages at the end, which halved what a commit writes.
 */
const RUN_TABLES = `
CREATE TABLE run(
  id TEXT PRIMARY KEY NOT NULL, project TEXT NOT NULL, environment TEXT NOT NULL, flow TEXT NOT NULL, state TEXT NOT NULL, reason TEXT,
  held_by TEXT, resume_at INTEGER,
  release INTEGER NOT NULL, closure TEXT NOT NULL, interpreter INTEGER NOT NULL, idempotency_key TEXT, fingerprint TEXT NOT NULL,
  priority INTEGER NOT NULL, lane TEXT NOT NULL, lane_limit INTEGER, queue TEXT, slot INTEGER NOT NULL DEFAULT 0, queued_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL, not_before INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER, deadline_at INTEGER NOT NULL,
  retention_ms INTEGER NOT NULL, owner TEXT, epoch INTEGER NOT NULL DEFAULT 0, deaths INTEGER NOT NULL DEFAULT 0, wake INTEGER NOT NULL DEFAULT 0,
  cancel_requested_at INTEGER, cost_nano INTEGER, retry_of TEXT, parent_run TEXT, parent_path TEXT, submitted_by TEXT NOT NULL,
  no_cache INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE UNIQUE INDEX run_by_key ON run(project, environment, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX run_ready ON run(priority DESC, id) WHERE queue = 'ready';
CREATE INDEX run_suspect ON run(id) WHERE queue = 'suspect';
CREATE INDEX run_delayed ON run(not_before) WHERE queue = 'delayed';
CREATE INDEX run_blocked ON run(lane, priority DESC, id) WHERE queue = 'blocked';
CREATE INDEX run_slot ON run(lane, priority, id) WHERE slot = 1;
CREATE INDEX run_owned ON run(owner) WHERE owner IS NOT NULL;
CREATE INDEX run_deadline ON run(deadline_at) WHERE state IN ('waiting', 'paused');
CREATE INDEX run_held ON run(resume_at) WHERE held_by IS NOT NULL;
CREATE INDEX run_child ON run(parent_run) WHERE parent_run IS NOT NULL;
CREATE INDEX run_ended ON run(ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE run_body(
  run TEXT PRIMARY KEY NOT NULL, input TEXT NOT NULL, session TEXT NOT NULL, output TEXT, error TEXT
);
CREATE TABLE step(
  run TEXT NOT NULL, path TEXT NOT NULL, seq INTEGER NOT NULL, status TEXT NOT NULL, exit TEXT, value TEXT, attempts INTEGER NOT NULL,
  started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, cost_nano INTEGER, facts TEXT, PRIMARY KEY(run, path)
);
CREATE TABLE attempt(
  run TEXT NOT NULL, path TEXT NOT NULL, number INTEGER NOT NULL, epoch INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER,
  error TEXT, retry_at INTEGER, cost_nano INTEGER DEFAULT 0, PRIMARY KEY(run, path, number)
) WITHOUT ROWID;
CREATE TABLE wait(
  run TEXT NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL, due_at INTEGER, name TEXT, shown TEXT, began_at INTEGER NOT NULL,
  PRIMARY KEY(run, path)
) WITHOUT ROWID;
CREATE INDEX wait_due ON wait(due_at) WHERE due_at IS NOT NULL;
CREATE TABLE signal(
  run TEXT NOT NULL, seq INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, digest TEXT NOT NULL, dedupe_key TEXT, sent_by TEXT,
  received_at INTEGER NOT NULL, consumed_by TEXT, PRIMARY KEY(run, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX signal_by_key ON signal(run, dedupe_key) WHERE dedupe_key IS NOT NULL;
CREATE INDEX signal_open ON signal(run, name, seq) WHERE consumed_by IS NULL;
CREATE TABLE decision(
  run TEXT NOT NULL, path TEXT NOT NULL, decided_by TEXT NOT NULL, action TEXT NOT NULL, fields TEXT NOT NULL, comment TEXT,
  decided_at INTEGER NOT NULL, PRIMARY KEY(run, path, decided_by)
) WITHOUT ROWID;
CREATE TABLE event(
  run TEXT NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY(run, seq)
) WITHOUT ROWID;
CREATE TABLE owner(
  id TEXT PRIMARY KEY NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, boot_id TEXT NOT NULL, beat INTEGER NOT NULL, version TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE blob(digest TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, offered_at INTEGER NOT NULL);
CREATE TABLE blob_use(digest TEXT NOT NULL, run TEXT NOT NULL, PRIMARY KEY(digest, run)) WITHOUT ROWID;
CREATE INDEX blob_use_by_run ON blob_use(run);
`

/** engine.db: runs, and what they spent, in one file, so that one commit can keep both (BUD-4). */
export const engineSchema: Schema = {
  format: 2,
  oldestFormat: 2,
  tables: SPENDING_TABLES + RUN_TABLES,
  ifLost: 'open runs end there, budgets start over, and costs so far are lost with it',
  facts: () => ({}),
}
