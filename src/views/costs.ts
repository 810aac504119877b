import type { JsonObject } from '../base/json.ts'
import type { CounterStanding } from '../gateway/ledger/ledger.ts'
import type { UsageRecord, UsageSum } from '../gateway/ledger/usage.ts'
import type { CorrectedCost } from '../operations/correct-cost.ts'
import type { BudgetStandings, Costs, CostsPeriod, EstimatedCosts } from '../operations/costs.ts'
import {
  formatCount,
  formatDay,
  formatMoment,
  formatMoney,
  formatMoneys,
  formatMoneyUnder,
  formatPrice,
  formatShare,
  formatTokensUnder,
} from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'
import { displayWidth } from './text-width.ts'
import { oneLine } from './versions.ts'

const NUMBERS: readonly Column[] = [
  { title: 'calls', isNumber: true },
  { title: 'cached', isNumber: true, dropOrder: 1 },
  { title: 'tokens in', isNumber: true, dropOrder: 2 },
  { title: 'tokens out', isNumber: true, dropOrder: 2 },
  { title: 'cost', isNumber: true },
]
const DAY_MS = 86_400_000
/** So many models without a price are named. */
const NAMED_MODELS = 3

/** The sums, most expensive first, their total, and what is not in it. */
export function costsText({ period, sums, total, unpricedModels }: Costs, style: Style): string {
  const where = whereText(period)
  if (total.calls === 0) return `No calls${where === '' ? '' : ` ${where}`}, ${periodText(period)}.\n`
  const keys = sums[0]?.keys.map(({ key }) => key) ?? []
  const columns = [...keys.map((title): Column => ({ title })), ...NUMBERS]
  const totalCells = ['total', ...keys.slice(1).map(() => ''), ...numbers(total, total)]
  const rows = sums.map(sum => [...sum.keys.map(({ value }) => (value === '' ? '(none)' : oneLine(value))), ...numbers(sum, total)])
  const lines = tableLines(columns, [...rows, totalCells], style)
  const keyWidths = keys.map((key, index) =>
    Math.max(displayWidth(key), ...[...rows, totalCells].map(row => displayWidth(row[index] ?? ''))),
  )
  const indent = ' '.repeat(keyWidths.reduce((sum, width) => sum + width + '  '.length, 0))
  const notes = notesOf(total, unpricedModels).map(note => style.paint.secondary(`${indent}${note}`))
  return `${[`Costs${where === '' ? '' : ` ${where}`}, ${periodText(period)}`, '', ...lines.slice(0, -1), '', lines.at(-1), ...notes].join('\n')}\n`
}

function whereText({ environment }: CostsPeriod): string {
  return environment === undefined ? '' : `in ${environment}`
}

/** Days where the period has many of them, moments where it is short. */
function periodText({ sinceMs, untilMs }: CostsPeriod): string {
  const format = untilMs - sinceMs < 2 * DAY_MS ? formatMoment : formatDay
  return `${format(sinceMs)} to ${format(untilMs)} (UTC)`
}

function numbers({ calls, cached, inputTokens, outputTokens, costNano }: UsageSum, total: UsageSum): readonly string[] {
  return [
    formatCount(calls),
    formatCount(cached),
    formatTokensUnder(inputTokens, total.inputTokens),
    formatTokensUnder(outputTokens, total.outputTokens),
    formatMoneyUnder(costNano, total.costNano),
  ]
}

function notesOf({ unpriced, estimatedNano }: UsageSum, models: readonly string[]): readonly string[] {
  const named = models.length > NAMED_MODELS ? `${models.slice(0, NAMED_MODELS).join(', ')} …` : models.join(', ')
  return [
    ...(unpriced > 0 ? [`and ${formatCount(unpriced)} ${unpriced === 1 ? 'call' : 'calls'} without a price: price { … } of ${named}`] : []),
    ...(estimatedNano > 0 ? [`with ${formatMoney(estimatedNano)} estimated: flowrun costs --estimated`] : []),
  ]
}

export function costsJson({ period, by, sums, total, unpricedModels }: Costs): string {
  return jsonDocument({
    ...periodJson(period),
    by,
    sums: sums.map(sum => ({
      ...Object.fromEntries(sum.keys.map(({ key, value }) => [key, value === '' ? null : value])),
      ...sumJson(sum),
    })),
    total: sumJson(total),
    unpriced_models: unpricedModels,
  })
}

function periodJson({ environment, sinceMs, untilMs }: CostsPeriod): JsonObject {
  return { environment: environment ?? null, since: new Date(sinceMs).toISOString(), until: new Date(untilMs).toISOString() }
}

function sumJson(sum: UsageSum): JsonObject {
  return {
    calls: sum.calls,
    cached_calls: sum.cached,
    input_tokens: sum.inputTokens,
    output_tokens: sum.outputTokens,
    cost_nano_usd: sum.costNano,
    estimated_nano_usd: sum.estimatedNano,
    unpriced_calls: sum.unpriced,
  }
}

const ESTIMATED: readonly Column[] = [
  { title: 'call' },
  { title: 'when', dropOrder: 2 },
  { title: 'flow' },
  { title: 'model' },
  { title: 'result' },
  { title: 'run', dropOrder: 1 },
  { title: 'at most', isNumber: true },
]

/** Calls whose cost nobody reported, newest first. */
export function estimatedText({ period, calls }: EstimatedCosts, style: Style): string {
  if (calls.length === 0) return `No estimated costs ${whereText(period)}, ${periodText(period)}.\n`
  const total = calls.reduce((sum, call) => sum + costOf(call), 0)
  const rows = calls.map(call => [
    call.id,
    formatMoment(call.atMs),
    call.caller.flow,
    call.parts.map(({ model }) => model).join(', '),
    call.outcome.replaceAll('_', ' '),
    call.caller.run ?? '',
    formatMoneyUnder(costOf(call), total),
  ])
  return `${tableLines(ESTIMATED, rows, style).join('\n')}\n`
}

function costOf({ parts }: UsageRecord): number {
  return parts.reduce((sum, { costNano }) => sum + (costNano ?? 0), 0)
}

export function estimatedJson({ period, calls }: EstimatedCosts): string {
  return jsonDocument({
    ...periodJson(period),
    estimated: calls.map(call => ({
      id: call.id,
      at: new Date(call.atMs).toISOString(),
      environment: call.caller.environment,
      flow: call.caller.flow,
      run: call.caller.run ?? null,
      tenant: call.caller.tenant ?? null,
      result: call.outcome,
      models: call.parts.map(({ model }) => model),
      cost_nano_usd: costOf(call),
    })),
  })
}

/** `Call 01M7… of prompt.answer counts $0.0021 now, and no longer $0.0042.` */
export function correctedText({ call, beforeNano, afterNano }: CorrectedCost): string {
  return `Call ${call.id} of ${oneLine(call.caller.flow)} counts ${formatPrice(afterNano)} now, and no longer ${formatPrice(beforeNano)}.\n`
}

/** schemas/output/costs-correct.schema.json */
export function correctedJson({ environment, call, beforeNano, afterNano }: CorrectedCost): string {
  return jsonDocument({ environment, call: call.id, before_nano_usd: beforeNano, after_nano_usd: afterNano })
}

const BUDGETS: readonly Column[] = [
  { title: 'budget' },
  { title: 'for' },
  { title: 'spent', isNumber: true },
  { title: 'reserved', isNumber: true, dropOrder: 2 },
  { title: 'limit', isNumber: true },
  { title: 'left', isNumber: true },
  { title: 'used', isNumber: true, dropOrder: 3 },
  // Cut nowhere: other columns go before it.
  { title: 'starts again', isNumber: true },
]

/** How each counter stands, and when it starts again. */
export function budgetsText({ environment, counters }: BudgetStandings, style: Style): string {
  if (counters.length === 0) return `No budgets in ${environment}.\n`
  const rows = counters.map(counter => {
    const { budget, value, run, spentNano, reservedNano, limitNano, window } = counter
    const leftNano = leftOf(counter)
    const [spent = '', reserved = '', limit = '', left = ''] = formatMoneys([spentNano, reservedNano, limitNano, Math.abs(leftNano)])
    return [
      budget,
      oneLine([value, run ?? ''].filter(text => text !== '').join(', ')),
      ...[spent, reserved, limit],
      leftNano < 0 ? `${left} over` : left,
      formatShare(spentNano / limitNano),
      run === undefined ? formatMoment(window.endMs) : 'with each run',
    ]
  })
  const isKept = (_: unknown, column: number) => column !== 1 || rows.some(row => row[1] !== '')
  const lines = tableLines(
    BUDGETS.filter(isKept),
    rows.map(row => row.filter(isKept)),
    style,
  )
  return `Budgets in ${environment}\n\n${lines.join('\n')}\n`
}

/** What may be reserved yet; less than nothing where a provider billed more than was reserved (BUD-3). */
function leftOf({ limitNano, spentNano, reservedNano }: CounterStanding): number {
  return limitNano - spentNano - reservedNano
}

export function budgetsJson({ environment, counters }: BudgetStandings): string {
  return jsonDocument({ environment, budgets: counters.map(counterJson) })
}

function counterJson(counter: CounterStanding): JsonObject {
  const { budget, value, run, window, limitNano, spentNano, reservedNano, runs } = counter
  const leftNano = leftOf(counter)
  const moment = (atMs: number) => (run === undefined ? new Date(atMs).toISOString() : null)
  return {
    budget,
    value: value === '' ? null : value,
    run: run ?? null,
    starts_at: moment(window.startMs),
    ends_at: moment(window.endMs),
    limit_nano_usd: limitNano,
    spent_nano_usd: spentNano,
    reserved_nano_usd: reservedNano,
    left_nano_usd: Math.max(0, leftNano),
    overrun_nano_usd: Math.max(0, -leftNano),
    runs,
  }
}
