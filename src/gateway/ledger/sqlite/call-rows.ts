import type { SpendingRows } from './rows.ts'

/** The usage record that a reservation belongs to: the part of its id before the number of the attempt. */
export function callOf(reservation: string): string {
  return reservation.slice(0, reservation.lastIndexOf('.'))
}

/** Reservations of a call are neighbours in the table: `.` and what follows it stand before `/`. */
export const OF_CALL = `id > ? || '.' AND id < ? || '/'`

/** Something was written for it by others: nothing is left to write when its process dies. */
export function closeCall({ prepared, project }: SpendingRows, call: string): void {
  prepared(`UPDATE reservation SET recorded = 1 WHERE ${OF_CALL} AND project = ? AND state <> 'open'`).run(call, call, project)
}

/** Its own record is kept: of what it has reserved nobody needs to know more, but where a cost is a guess that may be corrected. */
export function endCall(rows: SpendingRows, call: string): void {
  const ended = rows
    .prepared(
      `DELETE FROM reservation WHERE ${OF_CALL} AND project = ? AND state <> 'open'
       AND NOT EXISTS (SELECT 1 FROM reservation WHERE ${OF_CALL} AND estimated = 1)`,
    )
    .run(call, call, rows.project, call, call)
  if (ended.changes === 0) closeCall(rows, call)
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
