import type { Digest } from '../../base/digest.ts'
import type { Schema } from '../../sqlite/format.ts'

/** What a row takes beside its answer: its key, its names and numbers, three indexes, and what pages leave free. */
export const ROW_BYTES = 400

/**
 * `size` is kept by triggers: to sum up 100,000 rows for each answer that is kept would take 5 ms. `hash` is a part of the key:
 * the index of whole keys has seven times the pages, and each answer writes one of them. In `flight` it stands for the key:
 * two keys of one hash, of 2^48, would wait for one another.
 */
const TABLES = `
CREATE TABLE answer(
  hash INTEGER NOT NULL, key TEXT NOT NULL, environment TEXT NOT NULL, model TEXT NOT NULL, model_id TEXT NOT NULL, cost_nano INTEGER,
  bytes INTEGER NOT NULL, stored_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER NOT NULL, hits INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX answer_by_hash ON answer(hash);
CREATE INDEX answer_by_use ON answer(used_at, stored_at);
CREATE INDEX answer_by_end ON answer(expires_at);
CREATE TABLE flight(hash INTEGER PRIMARY KEY, token TEXT NOT NULL, expires_at INTEGER NOT NULL);
CREATE TABLE size(bytes INTEGER NOT NULL);
INSERT INTO size(bytes) VALUES (0);
CREATE TRIGGER answer_kept AFTER INSERT ON answer BEGIN UPDATE size SET bytes = bytes + new.bytes; END;
CREATE TRIGGER answer_gone AFTER DELETE ON answer BEGIN UPDATE size SET bytes = bytes - old.bytes; END;
`

export const cacheSchema: Schema = {
  format: 2,
  oldestFormat: 2,
  tables: TABLES,
  ifLost: 'answers are asked for anew',
  facts: () => ({}),
}

/** The last 48 bits of the digest: exact as a number. */
export function hashOf(key: Digest): number {
  return Number.parseInt(key.slice(-12), 16)
}
