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
  const attempts = readAttempts(rows, call)
  // Of a part that is estimated, some attempts may be known.
  const guesses = estimated.map(part => {
    const ofPart = attempts.filter(attempt => attempt.model === part.model)
    const partNano = sum(ofPart.filter(attempt => attempt.estimated === 0).map(attempt => attempt.amount_nano))
    return { ...part, guessed: ofPart.filter(attempt => attempt.estimated === 1), knownNano: partNano }
  })
  const certain = parts.filter(part => part.estimated === 0).map(part => part.cost_nano ?? 0)
  const knownNano = sum([...certain, ...guesses.map(guess => guess.knownNano)])
  if (costNano < knownNano) return { outcome: 'less-than-known', knownNano }
  const shares = shared(
    costNano - knownNano,
    guesses.map(guess => Math.max(0, (guess.cost_nano ?? 0) - guess.knownNano)),
  )
  for (const [index, { at, part, guessed, knownNano: partNano }] of guesses.entries()) {
    const shareNano = shares[index] ?? 0
    rows
      .prepared('UPDATE usage SET cost_nano = ?, estimated = 0 WHERE project = ? AND at = ? AND id = ? AND part = ?')
      .run(partNano + shareNano, rows.project, at, call, part)
    correctAttempts(rows, guessed, shareNano)
  }
  return { outcome: 'corrected', beforeNano: sum(parts.map(part => part.cost_nano ?? 0)), afterNano: costNano }
}

function readAttempts(rows: SpendingRows, call: string): readonly AttemptRow[] {
  return rows
    .prepared<AttemptRow>(
      `SELECT id, amount_nano, estimated, call ->> '$.model.address' AS model, windows FROM reservation
       WHERE ${OF_CALL} AND project = ? AND state <> 'open' ORDER BY id`,
    )
    .all(call, call, rows.project)
}

/** Attempts whose cost was guessed share what the call cost beyond what is known. */
function correctAttempts(rows: SpendingRows, guessed: readonly AttemptRow[], costNano: number): void {
  const shares = shared(
    costNano,
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
