import type { Clock } from '../base/clock.ts'
import type { CacheSettings, SettingText } from '../config/blocks/environment-stores.ts'
import { createRedis, type RedisConnection } from '../redis/connection.ts'

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
