import { randomUUID } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import type { Digest } from '../../base/digest.ts'
import { openDatabase, type SqliteStore } from '../../sqlite/database.ts'
import type { AnswerCache, CacheSelection, CacheStatistics, Claim, Cleared, ModelStatistics } from './answer-cache.ts'
import { decodeAnswer, encodeAnswer, type KeptAnswer } from './kept-answer.ts'
import { cacheSchema, ROW_BYTES } from './sqlite-schema.ts'

export interface SqliteCacheOptions {
  readonly file: string
  /** As a person would name the file: `.flowrun/cache.db`. */
  readonly name: string
  /** `read` leaves no trace: a file that is not there is an empty cache. */
  readonly mode: 'read' | 'write'
  /** The store's clock: all processes that share the file share that of the machine. */
  readonly clock: Clock
  readonly flowrunVersion: string
  readonly maxBytes: number
}

/** A call does not wait for its cache as long as a release may wait for its registry. */
const BUSY_WAIT_MS = 1_000
/** Hits are noted this often: one would otherwise cost a write each, 50 times what reading the answer takes. */
const NOTE_EVERY_MS = 1_000

/** Answers in one SQLite file; what was used longest ago makes room. @throws OperationError `registry/…` */
export async function openSqliteCache({ maxBytes, ...options }: SqliteCacheOptions): Promise<AnswerCache> {
  const store = await openDatabase({ ...options, schema: cacheSchema, durability: 'process', busyWaitMs: BUSY_WAIT_MS })
  const { clock } = store
  const hits = createHitNotes(store)
  return {
    name: options.name,
    async claim(key, leaseMs) {
      // Most calls that find an answer are to write nothing.
      const found = await store.read(() => findAnswer(store, key))
      const claim: Claim = found ?? (await store.writeGrouped(() => findAnswer(store, key) ?? takeFlight(store, key, leaseMs)))
      if (claim.state === 'kept') hits.note(key)
      return claim
    },
    extend: (key, token, leaseMs) =>
      store.writeGrouped(() => {
        const flight = store.prepared('UPDATE flight SET expires_at = ? WHERE key = ? AND token = ? AND expires_at > ?')
        return flight.run(clock.now() + leaseMs, key, token, clock.now()).changes === 1
      }),
    keep: (key, token, answer, ttlMs) =>
      store.writeGrouped(() => {
        hits.write()
        if (!isHolder(store, key, token)) return undefined
        endFlight(store, key, token)
        return insertAnswer(store, key, answer, { ttlMs, maxBytes })
      }),
    release: (key, token) => store.writeGrouped(() => endFlight(store, key, token)),
    drop: (key, storedAtMs) =>
      store.writeGrouped(() => void store.prepared('DELETE FROM answer WHERE key = ? AND stored_at = ?').run(key, storedAtMs)),
    async statistics(environment) {
      if (options.mode === 'write') await hits.flush()
      return store.read(() => statisticsOf(store, environment, maxBytes))
    },
    clear: selection => clearAnswers(store, selection),
    async close() {
      // Nothing is lost but a count.
      if (options.mode === 'write') await hits.flush().catch(() => {})
      store.close()
    },
  }
}

function findAnswer(store: SqliteStore, key: Digest): Extract<Claim, { state: 'kept' }> | undefined {
  const row = store
    .prepared<{ body: string; stored_at: number }>('SELECT body, stored_at FROM answer WHERE key = ? AND expires_at > ?')
    .get(key, store.clock.now())
  const answer = row && decodeAnswer(row.body)
  return answer && { state: 'kept', answer, storedAtMs: row.stored_at }
}

function takeFlight(store: SqliteStore, key: Digest, leaseMs: number): Claim {
  const nowMs = store.clock.now()
  store.prepared('DELETE FROM flight WHERE expires_at <= ?').run(nowMs)
  const token = randomUUID()
  const taken = store
    .prepared('INSERT INTO flight(key, token, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
    .run(key, token, nowMs + leaseMs)
  return taken.changes === 1 ? { state: 'free', token } : { state: 'taken' }
}

function isHolder(store: SqliteStore, key: Digest, token: string): boolean {
  return (
    store.prepared('SELECT 1 FROM flight WHERE key = ? AND token = ? AND expires_at > ?').get(key, token, store.clock.now()) !== undefined
  )
}

function endFlight(store: SqliteStore, key: Digest, token: string): void {
  store.prepared('DELETE FROM flight WHERE key = ? AND token = ?').run(key, token)
}

interface Room {
  readonly ttlMs: number
  readonly maxBytes: number
}

function insertAnswer(store: SqliteStore, key: Digest, answer: KeptAnswer, { ttlMs, maxBytes }: Room): number | undefined {
  const nowMs = store.clock.now()
  const body = encodeAnswer(answer)
  const bytes = Buffer.byteLength(body) + ROW_BYTES
  if (bytes > maxBytes) return undefined
  store.prepared('DELETE FROM answer WHERE expires_at <= ? OR key = ?').run(nowMs, key)
  store
    .prepared(
      `INSERT INTO answer(key, environment, model, model_id, cost_nano, bytes, stored_at, expires_at, used_at, hits, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`,
    )
    .run(key, answer.environment, answer.model, answer.modelId, answer.costNano, bytes, nowMs, nowMs + ttlMs, nowMs, body)
  const evict = store.prepared('DELETE FROM answer WHERE key = (SELECT key FROM answer WHERE key <> ? ORDER BY used_at, stored_at LIMIT 1)')
  while (bytesKept(store) > maxBytes) evict.run(key)
  return nowMs
}

function bytesKept(store: SqliteStore): number {
  return store.prepared<{ bytes: number }>('SELECT bytes FROM size').get()?.bytes ?? 0
}

/** Which answers were given again, until it is written. */
function createHitNotes(store: SqliteStore) {
  const noted = new Map<Digest, { count: number; atMs: number }>()
  let nextMs = store.clock.monotonic() + NOTE_EVERY_MS
  const write = () => {
    const update = store.prepared('UPDATE answer SET hits = hits + ?, used_at = max(used_at, ?) WHERE key = ?')
    for (const [key, { count, atMs }] of noted) update.run(count, atMs, key)
    noted.clear()
  }
  const flush = async () => {
    if (noted.size > 0) await store.write(write)
  }
  return {
    /** Inside of a transaction. */
    write,
    flush,
    note(key: Digest): void {
      noted.set(key, { count: (noted.get(key)?.count ?? 0) + 1, atMs: store.clock.now() })
      if (store.clock.monotonic() < nextMs) return
      nextMs = store.clock.monotonic() + NOTE_EVERY_MS
      // No call waits for a count, and none fails for it.
      flush().catch(() => {})
    },
  }
}

interface StatisticsRow {
  readonly model: string
  readonly model_id: string
  readonly entries: number
  readonly bytes: number
  readonly hits: number
  readonly saved: number | null
  readonly unpriced: number
  readonly oldest: number
}

function statisticsOf(store: SqliteStore, environment: string, maxBytes: number): CacheStatistics {
  const rows = store
    .prepared<StatisticsRow>(
      `SELECT model, model_id, count(*) AS entries, sum(bytes) AS bytes, sum(hits) AS hits, sum(hits * cost_nano) AS saved,
         sum(cost_nano IS NULL) AS unpriced, min(stored_at) AS oldest
       FROM answer WHERE environment = ? AND expires_at > ? GROUP BY model, model_id ORDER BY model, model_id`,
    )
    .all(environment, store.clock.now())
  const models = rows.map(
    ({ model, model_id, entries, bytes, hits, saved, unpriced, oldest }): ModelStatistics => ({
      model,
      id: model_id,
      entries,
      bytes,
      hits,
      savedNano: unpriced > 0 ? null : saved,
      oldestMs: oldest,
    }),
  )
  return { maxBytes, models }
}

async function clearAnswers(store: SqliteStore, { environment, model, olderThanMs }: CacheSelection): Promise<Cleared> {
  return store.write((): Cleared => {
    const where = 'environment = ? AND (? IS NULL OR model = ?) AND stored_at <= ?'
    const before = olderThanMs === undefined ? Number.MAX_SAFE_INTEGER : store.clock.now() - olderThanMs
    const values = [environment, model ?? null, model ?? null, before]
    const sum = store.prepared<Cleared>(`SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM answer WHERE ${where}`)
    const found = sum.get(...values) ?? { entries: 0, bytes: 0 }
    store.prepared(`DELETE FROM answer WHERE ${where}`).run(...values)
    return found
  })
}
