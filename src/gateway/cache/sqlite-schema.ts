import type { Schema } from '../../sqlite/format.ts'

/** What a row takes beside its answer: its key thrice with the indexes, its names and numbers. */
export const ROW_BYTES = 400

/** `size` is kept by triggers: to sum up 100,000 rows for each answer that is kept would take 5 ms. */
const TABLES = `
CREATE TABLE answer(
  key TEXT PRIMARY KEY NOT NULL, environment TEXT NOT NULL, model TEXT NOT NULL, model_id TEXT NOT NULL, cost_nano INTEGER,
  bytes INTEGER NOT NULL, stored_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER NOT NULL, hits INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX answer_by_use ON answer(used_at, stored_at);
CREATE INDEX answer_by_end ON answer(expires_at);
CREATE TABLE flight(key TEXT PRIMARY KEY NOT NULL, token TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE size(bytes INTEGER NOT NULL);
INSERT INTO size(bytes) VALUES (0);
CREATE TRIGGER answer_kept AFTER INSERT ON answer BEGIN UPDATE size SET bytes = bytes + new.bytes; END;
CREATE TRIGGER answer_gone AFTER DELETE ON answer BEGIN UPDATE size SET bytes = bytes - old.bytes; END;
`

export const cacheSchema: Schema = {
  format: 1,
  tables: TABLES,
  ifLost: 'answers are asked for anew',
  facts: () => ({}),
}
