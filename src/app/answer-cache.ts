import { join, resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { flowrunVersion } from '../base/version.ts'
import type { CacheSettings, SettingText } from '../config/blocks/environment-stores.ts'
import type { AnswerCache } from '../gateway/cache/answer-cache.ts'
import { lazyCache } from '../gateway/cache/lazy.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { redisFailure, redisOf } from './redis.ts'

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

/** The same for a person who looks at it: what calls go on without is an error. @throws OperationError `registry/…`, `redis/…` */
export async function openToInspect(
  settings: CacheSettings,
  host: Omit<AnswerCacheHost, 'redis'>,
  text: (setting: SettingText) => Promise<string>,
): Promise<AnswerCache> {
  const redis = redisOf(settings, text, host.clock, () => {})
  const cache = await openAnswerCache(settings, { ...host, redis })
  if (redis === undefined) return cache
  return {
    ...cache,
    statistics: environment => cache.statistics(environment).catch(throwUnavailable),
    clear: selection => cache.clear(selection).catch(throwUnavailable),
    close: async () => redis.close(),
  }
}

function throwUnavailable(error: unknown): never {
  throw redisFailure(error, 'answers are not kept meanwhile')
}
