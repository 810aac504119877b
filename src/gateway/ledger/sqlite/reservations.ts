import type { BudgetWarning } from '../../call.ts'
import type { BudgetCounter, CounterStanding, Reservation, Reserved, Settled, Settlement } from '../ledger.ts'
import { type BookedRow, book, callOf } from './call-rows.ts'
import { rewriteLost, settleDead } from './lost.ts'
import type { SpendingRows } from './rows.ts'
import type { ReservedCall } from './usage-rows.ts'

interface WindowRow {
  readonly id: number
  readonly environment: string
  readonly budget: string
  readonly value: string
  readonly run: string
  readonly starts_at: number
  readonly ends_at: number
  readonly limit_nano: number
  readonly reserved_nano: number
  readonly spent_nano: number
  readonly marks: string
  readonly told: number
}

/** Reserves in all counters or in none (BUD-2), sorted by key; a savepoint takes back what was reserved before the one that refuses. */
export function reserveIn(rows: SpendingRows, reservation: Reservation, before: readonly Settled[] = []): Reserved {
  settleDead(rows)
  const warnings = before.flatMap(({ id, settlement }) => settleIn(rows, id, settlement))
  const [only, ...others] = sorted(reservation.counters)
  if (only === undefined) return { outcome: 'reserved', warnings }
  // One update alone leaves nothing to take back.
  if (others.length === 0) return { ...reserveAll(rows, reservation, [only]), warnings }
  rows.prepared('SAVEPOINT reserve').run()
  const reserved = reserveAll(rows, reservation, [only, ...others])
  if (reserved.outcome === 'refused') rows.prepared('ROLLBACK TO reserve').run()
  rows.prepared('RELEASE reserve').run()
  return { ...reserved, warnings }
}

type Answer = { readonly outcome: 'reserved' } | { readonly outcome: 'refused'; readonly by: CounterStanding }

function reserveAll(rows: SpendingRows, reservation: Reservation, counters: readonly BudgetCounter[]): Answer {
  const { id, calledMs, amountNano, caller, model, expiresMs } = reservation
  const { prepared, project } = rows
  const nowMs = rows.clock.now()
  const windows: number[] = []
  for (const counter of counters) {
    const window = reserveWindow(rows, counter, amountNano, nowMs)
    if (typeof window !== 'number') return { outcome: 'refused', by: window }
    windows.push(window)
  }
  const call: ReservedCall = { caller, model }
  prepared(
    `INSERT INTO reservation(id, project, amount_nano, state, run, call, called_at, reserved_at, expires_at, windows)
     VALUES (?, ?, ?, 'open', ?, ?, ?, ?, ?, ?)`,
  ).run(id, project, amountNano, caller.run ?? null, JSON.stringify(call), calledMs, nowMs, expiresMs, JSON.stringify(windows))
  if (caller.run !== undefined)
    for (const window of windows) prepared('INSERT OR IGNORE INTO window_run(window, run) VALUES (?, ?)').run(window, caller.run)
  return { outcome: 'reserved' }
}

/** A window by its key; its columns begin with these in the index of their uniqueness. */
const KEY = 'project = ? AND environment = ? AND budget = ? AND value = ? AND run = ? AND starts_at = ? AND ends_at = ?'
const RESERVE = `UPDATE budget_window SET reserved_nano = reserved_nano + ?, limit_nano = ?, marks = ?, used_at = ?
  WHERE ${KEY} AND (NOT ? OR spent_nano + reserved_nano + ? <= ?) RETURNING id`

/**
 * One statement, with the limit of now: a change acts at once (BUD-7).
 *
 * @returns the id of the window, or how it stands where it refuses.
 */
function reserveWindow(rows: SpendingRows, counter: BudgetCounter, amountNano: number, nowMs: number): number | CounterStanding {
  const { blocks, limitNano, marks } = counter
  const reserve = rows.prepared<{ id: number }>(RESERVE)
  const values = [amountNano, limitNano, JSON.stringify(marks), nowMs, ...keyOf(rows, counter), blocks ? 1 : 0, amountNano, limitNano]
  const reserved = reserve.get(...values)
  if (reserved) return reserved.id
  openWindow(rows, counter, nowMs)
  return reserve.get(...values)?.id ?? standingIn(rows, counter)
}

function keyOf({ project }: SpendingRows, { environment, budget, value, run = '', window }: BudgetCounter) {
  return [project, environment, budget, value, run, window.startMs, window.endMs] as const
}

/** Puts what was spent in the place of what was reserved, once (BUD-4). @returns marks that were not told before. */
export function settleIn(rows: SpendingRows, id: string, settlement: Settlement): readonly BudgetWarning[] {
  const row = rows
    .prepared<{ amount_nano: number; state: 'open' | 'over' | 'lost'; windows: string }>(
      'SELECT amount_nano, state, windows FROM reservation WHERE id = ? AND project = ?',
    )
    .get(id, rows.project)
  if (row === undefined || row.state === 'over') return []
  const isEstimated = settlement === 'unreported'
  const costNano = isEstimated ? row.amount_nano : settlement.costNano
  rows.prepared(`UPDATE reservation SET state = 'over', amount_nano = ?, estimated = ? WHERE id = ?`).run(costNano, isEstimated ? 1 : 0, id)
  // One that was taken for lost had its whole amount booked.
  if (row.state === 'open') return passedMarks(rows, book(rows, row.windows, -row.amount_nano, costNano))
  rewriteLost(rows, callOf(id))
  return passedMarks(rows, book(rows, row.windows, 0, costNano - row.amount_nano))
}

/** The highest mark that was passed and not told, of each budget; those below it are told with it. */
function passedMarks({ prepared }: SpendingRows, windows: readonly BookedRow[]): readonly BudgetWarning[] {
  return windows.flatMap(({ id: window, budget, marks, told, spent_nano: spentNano, limit_nano: limitNano }) => {
    const mark = (JSON.parse(marks) as readonly number[]).findLast(part => spentNano >= part * limitNano)
    if (mark === undefined || mark <= told) return []
    prepared('UPDATE budget_window SET told = ? WHERE id = ?').run(mark, window)
    return [{ budget, mark, spentNano, limitNano }]
  })
}

/** Makes the row of a counter, or gives it the limit of now. */
function openWindow(rows: SpendingRows, counter: BudgetCounter, nowMs: number): void {
  const { limitNano, marks } = counter
  rows
    .prepared(
      `INSERT INTO budget_window(project, environment, budget, value, run, starts_at, ends_at, limit_nano, reserved_nano, spent_nano, marks, told, used_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, 0, ?)
       ON CONFLICT DO UPDATE SET limit_nano = excluded.limit_nano, marks = excluded.marks, used_at = excluded.used_at`,
    )
    .run(...keyOf(rows, counter), limitNano, JSON.stringify(marks), nowMs)
}

/** How a counter stands; nothing was spent where it has no row yet. */
export function standingIn(rows: SpendingRows, counter: BudgetCounter): CounterStanding {
  const { environment, budget, value, run, window, limitNano } = counter
  const row = rows.prepared<WindowRow>(`SELECT * FROM budget_window WHERE ${KEY}`).get(...keyOf(rows, counter))
  if (row !== undefined) return { ...standingOf(rows, row), limitNano }
  return { environment, budget, value, ...(run !== undefined && { run }), window, limitNano, spentNano: 0, reservedNano: 0, runs: 0 }
}

/** How long a run counts as under way after its last attempt began: its own window is never over. */
const RUN_SHOWN_MS = 3_600_000

/** Counters whose window is not over, and of runs those that spend. */
export function windowsIn(rows: SpendingRows, environment: string): readonly CounterStanding[] {
  const nowMs = rows.clock.now()
  return rows
    .prepared<WindowRow>(
      `SELECT * FROM budget_window WHERE project = ? AND environment = ? AND ends_at > ? AND (run = '' OR reserved_nano > 0 OR used_at > ?)
       ORDER BY budget, value, starts_at, run`,
    )
    .all(rows.project, environment, nowMs, nowMs - RUN_SHOWN_MS)
    .map(row => standingOf(rows, row))
}

function standingOf({ prepared }: SpendingRows, row: WindowRow): CounterStanding {
  const { runs } = prepared<{ runs: number }>('SELECT count(*) AS runs FROM window_run WHERE window = ?').get(row.id) ?? { runs: 0 }
  return {
    environment: row.environment,
    budget: row.budget,
    value: row.value,
    ...(row.run !== '' && { run: row.run }),
    window: { startMs: row.starts_at, endMs: row.ends_at },
    limitNano: row.limit_nano,
    spentNano: row.spent_nano,
    reservedNano: row.reserved_nano,
    runs,
  }
}

function sorted(counters: readonly BudgetCounter[]): readonly BudgetCounter[] {
  return counters.toSorted((a, b) => compare(a.budget, b.budget) || compare(a.value, b.value))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
