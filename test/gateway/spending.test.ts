import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { USAGE_KEYS } from '../../src/gateway/ledger/usage.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { counter, openSpending, reservation, usageRecord } from '../support/spending.ts'

const ALWAYS = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER }

t.test('BUD-2: what is reserved and spent never passes the limit; what was not used is given back', async t => {
  const { ledger, close } = await openSpending(t.testdir())
  t.teardown(close)
  t.match(await ledger.reserve(reservation('a.1', 600)), { outcome: 'reserved' })
  t.match(await ledger.reserve(reservation('b.1', 600)), {
    outcome: 'refused',
    by: { budget: 'budget.daily', reservedNano: 600, spentNano: 0, runs: 1 },
  })
  await ledger.settle('a.1', { costNano: 250 })
  t.match(await ledger.reserve(reservation('b.1', 600)), { outcome: 'reserved' })
  t.match(await ledger.standing(counter()), { spentNano: 250, reservedNano: 600, runs: 2 })
})

t.test('BUD-2: all budgets agree, or nothing is reserved in any', async t => {
  const { ledger, close } = await openSpending(t.testdir())
  t.teardown(close)
  const small = counter({ budget: 'budget.small', limitNano: 100 })
  const refused = await ledger.reserve(reservation('a.1', 500, { counters: [counter({ budget: 'budget.z' }), small, counter()] }))
  t.match(refused, { outcome: 'refused', by: { budget: 'budget.small', limitNano: 100 } })
  t.match(await ledger.standing(counter()), { reservedNano: 0 })
  t.match(await ledger.reserve(reservation('a.1', 100, { counters: [small, counter()] })), { outcome: 'reserved' }, 'the id is free')
})

t.test('BUD-3: what a provider bills beyond the bound is booked, and blocks what follows', async t => {
  const { ledger, close } = await openSpending(t.testdir())
  t.teardown(close)
  await ledger.reserve(reservation('a.1', 400))
  await ledger.settle('a.1', { costNano: 1200 })
  t.match(await ledger.reserve(reservation('b.1', 1)), { outcome: 'refused', by: { spentNano: 1200 } })
})

t.test('BUD-4: to settle again does nothing, nor does it for what was never reserved', async t => {
  const { ledger, close } = await openSpending(t.testdir())
  t.teardown(close)
  await ledger.reserve(reservation('a.1', 400))
  await Promise.all([ledger.settle('a.1', { costNano: 300 }), ledger.settle('a.1', 'unreported'), ledger.settle('x.1', { costNano: 9 })])
  await ledger.settle('a.1', { costNano: 7 })
  t.match(await ledger.standing(counter()), { spentNano: 300, reservedNano: 0 })
})

t.test('BUD-5: an owner that died is settled in full when it is seen, as an estimate; one that was alive corrects it', async t => {
  const clock = createFakeClock()
  const { ledger, estimated, sums, close } = await openSpending(t.testdir(), clock)
  t.teardown(close)
  const expiresMs = clock.now() + 120_000
  await ledger.reserve(reservation('dead.1', 700, { expiresMs }))
  await clock.advance(119_999)
  t.match(await ledger.reserve(reservation('b.1', 400)), { outcome: 'refused', by: { reservedNano: 700 } }, 'it may still be at work')
  await clock.advance(1)
  t.match(await ledger.reserve(reservation('b.1', 400)), { outcome: 'refused', by: { spentNano: 700, reservedNano: 0 } })
  t.match(await estimated(ALWAYS), [
    { id: 'dead', outcome: 'lost', caller: { run: 'run of dead.1' }, parts: [{ costNano: 700, isEstimated: true }] },
  ])
  t.match(await sums(ALWAYS, []), [{ calls: 1, costNano: 700, estimatedNano: 700 }])
  await ledger.settle('dead.1', { costNano: 50 })
  t.match(await ledger.standing(counter()), { spentNano: 50, reservedNano: 0 })
  t.same(await estimated(ALWAYS), [])
  t.match(await sums(ALWAYS, []), [{ calls: 1, costNano: 50, estimatedNano: 0 }], 'the record says the same as the budget')
})

t.test('BUD-5: what a run left open is settled when another process claims it', async t => {
  const { ledger, close } = await openSpending(t.testdir())
  t.teardown(close)
  await ledger.reserve(reservation('a.1', 300))
  await ledger.reserve(reservation('b.1', 300))
  await ledger.settleRun('run of a.1')
  t.match(await ledger.standing(counter()), { spentNano: 300, reservedNano: 300 })
})

t.test('BUD-5: of a call whose process died every attempt counts, once, and its own record takes the place of that', async t => {
  const clock = createFakeClock()
  const { ledger, write, sums, estimated, close } = await openSpending(t.testdir(), clock)
  t.teardown(close)
  const run = { caller: { environment: 'dev', flow: 'prompt.answer', run: 'r' }, calledMs: clock.now() }
  await ledger.reserve(reservation('a.1', 300, run))
  await ledger.settle('a.1', { costNano: 100 })
  await ledger.settleRun('r')
  t.match(await sums(ALWAYS, []), [{ calls: 1, costNano: 100, estimatedNano: 0 }], 'killed between two attempts: what is known is known')
  await ledger.reserve(reservation('a.2', 300, { ...run, model: { address: 'model.large', id: 'large-1', provider: 'provider.a' } }))
  await ledger.settleRun('r')
  t.match(await sums(ALWAYS, []), [{ calls: 1, costNano: 400, estimatedNano: 300 }])
  t.match(await estimated(ALWAYS), [
    {
      id: 'a',
      parts: [
        { model: 'model.fast', costNano: 100 },
        { model: 'model.large', costNano: 300 },
      ],
    },
  ])
  await ledger.settleRun('r')
  t.match(await ledger.standing(counter()), { spentNano: 400, reservedNano: 0 }, 'to claim again changes nothing')
  await ledger.settle('a.2', { costNano: 5 })
  const [part] = usageRecord().parts
  await write([usageRecord({ id: 'a', atMs: clock.now(), isReserved: true, parts: [{ ...part, costNano: 105 }] })])
  await ledger.settleRun('r')
  t.match(await sums(ALWAYS, []), [{ calls: 1, costNano: 105, estimatedNano: 0 }], 'it was alive after all')
  t.match(await ledger.standing(counter()), { spentNano: 105 })
})

t.test(
  'BUD-5: a corrected figure counts in costs and in every budget that has counted the estimate, and never below what is known',
  async t => {
    const clock = createFakeClock()
    const { ledger, write, sums, estimated, correct, close } = await openSpending(t.testdir(), clock)
    t.teardown(close)
    const other = counter({ budget: 'budget.month', limitNano: 5000 })
    const call = { counters: [counter(), other], calledMs: 1, caller: { environment: 'dev', flow: 'prompt.answer', run: 'r' } }
    await ledger.reserve(reservation('a.1', 300, call))
    await ledger.settle('a.1', { costNano: 100 })
    await ledger.reserve(reservation('a.2', 200, call))
    await ledger.settle('a.2', 'unreported')
    await ledger.reserve(reservation('a.3', 400, { ...call, model: { address: 'model.large', id: 'large-1', provider: 'provider.a' } }))
    t.same(await correct({ call: 'a', costNano: 1 }), { outcome: 'unknown-call' }, 'it is not over')
    await ledger.settleRun('r')
    t.match(await sums(ALWAYS, []), [{ costNano: 700, estimatedNano: 700 }])
    t.same(await correct({ call: 'a', costNano: 99 }), { outcome: 'less-than-known', knownNano: 100 }, 'of one attempt it was told')
    t.same(await correct({ call: 'a', costNano: 460 }), { outcome: 'corrected', beforeNano: 700, afterNano: 460 })
    t.match(await sums(ALWAYS, ['model']), [
      { keys: [{ value: 'model.large' }, {}], costNano: 240 },
      { keys: [{ value: 'model.fast' }, {}], costNano: 220 },
    ])
    for (const one of [counter(), other]) t.match(await ledger.standing(one), { spentNano: 460, reservedNano: 0 }, one.budget)
    t.same(await estimated(ALWAYS), [])
    t.same(await correct({ call: 'a', costNano: 1 }), { outcome: 'not-estimated' }, 'once')
    const [part] = usageRecord().parts
    const parts = [
      { ...part, costNano: 50 },
      { ...part, model: 'model.large', costNano: 70, isEstimated: true },
    ] as const
    await write([usageRecord({ id: 'b', parts })])
    t.same(await correct({ call: 'b', costNano: 49 }), { outcome: 'less-than-known', knownNano: 50 })
    t.same(await correct({ call: 'b', costNano: 50 }), { outcome: 'corrected', beforeNano: 120, afterNano: 50 }, 'it was free')
  },
)

t.test('BUD-4: what a step has spent is settled before it reserves again, and is refused nothing for its own sake', async t => {
  const { ledger, close } = await openSpending(t.testdir())
  t.teardown(close)
  await ledger.reserve(reservation('a.1', 900))
  t.match(await ledger.reserve(reservation('b.1', 900)), { outcome: 'refused' }, 'without what was settled it stands in its own way')
  const before = [{ id: 'a.1', settlement: { costNano: 50 } }]
  t.match(await ledger.reserve(reservation('b.1', 900), before), { outcome: 'reserved' })
  t.match(await ledger.reserve(reservation('c.1', 900), before), { outcome: 'refused', by: { spentNano: 50, reservedNano: 900 } })
})

t.test('BUD-6: a call belongs to the window in which it reserved', async t => {
  const { ledger, close } = await openSpending(t.testdir())
  t.teardown(close)
  const today = counter({ window: { startMs: 0, endMs: 1000 } })
  const tomorrow = counter({ window: { startMs: 1000, endMs: 2000 } })
  await ledger.reserve(reservation('a.1', 1000, { counters: [today] }))
  t.match(await ledger.reserve(reservation('b.1', 1000, { counters: [tomorrow] })), { outcome: 'reserved' })
  await ledger.settle('a.1', { costNano: 10 })
  t.match(await ledger.standing(today), { spentNano: 10 })
  t.match(await ledger.standing(tomorrow), { spentNano: 0, reservedNano: 1000 })
})

t.test('BUD-7: a changed limit acts at once', async t => {
  const { ledger, windows, close } = await openSpending(t.testdir()).then(store => ({ ...store, windows: store.ledger.windows }))
  t.teardown(close)
  await ledger.reserve(reservation('a.1', 800))
  const raised = counter({ limitNano: 2000 })
  t.match(await ledger.reserve(reservation('b.1', 800, { counters: [raised] })), { outcome: 'reserved' })
  t.match(await ledger.reserve(reservation('c.1', 1, { counters: [counter({ limitNano: 100 })] })), {
    outcome: 'refused',
    by: { limitNano: 100 },
  })
  t.match(await windows('dev'), [{ limitNano: 100, reservedNano: 1600 }])
})

t.test('BUD-8: a budget that warns never blocks, and tells each mark once in a window, whatever process passes it', async t => {
  const folder = t.testdir()
  const warn = [counter({ blocks: false, marks: [0.5, 0.9, 1] })]
  const told: unknown[] = []
  for (const [id, costNano] of [
    ['a', 400],
    ['b', 200],
    ['c', 50],
    ['d', 600],
    ['e', 600],
  ] as const) {
    const { ledger, close } = await openSpending(folder)
    t.match(await ledger.reserve(reservation(`${id}.1`, 800, { counters: warn })), { outcome: 'reserved' })
    told.push((await ledger.settle(`${id}.1`, { costNano })).map(({ mark, spentNano }) => [mark, spentNano]))
    close()
  }
  t.same(told, [[], [[0.5, 600]], [], [[1, 1250]], []], 'of two marks that are passed at once the higher one is told')
})

t.test('one counter for each value of by, each project and each environment', async t => {
  const folder = t.testdir()
  const { ledger, close } = await openSpending(folder)
  t.teardown(close)
  const full = (value: string, environment = 'dev') =>
    reservation(`${value} ${environment}.1`, 1000, { counters: [counter({ value, environment })] })
  for (const [value, environment] of [
    ['a', 'dev'],
    ['b', 'dev'],
    ['a', 'prod'],
  ] as const)
    t.match(await ledger.reserve(full(value, environment)), { outcome: 'reserved' })
  t.match(await ledger.reserve({ ...full('a'), id: 'more.1' }), { outcome: 'refused' })
  t.same(
    (await ledger.windows('dev')).map(({ value }) => value),
    ['a', 'b'],
  )
})

t.test('sums are those of the records, by every key', async t => {
  const clock = createFakeClock()
  const { write, sums, unpricedModels, close } = await openSpending(t.testdir(), clock)
  t.teardown(close)
  const day = 86_400_000
  const [part] = usageRecord().parts
  const at = clock.now()
  const usage = { input: 100, cachedInput: 10, cacheWrite: 0, output: 20, reasoning: 5 }
  await write([
    usageRecord({
      id: '1',
      atMs: at,
      parts: [{ ...part, usage, costNano: 500 }],
      caller: { environment: 'dev', flow: 'workflow.a', tenant: 'acme' },
    }),
    usageRecord({
      id: '2',
      atMs: at + day,
      cache: 'hit',
      caller: { environment: 'dev', flow: 'prompt.answer', prompt: { address: 'prompt.answer', version: 7, digest: 'sha256:0' as never } },
    }),
    // One call that asked two models: each has its own cost, and the call counts at the one that answered.
    usageRecord({
      id: '3',
      atMs: at,
      parts: [
        { ...part, usage, costNano: 40 },
        { ...part, model: 'model.large', modelId: 'large-1', usage, costNano: 4000 },
      ],
    }),
    usageRecord({
      id: '4',
      atMs: at,
      parts: [{ ...part, model: 'model.local', modelId: 'acme-7b', usage, costNano: null }],
      outcome: 'timeout',
    }),
    usageRecord({ id: '5', atMs: at, caller: { environment: 'prod', flow: 'prompt.answer' } }),
  ])
  await write([usageRecord({ id: '5', atMs: at, caller: { environment: 'prod', flow: 'prompt.answer' } })])
  const query = { ...ALWAYS, environment: 'dev' }
  const shown = (await sums(query, ['model'])).map(({ keys, calls, cached, inputTokens, costNano, unpriced }) => [
    ...keys.map(({ value }) => value),
    calls,
    cached,
    inputTokens,
    costNano,
    unpriced,
  ])
  t.same(shown, [
    ['model.large', 'large-1', 1, 0, 100, 4000, 0],
    ['model.fast', 'fast-1', 2, 1, 200, 540, 0],
    ['model.local', 'acme-7b', 1, 0, 100, null, 1],
  ])
  t.same(await unpricedModels(query), ['model.local'])
  t.match(await sums(ALWAYS, []), [{ calls: 5, cached: 1, inputTokens: 400, outputTokens: 80, costNano: 4540, unpriced: 1 }])
  for (const key of USAGE_KEYS) {
    const parts = await sums(ALWAYS, [key])
    t.equal(
      parts.reduce((sum, { costNano }) => sum + (costNano ?? 0), 0),
      4540,
      key,
    )
    t.equal(
      parts.reduce((sum, { calls }) => sum + calls, 0),
      5,
      key,
    )
  }
  t.same((await sums(ALWAYS, ['prompt'])).map(({ keys: [key] }) => key?.value).sort(), ['', 'prompt.answer@7'])
  t.same(
    (await sums(ALWAYS, ['day'])).map(({ keys: [key], calls }) => [key?.value, calls]),
    [
      ['2026-01-01', 4],
      ['2026-01-02', 1],
    ],
  )
  t.match(await sums({ sinceMs: at + day, untilMs: at + 2 * day }, []), [{ calls: 1 }])
  t.match(await sums({ sinceMs: 0, untilMs: 1 }, []), [{ calls: 0, costNano: 0 }])
})

t.test('records are kept for 400 days, reservations for a month after they were settled', async t => {
  const clock = createFakeClock()
  const { ledger, write, sums, close } = await openSpending(t.testdir(), clock)
  t.teardown(close)
  await write([usageRecord({ atMs: clock.now() })])
  await ledger.reserve(reservation('a.1', 10))
  await ledger.settle('a.1', { costNano: 10 })
  await write([usageRecord({ id: 'a', isReserved: true })])
  for (const days of [399, 2]) {
    await clock.advance(days * 86_400_000)
    await write([usageRecord({ id: `after ${days}`, atMs: clock.now() })])
  }
  t.match(await sums(ALWAYS, []), [{ calls: 2 }])
  t.match(await ledger.standing(counter()), { spentNano: 0 }, 'nobody used the window for so long')
})

t.test('BUD-5: a reservation goes with the record of its call, but where its cost is a guess that may be corrected', async t => {
  const folder = t.testdir()
  const { ledger, write, correct, close } = await openSpending(folder)
  t.teardown(close)
  for (const id of ['known.1', 'guessed.1', 'guessed.2', 'open.1']) await ledger.reserve(reservation(id, 10))
  for (const id of ['known.1', 'guessed.1']) await ledger.settle(id, { costNano: 7 })
  await ledger.settle('guessed.2', 'unreported')
  const [part] = usageRecord().parts
  const record = usageRecord({ isReserved: true })
  await write([
    { ...record, id: 'known' },
    { ...record, id: 'guessed', parts: [{ ...part, costNano: 17, isEstimated: true }] },
    { ...record, id: 'open' },
  ])
  const file = new Database(join(folder, 'engine.db'), { readonly: true })
  t.teardown(() => file.close())
  t.same(file.prepare('SELECT id FROM reservation ORDER BY id').pluck().all(), ['guessed.1', 'guessed.2', 'open.1'])
  t.match(await ledger.standing(counter()), { spentNano: 24, reservedNano: 10, runs: 4 })
  await ledger.settle('known.1', { costNano: 10 })
  await ledger.settle('open.1', { costNano: 2 })
  await correct({ call: 'guessed', costNano: 12 })
  t.match(await ledger.standing(counter()), { spentNano: 7 + 12 + 2, reservedNano: 0 })
})

t.test('to read leaves no trace where nothing was spent', async t => {
  const folder = t.testdir()
  const store = await openSpending(folder, undefined, 'read')
  t.match(await store.sums(ALWAYS, []), [{ calls: 0 }])
  t.same(await store.ledger.windows('dev'), [])
  store.close()
  const { readdirSync } = await import('node:fs')
  t.same(readdirSync(folder), [])
})
