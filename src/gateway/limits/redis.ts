import { randomUUID } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import type { LimitScope, LimitStatus } from './limit.ts'
import { END, HOLD_BACK, LIVE_MS, READ, TAKE } from './redis-scripts.ts'
import type { SharedLimits, SharedRequest } from './shared.ts'

/** Limits of all processes with the same Redis, by its clock (RATE-1): one script for each decision. */
export function createRedisLimits(redis: RedisConnection): SharedLimits {
  const process = randomUUID()
  let hasAsked = false
  const end = (id: string, { provider, model }: SharedRequest, made: 0 | 1, tokens: number) => {
    // What is not ended here ends by its lease.
    redis.run(END, [...namesOf(redis, provider), ...namesOf(redis, model)], [id, made, tokens]).catch(() => {})
  }
  return {
    async take({ provider, model, tokens, leaseMs }) {
      hasAsked = true
      const id = randomUUID()
      const keys = [...namesOf(redis, provider), ...namesOf(redis, model), redis.key('processes')]
      const [admitted, scope, waitMs, processes] = numbers(
        await redis.run(TAKE, keys, [id, tokens, leaseMs, process, ...boundsOf(provider), ...boundsOf(model)]),
      )
      if (admitted === 1) return { admitted: true, id, processes: processes ?? 1 }
      return { admitted: false, blockedBy: scope === 2 ? 'model' : 'provider', waitMs: waitMs ?? 0, processes: processes ?? 1 }
    },
    settle: (id, request, tokens) => end(id, request, 1, tokens ?? -1),
    giveBack: (id, request) => end(id, request, 0, -1),
    holdBack(scope, ms) {
      redis.run(HOLD_BACK, [redis.key('limit', scope.key, 'notbefore')], [Math.ceil(ms)]).catch(() => {})
    },
    async leave() {
      // Forgotten after a minute in any case.
      if (hasAsked) await redis.command('ZREM', redis.key('processes'), process).catch(() => {})
    },
  }
}

/** What is counted now. @throws RedisUnavailable */
export async function readRedisLimit(redis: RedisConnection, clock: Clock, scope: LimitScope): Promise<LimitStatus> {
  const [requests = 0, tokens = 0, inFlight = 0, heldBackMs = 0] = numbers(await redis.run(READ, namesOf(redis, scope), []))
  const { key, block, limits } = scope
  const notBefore = heldBackMs > 0 ? { notBeforeAtMs: Math.round(clock.now() + heldBackMs) } : {}
  return { key, block, limits, requests, tokens, inFlight, waiting: 0, ...notBefore }
}

/** Who has asked lately. @throws RedisUnavailable */
export async function readRedisProcesses(redis: RedisConnection, clock: Clock): Promise<number> {
  return Number(await redis.command('ZCOUNT', redis.key('processes'), clock.now() - LIVE_MS, '+inf'))
}

function namesOf(redis: RedisConnection, { key }: LimitScope): readonly string[] {
  return ['log', 'tokens', 'held', 'notbefore'].map(part => redis.key('limit', key, part))
}

function boundsOf({ limits }: LimitScope): readonly number[] {
  return [limits.requests_per_minute ?? -1, limits.tokens_per_minute ?? -1, limits.max_concurrency ?? -1]
}

function numbers(reply: unknown): readonly number[] {
  return Array.isArray(reply) ? reply.map(Number) : []
}
