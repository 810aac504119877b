import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { BudgetSpec } from '../../src/artifact/budget.ts'
import { createUlidSource } from '../../src/base/ids.ts'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import { openSqliteCache } from '../../src/gateway/cache/sqlite.ts'
import type { BudgetTarget, CallRequest, LayerResult, ModelTarget, Usage } from '../../src/gateway/call.ts'
import { CallFailure, type FailureDetails } from '../../src/gateway/failure.ts'
import { createBill } from '../../src/gateway/ledger/bill.ts'
import { counterOf } from '../../src/gateway/ledger/counters.ts'
import type { Spending } from '../../src/gateway/ledger/spending.ts'
import type { UsageRecord } from '../../src/gateway/ledger/usage.ts'
import { createUsageLog } from '../../src/gateway/ledger/usage-log.ts'
import { createPipeline, type PipelineDependencies } from '../../src/gateway/pipeline.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'
import { callTo } from '../support/gateway.ts'
import { randomOf } from '../support/seeded.ts'
import { openSpending } from '../support/spending.ts'

/** A dollar per million of either kind: a nano-dollar costs a thousandth of a token, and 100 output tokens 100,000. */
const PRICE = [{ above_input_tokens: 0, input_nano_per_m: 1_000_000_000, output_nano_per_m: 1_000_000_000 }]
const USAGE: Usage = { input: 10, cachedInput: 0, cacheWrite: 0, output: 40, reasoning: 0 }
const COST = 50_000
/** 2 tokens of `Hello` counted in bytes, with the margin 3, and 100 of output. */
const BOUND = 103_000

const ALWAYS = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER }

/** Nobody reads what was used. */
const IGNORED: Spending['usage'] = { record: () => {}, flush: async () => {} }

type Step = Partial<FailureDetails> | 'answer' | 'hang' | 'no usage'

const model = (address = 'model.test', changes: Partial<ModelTarget['spec']> = {}): ModelTarget => {
  const limits = { reserved_tokens: 0, max_output_tokens: 100 }
  return { ...modelTarget(providerSpec({ type: 'openai' }), { price: PRICE, limits, ...changes }), address }
}

const budget = (spec: Partial<BudgetSpec> = {}, more: Partial<BudgetTarget> = {}): BudgetTarget => ({
  address: 'budget.daily',
  spec: {
    limit_nano: 1_000_000,
    per: 'day',
    applies_to: [],
    action: 'block',
    warn_at: [],
    timezone: 'UTC',
    unknown_price: 'refuse',
    ...spec,
  },
  ...more,
})

const callOf = (budgets: readonly BudgetTarget[], changes: Partial<CallRequest> = {}): CallRequest => {
  const call = callTo(model(), { caller: { environment: 'dev', flow: 'prompt.test', run: 'run 1' }, ...changes })
  return { ...call, policy: { ...call.policy, budgets } }
}

/** A pipeline over a real file, whose provider does one step for each attempt. */
async function pipeline(t: Test, steps: readonly Step[], more: Partial<PipelineDependencies> = {}) {
  const clock = createFakeClock()
  const store = await openSpending(t.testdir(), clock)
  t.teardown(() => store.close())
  const usage = createUsageLog({ write: store.write, timers: clock, onFailure: error => t.error(error) })
  const spending: Spending = { ledger: store.ledger, usage, newId: createUlidSource(clock) }
  const asked: string[] = []
  const call = createPipeline({ clock, timers: clock, random: () => 0, spending, ...more }, async ({ target }) => {
    const step = steps[asked.length] ?? 'answer'
    asked.push(target.address)
    return answerOf(step, target)
  })
  const windows = async () => (await store.ledger.windows('dev')).map(({ spentNano, reservedNano }) => [spentNano, reservedNano])
  return { clock, store, usage, asked, windows, call: (request: CallRequest) => clock.runUntil(call(request)) }
}

function answerOf(step: Step, target: ModelTarget): Promise<LayerResult> {
  if (step === 'hang') return new Promise(() => {})
  if (typeof step === 'object') return Promise.reject(new CallFailure({ class: 'server_error', message: 'failed', ...step }))
  const usage = step === 'no usage' ? null : USAGE
  const answer = { text: 'done', toolCalls: [], finishReason: 'stop', usage, modelId: 'm-1', simulated: false, warnings: [] } as const
  return Promise.resolve({ ...answer, target, output: 'done', costNano: null })
}

async function detailsOf(promise: Promise<unknown>): Promise<FailureDetails> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof CallFailure) return error.details
  throw new Error('expected a failure of the call', { cause: error })
}

t.test('a call reserves what it can cost at most, and settles at what it did cost', async t => {
  const { call, windows } = await pipeline(t, [])
  t.match(await call(callOf([budget({ limit_nano: BOUND })])), { costNano: COST })
  t.same(await windows(), [[COST, 0]])
  const details = await detailsOf(call(callOf([budget({ limit_nano: BOUND + COST - 1 })])))
  t.match(details, { class: 'budget_exhausted', refusedBy: 'budget.daily', message: 'budget.daily is used up' })
  t.same(details.notes, ['spent     $0.00005 of $0.000153 in dev, 1 run', 'reserved  $0.00', 'needed    at most $0.000103'])
  t.equal(details.cure?.[0], 'It starts again at 2026-01-02 00:00:00Z (in 1 d). The call was not made.')
})

t.test('GW-1: each attempt reserves and settles by itself, so retries are paid from the budget', async t => {
  const { call, windows, asked } = await pipeline(t, [{ usage: USAGE }, { status: 500 }, 'answer'])
  await call(callOf([budget()]))
  t.equal(asked.length, 3)
  t.same(await windows(), [[2 * COST, 0]], 'a refusal with a status costs nothing, one with a usage what it says')
})

t.test('GW-1: a retry that the budget does not pay is refused, and what went before is kept', async t => {
  const { call, asked, windows } = await pipeline(t, [{ usage: USAGE }, 'answer'])
  const details = await detailsOf(call(callOf([budget({ limit_nano: BOUND })])))
  t.match(details, { class: 'budget_exhausted', history: { attempts: [{ outcome: 'server_error', costNano: COST }] } })
  t.equal(asked.length, 1)
  t.same(await windows(), [[COST, 0]])
})

t.test('BUD-5: an attempt that may be billed without a report counts in full, as an estimate', async t => {
  const { call, windows, usage, store } = await pipeline(t, ['hang', 'no usage'])
  await call(callOf([budget()]))
  await usage.flush()
  t.same(await windows(), [[2 * BOUND, 0]])
  const query = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER }
  t.match(await store.sums(query, []), [{ calls: 1, costNano: 2 * BOUND, estimatedNano: 2 * BOUND }], 'the record says the same')
  t.match(await store.estimated(query), [{ parts: [{ attempts: 2, isEstimated: true }] }])
})

t.test('BUD-5: an answer that cannot be read counts in full, and says so', async t => {
  for (const [name, details, amount] of [
    ['a success with garbage', { class: 'invalid_response', status: 200 }, BOUND],
    ['a stream that breaks its protocol', { class: 'invalid_response' }, BOUND],
    ['an answer that was withheld, without usage', { class: 'content_filter', status: 200 }, BOUND],
    ['one with usage costs that', { class: 'invalid_response', status: 200, usage: USAGE }, COST],
    ['a redirect is no answer', { class: 'invalid_response', status: 302 }, 0],
  ] as const) {
    const { call, windows, usage, store } = await pipeline(t, [details])
    const isKnown = amount !== BOUND
    t.match(
      await detailsOf(call(callOf([budget()]))),
      { costNano: isKnown ? amount : null, history: { attempts: [{ mayBeBilled: !isKnown }] } },
      name,
    )
    await usage.flush()
    t.same(await windows(), [[amount, 0]], name)
    const sums = await store.sums({ sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER }, [])
    t.match(sums, [{ costNano: amount, estimatedNano: isKnown ? 0 : BOUND }], 'the record says the same')
  }
})

t.test('GW-7: an attempt that was not sent settles at 0', async t => {
  const { call, windows } = await pipeline(t, [])
  const tight = model('model.test', { rate_limit: { requests_per_minute: 1 }, timeout_ms: 1000 })
  const request = callOf([budget()], { tiers: [{ models: [tight], escalateOn: [] }] })
  await call(request)
  t.match(await detailsOf(call(request)), { class: 'permit_timeout' })
  t.same(await windows(), [[COST, 0]])
  const controller = new AbortController()
  const cancelled = detailsOf(call({ ...request, signal: controller.signal }))
  controller.abort()
  t.match(await cancelled, { class: 'aborted', isUnsent: true, history: { attempts: [] } }, 'cancelled while it waited')
  t.same(await windows(), [[COST, 0]])
  t.match(await detailsOf(call(callOf([budget()], { deadlineMs: 0 }))), { class: /deadline|permit_timeout/ })
  t.same(await windows(), [[COST, 0]])
})

t.test('GW-2, HIST-11: a hit of the cache is served when the budget is used up; a miss is refused', async t => {
  const file = join(t.testdir(), 'cache.db')
  const answerCache = await openSqliteCache({
    file,
    name: 'cache.db',
    mode: 'write',
    clock: createFakeClock(),
    flowrunVersion: '1.0.0',
    maxBytes: 1e6,
  })
  t.teardown(() => answerCache.close())
  const { call, asked, windows } = await pipeline(t, [], { answerCache })
  const kept = (text: string): CallRequest => {
    const request = callOf([budget({ limit_nano: BOUND })], { messages: [{ role: 'user', text }] })
    return { ...request, policy: { ...request.policy, cache: { ttlMs: 60_000, scope: 'environment', closure: 'sha256:0' as never } } }
  }
  await call(kept('Hello'))
  t.match(await call(kept('Hello')), { costNano: 0, history: { cache: 'hit', attempts: [] } })
  t.match(await detailsOf(call(kept('Bye'))), { class: 'budget_exhausted' })
  t.equal(asked.length, 1)
  t.same(await windows(), [[COST, 0]])
})

t.test('a budget pays for what it names: the flow, the prompt, the model or its provider', async t => {
  const { call, windows, store } = await pipeline(t, [])
  for (const name of ['prompt.test', 'model.test', 'provider.test'])
    t.match(await detailsOf(call(callOf([budget({ limit_nano: 1, applies_to: [{ $ref: name }] })]))), { class: 'budget_exhausted' }, name)
  await call(callOf([budget({ limit_nano: 1, applies_to: [{ $ref: 'prompt.other' }, { $ref: 'model.other' }] })]))
  t.same((await windows()).flat(), [0, 0])
  const caller = { environment: 'dev', flow: 'workflow.support', prompt: { address: 'prompt.test', digest: 'sha256:0' as never } }
  const inWorkflow = callOf([budget({ limit_nano: 1, applies_to: [{ $ref: 'prompt.test' }] })], { caller })
  t.match(await detailsOf(call(inWorkflow)), { class: 'budget_exhausted' }, 'a prompt of a workflow')
  t.equal((await store.ledger.windows('prod')).length, 0)
})

t.test('one counter for each tenant, user, flow or model; each run has its own', async t => {
  const { call, store } = await pipeline(t, [])
  const tight = (by: NonNullable<BudgetSpec['by']>) => [budget({ limit_nano: BOUND, by }, { address: `budget.${by}` })]
  const caller = { environment: 'dev', flow: 'prompt.test', tenant: 'acme', user: 'ana' }
  for (const by of ['tenant', 'user', 'flow', 'model'] as const) {
    await call(callOf(tight(by), { caller }))
    t.match(await detailsOf(call(callOf(tight(by), { caller }))), { class: 'budget_exhausted' }, by)
  }
  await call(callOf(tight('tenant'), { caller: { ...caller, tenant: 'umbrella' } }))
  t.same(
    (await store.ledger.windows('dev')).map(({ value }) => value),
    ['prompt.test', 'model.test', 'acme', 'umbrella', 'ana'],
  )
  const perRun = [budget({ limit_nano: BOUND, per: 'run' }, { address: 'budget.run' })]
  await call(callOf(perRun))
  t.match(await detailsOf(call(callOf(perRun))), { class: 'budget_exhausted', cure: ['Each run has this much. The call was not made.'] })
  await call(callOf(perRun, { caller: { ...caller, run: 'run 2' } }))
})

t.test('BUD-3: a call whose price nobody knows is refused, unless the budget lets it pass or only warns', async t => {
  const { call, asked } = await pipeline(t, [])
  const tiers = [{ models: [model('model.test', { price: [] })], escalateOn: [] }]
  t.match(await detailsOf(call(callOf([budget()], { tiers }))), { class: 'unknown_price', refusedBy: 'budget.daily' })
  t.equal(asked.length, 0)
  await call(callOf([budget({ unknown_price: 'ignore' }), budget({ action: 'warn' })], { tiers }))
  t.equal(asked.length, 1)
})

t.test('BUD-4: what calls of a step spend waits for its record; what comes after that is settled by itself', async t => {
  const { call, windows, usage, store } = await pipeline(t, [{ usage: USAGE }, 'answer', 'answer'])
  const bill = createBill()
  await call(callOf([budget()], { bill }))
  t.same(await windows(), [[COST, BOUND]], 'a failed attempt is settled at once')
  await call(callOf([budget({ limit_nano: BOUND + 2 * COST })], { bill }))
  t.same(await windows(), [[2 * COST, BOUND]], 'the call before was settled with the reservation of this one')
  await usage.flush()
  t.match(await store.sums(ALWAYS, []), [{ calls: 0 }])
  t.equal(bill.costNano(), 3 * COST)
  const spent = bill.close()
  t.match(spent, { settlements: [{ settlement: { costNano: COST } }], records: [{ isReserved: true }, { isReserved: true }] })
  await call(callOf([budget()], { bill }))
  await usage.flush()
  t.same(await windows(), [[3 * COST, BOUND]])
  t.match(await store.sums(ALWAYS, []), [{ calls: 1 }])
})

t.test('BUD-8: a budget that pauses says what can be waited for', async t => {
  const { call, clock } = await pipeline(t, [])
  const refused = (spec: Partial<BudgetSpec>) => detailsOf(call(callOf([budget({ limit_nano: 1, ...spec })])))
  const resumesAtMs = clock.now() + 86_400_000
  t.same((await refused({ action: 'pause' })).waitsFor, { budget: 'budget.daily', limitNano: 1, resumesAtMs })
  t.same((await refused({ action: 'pause', per: 'run' })).waitsFor, { budget: 'budget.daily', limitNano: 1 })
  t.equal((await refused({})).waitsFor, undefined)
})

t.test('RUN-6: a run that another began is in the budgets of that one', async t => {
  const { call } = await pipeline(t, [])
  const caller = {
    environment: 'dev',
    flow: 'workflow.inner',
    run: 'child',
    scope: { run: 'run 1', flows: ['workflow.outer', 'workflow.inner'] },
  }
  const isRefused = async (spec: Partial<BudgetSpec>) =>
    t.match(await detailsOf(call(callOf([budget({ limit_nano: BOUND, ...spec }, { address: `budget.b${spec.per}` })], { caller }))), {
      class: 'budget_exhausted',
    })
  await call(callOf([budget({ limit_nano: BOUND, per: 'run' }, { address: 'budget.brun' })]))
  await isRefused({ per: 'run' })
  await isRefused({ limit_nano: 1, per: 'day', applies_to: [{ $ref: 'workflow.outer' }] })
  await isRefused({ limit_nano: 1, per: 'week', applies_to: [{ $ref: 'workflow.inner' }] })
  await call(callOf([budget({ limit_nano: 1, applies_to: [{ $ref: 'workflow.other' }] })], { caller }))
})

t.test('BUD-7: a store that cannot be reached refuses the call, and calls without budgets go on', async t => {
  const failing = () => Promise.reject(new OperationError({ code: 'registry/full', summary: 'The disk is full' }))
  const ledger = { reserve: failing, settle: failing, settleRun: failing, standing: failing, windows: failing }
  const spending: Spending = { ledger, usage: IGNORED, newId: () => 'id' }
  for (const dependencies of [{ spending }, { spending: undefined as never }]) {
    const { call, asked } = await pipeline(t, [], dependencies)
    const degrade = budget({ action: 'degrade' }, { degradeTo: { models: [model('model.small')], escalateOn: [] } })
    t.match(await detailsOf(call(callOf([degrade]))), { class: 'budget_unavailable', refusedBy: 'budget.daily' })
    t.match(await detailsOf(call(callOf([budget()]))), { class: 'budget_unavailable' })
    t.equal(asked.length, 0)
    await call(callOf([]))
    t.equal(asked.length, 1)
  }
})

t.test('an answer is not lost because its settlement cannot be kept: it counts in full when it expires', async t => {
  const { store, clock } = await pipeline(t, [])
  const settle = () => Promise.reject(new OperationError({ code: 'registry/full', summary: 'The disk is full' }))
  const spending: Spending = {
    ledger: { ...store.ledger, settle },
    usage: IGNORED,
    newId: createUlidSource(clock),
  }
  const call = createPipeline({ clock, timers: clock, random: () => 0, spending }, ({ target }) => answerOf('answer', target))
  t.match(await clock.runUntil(call(callOf([budget()]))), { text: 'done' })
  t.match(await store.ledger.windows('dev'), [{ reservedNano: BOUND }])
  await clock.advance(180_000)
  await store.write([])
  t.match(await store.ledger.windows('dev'), [{ reservedNano: 0, spentNano: BOUND }])
})

t.test('BUD-8: warn never blocks, and says what was passed', async t => {
  const { call } = await pipeline(t, [])
  const warn = [budget({ limit_nano: 80_000, action: 'warn', warn_at: [0.5] })]
  const warned = async () => (await call(callOf(warn))).history.budgetWarnings
  t.same(await warned(), [{ budget: 'budget.daily', mark: 0.5, spentNano: 50_000, limitNano: 80_000 }])
  t.same(await warned(), [{ budget: 'budget.daily', mark: 1, spentNano: 100_000, limitNano: 80_000 }], 'and that it is used up')
  t.same(await warned(), [])
})

t.test('BUD-8: degrade asks the cheaper model from 80 % of the limit on, and blocks at the limit', async t => {
  const { call, asked, windows } = await pipeline(t, [])
  const cheap = [{ above_input_tokens: 0, input_nano_per_m: 100_000_000, output_nano_per_m: 100_000_000 }]
  const small = model('model.small', { id: 'small-1', price: cheap })
  const degrade = (limit_nano: number, spec: Partial<BudgetSpec> = {}) =>
    callOf([budget({ limit_nano, action: 'degrade', ...spec }, { degradeTo: { models: [small], escalateOn: [] } })])
  for (let spent = 0; spent < 800_000; spent += COST) await call(degrade(1_000_000))
  t.same([...new Set(asked)], ['model.test'])
  const { target, history } = await call(degrade(1_000_000))
  t.equal(target.address, 'model.small')
  t.same(history.passedOver, [
    { model: 'model.test', id: 'test-model', reason: 'budget_low', detail: 'budget.daily is at 80% of its limit' },
  ])
  t.same(await windows(), [[805_000, 0]], 'it pays for the cheaper model too')
  t.equal((await call(degrade(2_000_000))).target.address, 'model.test', 'BUD-7: a limit that was raised acts at once')
  t.match(await detailsOf(call(degrade(855_000))), { class: 'budget_exhausted' })
})

t.test('BUD-8: degrade asks the cheaper model where what is left does not pay for the dear one', async t => {
  const { call } = await pipeline(t, [])
  const small = model('model.small', { params: { max_output_tokens: 10 } })
  const degrade = callOf([budget({ limit_nano: BOUND, action: 'degrade' }, { degradeTo: { models: [small], escalateOn: [] } })])
  t.equal((await call(degrade)).target.address, 'model.test')
  t.equal((await call(degrade)).target.address, 'model.small')
})

t.test('GW-1: seeded histories of attempts that fail, hang and are retried never pass a limit', { timeout: 120_000 }, async t => {
  const clock: FakeClock = createFakeClock()
  const store = await openSpending(t.testdir(), clock)
  t.teardown(() => store.close())
  const spending: Spending = { ledger: store.ledger, usage: IGNORED, newId: createUlidSource(clock) }
  const histories = Number(process.env.FLOWRUN_BUDGET_HISTORIES ?? 60)
  const steps: readonly Step[] = [
    'answer',
    'no usage',
    'hang',
    { status: 500 },
    { usage: USAGE },
    { class: 'network' },
    { class: 'overloaded', status: 529 },
  ]
  let refused = 0
  for (let seed = 0; seed < histories; seed++) {
    const random = randomOf(seed)
    const caller = { environment: 'dev', flow: 'prompt.test', run: `run ${seed}` }
    const limited = budget({ limit_nano: Math.floor(BOUND + random() * 800_000), per: 'run' })
    const request = callOf([limited], { caller })
    const counter = counterOf(limited, { caller, target: model() }, clock.now(), '')
    const hold = async () => {
      const { spentNano, reservedNano, limitNano } = await store.ledger.standing(counter)
      if (spentNano + reservedNano > limitNano) t.fail(`seed ${seed}: ${spentNano} + ${reservedNano} of ${limitNano}`)
      return reservedNano
    }
    const call = createPipeline({ clock, timers: clock, random, spending }, async ({ target }) => {
      await hold()
      return answerOf(steps[Math.floor(random() * steps.length)] ?? 'answer', target)
    })
    const ends = await clock.runUntil(Promise.allSettled(Array.from({ length: 4 }, () => call(request))))
    refused += ends.filter(
      end => end.status === 'rejected' && end.reason instanceof CallFailure && end.reason.details.class === 'budget_exhausted',
    ).length
    if ((await hold()) !== 0) t.fail(`seed ${seed} leaves a reservation`)
  }
  t.ok(refused > 0, `${refused} calls were refused`)
})

t.test('records: what each call used, by model, with the failures; never what was said', async t => {
  const { clock, store } = await pipeline(t, [])
  const records: UsageRecord[] = []
  const spending: Spending = {
    ledger: store.ledger,
    usage: { record: record => records.push(record), flush: async () => {} },
    newId: createUlidSource(clock),
  }
  const steps: Step[] = [{ class: 'overloaded', status: 529, usage: USAGE }, 'answer', { class: 'bad_request', status: 400 }]
  const call = createPipeline({ clock, timers: clock, random: () => 0, spending }, ({ target }) =>
    answerOf(steps.shift() ?? 'answer', target),
  )
  const retry = { max_attempts: 1, initial_ms: 1, max_ms: 1, on: [] }
  const models = [model('model.test', { retry, labels: { team: 'support' } }), model('model.backup', { id: 'backup-1' })]
  const caller = { environment: 'dev', flow: 'prompt.test', run: 'run 1', labels: { use: 'parcels' } }
  const request = callOf([], { tiers: [{ models, escalateOn: [] }], caller })
  await clock.runUntil(call(request))
  await clock.runUntil(call(request)).catch(() => {})
  t.match(records, [
    {
      asked: 'model.test',
      labels: { team: 'support', use: 'parcels' },
      outcome: 'stop',
      cache: 'off',
      caller: { run: 'run 1' },
      parts: [
        { model: 'model.test', attempts: 1, usage: USAGE, costNano: COST },
        { model: 'model.backup', modelId: 'backup-1', reportedId: 'm-1', attempts: 1, costNano: COST, isEstimated: false },
      ],
    },
    { outcome: 'bad_request', parts: [{ model: 'model.test', attempts: 1, costNano: 0 }] },
  ])
  t.notMatch(JSON.stringify(records), /Hello|done/)
})

t.test('records that cannot be kept are told once, and no call waits for them', async t => {
  const clock = createFakeClock()
  const told: unknown[] = []
  const written: number[] = []
  const write = async (records: readonly UsageRecord[]) => {
    written.push(records.length)
    if (written.length > 1) throw new Error('no disk')
  }
  const log = createUsageLog({ write, timers: clock, onFailure: error => told.push(error) })
  const record = { id: 'x' } as UsageRecord
  for (let made = 0; made < 3; made++) log.record(record)
  t.same(written, [])
  await clock.advance(50)
  t.same(written, [3], 'gathered for 50 ms')
  for (let made = 0; made < 2; made++) {
    log.record(record)
    await log.flush()
  }
  t.equal(told.length, 1)
  for (let made = 0; made < 1000; made++) log.record(record)
  await clock.advance(0)
  t.equal(written.at(-1), 1000, 'at once when there are many')
})
