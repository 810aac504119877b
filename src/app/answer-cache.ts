import { join, resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { flowrunVersion } from '../base/version.ts'
import type { CacheSettings } from '../config/blocks/environment-stores.ts'
import type { AnswerCache } from '../gateway/cache/answer-cache.ts'
import { lazyCache } from '../gateway/cache/lazy.ts'
import type { RedisConnection } from '../redis/connection.ts'

export interface AnswerCacheHost {
  readonly root: string
  /** `.flowrun`, or what FLOWRUN_DATA_DIR says. */
  readonly dataDirectory: string
  readonly clock: Clock
  readonly mode: 'read' | 'write'
  /** The one of this process, for a cache in Redis. */
  readonly redis: RedisConnection | undefined
}

/** Where the answers of an environment are kept, as a person would name it: `.flowrun/cache.db`, `Redis`. */
export function cacheName(settings: CacheSettings, dataDirectory: string): string {
  return settings.type === 'redis' ? 'Redis' : (settings.path ?? join(dataDirectory, 'cache.db'))
}

/** Opens the cache of an environment; SQLite is loaded for it. @throws OperationError `registry/…` */
export async function openAnswerCache(
  settings: CacheSettings,
  { root, dataDirectory, clock, mode, redis }: AnswerCacheHost,
): Promise<AnswerCache> {
  if (redis !== undefined) return (await import('../gateway/cache/redis.ts')).createRedisCache(redis)
  const { openSqliteCache } = await import('../gateway/cache/sqlite.ts')
  const name = cacheName(settings, dataDirectory)
  const maxBytes = settings.type === 'sqlite' ? settings.max_bytes : Number.POSITIVE_INFINITY
  return openSqliteCache({ file: resolve(root, name), name, mode, clock, flowrunVersion, maxBytes })
}

/** The same, opened by the first call that looks into it: most have none. After a failure the next call tries again. */
export function createAnswerCache(settings: CacheSettings, host: AnswerCacheHost): AnswerCache {
  return lazyCache(cacheName(settings, host.dataDirectory), () => openAnswerCache(settings, host))
}
