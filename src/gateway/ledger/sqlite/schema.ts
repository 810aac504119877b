/**
 * Money in engine.db (REG-8): in one file with the records of runs, so that a step and what it cost are kept by one commit
 * (BUD-4). `amount_nano` of a reservation is what its windows have reserved while it is `open`, and what they have spent when
 * it is `over`, or `lost` with its process. `call` is who made it, as JSON: it becomes a usage record where the process dies
 * before there is one, as long as `recorded` is 0. With the record it goes, but where it is estimated: then a person may know
 * better. `windows` are the ids of those that it counts in, as JSON: rows of a table for them took a fifth of what a call writes.
 */
export const SPENDING_TABLES = `
CREATE TABLE budget_window(
  id INTEGER PRIMARY KEY, project TEXT NOT NULL, environment TEXT NOT NULL, budget TEXT NOT NULL, value TEXT NOT NULL, run TEXT NOT NULL,
  starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, limit_nano INTEGER NOT NULL, reserved_nano INTEGER NOT NULL, spent_nano INTEGER NOT NULL,
  marks TEXT NOT NULL, told REAL NOT NULL, used_at INTEGER NOT NULL, UNIQUE(project, environment, budget, value, run, starts_at, ends_at)
);
CREATE TABLE reservation(
  id TEXT PRIMARY KEY NOT NULL, project TEXT NOT NULL, amount_nano INTEGER NOT NULL, state TEXT NOT NULL, run TEXT, call TEXT NOT NULL,
  called_at INTEGER NOT NULL, reserved_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, estimated INTEGER NOT NULL DEFAULT 0,
  recorded INTEGER NOT NULL DEFAULT 0, windows TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX reservation_left ON reservation(expires_at) WHERE recorded = 0;
CREATE TABLE window_run(
  window INTEGER NOT NULL REFERENCES budget_window(id) ON DELETE CASCADE, run TEXT NOT NULL, PRIMARY KEY(window, run)
) WITHOUT ROWID;
CREATE TABLE usage(
  project TEXT NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, part INTEGER NOT NULL, calls INTEGER NOT NULL, environment TEXT NOT NULL,
  flow TEXT NOT NULL, prompt TEXT, prompt_version INTEGER, prompt_digest TEXT, asked TEXT NOT NULL, model TEXT NOT NULL, model_id TEXT NOT NULL,
  reported_id TEXT, provider TEXT NOT NULL, attempts INTEGER NOT NULL, input INTEGER NOT NULL, cached_input INTEGER NOT NULL,
  cache_write INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL, cost_nano INTEGER, estimated INTEGER NOT NULL,
  cache TEXT NOT NULL, outcome TEXT NOT NULL, blocked INTEGER NOT NULL, redacted INTEGER NOT NULL, flagged INTEGER NOT NULL, first_token_ms INTEGER,
  latency_ms INTEGER NOT NULL, tenant TEXT, user TEXT, run TEXT, node TEXT, labels TEXT, PRIMARY KEY(project, at, id, part)
) WITHOUT ROWID;
`
