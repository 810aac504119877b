import { randomUUID } from 'node:crypto'
import type { Digest } from '../../base/digest.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import { redisScript } from '../../redis/script.ts'
import type { AnswerCache, CacheSelection, Claim, Cleared, ModelStatistics } from './answer-cache.ts'
import { decodeAnswer, encodeAnswer, type KeptAnswer } from './kept-answer.ts'

/** An answer is a hash: what it says, when it was kept, how often it was given. KEYS: answer, flight. */
const CLAIM = redisScript(`
local found = redis.call('HMGET', KEYS[1], 'body', 'at')
if found[1] then
  redis.call('HINCRBY', KEYS[1], 'hits', 1)
  return { 'kept', found[1], found[2] }
end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return { 'free' } end
return { 'taken' }`)

const EXTEND = redisScript(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[2], ARGV[2])`)

const KEEP = redisScript(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return false end
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'body', ARGV[3], 'at', string.format('%.0f', at), 'hits', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return string.format('%.0f', at)`)

const RELEASE = redisScript(`
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 0`)

const DROP = redisScript(`
if redis.call('HGET', KEYS[1], 'at') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`)

/** Entries that are looked at in one step of a walk through all of them. */
const SCAN_COUNT = 500

/** Answers in Redis, for many processes; its own `maxmemory` and policy say what makes room. */
export function createRedisCache(redis: RedisConnection): AnswerCache {
  // Both in one slot of a cluster.
  const keysOf = (key: Digest) => [redis.key('answer', `{${key}}`), redis.key('flight', `{${key}}`)]
  return {
    name: 'Redis',
    async claim(key, leaseMs): Promise<Claim> {
      const token = randomUUID()
      const [state, body, at] = (await redis.run(CLAIM, keysOf(key), [token, leaseMs])) as readonly string[]
      if (state === 'free') return { state: 'free', token }
      if (state !== 'kept') return { state: 'taken' }
      const answer = decodeAnswer(body ?? '')
      if (answer !== undefined) return { state: 'kept', answer, storedAtMs: Number(at) }
      // Another flowrun's form: it is made anew, and replaced.
      await redis.run(DROP, keysOf(key), [at ?? ''])
      return this.claim(key, leaseMs)
    },
    extend: async (key, token, leaseMs) => (await redis.run(EXTEND, keysOf(key), [token, leaseMs])) === 1,
    async keep(key, token, answer, ttlMs) {
      const at = await redis.run(KEEP, keysOf(key), [token, ttlMs, encodeAnswer(answer)])
      return typeof at === 'string' ? Number(at) : undefined
    },
    release: async (key, token) => void (await redis.run(RELEASE, keysOf(key), [token])),
    drop: async (key, storedAtMs) => void (await redis.run(DROP, keysOf(key), [String(storedAtMs)])),
    async statistics(environment) {
      const models = new Map<string, ModelStatistics>()
      for await (const entry of entriesOf(redis, { environment })) {
        const name = `${entry.answer.model} ${entry.answer.modelId}`
        models.set(name, withEntry(models.get(name), entry))
      }
      return { models: [...models.values()].sort((a, b) => (a.model < b.model ? -1 : 1)) }
    },
    async clear(selection) {
      let cleared: Cleared = { entries: 0, bytes: 0 }
      for await (const { name, bytes } of entriesOf(redis, selection)) {
        if ((await redis.command('DEL', name)) === 1) cleared = { entries: cleared.entries + 1, bytes: cleared.bytes + bytes }
      }
      return cleared
    },
    // The connection is shared with limits and breakers: who made it closes it.
    close: async () => {},
  }
}

interface Entry {
  readonly name: string
  readonly answer: KeptAnswer
  readonly storedAtMs: number
  readonly hits: number
  readonly bytes: number
}

/** Every entry of an environment, those that are kept or dropped meanwhile with or without. */
async function* entriesOf(redis: RedisConnection, { environment, model, olderThanMs }: CacheSelection): AsyncGenerator<Entry> {
  const latestMs = olderThanMs === undefined ? Number.POSITIVE_INFINITY : (await timeOf(redis)) - olderThanMs
  const pattern = `${redis.key('answer', '{').replaceAll(/[*?[\]\\]/g, '\\$&')}*}`
  // A walk may come by the same one twice.
  const seen = new Set<string>()
  let cursor = '0'
  do {
    const [next = '0', names = []] = (await redis.command('SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT)) as [string, string[]]
    cursor = next
    for (const entry of await Promise.all(names.filter(name => !seen.has(name)).map(name => entryAt(redis, name)))) {
      if (entry === undefined || entry.answer.environment !== environment) continue
      seen.add(entry.name)
      if ((model === undefined || entry.answer.model === model) && entry.storedAtMs <= latestMs) yield entry
    }
  } while (cursor !== '0')
}

async function entryAt(redis: RedisConnection, name: string): Promise<Entry | undefined> {
  const [body, at, hits] = (await redis.command('HMGET', name, 'body', 'at', 'hits')) as readonly (string | null)[]
  const answer = typeof body === 'string' ? decodeAnswer(body) : undefined
  return answer && { name, answer, storedAtMs: Number(at), hits: Number(hits), bytes: Buffer.byteLength(body ?? '') }
}

async function timeOf(redis: RedisConnection): Promise<number> {
  const [seconds, microseconds] = (await redis.command('TIME')) as readonly string[]
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
}

function withEntry(sum: ModelStatistics | undefined, { answer, storedAtMs, hits, bytes }: Entry): ModelStatistics {
  const savedNano = answer.costNano === null ? null : answer.costNano * hits
  if (sum === undefined) return { model: answer.model, id: answer.modelId, entries: 1, bytes, hits, savedNano, oldestMs: storedAtMs }
  return {
    ...sum,
    entries: sum.entries + 1,
    bytes: sum.bytes + bytes,
    hits: sum.hits + hits,
    savedNano: savedNano === null || sum.savedNano === null ? null : sum.savedNano + savedNano,
    oldestMs: Math.min(sum.oldestMs, storedAtMs),
  }
}
