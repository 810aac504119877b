import { join } from 'node:path'
import type { Clock } from '../../src/base/clock.ts'
import { systemClock } from '../../src/base/clock.ts'
import { engineSchema } from '../../src/engine/durable/sqlite/schema.ts'
import type { BudgetCounter, Reservation } from '../../src/gateway/ledger/ledger.ts'
import { openSpendingStore, type SpendingStore } from '../../src/gateway/ledger/sqlite/store.ts'
import type { UsageRecord } from '../../src/gateway/ledger/usage.ts'

/** The spending of a made-up project in a folder. */
export function openSpending(folder: string, clock: Clock = systemClock, mode: 'read' | 'write' = 'write'): Promise<SpendingStore> {
  const file = join(folder, 'engine.db')
  return openSpendingStore({
    file,
    name: '.flowrun/engine.db',
    project: 'shop',
    mode,
    clock,
    flowrunVersion: '1.0.0',
    schema: engineSchema,
  })
}

/** The counter of a budget of $0.000001, a thousand nano-dollars, that never turns. */
export function counter(changes: Partial<BudgetCounter> = {}): BudgetCounter {
  return {
    environment: 'dev',
    budget: 'budget.daily',
    value: '',
    window: { startMs: 0, endMs: Number.MAX_SAFE_INTEGER },
    limitNano: 1000,
    blocks: true,
    marks: [],
    ...changes,
  }
}

/** @param id `a.1`: the first attempt of the call `a`. */
export function reservation(id: string, amountNano: number, changes: Partial<Reservation> = {}): Reservation {
  return {
    id,
    calledMs: 1,
    counters: [counter()],
    amountNano,
    caller: { environment: 'dev', flow: 'prompt.answer', run: `run of ${id}` },
    model: { address: 'model.fast', id: 'fast-1', provider: 'provider.a' },
    expiresMs: Number.MAX_SAFE_INTEGER,
    ...changes,
  }
}

export function usageRecord(changes: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id: 'call',
    atMs: 0,
    caller: { environment: 'dev', flow: 'prompt.answer' },
    asked: 'model.fast',
    parts: [
      {
        model: 'model.fast',
        modelId: 'fast-1',
        provider: 'provider.a',
        attempts: 1,
        usage: { input: 0, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0 },
        costNano: 0,
        isEstimated: false,
      },
    ],
    cache: 'off',
    verdicts: { block: 0, redact: 0, flag: 0 },
    outcome: 'stop',
    latencyMs: 1,
    ...changes,
  }
}
