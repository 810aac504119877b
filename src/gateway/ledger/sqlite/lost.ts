import { book, callOf, closeCall, OF_CALL } from './call-rows.ts'
import type { SpendingRows } from './rows.ts'
import { type LostAttempt, lostCall, type ReservedCall, writeLost } from './usage-rows.ts'

/** Closes what attempts of a run left behind: its process died, and another one goes on with it (BUD-5). */
export function settleRunIn(rows: SpendingRows, run: string): void {
  loseAll(rows, `run = ?`, run)
}

/** Owners that did not settle in time: the provider may have billed, so nothing is given back (BUD-5). */
export function settleDead(rows: SpendingRows): void {
  loseAll(rows, 'expires_at <= ?', rows.clock.now())
}

interface LeftRow {
  readonly id: string
  readonly amount_nano: number
  readonly state: 'open' | 'over' | 'lost'
  readonly windows: string
}

/** What was open counts in full; what had its cost already lacks only its record. */
function loseAll(rows: SpendingRows, condition: 'run = ?' | 'expires_at <= ?', value: string | number): void {
  const left = rows
    .prepared<LeftRow>(`SELECT id, amount_nano, state, windows FROM reservation WHERE recorded = 0 AND ${condition} AND project = ?`)
    .all(value, rows.project)
  if (left.length === 0) return
  for (const { id, amount_nano: amountNano, state, windows } of left) {
    if (state !== 'open') continue
    rows.prepared(`UPDATE reservation SET state = 'lost', estimated = 1 WHERE id = ?`).run(id)
    book(rows, windows, -amountNano, amountNano)
  }
  for (const call of new Set(left.map(({ id }) => callOf(id)))) rewriteLost(rows, call)
}

/** Writes what is known of a call whose process did not: out of its reservations that are over, one way or the other. */
export function rewriteLost(rows: SpendingRows, call: string): void {
  const attempts = rows
    .prepared<{ called_at: number; call: string; amount_nano: number; estimated: number }>(
      `SELECT called_at, call, amount_nano, estimated FROM reservation WHERE ${OF_CALL} AND project = ? AND state <> 'open' ORDER BY reserved_at, id`,
    )
    .all(call, call, rows.project)
    .map((row): LostAttempt => {
      const reserved = JSON.parse(row.call) as ReservedCall
      return { ...reserved, calledMs: row.called_at, costNano: row.amount_nano, isEstimated: row.estimated === 1 }
    })
  const [first, ...others] = attempts
  if (first !== undefined) writeLost(rows, lostCall(call, [first, ...others]))
  closeCall(rows, call)
}
