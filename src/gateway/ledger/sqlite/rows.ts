import type { SqliteStore } from '../../../sqlite/database.ts'

/** The project whose money it is, on a connection in a transaction of the caller's. */
export interface SpendingRows extends Pick<SqliteStore, 'prepared' | 'clock'> {
  readonly project: string
}
