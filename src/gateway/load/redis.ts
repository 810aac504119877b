import type { Clock } from '../../base/clock.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import { readRedisBreaker } from '../breaker/redis.ts'
import { readRedisLimit, readRedisProcesses } from '../limits/redis.ts'
import { scopesOf } from '../limits/scope.ts'
import type { LoadReader } from './reader.ts'

/** What all processes with the same Redis have counted together. */
export function createRedisLoadReader(redis: RedisConnection, clock: Clock): LoadReader {
  return {
    async read(targets) {
      const breakers = await Promise.all(
        targets.map(async ({ address, spec, provider }) => {
          const { key } = scopesOf({ address, spec, provider }).model
          return { key, model: address, id: spec.id, settings: spec.circuit_breaker, breaker: await readRedisBreaker(redis, key) }
        }),
      )
      const scopes = new Map(targets.flatMap(target => Object.values(scopesOf(target))).map(scope => [scope.key, scope]))
      const limits = await Promise.all([...scopes.values()].map(scope => readRedisLimit(redis, clock, scope)))
      return { type: 'shared', load: { breakers, limits }, processes: await readRedisProcesses(redis, clock) }
    },
    close: redis.close,
  }
}
