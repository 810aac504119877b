import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { BudgetSpec } from '../../src/artifact/budget.ts'
import { createUlidSource } from '../../src/base/ids.ts'
import type { EffectExecutor } from '../../src/engine/durable/effect.ts'
import type { EmbeddedEngineOptions } from '../../src/engine/durable/embedded/engine.ts'
import type { HeldRun, RunRecord } from '../../src/engine/durable/record-store.ts'
import { engineSchema } from '../../src/engine/durable/sqlite/schema.ts'
import { budgetPause } from '../../src/engine/effects/budget-pause.ts'
import { callerOfRun } from '../../src/engine/effects/caller.ts'
import type { BudgetTarget } from '../../src/gateway/call.ts'
import type { Spending } from '../../src/gateway/ledger/spending.ts'
import { openSpendingStore } from '../../src/gateway/ledger/sqlite/store.ts'
import { createUsageLog } from '../../src/gateway/ledger/usage-log.ts'
import { createPipeline } from '../../src/gateway/pipeline.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { callTo } from '../support/gateway.ts'
import { closureOf, effect, openEngine, openRecords, sequence, submission, succeed } from '../support/runs.ts'
import { counter as budgetCounter, reservation, usageRecord } from '../support/spending.ts'

const ALWAYS = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER }
const DAY_MS = 86_400_000
const PRICE = [{ above_input_tokens: 0, input_nano_per_m: 1_000_000_000, output_nano_per_m: 1_000_000_000 }]
const COST = 50_000
/** `Hello` as bytes with the margin, and 100 tokens of output. */
const BOUND = 103_000
const MODEL = modelTarget(providerSpec({ type: 'openai' }), { price: PRICE, limits: { reserved_tokens: 0, max_output_tokens: 100 } })
const CALL = { nodeType: 'model', replay: 'idempotent' } as const

const budget = (spec: Partial<BudgetSpec> = {}): BudgetTarget => ({
  address: 'budget.daily',
  spec: {
    ...{ limit_nano: 1_000_000, per: 'day', applies_to: [], action: 'block', warn_at: [], timezone: 'UTC', unknown_price: 'refuse' },
    ...spec,
  },
})

interface Settings {
  /** Asked for each call, as budgets that are published are. */
  readonly budgets: () => readonly BudgetTarget[]
  /** After the answer, before it is recorded. */
  readonly answered?: () => Promise<void>
}

/** An engine whose steps are calls of one model, with real budgets in the file of its runs. */
async function scene(t: Test, { budgets, answered }: Settings, changes: Partial<EmbeddedEngineOptions> = {}) {
  const directory = t.testdir()
  const clock = createFakeClock()
  const store = await openRecords(directory, clock)
  const place = { file: `${directory}/engine.db`, name: 'engine.db', project: 'shop', flowrunVersion: '0.1.0', schema: engineSchema }
  const money = await openSpendingStore({ ...place, mode: 'write', clock })
  const usage = createUsageLog({ write: money.write, timers: clock, onFailure: error => t.error(error) })
  const spending: Spending = { ledger: money.ledger, usage, newId: createUlidSource(clock) }
  const usageOfCall = { input: 10, cachedInput: 0, cacheWrite: 0, output: 40, reasoning: 0 }
  const call = createPipeline({ clock, timers: clock, random: () => 0, spending }, async ({ target }) => {
    const answer = { text: 'done', toolCalls: [], finishReason: 'stop', modelId: 'm-1', simulated: false, warnings: [] } as const
    return { ...answer, usage: usageOfCall, target, output: 'done', costNano: null }
  })
  const execute: EffectExecutor = async (command, run, _, context) => {
    const request = callTo(MODEL, { caller: callerOfRun(run, command, context), bill: context.bill, signal: context.signal })
    try {
      const { costNano } = await call({ ...request, policy: { ...request.policy, budgets: budgets() } })
      await answered?.()
      return { ...succeed(), costNano }
    } catch (error) {
      const pause = budgetPause(error)
      if (pause === undefined) throw error
      return { pause }
    }
  }
  const open = () =>
    openEngine(store, execute, { ...{ clock, timers: clock, random: () => 0.5, onInterrupted: money.ledger.settleRun }, ...changes })
  const engine = open()
  t.teardown(async () => {
    await clock.runUntil(engine.drain(0))
    money.close()
    await store.close()
  })
  /** Moves time in small steps: what two connections write takes real time, and no time of the clock. */
  const until = async (isSo: () => Promise<boolean>) => {
    for (let step = 0; !(await isSo()); step++) {
      if (step > 3000) throw new Error('it does not come to it')
      await clock.advance(50)
      await delay(2)
    }
  }
  return {
    ...{ clock, store, money, engine, open, until },
    untilRun: (id: string, wanted: Partial<RunRecord>) =>
      until(async () => {
        const run = await store.getRun(id)
        return Object.entries(wanted).every(([key, value]) => run?.[key as keyof RunRecord] === value)
      }),
    submit: async (...given: Parameters<typeof submission>) => (await engine.submit(submission(...given))).run.id,
    standing: async () => (await money.ledger.windows('dev')).map(({ spentNano, reservedNano }) => [spentNano, reservedNano]),
    costs: async () => (await money.sums(ALWAYS, []))[0],
  }
}

t.test('BUD-4: a step, its settlement and its usage are one commit', async t => {
  const before: unknown[] = []
  const { clock, engine, submit, standing, costs, store } = await scene(t, {
    budgets: () => [budget()],
    answered: async () => void before.push(await standing(), (await costs())?.calls),
  })
  const id = await submit(sequence(2, CALL))
  t.match(await clock.runUntil(engine.run(id)), { state: 'succeeded', costNano: 2 * COST })
  t.same(before, [[[0, BOUND]], 0, [[COST, BOUND]], 1], 'an answer that is not recorded yet is not settled yet')
  t.same(await standing(), [[2 * COST, 0]])
  t.match(await costs(), { calls: 2, costNano: 2 * COST, estimatedNano: 0 })
  t.equal((await store.steps(id)).length, 2)
})

t.test('BUD-4: who loses a step settles too: one record, two usages', async t => {
  const { store, submit, money, standing, costs } = await scene(t, { budgets: () => [] })
  const run = await submit(sequence(1, CALL))
  const counter = { ...budgetCounter(), limitNano: 1000 }
  const spentBy = async (call: string, costNano: number) => {
    const [part] = usageRecord().parts
    await money.ledger.reserve(reservation(`${call}.1`, 400, { counters: [counter] }))
    const record = usageRecord({ id: call, atMs: 1, isReserved: true, parts: [{ ...part, costNano }] })
    return { project: 'shop', settlements: [{ id: `${call}.1`, settlement: { costNano } }], records: [record], warnings: [] }
  }
  const step = {
    run,
    path: 's0',
    outcome: { status: 'succeeded', exit: 'done', attributes: {} },
    attempts: 1,
    startedAtMs: 1,
    endedAtMs: 2,
  } as const
  const [first, second] = [await spentBy('a', 10), await spentBy('b', 20)]
  t.match(await store.commitStep({ ...step, costNano: 10 }, undefined, first), { won: true })
  t.match(await store.commitStep({ ...step, costNano: 20 }, undefined, second), { won: false })
  t.same(await standing(), [[30, 0]])
  t.match(await costs(), { calls: 2, costNano: 30 })
  t.equal((await store.getRun(run))?.costNano, 30)
  await store.commitStep({ ...step, run: 'purged', costNano: 5 }, undefined, await spentBy('c', 5))
  t.same(await standing(), [[35, 0]], 'also of a run that is not there any more')
})

t.test('BUD-5: who loses its claim is taken for dead, and is believed what it says later', async t => {
  let isFirst = true
  const frozen = Promise.withResolvers<void>()
  const { clock, engine, submit, standing, costs, store, until, open } = await scene(t, {
    budgets: () => [budget()],
    async answered() {
      if (!isFirst) return
      isFirst = false
      await frozen.promise
    },
  })
  const id = await submit(sequence(1, CALL))
  void engine.run(id)
  await until(async () => !isFirst)
  t.same(await standing(), [[0, BOUND]])
  await store.takeFrom(engine.owner)
  t.match(await clock.runUntil(open().run(id)), { state: 'succeeded' })
  frozen.resolve()
  await until(async () => (await costs())?.estimatedNano === 0)
  t.same(await standing(), [[2 * COST, 0]])
  t.match(await costs(), { calls: 2, costNano: 2 * COST })
})

t.test('BUD-8: a run is paused with its reason, and goes on by itself when the window turns', async t => {
  const paused = [budget({ limit_nano: BOUND, action: 'pause' })]
  const { clock, engine, submit, store, standing, untilRun, open } = await scene(t, { budgets: () => paused })
  const resumesAtMs = clock.now() + DAY_MS
  const id = await submit(sequence(3, CALL))
  const run = await clock.runUntil(engine.run(id))
  t.match(run, { state: 'paused', costNano: COST })
  t.same(run?.reason, {
    code: 'budget/exhausted',
    message: 'budget.daily is used up',
    retryable: false,
    waitsFor: { budget: 'budget.daily', limitNano: BOUND, resumesAtMs },
  })
  t.equal(await store.nextDueMs(), resumesAtMs)
  t.same(await standing(), [[COST, 0]])
  await clock.runUntil(engine.drain(0))
  await clock.advance(DAY_MS - 60_000)
  const next = open()
  next.start()
  t.teardown(() => clock.runUntil(next.drain(0)))
  await clock.advance(30_000)
  t.match(await store.getRun(id), { state: 'paused', costNano: COST }, 'not before its time')
  await untilRun(id, { state: 'paused', costNano: 2 * COST })
  t.ok(clock.now() >= resumesAtMs, 'one more step, and it is paused again')
  const told = (await store.events(id, 0)).flatMap(({ type, data }) => (type === 'run.resumed' ? [data] : []))
  t.same(told, [{ because: 'budget' }])
})

t.test('BUD-7, BUD-8: a limit that is raised holds for runs that are under way, and lets those on that were paused', async t => {
  let limit = BOUND
  const mayGoOn = async ({ reason: { waitsFor } }: HeldRun) => limit > waitsFor.limitNano
  const budgets = () => [budget({ limit_nano: limit, action: 'pause' })]
  const { clock, engine, submit, store, untilRun } = await scene(t, { budgets }, { mayGoOn })
  engine.start()
  const id = await submit(sequence(4, CALL))
  await untilRun(id, { state: 'paused', costNano: COST })
  await clock.advance(60_000)
  t.match(await store.getRun(id), { state: 'paused', epoch: 1 }, 'it is not claimed to be paused again and again')
  limit = 10 * BOUND
  await untilRun(id, { state: 'succeeded', costNano: 4 * COST })
})

t.test('BUD-8: a person may resume it too, and only what still waits for the same is resumed by a budget', async t => {
  const { clock, engine, submit, store } = await scene(t, { budgets: () => [budget({ limit_nano: 1, action: 'pause', per: 'run' })] })
  const id = await submit(sequence(1, CALL))
  t.match(await clock.runUntil(engine.run(id)), { state: 'paused', reason: { waitsFor: { budget: 'budget.daily', limitNano: 1 } } })
  const [held] = await store.heldByBudgets()
  t.match(held, { id, environment: 'dev', release: 0 })
  t.equal(await store.nextDueMs(), Number.MAX_SAFE_INTEGER, 'a budget of each run turns with no window: only the deadline is due')
  t.ok(await engine.resume(id))
  t.same(await store.heldByBudgets(), [])
  await store.pause(id, { code: 'run/paused', message: 'ana has paused it', retryable: false })
  t.equal(await store.resume(id, held?.reason), false)
  t.equal((await store.getRun(id))?.state, 'paused')
})

t.test('BUD-8: runs that wait for one budget, however many, do not hide the one that waits for another', async t => {
  const { submit, store } = await scene(t, { budgets: () => [] })
  const hold = async (name: string) => {
    const id = await submit(sequence(1, CALL))
    const why = { code: 'budget/exhausted', message: `${name} is used up`, retryable: false }
    const reason: HeldRun['reason'] = { ...why, waitsFor: { budget: name, limitNano: 1 } }
    await store.pause(id, reason)
    return id
  }
  const first = await Promise.all(Array.from({ length: 600 }, () => hold('budget.daily')))
  const other = await hold('budget.team')
  const held = await store.heldByBudgets()
  t.ok(held.some(({ id }) => id === other))
  t.equal(held[0]?.id, first.toSorted()[0], 'the oldest first')
})

t.test('BUD-8: a mark that a step passes is told as an event of its run', async t => {
  const { clock, engine, submit, store } = await scene(t, {
    budgets: () => [budget({ limit_nano: 2 * COST, action: 'warn', warn_at: [0.5] })],
  })
  const id = await submit(sequence(2, CALL))
  t.match(await clock.runUntil(engine.run(id)), { state: 'succeeded' }, 'warn never blocks')
  const events = await store.events(id, 0)
  const passed = events.flatMap(({ type, data }) => (type === 'budget.passed' ? [data] : []))
  t.same(passed, [
    { budget: 'budget.daily', mark: 0.5, spent_nano: COST, limit_nano: 2 * COST },
    { budget: 'budget.daily', mark: 1, spent_nano: 2 * COST, limit_nano: 2 * COST },
  ])
  t.same(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
    'SSE-1: no gap',
  )
})

t.test('RUN-6: what a child spends is spent of the budgets of its parent', async t => {
  const { clock, engine, money } = await scene(t, {
    budgets: () => [budget({ limit_nano: BOUND + COST, per: 'run', by: 'flow', applies_to: [{ $ref: 'workflow.w' }] })],
  })
  const parent = { rows: [{ mine: effect(CALL) }, { c: { type: 'child', flow: 'workflow.inner', input: {}, detach: false } as const }] }
  const { run } = await engine.submit({ ...submission(parent), closure: closureOf(parent, { 'workflow.inner': sequence(2, CALL) }) })
  const ended = await clock.runUntil(engine.run(run.id))
  t.match(ended, { state: 'failed', error: { path: 'c' } }, 'the second step of the child is beyond what the run has')
  t.match(await money.ledger.windows('dev'), [{ run: run.id, value: 'workflow.w', spentNano: 2 * COST, reservedNano: 0 }])
})
