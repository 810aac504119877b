import type { SpendingRows } from './rows.ts'

/** The usage record that a reservation belongs to: the part of its id before the number of the attempt. */
export function callOf(reservation: string): string {
  return reservation.slice(0, reservation.lastIndexOf('.'))
}

/** Reservations of a call are neighbours in the table: `.` and what follows it stand before `/`. */
export const OF_CALL = `id > ? || '.' AND id < ? || '/'`

/** Its record is kept: nothing is left to write when its process dies. */
export function closeCall({ prepared, project }: SpendingRows, call: string): void {
  prepared(`UPDATE reservation SET recorded = 1 WHERE ${OF_CALL} AND project = ? AND state <> 'open'`).run(call, call, project)
}

/** Adds to what the windows of a reservation have reserved, and have spent. */
export function book({ prepared }: SpendingRows, id: string, reservedNano: number, spentNano: number): void {
  prepared(
    `UPDATE budget_window SET reserved_nano = reserved_nano + ?, spent_nano = spent_nano + ?
     WHERE id IN (SELECT window FROM reservation_window WHERE reservation = ?)`,
  ).run(reservedNano, spentNano, id)
}
