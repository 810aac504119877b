import type { SpendingRows } from './rows.ts'

/** The usage record that a reservation belongs to: the part of its id before the number of the attempt. */
export function callOf(reservation: string): string {
  return reservation.slice(0, reservation.lastIndexOf('.'))
}

/** Reservations of a call are neighbours in the table: `.` and what follows it stand before `/`. */
export const OF_CALL = `id > ? || '.' AND id < ? || '/'`

const MARK = `UPDATE reservation SET recorded = 1 WHERE ${OF_CALL} AND project = ? AND state <> 'open'`
const DROP = `DELETE FROM reservation WHERE ${OF_CALL} AND project = ? AND state = 'over'`

/** Something was written for it by others, or is a guess that may be corrected: nothing is left to write when its process dies. */
export function closeCall({ prepared, project }: SpendingRows, call: string): void {
  prepared(MARK).run(call, call, project)
}

/** Its own record is kept, and says what it did cost: of what was settled nobody needs to know more. */
export function dropCall({ prepared, project }: SpendingRows, call: string): void {
  prepared(DROP).run(call, call, project)
}

/** How a window stands that was booked in. */
export interface BookedRow {
  readonly id: number
  readonly budget: string
  readonly limit_nano: number
  readonly spent_nano: number
  readonly marks: string
  readonly told: number
}

/**
 * Adds to what the windows of a reservation have reserved, and have spent.
 *
 * @param windows as its row has them.
 */
export function book({ prepared }: SpendingRows, windows: string, reservedNano: number, spentNano: number): readonly BookedRow[] {
  const add = prepared<BookedRow>(
    `UPDATE budget_window SET reserved_nano = reserved_nano + ?, spent_nano = spent_nano + ? WHERE id = ?
     RETURNING id, budget, limit_nano, spent_nano, marks, told`,
  )
  return (JSON.parse(windows) as readonly number[]).flatMap(id => add.get(reservedNano, spentNano, id) ?? [])
}
