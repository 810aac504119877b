import { join, resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { createLoadFiles, type LoadFiles } from '../gateway/load/files.ts'
import { createLoad, type Load } from '../gateway/load/load.ts'
import type { LoadReader } from '../gateway/load/reader.ts'
import type { Timers } from '../gateway/timers.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { redisFailure } from './redis.ts'

export interface LoadPlace {
  readonly root: string
  /** `.flowrun`, or what FLOWRUN_DATA_DIR says. */
  readonly dataDirectory: string
  readonly clock: Clock
  /** The one of this process, where the environment has one. */
  readonly redis: RedisConnection | undefined
}

/** Rate limits and breakers of this process: shared through Redis, or with a file that others may look at. */
export async function createLoadOf(place: LoadPlace & { readonly timers: Timers }): Promise<Load> {
  const { clock, timers, redis } = place
  if (redis === undefined) return createLoad({ clock, timers, files: filesOf(place) })
  const [{ createRedisLimits }, { createRedisBreakers }] = await Promise.all([
    import('../gateway/limits/redis.ts'),
    import('../gateway/breaker/redis.ts'),
  ])
  return createLoad({ clock, timers, shared: { limits: createRedisLimits(redis), breakers: createRedisBreakers(redis) } })
}

export async function openLoadReader(place: LoadPlace): Promise<LoadReader> {
  const { clock, redis } = place
  if (redis === undefined) return { read: async () => ({ type: 'separate', processes: await filesOf(place).read() }), close() {} }
  const { read, close } = (await import('../gateway/load/redis.ts')).createRedisLoadReader(redis, clock)
  return {
    read: async targets => {
      try {
        return await read(targets)
      } catch (error) {
        throw redisFailure(error, 'each process keeps its own rate limits and circuit breakers')
      }
    },
    close,
  }
}

function filesOf({ root, dataDirectory, clock }: LoadPlace): LoadFiles {
  return createLoadFiles({ directory: resolve(root, join(dataDirectory, 'load')), clock, pid: process.pid })
}
