import type { Clock } from '../../base/clock.ts'
import type { Digest } from '../../base/digest.ts'
import { openDatabase, type SqliteStore } from '../../sqlite/database.ts'
import { systemTimers, type Timers } from '../timers.ts'
import type { AnswerCache, CacheSelection, CacheStatistics, Claim, Cleared, ModelStatistics } from './answer-cache.ts'
import { decodeAnswer, encodeAnswer } from './kept-answer.ts'
import { createLateWrites, type NewAnswer } from './late-writes.ts'
import { createFlights, endFlight } from './sqlite-flights.ts'
import { cacheSchema, hashOf, ROW_BYTES } from './sqlite-schema.ts'

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
  /** Absent: those of the machine. */
  readonly timers?: Timers
}

/** A call does not wait for its cache as long as a release may wait for its registry. */
const BUSY_WAIT_MS = 1_000
/** Hits are noted this often: one would otherwise cost a write each, 50 times what reading the answer takes. */
const NOTE_EVERY_MS = 1_000

/** Answers in one SQLite file; what was used longest ago makes room. @throws OperationError `registry/…` */
export async function openSqliteCache({ maxBytes, timers = systemTimers, ...options }: SqliteCacheOptions): Promise<AnswerCache> {
  const store = await openDatabase({ ...options, schema: cacheSchema, durability: 'process', busyWaitMs: BUSY_WAIT_MS })
  const { clock } = store
  const hits = createHitNotes(store)
  const flights = createFlights(store)
  const late = createLateWrites(timers, entries =>
    store.write(() => {
      writeAnswers(store, entries)
      // Before something makes room: what was used a moment ago stays.
      hits.write()
      makeRoom(store, maxBytes)
    }),
  )
  /** Inside of the file is everything that was kept. */
  const written = async <T>(work: () => Promise<T>) => {
    await late.flush()
    return work()
  }
  return {
    name: options.name,
    async claim(key, leaseMs) {
      const fresh = late.get(key)
      // Most calls that find an answer are to write nothing.
      const found = fresh && fresh.expiresAtMs > clock.now() ? keptClaim(fresh) : await store.readGrouped(() => findAnswer(store, key))
      const claim = found ?? (await flights.claim(key, leaseMs, () => findAnswer(store, key)))
      if (claim.state === 'kept') hits.note(key)
      return claim
    },
    extend: flights.extend,
    async keep(key, token, answer, ttlMs) {
      if (!flights.isHeld(token)) return undefined
      const storedAtMs = clock.now()
      const body = encodeAnswer(answer)
      const bytes = Buffer.byteLength(body) + ROW_BYTES
      if (bytes > maxBytes) {
        await flights.release(key, token)
        return undefined
      }
      flights.land(token)
      late.add({ key, token, answer, body, bytes, storedAtMs, expiresAtMs: storedAtMs + ttlMs })
      return storedAtMs
    },
    release: flights.release,
    drop: (key, storedAtMs) =>
      written(() =>
        store.writeGrouped(
          () => void store.prepared(`DELETE FROM answer WHERE ${KEY} AND stored_at = ?`).run(hashOf(key), key, storedAtMs),
        ),
      ),
    async statistics(environment) {
      await late.flush()
      if (options.mode === 'write') await hits.flush()
      return store.read(() => statisticsOf(store, environment, maxBytes))
    },
    clear: selection => written(() => clearAnswers(store, selection)),
    async close() {
      // Nothing is lost but what is made anew, and a count.
      await late.flush()
      if (options.mode === 'write') await hits.flush().catch(() => {})
      store.close()
    },
  }
}

/** By both: found by the one, and told apart by the other. */
const KEY = 'hash = ? AND key = ?'
const FIND = `SELECT body, stored_at FROM answer WHERE ${KEY} AND expires_at > ?`
const REMOVE = `DELETE FROM answer WHERE ${KEY}`

function keptClaim({ answer, storedAtMs }: Omit<Extract<Claim, { state: 'kept' }>, 'state'>): Claim {
  return { state: 'kept', answer, storedAtMs }
}

function findAnswer(store: SqliteStore, key: Digest): Claim | undefined {
  const row = store.prepared<{ body: string; stored_at: number }>(FIND).get(hashOf(key), key, store.clock.now())
  const answer = row && decodeAnswer(row.body)
  return answer && keptClaim({ answer, storedAtMs: row.stored_at })
}

/** Of those whose lease nobody has taken over meanwhile (CACHE-4). */
function writeAnswers(store: SqliteStore, entries: readonly NewAnswer[]): void {
  const nowMs = store.clock.now()
  store.prepared('DELETE FROM answer WHERE expires_at <= ?').run(nowMs)
  for (const entry of entries) if (endFlight(store, entry.key, entry.token)) insertAnswer(store, entry)
  store.prepared('DELETE FROM flight WHERE expires_at <= ?').run(nowMs)
}

function makeRoom(store: SqliteStore, maxBytes: number): void {
  const evict = store.prepared('DELETE FROM answer WHERE rowid = (SELECT rowid FROM answer ORDER BY used_at, stored_at LIMIT 1)')
  while (bytesKept(store) > maxBytes) evict.run()
}

function insertAnswer(store: SqliteStore, { key, answer, body, bytes, storedAtMs, expiresAtMs }: NewAnswer): void {
  const hash = hashOf(key)
  store.prepared(REMOVE).run(hash, key)
  store
    .prepared(
      `INSERT INTO answer(hash, key, environment, model, model_id, cost_nano, bytes, stored_at, expires_at, used_at, hits, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`,
    )
    .run(hash, key, answer.environment, answer.model, answer.modelId, answer.costNano, bytes, storedAtMs, expiresAtMs, storedAtMs, body)
}

function bytesKept(store: SqliteStore): number {
  return store.prepared<{ bytes: number }>('SELECT bytes FROM size').get()?.bytes ?? 0
}

/** Which answers were given again, until it is written. */
function createHitNotes(store: SqliteStore) {
  const noted = new Map<Digest, { count: number; atMs: number }>()
  let nextMs = store.clock.monotonic() + NOTE_EVERY_MS
  const write = () => {
    const update = store.prepared('UPDATE answer SET hits = hits + ?, used_at = max(used_at, ?) WHERE hash = ? AND key = ?')
    for (const [key, { count, atMs }] of noted) update.run(count, atMs, hashOf(key), key)
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
