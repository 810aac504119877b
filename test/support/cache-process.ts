import { systemClock } from '../../src/base/clock.ts'
import { createRedisCache } from '../../src/gateway/cache/redis.ts'
import { cacheLayer } from '../../src/gateway/layers/cache.ts'
import { systemTimers } from '../../src/gateway/timers.ts'
import { createRedis } from '../../src/redis/connection.ts'
import { cachedCall, openCache, resultOf } from './answer-cache.ts'

/** One of several processes that make the same call at the same time. */
export interface CacheRun {
  /** Where answers are kept: a directory for SQLite, or the url of a Redis. */
  readonly store: { readonly directory: string } | { readonly url: string }
  /** Answers each request with the text of the model. */
  readonly model: string
  readonly leaseMs: number
}

/** Makes the call, and prints how it was answered. */
async function callOnce({ store, model, leaseMs }: CacheRun): Promise<void> {
  const redis =
    'url' in store
      ? createRedis({ url: async () => store.url, prefix: 'test:', clock: systemClock, warn: line => void process.stderr.write(line) })
      : undefined
  const cache = 'directory' in store ? await openCache(store.directory) : redis && createRedisCache(redis)
  if (cache === undefined) throw new Error('no store')
  const layer = cacheLayer({
    clock: systemClock,
    timers: systemTimers,
    answerCache: cache,
    leaseMs,
    warn: line => void process.stderr.write(line),
  })
  const result = await layer(cachedCall(), async () => {
    const response = await fetch(model)
    return resultOf({ text: await response.text() })
  })
  await cache.close()
  redis?.close()
  process.stdout.write(JSON.stringify({ text: result.text, cached: result.cached !== undefined }))
}

if (process.argv[1] === import.meta.filename) await callOnce(JSON.parse(process.argv[2] ?? '{}'))
