import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { CircuitBreakerSpec } from '../../src/artifact/model.ts'
import type { RateLimitSpec } from '../../src/artifact/provider.ts'
import { systemClock } from '../../src/base/clock.ts'
import { type Breaker, CLOSED, type Outcome, recordOutcome, viewBreaker } from '../../src/gateway/breaker/breaker.ts'
import { createBreakers } from '../../src/gateway/breaker/breakers.ts'
import { createRedisBreakers } from '../../src/gateway/breaker/redis.ts'
import { CallFailure } from '../../src/gateway/failure.ts'
import type { LimitScope, Permit } from '../../src/gateway/limits/limit.ts'
import { createRateLimiter } from '../../src/gateway/limits/limiter.ts'
import { createRedisLimits, readRedisLimit } from '../../src/gateway/limits/redis.ts'
import { scopesOf } from '../../src/gateway/limits/scope.ts'
import { createLoad } from '../../src/gateway/load/load.ts'
import { createRedisLoadReader } from '../../src/gateway/load/redis.ts'
import { systemTimers } from '../../src/gateway/timers.ts'
import { createRedis } from '../../src/redis/connection.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { startRedis, withoutRedis } from '../support/redis.ts'

/** A process of those that share a Redis. */
function processOf(t: Test, url: string) {
  const warnings: string[] = []
  const redis = createRedis({ url: async () => url, prefix: 'test:', clock: systemClock, warn: line => warnings.push(line) })
  t.teardown(() => redis.close())
  const limiter = createRateLimiter({ clock: systemClock, timers: systemTimers, shared: createRedisLimits(redis) })
  const acquire = (provider: LimitScope, { tokens = 0, waitMs = 200, callMs = 60_000 } = {}) =>
    limiter.acquire({
      provider,
      model: { key: `${provider.key}-model`, block: 'model.fast', limits: {} },
      tokens,
      callMs,
      untilMs: systemClock.monotonic() + waitMs,
      signal: new AbortController().signal,
    })
  const breakers = createBreakers({ clock: systemClock, shared: createRedisBreakers(redis) })
  return { redis, warnings, limiter, acquire, breakers }
}

/** A key that no other test counts under. */
const scopeOf = (limits: RateLimitSpec): LimitScope => ({ key: randomUUID(), block: 'provider.openai', limits })

/** Nothing where the permit was refused. */
async function served(attempts: readonly Promise<Permit>[]): Promise<readonly Permit[]> {
  const settled = await Promise.allSettled(attempts)
  for (const one of settled) if (one.status === 'rejected' && !(one.reason instanceof CallFailure)) throw one.reason
  return settled.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 6_000; attempt++) {
    if (await isSo()) return
    await delay(10)
  }
  throw new Error('it did not come to be within a minute')
}

t.test('with a Redis', { skip: withoutRedis }, async t => {
  const server = await startRedis(t)
  const [a, b] = [processOf(t, server.url), processOf(t, server.url)]
  const both = (count: number, ask: (one: typeof a) => Promise<Permit>) =>
    Array.from({ length: count }, (_, index) => ask(index % 2 === 0 ? a : b))

  await t.test('RATE-1: a limit holds for all processes together', async t => {
    const requests = scopeOf({ requests_per_minute: 7 })
    t.equal((await served(both(20, one => one.acquire(requests)))).length, 7)
    const tokens = scopeOf({ tokens_per_minute: 1_000 })
    t.equal((await served(both(20, one => one.acquire(tokens, { tokens: 300 })))).length, 3)
    const concurrency = scopeOf({ max_concurrency: 4 })
    const held = await served(both(10, one => one.acquire(concurrency)))
    t.equal(held.length, 4)
    for (const permit of held) permit.settle(0)
    const again = await served(both(4, one => one.acquire(concurrency, { waitMs: 2_000 })))
    t.equal(again.length, 4, 'who ended made room for the other process too')
    t.match(await readRedisLimit(a.redis, systemClock, concurrency), { inFlight: 4 })
  })

  await t.test('RATE-3: tokens are corrected for all, and what was not sent counts nothing', async t => {
    const scope = scopeOf({ tokens_per_minute: 1_000, requests_per_minute: 10 })
    const [first] = await served([a.acquire(scope, { tokens: 900 })])
    first?.settle(100)
    await until(async () => (await readRedisLimit(b.redis, systemClock, scope)).tokens === 100)
    const [second] = await served([b.acquire(scope, { tokens: 900 })])
    second?.giveBack()
    await until(async () => (await readRedisLimit(a.redis, systemClock, scope)).requests === 1)
    t.match(await readRedisLimit(a.redis, systemClock, scope), { requests: 1, tokens: 100, inFlight: 0 })
  })

  await t.test('RATE-3: one process is asked to wait, and all do', async t => {
    const scope = scopeOf({})
    a.limiter.holdBack(scope, 400)
    await until(async () => (await readRedisLimit(b.redis, systemClock, scope)).notBeforeAtMs !== undefined)
    const startedMs = performance.now()
    t.equal((await served([b.acquire(scope, { waitMs: 5_000 })])).length, 1)
    t.ok(performance.now() - startedMs > 300)
  })

  await t.test('a permit of a process that died is free after its lease', async t => {
    const scope = scopeOf({ max_concurrency: 1 })
    const shared = createRedisLimits(a.redis)
    const request = { provider: scope, model: scopeOf({}), tokens: 0 }
    t.match(await shared.take({ ...request, leaseMs: 100 }), { admitted: true })
    t.match(await shared.take({ ...request, leaseMs: 100 }), { admitted: false, blockedBy: 'provider' })
    await until(async () => (await shared.take({ ...request, leaseMs: 100 })).admitted)
  })

  const settings: CircuitBreakerSpec = { enabled: true, failure_rate: 0.5, window_ms: 3_600_000, min_calls: 4, cooldown_ms: 100 }

  await t.test('BRK-2: what one process has seen, all know; one of them probes', async t => {
    const target = modelTarget(providerSpec({ type: 'openai', api_key: { $secret: randomUUID() } }), {
      circuit_breaker: { ...settings, cooldown_ms: 600 },
    })
    const isOpen = (one: typeof a) =>
      one.breakers.look(target).then(
        () => false,
        () => true,
      )
    for (let number = 0; number < 4; number++) {
      const { breakers } = number % 2 === 0 ? a : b
      ;(await breakers.enter(target, 1_000))({ type: 'failed', seen: '503' })
    }
    await until(() => isOpen(b))
    t.ok(await isOpen(a))
    await t.rejects(b.breakers.look(target), { message: '4 of 4 calls failed, 503; probed in 1 s' })
    await until(async () => !(await isOpen(a)))
    const entries = await Promise.allSettled([a, b, a, b].map(({ breakers }) => breakers.enter(target, 60_000)))
    const passages = entries.flatMap(entry => (entry.status === 'fulfilled' ? [entry.value] : []))
    t.equal(passages.length, 1, 'one probe')
    passages[0]?.({ type: 'answered' })
    await until(async () => !(await isOpen(b)))
    ;(await b.breakers.enter(target, 1_000))({ type: 'answered' })
  })

  await t.test('a shared breaker decides as one of a single process', async t => {
    const shared = createRedisBreakers(a.redis)
    const step = fc.constantFrom<Outcome>(
      { type: 'answered' },
      { type: 'unclear' },
      { type: 'failed', seen: '500' },
      { type: 'failed', seen: 'timeout' },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async outcomes => {
        const key = randomUUID()
        let own: Breaker = CLOSED
        const kept = { ...settings, cooldown_ms: 3_600_000 }
        for (const outcome of outcomes) {
          shared.record(key, kept, outcome, undefined)
          own = recordOutcome(own, outcome, { settings: kept, nowMs: Date.now() })
          const [theirs, ours] = [await shared.look(key, kept), viewBreaker(own, kept, Date.now())]
          t.match(theirs, ours.state === 'closed' ? ours : { ...ours, probeInMs: Number })
        }
      }),
      { numRuns: 50 },
    )
  })

  await t.test('a reader sees what all have counted; a process that ends takes its part away', async t => {
    const provider = providerSpec({
      type: 'openai',
      api_key: { $secret: randomUUID() },
      rate_limit: { requests_per_minute: 5, max_concurrency: 8 },
    })
    const target = modelTarget(provider, { circuit_breaker: settings })
    const reader = createRedisLoadReader(a.redis, systemClock)
    const { redis } = processOf(t, server.url)
    const load = createLoad({
      clock: systemClock,
      timers: systemTimers,
      shared: { limits: createRedisLimits(redis), breakers: createRedisBreakers(redis) },
    })
    const before = (await reader.read([target])).processes
    const permit = await load.limiter.acquire({
      ...scopesOf(target),
      tokens: 0,
      callMs: 60_000,
      untilMs: systemClock.monotonic() + 1_000,
      signal: new AbortController().signal,
    })
    ;(await load.breakers.enter(target, 1_000))({ type: 'failed', seen: '503' })
    await until(async () => {
      const seen = await reader.read([target])
      return seen.type === 'shared' && seen.load.breakers[0]?.breaker.parts[0]?.failures === 1
    })
    t.match(await reader.read([target]), {
      type: 'shared',
      processes: Number(before) + 1,
      load: { limits: [{ block: 'provider.test', requests: 1, inFlight: 1 }, { block: 'model.test' }] },
    })
    permit.settle(null)
    await load.close()
    t.match(await reader.read([target]), { processes: before, load: { limits: [{ requests: 1, inFlight: 0 }] } })
  })

  await t.test('FAIL-4, RATE-2, BRK-2: without Redis each has its part of the limit and its own breaker', async t => {
    const scope = scopeOf({ requests_per_minute: 10 })
    const target = modelTarget(providerSpec({ type: 'openai', api_key: { $secret: randomUUID() } }), { circuit_breaker: settings })
    await served(both(2, one => one.acquire(scope)))
    ;(await a.breakers.enter(target, 1_000))({ type: 'failed', seen: '503' })
    await server.kill()
    await until(() =>
      a.redis.command('PING').then(
        () => false,
        () => true,
      ),
    )
    const { length } = await served(Array.from({ length: 10 }, () => a.acquire(scope)))
    t.equal(length, 2, 'three of ten, for the three that have asked lately; one was used before')
    for (let number = 0; number < 3; number++) (await a.breakers.enter(target, 1_000))({ type: 'failed', seen: '503' })
    await t.rejects(a.breakers.look(target), { message: /^4 of 4 calls failed/ }, 'it counted all the time')
    await b.breakers.look(target)
    t.equal(a.warnings.length, 1)
    t.match(a.warnings[0], /Until it is back, each process keeps its own rate limits and circuit breakers/)
    await server.restart()
    await until(async () => (await served([a.acquire(scopeOf({}))])).length === 1)
  })
})
