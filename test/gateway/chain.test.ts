import t from 'tap'
import type { ModelSpec } from '../../src/artifact/model.ts'
import type { JsonValue } from '../../src/base/json.ts'
import type { CallEvent, CallPolicy, CallRequest, CallTier, LayerResult, ModelTarget } from '../../src/gateway/call.ts'
import { CallFailure, type FailureDetails } from '../../src/gateway/failure.ts'
import { failureDiagnostic } from '../../src/gateway/failure-diagnostic.ts'
import { createPipeline } from '../../src/gateway/pipeline.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { callTo } from '../support/gateway.ts'

/** What a model does when it is asked: answers with a text, or fails; the last one is repeated. */
type Step = string | Partial<FailureDetails> | { readonly streams: string; readonly fails: Partial<FailureDetails> }

const once: Partial<ModelSpec> = { retry: { max_attempts: 1, initial_ms: 0, max_ms: 0, on: [] } }

function model(name: string, spec: Partial<ModelSpec> = {}): ModelTarget {
  const target = modelTarget(providerSpec({ type: 'openai' }), { id: `${name}-id`, ...once, ...spec })
  return { ...target, address: `model.${name}`, provider: { ...target.provider, address: `provider.of_${name}` } }
}

const [small, backup, large] = [model('small'), model('backup'), model('large')]

/** Asks the tiers, whose models do what the script says, and tells which were asked. */
async function ask(
  script: Readonly<Record<string, readonly Step[]>>,
  tiers: readonly CallTier[],
  { policy = {}, ...more }: Partial<Omit<CallRequest, 'policy'>> & { readonly policy?: Partial<CallPolicy> } = {},
) {
  const clock = createFakeClock()
  const asked: string[] = []
  const call = createPipeline({ clock, timers: clock, random: () => 0 }, async ({ target, onEvent }): Promise<LayerResult> => {
    asked.push(target.address)
    const steps = script[target.address] ?? []
    const step = steps[Math.min(asked.filter(address => address === target.address).length, steps.length) - 1] ?? ''
    if (typeof step === 'string') {
      onEvent?.({ type: 'text-delta', text: step })
      return answer(step, target)
    }
    if ('streams' in step) {
      onEvent?.({ type: 'text-delta', text: step.streams })
      throw new CallFailure({ class: 'network', message: 'cut', ...step.fails })
    }
    throw new CallFailure({ class: 'server_error', message: 'failed', ...step })
  })
  const request = callTo(small, { tiers, ...more })
  const ended = await clock.runUntil(
    call({ ...request, policy: { ...request.policy, ...policy } }).then(
      result => ({ result }),
      (error: unknown) => {
        if (error instanceof CallFailure) return { failure: error.details }
        throw error
      },
    ),
  )
  return { asked, ...('result' in ended ? { result: ended.result, failure: undefined } : { result: undefined, failure: ended.failure }) }
}

function answer(text: string, target: ModelTarget): LayerResult {
  const usage = { input: 10, cachedInput: 0, cacheWrite: 0, output: 5, reasoning: 0 }
  const rest = { toolCalls: [], finishReason: text.endsWith('…') ? 'length' : 'stop', simulated: false, warnings: [] } as const
  return { text, output: text, target, usage, costNano: 7, modelId: target.spec.id, ...rest }
}

function tier(models: readonly ModelTarget[], rules: Partial<CallTier> = {}): CallTier {
  return { models, escalateOn: [], ...rules }
}

const onlyYes: Partial<CallPolicy> = {
  check: async text =>
    text === 'yes' ? { fits: true, output: { said: text } } : { fits: false, violations: [{ path: 'said', text: `is ${text}` }] },
}

t.test('fallbacks', async t => {
  const chain = [tier([small, backup, large])]

  await t.test('GW-3: a model that cannot answer leads to the next one, in order', async t => {
    for (const reason of [
      'overloaded',
      'rate_limited',
      'server_error',
      'timeout',
      'network',
      'invalid_response',
      'breaker_open',
    ] as const) {
      const { asked, result } = await ask({ 'model.small': [{ class: reason, message: 'why' }], 'model.backup': ['hello'] }, chain)
      t.strictSame(asked, ['model.small', 'model.backup'], reason)
      t.match(result, {
        text: 'hello',
        target: { address: 'model.backup' },
        history: { passedOver: [{ model: 'model.small', id: 'small-id', reason, detail: 'why' }] },
      })
    }
  })

  await t.test('GW-3: what is wrong with the call or its budget is so for every model', async t => {
    for (const reason of ['bad_request', 'not_found', 'content_filter', 'budget_exhausted', 'budget_unavailable', 'max_cost'] as const) {
      const { asked, failure } = await ask({ 'model.small': [{ class: reason }] }, chain)
      t.strictSame(asked, ['model.small'], reason)
      t.match(failure, { class: reason, target: { address: 'model.small' } })
    }
  })

  await t.test('GW-3: a refused key leads to a model of another provider', async t => {
    const sameKey = { ...model('other'), provider: small.provider }
    const { asked } = await ask({ 'model.small': [{ class: 'unauthorized' }], 'model.backup': ['hi'] }, [tier([small, sameKey, backup])])
    t.strictSame(asked, ['model.small', 'model.backup'])
  })

  await t.test('GW-3: what is too long leads to a model with a larger window', async t => {
    const window = (name: string, tokens: number) => model(name, { limits: { context_window: tokens, reserved_tokens: 0 } })
    const models = [window('a', 8_000), window('b', 8_000), window('c', 32_000)]
    const { asked } = await ask({ 'model.a': [{ class: 'context_overflow' }], 'model.c': ['hi'] }, [tier(models)])
    t.strictSame(asked, ['model.a', 'model.c'])
  })

  await t.test('GW-4: another model never goes on with an answer that has begun', async t => {
    const events: CallEvent[] = []
    const step = { streams: 'Your par', fails: { class: 'network' } } as const
    const { asked, failure } = await ask({ 'model.small': [step] }, chain, { onEvent: event => events.push(event) })
    t.strictSame(asked, ['model.small'])
    t.match(failure, { class: 'network', streamed: true })
    t.strictSame(
      events.map(({ type }) => type),
      ['text-delta'],
    )
  })

  await t.test('the failure knows all that were asked', async t => {
    const { asked, failure } = await ask(
      { 'model.small': [{ class: 'breaker_open' }], 'model.backup': [{ status: 503 }], 'model.large': [{ class: 'timeout' }] },
      chain,
    )
    t.strictSame(asked, ['model.small', 'model.backup', 'model.large'])
    t.match(failure, { class: 'timeout', target: { address: 'model.large' } })
    t.match(failure?.history, {
      passedOver: [{ model: 'model.small' }, { model: 'model.backup' }],
      attempts: [{ model: 'model.backup', status: 503 }, { model: 'model.large' }],
    })
    t.equal(failure?.costNano, null, 'an attempt that timed out may be billed')
  })

  await t.test('each try is in the history, and the cost is that of all', async t => {
    const retrying = model('small', { retry: { max_attempts: 2, initial_ms: 5, max_ms: 5, on: ['server_error'] } })
    const usage = { input: 3, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0 }
    const { result } = await ask({ 'model.small': [{ usage }], 'model.backup': ['hi'] }, [tier([retrying, backup])])
    t.match(result?.history.attempts, [
      { model: 'model.small', number: 1, costNano: null },
      { model: 'model.small', number: 2 },
      { model: 'model.backup', number: 1, outcome: 'answered' },
    ])
    t.match(result?.usage, { input: 3 + 3 + 10, output: 5 })
  })
})

t.test('tiers', async t => {
  const tiers = (rules: Partial<CallTier>) => [tier([small, backup], rules), tier([large])]

  await t.test('an answer that does not fit leads to the next tier, past the fallbacks, after its repair', async t => {
    const { asked, result } = await ask({ 'model.small': ['no'], 'model.large': ['yes'] }, tiers({ escalateOn: ['output_invalid'] }), {
      policy: { ...onlyYes, repair: 1 },
    })
    t.strictSame(asked, ['model.small', 'model.small', 'model.large'])
    t.match(result, { output: { said: 'yes' }, history: { passedOver: [{ model: 'model.small', reason: 'output_invalid' }] } })
    t.match(result?.history.rejected, [{ text: 'no', model: 'model.small' }, { text: 'no' }])
    t.match(result?.history.attempts, [{ isRepair: false }, { isRepair: true }, { isRepair: false }])
  })

  await t.test('GW-3: without a rule for it, it is a failure', async t => {
    const { asked, failure } = await ask({ 'model.small': ['no'] }, tiers({ escalateOn: ['truncated'] }), { policy: onlyYes })
    t.strictSame(asked, ['model.small'])
    t.match(failure, { class: 'output_invalid', violations: [{ path: 'said', text: 'is no' }] })
  })

  await t.test('an answer that was cut off, or withheld', async t => {
    const rules = tiers({ escalateOn: ['truncated', 'refusal'] })
    const cut = await ask({ 'model.small': ['half…'], 'model.large': ['whole'] }, rules, { policy: { onTruncated: 'fail' } })
    t.match(cut.result, { text: 'whole', history: { passedOver: [{ reason: 'truncated' }] } })
    const kept = await ask({ 'model.small': ['half…'], 'model.large': ['whole'] }, rules, { policy: { onTruncated: 'keep' } })
    t.match(kept.result, { text: 'whole' }, 'also where it would be kept: the tier asks for better')
    const withheld = await ask({ 'model.small': [{ class: 'content_filter' }], 'model.large': ['whole'] }, rules)
    t.match(withheld.result, { text: 'whole', history: { passedOver: [{ reason: 'refusal' }] } })
  })

  await t.test('an expression over the output decides', async t => {
    const escalateWhen = (output: JsonValue) => output === 'unsure'
    const { asked } = await ask({ 'model.small': ['unsure'], 'model.large': ['unsure'] }, tiers({ escalateWhen }))
    t.strictSame(asked, ['model.small', 'model.large'], 'and the last tier stands')
    const sure = await ask({ 'model.small': ['sure'] }, tiers({ escalateWhen }))
    t.strictSame(sure.asked, ['model.small'])
  })

  await t.test('a watcher is told that what was streamed does not count', async t => {
    const events: CallEvent[] = []
    await ask({ 'model.small': ['no'], 'model.large': ['yes'] }, tiers({ escalateOn: ['output_invalid'] }), {
      policy: onlyYes,
      onEvent: event => events.push(event),
    })
    t.strictSame(events, [
      { type: 'text-delta', text: 'no' },
      { type: 'escalation', from: 'model.small', to: 'model.large', reason: 'output_invalid' },
      { type: 'text-delta', text: 'yes' },
    ])
  })

  await t.test('a model that is down leads to its fallback, and then to the next tier', async t => {
    const down: readonly Step[] = [{ class: 'overloaded' }]
    const { asked } = await ask({ 'model.small': down, 'model.backup': down, 'model.large': ['hi'] }, tiers({ escalateOn: ['truncated'] }))
    t.strictSame(asked, ['model.small', 'model.backup', 'model.large'])
  })
})

t.test('STEP-6: a call makes 12 requests at most, whatever its limits multiply to', async t => {
  const retry = { max_attempts: 5, initial_ms: 0, max_ms: 0, on: ['server_error'] } as const
  const [one, two, three] = [model('one', { retry }), model('two', { retry }), model('three', { retry })]
  const failing = { 'model.one': [{}], 'model.two': [{}], 'model.three': [{}] }
  const chain = await ask(failing, [tier([one, two]), tier([three])])
  t.strictSame(
    ['one', 'two', 'three'].map(name => chain.asked.filter(address => address === `model.${name}`).length),
    [5, 5, 2],
  )
  t.match(chain.failure, { class: 'server_error', target: { address: 'model.three' } })
  const history = chain.failure?.history
  const failure = new CallFailure({ class: 'server_error', message: 'failed', ...chain.failure })
  t.equal(history?.attempts.length, 12)
  t.match(failureDiagnostic(failure, [tier([one, two, three])], 'prompt.a'), {
    code: 'gateway/chain-exhausted',
    notes: ['12 requests were made, which is the most for one call'],
  })
  const misfits = await ask({ 'model.one': ['no'] }, [tier([one])], { policy: { ...onlyYes, repair: 30 } })
  t.equal(misfits.asked.length, 12)
  t.match(misfits.failure, { class: 'output_invalid' })
  const escalating = tier([one], { escalateOn: ['output_invalid'] })
  const tiers = await ask({ 'model.one': ['no'], 'model.two': ['yes'] }, [escalating, tier([two])], { policy: { ...onlyYes, repair: 30 } })
  t.equal(tiers.asked.length, 12, 'nor is another tier asked')
})

t.test('the deadline of the run', async t => {
  const clock = createFakeClock()
  const slow = createPipeline({ clock, timers: clock, random: () => 1 }, () => new Promise<LayerResult>(() => {}))
  const request = callTo(small, { tiers: [tier([small, backup])], deadlineMs: clock.monotonic() + 200 })
  const failure = await clock.runUntil(slow(request).catch((error: unknown) => (error instanceof CallFailure ? error.details : error)))
  t.match(failure, { class: 'deadline' }, 'TIME-3: no attempt begins after it')
  t.match(failure, { history: { attempts: [{ outcome: 'timeout', durationMs: 200 }] } }, 'TIME-3: none lasts longer')
})
