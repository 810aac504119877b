import fc from 'fast-check'
import t from 'tap'
import type { RateLimitSpec } from '../../src/artifact/provider.ts'
import { CallFailure } from '../../src/gateway/failure.ts'
import { divideLimits, LIMIT_WINDOW_MS, type LimitRequest, type LimitScope, type Permit } from '../../src/gateway/limits/limit.ts'
import { createRateLimiter } from '../../src/gateway/limits/limiter.ts'
import { createSlidingWindow } from '../../src/gateway/limits/window.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'

const scope = (block: string, limits: RateLimitSpec = {}): LimitScope => ({ key: block, block, limits })

interface Ask {
  readonly provider?: RateLimitSpec
  readonly model?: string
  readonly modelLimits?: RateLimitSpec
  readonly tenant?: string
  readonly tokens?: number
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

function limiterOn(clock: FakeClock) {
  const limiter = createRateLimiter({ clock, timers: clock })
  const request = ({
    provider = {},
    model = 'model.fast',
    modelLimits,
    tenant,
    tokens = 0,
    waitMs = 600_000,
    signal,
  }: Ask): LimitRequest => ({
    provider: scope('provider.openai', provider),
    model: scope(model, modelLimits),
    tenant,
    tokens,
    callMs: 60_000,
    untilMs: clock.monotonic() + waitMs,
    signal: signal ?? new AbortController().signal,
  })
  return { limiter, ask: (what: Ask) => limiter.acquire(request(what)) }
}

async function refusal(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof CallFailure) return error.details
  throw new Error('expected a refusal', { cause: error })
}

interface Sent {
  readonly atMs: number
  readonly tokens: number
}

/** The most that any window of a minute held: it is enough to look at those that begin with a call. */
function worst(sent: readonly Sent[], what: (sent: Sent) => number): number {
  return Math.max(
    0,
    ...sent.map(({ atMs }) =>
      sent.filter(other => other.atMs >= atMs && other.atMs < atMs + LIMIT_WINDOW_MS).reduce((sum, other) => sum + what(other), 0),
    ),
  )
}

const arrival = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30_000 })),
  tenant: fc.constantFrom('a', 'b', 'c'),
  model: fc.constantFrom('model.fast', 'model.large'),
  tokens: fc.integer({ min: 0, max: 400 }),
  /** What it takes after all; null: it was not sent. */
  used: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null, freq: 8 }),
  lastsMs: fc.integer({ min: 0, max: 20_000 }),
})

t.test('RATE-1: no window of a minute holds more than the limits, for whatever arrives', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(arrival, { minLength: 1, maxLength: 60 }),
      fc.record({
        requests: fc.integer({ min: 1, max: 8 }),
        tokens: fc.integer({ min: 50, max: 900 }),
        concurrency: fc.integer({ min: 1, max: 4 }),
      }),
      async (arrivals, bounds) => {
        const clock = createFakeClock()
        const { limiter, ask } = limiterOn(clock)
        const provider = { requests_per_minute: bounds.requests, tokens_per_minute: bounds.tokens, max_concurrency: bounds.concurrency }
        const modelLimits = { requests_per_minute: Math.ceil(bounds.requests / 2) }
        const sent: (Sent & { readonly model: string })[] = []
        let inFlight = 0
        let most = 0
        const calls: Promise<void>[] = []
        const make = async ({ tenant, model, tokens, used, lastsMs }: (typeof arrivals)[number]) => {
          const permit = await ask({ provider, model, modelLimits, tenant, tokens, waitMs: 10_000_000 })
          most = Math.max(most, ++inFlight)
          if (used !== null) sent.push({ atMs: clock.monotonic(), model, tokens: Math.floor(Math.min(tokens, bounds.tokens) * used) })
          await new Promise<void>(resolve => clock.after(lastsMs, resolve))
          inFlight--
          if (used === null) permit.giveBack()
          else permit.settle(Math.floor(Math.min(tokens, bounds.tokens) * used))
        }
        for (const one of arrivals) {
          await clock.advance(one.afterMs)
          calls.push(make(one))
        }
        await clock.runUntil(Promise.all(calls))
        t.ok(worst(sent, () => 1) <= bounds.requests, 'requests per minute')
        t.ok(worst(sent, ({ tokens }) => tokens) <= bounds.tokens, 'tokens per minute')
        for (const model of ['model.fast', 'model.large'])
          t.ok(
            worst(
              sent.filter(one => one.model === model),
              () => 1,
            ) <= modelLimits.requests_per_minute,
            'of a model',
          )
        t.ok(most <= bounds.concurrency, 'calls at once')
        t.match(limiter.status(), [{ inFlight: 0, waiting: 0 }])
      },
    ),
    { numRuns: 60 },
  )
})

t.test('RATE-1: of very many calls no window holds more than the limit either, and what is kept of them does not grow', t => {
  const window = createSlidingWindow()
  const limits = { requests_per_minute: 300_000, tokens_per_minute: 3_000_000 }
  const sent: number[] = []
  let nowMs = 0
  let most = 0
  // Ten a millisecond would be 600,000 a minute.
  for (let count = 0; count < 1_000_000; count++) {
    nowMs = Math.max(nowMs + (count % 10 === 0 ? 1 : 0), window.freeAtMs(nowMs, 12, limits))
    const entry = window.add(nowMs, 12)
    const isSent = count % 7 > 0
    if (isSent) sent.push(nowMs)
    window.correct(entry, isSent ? 1 : 0, isSent ? 10 : 0)
    most = Math.max(most, window.size)
  }
  let first = 0
  let worst = 0
  for (const [index, atMs] of sent.entries()) {
    while (atMs - (sent[first] ?? 0) >= LIMIT_WINDOW_MS) first++
    worst = Math.max(worst, index - first + 1)
  }
  t.ok(worst <= 300_000 && worst > 299_000, `${worst} in the fullest minute`)
  t.ok(most < 11_000, `${most} times are kept`)
  window.expire(nowMs + LIMIT_WINDOW_MS)
  t.same([window.requests, window.tokens, window.size], [0, 0, 0])
  t.end()
})

t.test('RATE-2: tenants are served in turn, and each in the order of its calls', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 2, maxLength: 40 }), async tenants => {
      const clock = createFakeClock()
      const { ask } = limiterOn(clock)
      const provider = { max_concurrency: 1 }
      const served: { readonly tenant: string; readonly number: number }[] = []
      const holder = await ask({ provider })
      const all = tenants.map(async (tenant, number) => {
        const permit = await ask({ provider, tenant })
        served.push({ tenant, number })
        permit.settle(0)
      })
      holder.settle(0)
      await Promise.all(all)
      for (const tenant of new Set(tenants)) {
        const own = served.filter(one => one.tenant === tenant).map(({ number }) => number)
        t.same(
          own,
          own.toSorted((x, y) => x - y),
          'in order',
        )
      }
      // While a tenant waits, no other is served twice before it.
      for (const [index, { tenant }] of served.entries()) {
        const since = served.slice(0, index).findLastIndex(one => one.tenant === tenant)
        const between = served.slice(since + 1, index).map(one => one.tenant)
        t.equal(new Set(between).size, between.length, 'in turn')
      }
    }),
    { numRuns: 100 },
  )
})

t.test('a call of many tokens is not overtaken by small ones of its key for ever', async t => {
  const clock = createFakeClock()
  const { ask } = limiterOn(clock)
  const provider = { tokens_per_minute: 100 }
  ;(await ask({ provider, tokens: 60 })).settle(60)
  let isServed = false
  const large = ask({ provider, tokens: 90 }).then(() => {
    isServed = true
  })
  const small = Array.from({ length: 5 }, () => ask({ provider, tokens: 10, tenant: 'other' }))
  await clock.advance(LIMIT_WINDOW_MS)
  await large
  t.ok(isServed)
  t.equal(await Promise.race([Promise.all(small).then(() => 'served'), clock.advance(0).then(() => 'waiting')]), 'waiting')
})

t.test('a model that is at its limit holds up no other model of the key', async t => {
  const clock = createFakeClock()
  const { ask } = limiterOn(clock)
  const slow = { model: 'model.large', modelLimits: { requests_per_minute: 1 } }
  await ask(slow)
  const waiting = ask({ ...slow, waitMs: 1_000 })
  await ask({ model: 'model.fast' })
  const refused = refusal(waiting)
  await clock.advance(1_000)
  t.match(await refused, { class: 'permit_timeout', message: 'no leave to call within 1 s: requests_per_minute = 1 of model.large' })
  t.equal(clock.pending, 0)
})

t.test('TIME-3: a call waits no longer than it may, and leaves the line when it is cancelled', async t => {
  const clock = createFakeClock()
  const { limiter, ask } = limiterOn(clock)
  const provider = { max_concurrency: 1 }
  const permit = await ask({ provider })
  const controller = new AbortController()
  const cancelled = refusal(ask({ provider, signal: controller.signal }))
  const late = refusal(ask({ provider, waitMs: 2_000 }))
  controller.abort()
  t.match(await cancelled, { class: 'aborted' })
  await clock.advance(2_000)
  t.match(await late, { class: 'permit_timeout', message: /max_concurrency = 1 of provider.openai/ })
  t.match(limiter.status(), [{ inFlight: 1, waiting: 0 }])
  permit.settle(0)
  t.equal(clock.pending, 0)
  await ask({ provider })
  t.match(await refusal(ask({ signal: AbortSignal.abort() })), { class: 'aborted' })
})

t.test('RATE-3: tokens are corrected after the call, and what was not sent counts nothing', async t => {
  const clock = createFakeClock()
  const { limiter, ask } = limiterOn(clock)
  const provider = { tokens_per_minute: 1_000, requests_per_minute: 3 }
  const first = await ask({ provider, tokens: 900 })
  first.settle(100)
  first.settle(700)
  const second = await ask({ provider, tokens: 900 })
  second.giveBack()
  const third = await ask({ provider, tokens: 900 })
  third.settle(null)
  t.match(limiter.status(), [{ requests: 2, tokens: 1_000, inFlight: 0 }])
})

t.test('a call that could take more tokens than a minute has gets a minute to itself', async t => {
  const clock = createFakeClock()
  const { ask } = limiterOn(clock)
  const provider = { tokens_per_minute: 100 }
  const small = await ask({ provider, tokens: 1 })
  small.settle(1)
  let served: Permit | undefined
  const large = ask({ provider, tokens: 128_000 }).then(permit => {
    served = permit
  })
  await clock.advance(LIMIT_WINDOW_MS - 1)
  t.equal(served, undefined)
  await clock.advance(1)
  await large
})

t.test('RATE-3: a provider that asks to wait is left alone by all calls of its key', async t => {
  const clock = createFakeClock()
  const { limiter, ask } = limiterOn(clock)
  const key = scope('provider.openai')
  limiter.holdBack(key, 5_000)
  let servedAtMs = -1
  const patient = ask({ model: 'model.large' }).then(() => {
    servedAtMs = clock.monotonic()
  })
  t.match(
    await refusal(ask({ waitMs: 2_000 })),
    { class: 'permit_timeout', message: 'provider.openai takes no calls for 5 s, as its provider asked for', refusedBy: 'provider.openai' },
    'who could not wait so long is told at once',
  )
  t.match(limiter.status(), [{ notBeforeAtMs: clock.now() + 5_000 }])
  await clock.advance(5_000)
  await patient
  t.equal(servedAtMs, 5_000)
  // Also those who wait already.
  const permit = await ask({ model: 'model.x', modelLimits: { max_concurrency: 1 } })
  const waiting = refusal(ask({ model: 'model.x', modelLimits: { max_concurrency: 1 }, waitMs: 10_000 }))
  limiter.holdBack(key, 60_000)
  t.match(await waiting, { class: 'permit_timeout' })
  permit.settle(0)
})

t.test('parts of a limit: each at least one, and what is unlimited stays so', t => {
  t.same(divideLimits({ requests_per_minute: 10, max_concurrency: 2 }, 4), { requests_per_minute: 2, max_concurrency: 1 })
  t.same(divideLimits({ tokens_per_minute: 100 }, 1), { tokens_per_minute: 100 })
  t.end()
})
