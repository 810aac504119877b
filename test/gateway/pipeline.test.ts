import fc from 'fast-check'
import t from 'tap'
import type { ModelSpec, PriceSpec, RetrySpec } from '../../src/artifact/model.ts'
import type { CallEvent, CallRequest, LayerResult, Usage } from '../../src/gateway/call.ts'
import { CallFailure, type FailureDetails, retryAfterMs } from '../../src/gateway/failure.ts'
import { retryDelayMs } from '../../src/gateway/layers/retry.ts'
import { createPipeline } from '../../src/gateway/pipeline.ts'
import { costNano } from '../../src/gateway/price.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'
import { callTo } from '../support/gateway.ts'

const usage: Usage = { input: 10, cachedInput: 0, cacheWrite: 0, output: 5, reasoning: 0 }

type Step = Partial<FailureDetails> | 'answer' | 'hang' | 'stream then fail'

/** A pipeline whose provider does one step for each attempt. */
function scripted(clock: FakeClock, steps: readonly Step[], random: () => number = () => 1) {
  let attempt = 0
  const call = createPipeline({ clock, timers: clock, random }, async (modelCall): Promise<LayerResult> => {
    const step = steps[attempt++] ?? 'answer'
    if (step === 'hang') return new Promise(() => {})
    if (step === 'stream then fail') {
      modelCall.onEvent?.({ type: 'text-delta', text: 'x' })
      throw new CallFailure({ class: 'network', message: 'cut' })
    }
    if (step !== 'answer') throw new CallFailure({ class: 'server_error', message: 'failed', ...step })
    return {
      text: 'done',
      toolCalls: [],
      finishReason: 'stop',
      usage,
      modelId: 'm',
      simulated: false,
      warnings: [],
      target: modelCall.target,
      output: 'done',
      costNano: null,
    }
  })
  return { call, attempts: () => attempt }
}

function callOf(model: Partial<ModelSpec> = {}, call: Partial<CallRequest> = {}): CallRequest {
  return callTo(modelTarget(providerSpec({ type: 'openai' }), model), call)
}

async function detailsOf(promise: Promise<unknown>): Promise<FailureDetails> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof CallFailure) return error.details
  throw new Error('expected a failure of the call', { cause: error })
}

t.test('retry', async t => {
  await t.test('waits a random time below a bound that doubles, and records each attempt', async t => {
    const clock = createFakeClock()
    const { call } = scripted(clock, [{ class: 'server_error', status: 500 }, { class: 'network' }, 'answer'])
    const result = await clock.runUntil(call(callOf()))
    t.match(result.history.attempts, [
      { number: 1, startedAfterMs: 0, waitedMs: 0, outcome: 'server_error', status: 500 },
      { number: 2, startedAfterMs: 500, waitedMs: 500, outcome: 'network' },
      { number: 3, startedAfterMs: 1500, waitedMs: 1000, outcome: 'answered' },
    ])
    t.equal(result.latencyMs, 1500)
  })

  await t.test('Retry-After wins', async t => {
    const clock = createFakeClock()
    const { call } = scripted(clock, [{ class: 'rate_limited', retryAfterMs: 7000 }, 'answer'])
    t.equal((await clock.runUntil(call(callOf()))).latencyMs, 7000)
  })

  await t.test('a Retry-After past max counts as exhausted', async t => {
    const clock = createFakeClock()
    const { call, attempts } = scripted(clock, [{ class: 'rate_limited', retryAfterMs: 20_001 }])
    t.match(await detailsOf(clock.runUntil(call(callOf()))), { class: 'rate_limited', history: { attempts: [{ number: 1 }] } })
    t.equal(attempts(), 1)
    t.equal(clock.now(), createFakeClock().now())
  })

  await t.test('STEP-6: the waits of a call are a minute at most, all together', async t => {
    const clock = createFakeClock()
    const later = { class: 'rate_limited', retryAfterMs: 25_000 } as const
    const { call } = scripted(clock, [later, later, later, 'answer'])
    const retry = { max_attempts: 9, initial_ms: 1, max_ms: 30_000, on: ['rate_limited'] } as const
    const { history } = await detailsOf(clock.runUntil(call(callOf({ retry }))))
    t.strictSame(
      history?.attempts.map(({ waitedMs }) => waitedMs),
      [0, 25_000, 25_000],
    )
  })

  await t.test('classes that are not listed are not tried again', async t => {
    for (const failureClass of [
      'bad_request',
      'unauthorized',
      'forbidden',
      'not_found',
      'content_filter',
      'context_overflow',
      'invalid_response',
      'aborted',
    ] as const) {
      const clock = createFakeClock()
      const { call, attempts } = scripted(clock, [{ class: failureClass }])
      await detailsOf(clock.runUntil(call(callOf())))
      t.equal(attempts(), 1, failureClass)
    }
  })

  await t.test('GW-4: nothing is tried again after the first streamed byte', async t => {
    const clock = createFakeClock()
    const { call, attempts } = scripted(clock, ['stream then fail'])
    t.match(await detailsOf(clock.runUntil(call(callOf({}, { onEvent: () => {} })))), { class: 'network' })
    t.equal(attempts(), 1)
  })

  await t.test('a cancelled wait ends at once', async t => {
    const clock = createFakeClock()
    const controller = new AbortController()
    const { call, attempts } = scripted(clock, [{ class: 'server_error' }])
    const pending = detailsOf(call(callOf({}, { signal: controller.signal })))
    await clock.advance(100)
    controller.abort()
    t.match(await pending, { class: 'aborted' })
    t.equal(attempts(), 1)
    t.equal(clock.pending, 0)
  })

  await t.test('delays stay in their bounds, whatever happens', async t => {
    const retry = fc.record({
      max_attempts: fc.integer({ min: 1, max: 10 }),
      initial_ms: fc.integer({ min: 0, max: 60_000 }),
      max_ms: fc.integer({ min: 0, max: 600_000 }),
    })
    fc.assert(
      fc.property(
        retry,
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.option(fc.nat(900_000)),
        (spec, attempt, random, after) => {
          const full: RetrySpec = { ...spec, on: ['rate_limited'] }
          const failure: FailureDetails = { class: 'rate_limited', message: '', ...(after !== null && { retryAfterMs: after }) }
          const delay = retryDelayMs(failure, attempt, full, () => random)
          if (attempt >= spec.max_attempts) return delay === undefined
          if (after !== null) return delay === (after <= spec.max_ms ? after : undefined)
          return delay !== undefined && delay >= 0 && delay <= spec.max_ms && delay <= spec.initial_ms * 2 ** (attempt - 1)
        },
      ),
    )
    t.pass()
  })
})

t.test('Retry-After is read as seconds, as a date and in milliseconds', async t => {
  const now = Date.UTC(2026, 10, 21, 14, 0, 0)
  t.equal(retryAfterMs({ 'retry-after': '2' }, now), 2000)
  t.equal(retryAfterMs({ 'retry-after': '0.5' }, now), 500)
  t.equal(retryAfterMs({ 'retry-after': 'Sat, 21 Nov 2026 14:00:09 GMT' }, now), 9000)
  t.equal(retryAfterMs({ 'retry-after': 'Sat, 21 Nov 2026 13:59:00 GMT' }, now), 0)
  t.equal(retryAfterMs({ 'retry-after-ms': '1500', 'retry-after': '2' }, now), 1500)
  for (const bad of ['', 'soon', '-3', '1-2', 'NaN']) t.equal(retryAfterMs({ 'retry-after': bad }, now), undefined, bad)
  t.equal(retryAfterMs({}, now), undefined)
})

t.test('timeout', async t => {
  const once: Partial<ModelSpec> = { retry: { max_attempts: 1, initial_ms: 0, max_ms: 0, on: [] } }

  await t.test('an attempt that takes too long is given up', async t => {
    const clock = createFakeClock()
    const { call } = scripted(clock, ['hang'])
    t.match(await detailsOf(clock.runUntil(call(callOf(once)))), { class: 'timeout', message: 'did not answer within 60 s (timeout)' })
    t.equal(clock.monotonic(), 60_000)
    t.equal(clock.pending, 0)
  })

  await t.test('a stream whose first text does not come is given up earlier', async t => {
    const clock = createFakeClock()
    const { call } = scripted(clock, ['hang'])
    t.match(await detailsOf(clock.runUntil(call(callOf(once, { onEvent: () => {} })))), {
      class: 'timeout',
      message: 'sent no text within 30 s (first_token_timeout)',
    })
    t.equal(clock.monotonic(), 30_000)
  })

  await t.test('each attempt has its own time, and is told to stop', async t => {
    const clock = createFakeClock()
    const { call } = scripted(clock, ['hang', 'hang', 'answer'], () => 0)
    const result = await clock.runUntil(call(callOf({ timeout_ms: 1000 })))
    t.match(result.history.attempts, [
      { durationMs: 1000, outcome: 'timeout' },
      { durationMs: 1000 },
      { durationMs: 0, outcome: 'answered' },
    ])
  })

  await t.test('what comes after the end of an attempt reaches nobody', async t => {
    const clock = createFakeClock()
    const events: CallEvent[] = []
    let late: (() => void) | undefined
    const call = createPipeline({ clock, timers: clock, random: () => 0 }, modelCall => {
      late = () => modelCall.onEvent?.({ type: 'text-delta', text: 'late' })
      return new Promise(() => {})
    })
    await detailsOf(clock.runUntil(call(callOf(once, { onEvent: event => events.push(event) }))))
    late?.()
    t.strictSame(events, [])
  })

  await t.test('a call that is cancelled beforehand is not made', async t => {
    const { call, attempts } = scripted(createFakeClock(), [])
    t.match(await detailsOf(call(callOf({}, { signal: AbortSignal.abort() }))), { class: 'aborted' })
    t.equal(attempts(), 0)
  })
})

t.test('cost, by hand', async t => {
  const gpt4oMini: PriceSpec = {
    above_input_tokens: 0,
    input_nano_per_m: 150_000_000,
    cached_input_nano_per_m: 75_000_000,
    output_nano_per_m: 600_000_000,
  }
  const cases: readonly (readonly [string, Partial<Usage>, readonly PriceSpec[], number | null])[] = [
    ['input and output', { input: 1000, output: 500 }, [gpt4oMini], 450_000],
    ['cached input is part of input', { input: 1000, cachedInput: 200, output: 500 }, [gpt4oMini], 435_000],
    ['reasoning is output, at its price', { input: 0, output: 500, reasoning: 400 }, [gpt4oMini], 300_000],
    ['reasoning with a price of its own', { output: 500, reasoning: 400 }, [{ ...gpt4oMini, reasoning_nano_per_m: 100_000_000 }], 100_000],
    ['nothing used costs nothing', {}, [gpt4oMini], 0],
    ['half a nano-dollar is rounded up', { input: 1 }, [{ above_input_tokens: 0, input_nano_per_m: 500_000 }], 1],
    ['less than half is rounded down', { input: 1 }, [{ above_input_tokens: 0, input_nano_per_m: 499_999 }], 0],
    ['a price for each request', { input: 0 }, [{ above_input_tokens: 0, request_nano: 7 }], 7],
    ['no price at all', { input: 1 }, [], null],
    ['a used kind without a price', { input: 10, cachedInput: 5 }, [{ above_input_tokens: 0, input_nano_per_m: 1 }], null],
    ['an unused kind without a price', { input: 10 }, [{ above_input_tokens: 0, input_nano_per_m: 1_000_000 }], 10],
    [
      'beyond 2^53 on the way',
      { input: 1_000_000, output: 1_000_000 },
      [{ above_input_tokens: 0, input_nano_per_m: 75_000_000_000, output_nano_per_m: 150_000_000_000 }],
      225_000_000_000,
    ],
  ]
  for (const [name, used, prices, expected] of cases) {
    t.equal(costNano({ input: 0, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0, ...used }, prices), expected, name)
  }

  await t.test('the tier of the whole input counts for all of it', async t => {
    const tiers: readonly PriceSpec[] = [
      { above_input_tokens: 0, input_nano_per_m: 1_000_000, output_nano_per_m: 0 },
      { above_input_tokens: 200_000, input_nano_per_m: 2_000_000, output_nano_per_m: 0 },
    ]
    t.equal(costNano({ ...usage, input: 200_000 }, tiers), 200_000)
    t.equal(costNano({ ...usage, input: 200_001 }, tiers), 400_002)
  })

  await t.test('failed attempts that reported usage count; those that did not add nothing', async t => {
    const clock = createFakeClock()
    const price = [{ above_input_tokens: 0, input_nano_per_m: 1_000_000, output_nano_per_m: 2_000_000 }]
    const { call } = scripted(clock, [{ class: 'server_error', usage: { ...usage, output: 0 } }, { class: 'network' }, 'answer'])
    const result = await clock.runUntil(call(callOf({ price })))
    t.equal(result.costNano, 10 + 20)
    t.match(result.history.attempts, [{ costNano: 10 }, { costNano: null, usage: null }, { costNano: 20 }])
  })

  await t.test('a model without a price makes the cost unknown, never 0', async t => {
    t.equal((await scripted(createFakeClock(), ['answer']).call(callOf())).costNano, null)
  })
})
