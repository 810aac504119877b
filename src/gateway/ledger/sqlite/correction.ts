import type { Correction, CorrectionOutcome } from '../correction.ts'
import { book, OF_CALL } from './call-rows.ts'
import type { SpendingRows } from './rows.ts'

interface PartRow {
  readonly at: number
  readonly part: number
  readonly model: string
  readonly cost_nano: number | null
  readonly estimated: number
}

interface AttemptRow {
  readonly id: string
  readonly amount_nano: number
  readonly estimated: number
  readonly model: string
  readonly windows: string
}

/**
 * Puts what a call did cost in the place of what was estimated, in its record and in the windows of budgets that have
 * counted it (BUD-5). What its provider did report stays.
 */
export function correctIn(rows: SpendingRows, { call, costNano }: Correction): CorrectionOutcome {
  const parts = rows
    .prepared<PartRow>('SELECT at, part, model, cost_nano, estimated FROM usage WHERE project = ? AND id = ? ORDER BY part')
    .all(rows.project, call)
  const estimated = parts.filter(part => part.estimated === 1)
  if (parts.length === 0) return { outcome: 'unknown-call' }
  if (estimated.length === 0) return { outcome: 'not-estimated' }
  const knownNano = sum(parts.filter(part => part.estimated === 0).map(part => part.cost_nano ?? 0))
  if (costNano < knownNano) return { outcome: 'less-than-known', knownNano }
  const shares = shared(
    costNano - knownNano,
    estimated.map(part => part.cost_nano ?? 0),
  )
  for (const [index, { at, part, model }] of estimated.entries()) {
    const shareNano = shares[index] ?? 0
    rows
      .prepared('UPDATE usage SET cost_nano = ?, estimated = 0 WHERE project = ? AND at = ? AND id = ? AND part = ?')
      .run(shareNano, rows.project, at, call, part)
    correctAttempts(rows, call, model, shareNano)
  }
  return { outcome: 'corrected', beforeNano: sum(parts.map(part => part.cost_nano ?? 0)), afterNano: costNano }
}

/** Attempts of one model: those whose cost is known keep it, and the others share what is left of the figure. */
function correctAttempts(rows: SpendingRows, call: string, model: string, costNano: number): void {
  const attempts = rows
    .prepared<AttemptRow>(
      `SELECT id, amount_nano, estimated, call ->> '$.model.address' AS model, windows FROM reservation
       WHERE ${OF_CALL} AND project = ? AND state <> 'open' ORDER BY id`,
    )
    .all(call, call, rows.project)
    .filter(attempt => attempt.model === model)
  const guessed = attempts.filter(attempt => attempt.estimated === 1)
  const knownNano = sum(attempts.filter(attempt => attempt.estimated === 0).map(attempt => attempt.amount_nano))
  const shares = shared(
    Math.max(0, costNano - knownNano),
    guessed.map(attempt => attempt.amount_nano),
  )
  for (const [index, { id, amount_nano: amountNano, windows }] of guessed.entries()) {
    const shareNano = shares[index] ?? 0
    book(rows, windows, 0, shareNano - amountNano)
    rows.prepared('UPDATE reservation SET amount_nano = ?, estimated = 0 WHERE id = ?').run(shareNano, id)
  }
}

/** Integers in the proportion of the weights, whose sum is the total; the last takes what rounding leaves. */
function shared(total: number, weights: readonly number[]): readonly number[] {
  const all = sum(weights)
  const shares = weights.map(weight => (all === 0 ? 0 : Number((BigInt(total) * BigInt(weight)) / BigInt(all))))
  return shares.map((share, index) => (index === shares.length - 1 ? total - sum(shares.slice(0, -1)) : share))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
