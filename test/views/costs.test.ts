import t from 'tap'
import type { CounterStanding } from '../../src/gateway/ledger/ledger.ts'
import type { UsageSum } from '../../src/gateway/ledger/usage.ts'
import { budgetsText, costsText } from '../../src/views/costs.ts'
import { createStyle } from '../../src/views/style.ts'

const style = createStyle({ colored: false, ascii: false, width: 100 })
const DOLLAR = 1e9
const period = { environment: 'dev', sinceMs: Date.UTC(2026, 10, 14, 14), untilMs: Date.UTC(2026, 10, 21, 14) }

const sum = (
  keys: readonly string[],
  calls: number,
  cached: number,
  inputTokens: number,
  outputTokens: number,
  dollars: number | null,
): UsageSum => ({
  keys: keys.map((value, index) => ({ key: index === 0 ? 'model' : 'id', value })),
  calls,
  cached,
  inputTokens,
  outputTokens,
  costNano: dollars === null ? null : dollars * DOLLAR,
  estimatedNano: 0,
  unpriced: dollars === null ? calls : 0,
})

t.test('3.35: what it cost', t => {
  const sums = [
    sum(['model.judge', 'gpt-4o'], 3200, 1180, 3_040_000, 350_000, 11.12),
    sum(['model.fast', 'gpt-4o-mini'], 48_210, 6902, 39_100_000, 4_630_000, 8.64),
    sum(['model.backup', 'claude-haiku-4-5'], 611, 0, 500_000, 60_000, 0.79),
    sum(['model.embed', 'text-embedding-3-small'], 20_480, 9311, 410_000, 0, 0.01),
    sum(['model.local', 'acme-7b'], 96, 0, 80_000, 10_000, null),
  ]
  const total = { ...sum([], 72_597, 17_393, 43_130_000, 5_050_000, 20.56), unpriced: 96 }
  t.equal(
    costsText({ period, by: ['model'], sums, total, unpricedModels: ['model.local'] }, style),
    `Costs in dev, 2026-11-14 to 2026-11-21 (UTC)

model         id                       calls  cached  tokens in  tokens out     cost
model.judge   gpt-4o                   3,200   1,180     3.04 M      0.35 M   $11.12
model.fast    gpt-4o-mini             48,210   6,902    39.10 M      4.63 M    $8.64
model.backup  claude-haiku-4-5           611       0     0.50 M      0.06 M    $0.79
model.embed   text-embedding-3-small  20,480   9,311     0.41 M                $0.01
model.local   acme-7b                     96       0     0.08 M      0.01 M  unknown

total                                 72,597  17,393    43.13 M      5.05 M   $20.56
                                      and 96 calls without a price: price { … } of model.local
`,
  )
  t.end()
})

t.test('an amount too small for its column is not 0', t => {
  const sums = [
    sum(['model.fast', 'a'], 1, 0, 1, 1, 5),
    sum(['model.tiny', 'b'], 1, 0, 1, 1, 0.000_001),
    sum(['model.free', 'c'], 1, 0, 1, 1, 0),
  ]
  const text = costsText({ period, by: ['model'], sums, total: sum([], 3, 0, 3, 3, 5.000001), unpricedModels: [] }, style)
  t.match(text, /model\.tiny .* <\$0\.01\n/)
  t.match(text, /model\.free .* {2}\$0\.00\n/)
  t.end()
})

t.test('BUD-3: budgets: each counter with what it is for, what is left, and an overrun as it is', t => {
  const counter: CounterStanding = {
    environment: 'dev',
    budget: 'budget.daily',
    value: '',
    window: { startMs: Date.UTC(2026, 10, 21), endMs: Date.UTC(2026, 10, 22) },
    limitNano: 5 * DOLLAR,
    spentNano: 6 * DOLLAR,
    reservedNano: 0,
    runs: 3,
  }
  const run = { ...counter, budget: 'budget.run', value: 'acme', run: 'R', spentNano: DOLLAR }
  t.equal(
    budgetsText({ environment: 'dev', counters: [counter, run] }, style),
    `Budgets in dev

budget        for      spent  reserved  limit        left    used          starts again
budget.daily           $6.00     $0.00  $5.00  $1.00 over  120.0%  2026-11-22 00:00:00Z
budget.run    acme, R  $1.00     $0.00  $5.00       $4.00   20.0%         with each run
`,
  )
  t.equal(budgetsText({ environment: 'dev', counters: [] }, style), 'No budgets in dev.\n')
  t.end()
})
