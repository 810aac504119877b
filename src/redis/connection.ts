import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { Clock } from '../base/clock.ts'
import { lazy } from '../base/lazy.ts'
import { readRedisAddress } from './address.ts'
import type { RedisScript } from './script.ts'
import { RedisUnavailable } from './unavailable.ts'

/** A call waits for Redis at most this long: what asks it is in the way of a model call of seconds. */
export const REDIS_TIMEOUT_MS = 2_000
/** After a loss it is looked for again at once, and then ever more rarely, up to this. */
const RECONNECT_MAX_MS = 2_000
/** People are told this often that Redis is away. */
export const OUTAGE_NOTICE_MS = 60_000

/** The one connection of a process to Redis; it is opened by the first that asks. */
export interface RedisConnection {
  /** The name of an entry, of parts joined by colons, under the prefix. */
  key(...parts: readonly string[]): string
  /** @throws RedisUnavailable; OperationError `redis/invalid-url`. */
  command(name: string, ...values: readonly RedisValue[]): Promise<unknown>
  /** The whole script is one step for all who ask Redis. @throws as `command`. */
  run(script: RedisScript, keys: readonly string[], values: readonly RedisValue[]): Promise<unknown>
  close(): void
}

export type RedisValue = string | number | Buffer

export interface RedisOptions {
  /** Asked once, when the connection is opened: it may be a secret. */
  readonly url: () => Promise<string>
  /** Before each name: `flowrun:`. */
  readonly prefix: string
  readonly clock: Clock
  /** Hears at most once a minute that Redis is away, as a line for people. */
  readonly warn: (line: string) => void
  readonly timeoutMs?: number
}

/**
 * Nothing is sent before it is asked for. While Redis is away each request fails at once, so that nobody waits for what
 * does not come; the connection is made again in the background.
 */
export function createRedis({ url, prefix, clock, warn, timeoutMs = REDIS_TIMEOUT_MS }: RedisOptions): RedisConnection {
  const connection = lazy(async () => {
    const { name, url: target } = readRedisAddress(await url())
    return { name, ...(await connect(target, timeoutMs)) }
  })
  const notice = createNotice(clock, warn)
  const ask = async (request: (client: Redis) => Promise<unknown>): Promise<unknown> => {
    const { client, name, lastError } = await connection.get()
    const failed = (reason: string) => {
      const failure = new RedisUnavailable(`Redis at ${name} cannot be asked: ${reason}`)
      notice(failure.message)
      return failure
    }
    // The driver would start the time limit of a command that it refuses, and keep the process alive for it.
    if (client.status !== 'ready') throw failed(lastError() ?? 'the connection was lost')
    return request(client).catch((error: unknown) => {
      // Only the words: an error of the driver has the command in it, and AUTH has the password.
      throw failed(messageOf(error))
    })
  }
  return {
    key: (...parts) => prefix + parts.join(':'),
    command: (name, ...values) => ask(client => client.call(name, ...values)),
    run: ({ sha, text }, keys, values) =>
      ask(async client => {
        const rest = [keys.length, ...keys, ...values]
        try {
          return await client.call('EVALSHA', sha, ...rest)
        } catch (error) {
          if (!messageOf(error).startsWith('NOSCRIPT')) throw error
          return client.call('EVAL', text, ...rest)
        }
      }),
    close: () => connection.end(({ client }) => client.disconnect()),
  }
}

/** @returns once it is connected, or the first try has failed. `lastError` says why it is not connected. */
async function connect(url: string, timeoutMs: number): Promise<{ readonly client: Redis; readonly lastError: () => string | undefined }> {
  const { Redis } = await import('ioredis')
  const client = new Redis(url, {
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // The driver waits this long for the end of a connection that is gone already; it keeps the process alive.
    disconnectTimeout: 100,
    // Nothing waits for a connection.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: times => Math.min(RECONNECT_MAX_MS, 50 * 2 ** times),
    lazyConnect: true,
    // A server before 6 knows no other.
    protocol: 2,
    disableClientInfo: true,
  })
  let last: string | undefined
  client.on('error', (error: unknown) => {
    last = messageOf(error)
  })
  const connected = client.connect().catch((error: unknown) => {
    last ??= messageOf(error)
  })
  const isLate = await Promise.race([connected.then(() => false), delay(timeoutMs, true, { ref: false })])
  if (isLate) last ??= `it gave no answer within ${timeoutMs} ms`
  return { client, lastError: () => last }
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error)
}

function createNotice(clock: Clock, warn: RedisOptions['warn']): (message: string) => void {
  let nextMs = Number.NEGATIVE_INFINITY
  return message => {
    const nowMs = clock.monotonic()
    if (nowMs < nextMs) return
    nextMs = nowMs + OUTAGE_NOTICE_MS
    warn(`${message}. Until it is back, each process keeps its own rate limits and circuit breakers, and answers are not cached.`)
  }
}
