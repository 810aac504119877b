import type { Clock } from '../base/clock.ts'
import type { CacheSettings, SettingText } from '../config/blocks/environment-stores.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { createRedis, type RedisConnection } from '../redis/connection.ts'
import { RedisUnavailable } from '../redis/unavailable.ts'

/** The one connection of a process to the Redis of an environment, opened by the first who asks; undefined where it has none. */
export function redisOf(
  settings: CacheSettings,
  text: (setting: SettingText) => Promise<string>,
  clock: Clock,
  onWarning: (text: string) => void,
): RedisConnection | undefined {
  return settings.type === 'redis'
    ? createRedis({ url: () => text(settings.url), prefix: settings.prefix, clock, warn: line => onWarning(line.replace(/\.$/, '')) })
    : undefined
}

/**
 * What a person is told of a Redis that their command cannot do without; any other error stays what it is.
 *
 * @param meanwhile what becomes of calls: `answers are not kept meanwhile`.
 */
export function redisFailure(error: unknown, meanwhile: string): unknown {
  if (!(error instanceof RedisUnavailable)) return error
  return new OperationError(
    {
      code: 'redis/unavailable',
      summary: error.message,
      detail: `Calls go on without it: ${meanwhile}. See that it runs, and that this machine reaches it. Nothing was changed.`,
    },
    { retryable: true },
  )
}
