import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { BudgetCounter, CounterStanding } from '../../src/gateway/ledger/ledger.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import type { Spender } from '../support/spender-process.ts'
import { counter, openSpending, reservation } from '../support/spending.ts'

const CALLS = 64
const RUNS = Number(process.env.FLOWRUN_BUDGET_RUNS ?? 40)
const ALWAYS = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER }

t.setTimeout(240_000)

const folder = mkdtempSync(join(tmpdir(), 'budgets-'))
t.teardown(() => rmSync(folder, { recursive: true }))
let folders = 0
const freshFolder = () => {
  const fresh = join(folder, String(folders++))
  mkdirSync(fresh)
  return fresh
}

/**
 * What a call does once it has reserved; `crash`: its process dies, and nobody settles; `again`: its settlement waits for the
 * next attempt of its step; `late`: it is taken for dead, and settles after all; `corrected`: so does a person for it.
 */
const callArbitrary = fc.record({
  amountNano: fc.integer({ min: 1, max: 120 }),
  /** Of what was reserved. */
  part: fc.double({ min: 0, max: 1, noNaN: true }),
  end: fc.constantFrom(...['settle', 'settle', 'settle twice', 'unreported', 'crash'], ...['again', 'late', 'corrected']),
  budgets: fc.constantFrom<readonly number[]>([0], [1], [0, 1], [1, 0]),
})

t.test('BUD-2, BUD-3, BUD-4, BUD-5: 64 calls at once, some of which die, never pass a limit, in whatever order they happen', async t => {
  const limits = fc.tuple(fc.integer({ min: 50, max: 4000 }), fc.integer({ min: 50, max: 4000 }))
  const calls = fc.array(callArbitrary, { minLength: CALLS, maxLength: CALLS })
  await fc.assert(
    fc.asyncProperty(limits, calls, fc.scheduler(), async (limits, calls, scheduler) => {
      const clock = createFakeClock()
      const store = await openSpending(freshFolder(), clock)
      const { ledger } = store
      const counters = limits.map((limitNano, index) => counter({ budget: `budget.b${index}`, limitNano }))
      const holds = async () => {
        for (const one of counters) within(await ledger.standing(one))
      }
      const expected = counters.map(() => 0)
      /** Of all calls, whatever budgets pay for them. */
      let costs = 0
      const after: (() => Promise<unknown>)[] = []
      const book = (budgets: readonly number[], nano: number) => {
        costs += nano
        for (const index of budgets) expected[index] = (expected[index] ?? 0) + nano
      }
      const one = async ({ amountNano, part, end, budgets }: (typeof calls)[number], index: number) => {
        const id = `call ${index}.1`
        const chosen = budgets.flatMap(budget => counters[budget] ?? [])
        const reserved = await ledger.reserve(reservation(id, amountNano, { counters: chosen, expiresMs: clock.now() + 1000 }))
        await holds()
        if (reserved.outcome === 'refused') return
        await scheduler.schedule(Promise.resolve(), id)
        const costNano = Math.floor(amountNano * part)
        if (end === 'late') after.push(() => ledger.settle(id, { costNano }))
        if (end === 'corrected') after.push(() => store.correct({ call: `call ${index}`, costNano }))
        if (end === 'again') {
          const second = reservation(`call ${index}.2`, amountNano, { counters: chosen, expiresMs: clock.now() + 1000 })
          const next = await ledger.reserve(second, [{ id, settlement: { costNano } }])
          if (next.outcome === 'reserved') book(budgets, amountNano)
        }
        book(budgets, end === 'unreported' || end === 'crash' ? amountNano : costNano)
        if (end.startsWith('settle') || end === 'unreported') await ledger.settle(id, end === 'unreported' ? end : { costNano })
        if (end === 'settle twice') await ledger.settle(id, { costNano: amountNano })
        await holds()
      }
      const started = calls.map((call, index) => scheduler.schedule(Promise.resolve(), `start ${index}`).then(() => one(call, index)))
      await scheduler.waitFor(Promise.all(started))
      await clock.advance(1000)
      // Whoever comes next sees who died.
      await ledger.reserve(reservation('next.1', 0, { counters }))
      await ledger.settle('next.1', { costNano: 0 })
      for (const settle of after) await settle()
      const standings = await Promise.all(counters.map(one => ledger.standing(one)))
      const [total] = await store.sums(ALWAYS, [])
      assert.equal(total?.costNano, costs, 'costs and budgets agree')
      assert.deepEqual(
        standings.map(({ reservedNano, spentNano }) => [reservedNano, spentNano]),
        expected.map(nano => [0, nano]),
      )
      store.close()
    }),
    { numRuns: RUNS },
  )
  t.pass(`${RUNS} orders of ${CALLS} calls`)
})

function within({ spentNano, reservedNano, limitNano, budget }: CounterStanding): void {
  assert.ok(spentNano + reservedNano <= limitNano, `${budget}: ${spentNano} spent and ${reservedNano} reserved of ${limitNano}`)
}

/** The settled amounts, in nano-dollars. */
async function runSpender(spender: Spender, onAnswer: () => Promise<void>): Promise<readonly number[]> {
  const program = join(import.meta.dirname, '../support/spender-process.ts')
  const child = spawn(process.execPath, [program, JSON.stringify(spender)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.setEncoding('utf8')
  const ended = once(child, 'exit')
  for await (const chunk of child.stdout) {
    printed += chunk
    await onAnswer()
  }
  const [code, signal] = await ended
  assert.deepEqual([code, signal], spender.diesAfter === undefined ? [0, null] : [null, 'SIGKILL'])
  return printed.split('\n').slice(0, -1).map(Number)
}

t.test(
  'BUD-2, BUD-5, HIST-9: two processes spend from one file, and one is killed after each of 20 answers',
  { timeout: 120_000 },
  async t => {
    for (let instant = 0; instant < 20; instant++) {
      const place = freshFolder()
      const limitNano = 400 + 60 * instant
      const shared: BudgetCounter = counter({ limitNano })
      const watcher = await openSpending(place)
      const watch = async () => within(await watcher.ledger.standing(shared))
      const spender = { folder: place, limitNano, calls: CALLS / 2 }
      const settled = await Promise.all([
        runSpender({ ...spender, name: 'a', seed: instant }, watch),
        runSpender({ ...spender, name: 'b', seed: 100 + instant, diesAfter: 1 + instant }, watch),
      ])
      await watch()
      watcher.close()
      const clock = { now: () => Date.now() + 61_000, monotonic: () => performance.now() }
      const later = await openSpending(place, clock)
      await later.ledger.reserve(reservation('next.1', 0, { counters: [shared] }))
      await later.ledger.settle('next.1', { costNano: 0 })
      const { spentNano, reservedNano } = await later.ledger.standing(shared)
      const [lost] = await later.sums(ALWAYS, [])
      const known = settled.flat().reduce((sum, nano) => sum + nano, 0)
      t.equal(reservedNano, 0, `killed after ${1 + instant}: nothing stays reserved`)
      // A settlement that was committed and not printed yet is the only one that nobody here knows of.
      t.ok(spentNano >= known + (lost?.estimatedNano ?? 0) && spentNano <= limitNano, `${spentNano} of ${limitNano} nano-dollars`)
      later.close()
    }
  },
)
