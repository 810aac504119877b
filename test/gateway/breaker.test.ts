import fc from 'fast-check'
import t from 'tap'
import type { CircuitBreakerSpec } from '../../src/artifact/model.ts'
import type { ProviderSpec } from '../../src/artifact/provider.ts'
import { type Breaker, CLOSED, type Outcome, recordOutcome, viewBreaker } from '../../src/gateway/breaker/breaker.ts'
import { createBreakers } from '../../src/gateway/breaker/breakers.ts'
import { outcomeOf } from '../../src/gateway/breaker/outcome.ts'
import { CallFailure, type FailureDetails } from '../../src/gateway/failure.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { createFakeClock } from '../support/fake-clock.ts'

const settings: CircuitBreakerSpec = { enabled: true, failure_rate: 0.5, window_ms: 30_000, min_calls: 20, cooldown_ms: 15_000 }
const target = modelTarget(providerSpec({ type: 'openai' }), { circuit_breaker: settings })
const answered: Outcome = { type: 'answered' }
const failed: Outcome = { type: 'failed', seen: '503' }

function breakersOn(clock = createFakeClock(), remembered?: ReadonlyMap<string, Breaker>) {
  const turns: boolean[] = []
  const breakers = createBreakers({
    clock,
    onChange: isTurned => turns.push(isTurned),
    ...(remembered && { remembered: async () => remembered }),
  })
  const call = async (outcome: Outcome) => (await breakers.enter(target, 65_000))(outcome)
  return { clock, breakers, call, turns }
}

async function refusal(promise: Promise<unknown>): Promise<FailureDetails | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof CallFailure) return error.details
      throw error
    },
  )
}

t.test('BRK-1: it opens at its failure rate, and not below its least number of calls', async t => {
  const { breakers, call, turns } = breakersOn()
  for (let number = 0; number < 8; number++) await call(answered)
  for (let number = 0; number < 11; number++) await call(failed)
  t.equal(await refusal(breakers.look(target)), undefined, '11 of 19')
  await call(failed)
  t.match(await refusal(breakers.look(target)), {
    class: 'breaker_open',
    message: '12 of 20 calls failed, 503; probed in 15 s',
    refusedBy: 'model.test',
  })
  t.match(await refusal(breakers.enter(target, 1_000)), { class: 'breaker_open' })
  t.equal(turns.filter(Boolean).length, 1)
})

t.test('what is older than the window is forgotten', async t => {
  const { clock, breakers, call } = breakersOn()
  for (let number = 0; number < 19; number++) await call(failed)
  await clock.advance(30_000)
  await call(failed)
  t.equal(await refusal(breakers.look(target)), undefined)
  t.match(breakers.status(), [{ model: 'model.test', view: { state: 'closed', calls: 1, failures: 1 } }])
})

t.test('GW-7: after the cooldown one call probes; its end decides', async t => {
  const open = async () => {
    const opened = breakersOn()
    for (let number = 0; number < 20; number++) await opened.call(failed)
    await opened.clock.advance(14_001)
    t.match(await refusal(opened.breakers.look(target)), { message: '20 of 20 calls failed, 503; probed in 1 s' })
    await opened.clock.advance(1_000)
    t.equal(await refusal(opened.breakers.look(target)), undefined, 'looking takes no probe')
    t.equal(await refusal(opened.breakers.look(target)), undefined)
    return opened
  }
  await t.test('answered: closed, and counted anew', async t => {
    const { breakers, call } = await open()
    const probe = await breakers.enter(target, 65_000)
    t.match(await refusal(breakers.enter(target, 65_000)), { class: 'breaker_open', message: '20 of 20 calls failed, 503; probed now' })
    t.match(await refusal(breakers.look(target)), { class: 'breaker_open' })
    probe(answered)
    await call(failed)
    t.match(breakers.status(), [{ view: { state: 'closed', calls: 1, failures: 1 } }])
  })
  await t.test('failed: open for another cooldown', async t => {
    const { clock, breakers } = await open()
    ;(await breakers.enter(target, 65_000))({ type: 'failed', seen: 'timeout' })
    t.match(await refusal(breakers.look(target)), { message: '20 of 20 calls failed, timeout; probed in 15 s' })
    await clock.advance(15_000)
    t.equal(await refusal(breakers.look(target)), undefined)
  })
  await t.test('unclear: the next call probes', async t => {
    const { breakers } = await open()
    ;(await breakers.enter(target, 65_000))({ type: 'unclear' })
    ;(await breakers.enter(target, 65_000))(answered)
    t.match(breakers.status(), [{ view: { state: 'closed' } }])
  })
  await t.test('BRK-2: lost: its lease ends, and what it says later is not heard', async t => {
    const { clock, breakers } = await open()
    const lost = await breakers.enter(target, 65_000)
    await clock.advance(65_000)
    const next = await breakers.enter(target, 65_000)
    lost(answered)
    t.match(breakers.status(), [{ view: { state: 'half_open', isProbed: true } }])
    next(answered)
    t.match(breakers.status(), [{ view: { state: 'closed' } }])
  })
})

t.test('calls that were under way when it opened say nothing new', async t => {
  const { breakers, call } = breakersOn()
  const late = await breakers.enter(target, 65_000)
  for (let number = 0; number < 20; number++) await call(failed)
  late(answered)
  t.match(breakers.status(), [{ view: { state: 'open' } }])
})

t.test('switched off, it lets everything through and counts nothing', async t => {
  const { breakers } = breakersOn()
  const free = modelTarget(providerSpec({ type: 'openai' }), { circuit_breaker: { ...settings, enabled: false } })
  for (let number = 0; number < 30; number++) (await breakers.enter(free, 1_000))(failed)
  await breakers.look(free)
  t.same(breakers.status(), [])
})

t.test('BRK-1: one breaker for each model under each key', async t => {
  const { breakers, call } = breakersOn()
  for (let number = 0; number < 20; number++) await call(failed)
  const other = (provider: Partial<ProviderSpec>, id = 'gpt-4o-mini') =>
    modelTarget(providerSpec({ ...provider, type: 'openai' }), { circuit_breaker: settings, id })
  t.equal(await refusal(breakers.look(other({}, 'another'))), undefined)
  t.equal(await refusal(breakers.look(other({ api_key: { $secret: 'OTHER_KEY' } }, target.spec.id))), undefined)
  t.match(await refusal(breakers.look(other({}, target.spec.id))), { class: 'breaker_open' })
})

t.test('BRK-1: what counts, and what does not', t => {
  const seen = (details: Partial<FailureDetails>) => {
    const outcome = outcomeOf(new CallFailure({ class: 'server_error', message: 'x', ...details }))
    return outcome.type === 'failed' ? outcome.seen : outcome.type
  }
  t.equal(seen({ class: 'server_error', status: 500 }), '500')
  t.equal(seen({ class: 'overloaded', status: 529 }), '529')
  t.equal(seen({ class: 'timeout' }), 'timeout')
  t.equal(seen({ class: 'network', providerCode: 'ECONNREFUSED' }), 'ECONNREFUSED')
  t.equal(seen({ class: 'rate_limited', status: 429 }), '429')
  t.equal(seen({ class: 'rate_limited', status: 429, retryAfterMs: 2_000 }), 'unclear')
  for (const failureClass of ['bad_request', 'unauthorized', 'forbidden', 'not_found', 'content_filter', 'context_overflow'] as const)
    t.equal(seen({ class: failureClass, status: 400 }), 'unclear', failureClass)
  for (const failureClass of ['aborted', 'deadline', 'invalid_response'] as const)
    t.equal(seen({ class: failureClass }), 'unclear', failureClass)
  t.equal(outcomeOf(new Error('a missing secret')).type, 'unclear')
  t.end()
})

t.test('what an earlier process saw is gone on from, and a clock that was wrong does not keep it open', async t => {
  const clock = createFakeClock()
  const { breakers, call } = breakersOn(clock)
  for (let number = 0; number < 12; number++) await call(failed)
  const [status] = breakers.status()
  const kept = new Map([[status?.key ?? '', status?.breaker ?? CLOSED]])
  const next = breakersOn(clock, kept)
  for (let number = 0; number < 8; number++) await next.call(answered)
  t.match(next.breakers.status(), [{ view: { state: 'closed', calls: 20, failures: 12 } }])
  await next.call(failed)
  t.match(await refusal(next.breakers.look(target)), { message: '13 of 21 calls failed, 503; probed in 15 s' })

  const future = { atMs: clock.now() + 1e9, untilMs: clock.now() + 1e9, calls: 20, failures: 20, seen: '503' }
  const wrong = breakersOn(clock, new Map([[status?.key ?? '', { parts: [], opened: future }]]))
  t.match(await refusal(wrong.breakers.look(target)), { message: '20 of 20 calls failed, 503; probed in 15 s' })
  await clock.advance(15_000)
  t.equal(await refusal(wrong.breakers.look(target)), undefined)
})

t.test('a breaker is open only after as many failures as it says, for whatever comes', t => {
  const step = fc.record({ afterMs: fc.integer({ min: 0, max: 1_000 }), isFailure: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { minLength: 60, maxLength: 120 }), steps => {
      let nowMs = 1_000_000
      let breaker: Breaker = CLOSED
      const past: { readonly atMs: number; readonly isFailure: boolean }[] = []
      for (const { afterMs, isFailure } of steps) {
        nowMs += afterMs
        past.push({ atMs: nowMs, isFailure })
        breaker = recordOutcome(breaker, isFailure ? failed : answered, { settings, nowMs })
        const { opened } = breaker
        if (opened === undefined) continue
        const lately = past.filter(({ atMs }) => atMs > nowMs - settings.window_ms)
        t.ok(opened.calls <= lately.length && opened.calls >= settings.min_calls)
        t.ok(opened.failures <= lately.filter(one => one.isFailure).length && opened.failures >= opened.calls * settings.failure_rate)
        t.equal(viewBreaker(breaker, settings, nowMs).state, 'open')
        return
      }
    }),
  )
  t.end()
})
