import type { Clock } from '../../../base/clock.ts'
import { openDatabase } from '../../../sqlite/database.ts'
import type { Schema } from '../../../sqlite/format.ts'
import type { Correction, CorrectionOutcome } from '../correction.ts'
import type { SpendingLedger } from '../ledger.ts'
import type { UsageRecord, UsageReport } from '../usage.ts'
import { correctIn } from './correction.ts'
import { settleDead, settleRunIn } from './lost.ts'
import { reserveIn, settleIn, standingIn, windowsIn } from './reservations.ts'
import { purgeDaily } from './retention.ts'
import type { SpendingRows } from './rows.ts'
import { estimatedUsage, sumUsage, unpricedModels, writeUsage } from './usage-rows.ts'

export interface SpendingStoreOptions {
  /** `engine.db`, absolute. */
  readonly file: string
  /** As a person would name the file: `.flowrun/engine.db`. */
  readonly name: string
  readonly project: string
  /** `read` leaves no trace: without a file nothing was spent. */
  readonly mode: 'read' | 'write'
  readonly clock: Clock
  readonly flowrunVersion: string
  /** Of the file, which holds `SPENDING_TABLES` among others. */
  readonly schema: Schema
  /** How long a locked file is waited for. */
  readonly busyWaitMs?: number
}

/** Budgets and usage of a project in one SQLite file. */
export interface SpendingStore extends UsageReport {
  readonly ledger: SpendingLedger
  /** Keeps the records, all or none. */
  write(records: readonly UsageRecord[]): Promise<void>
  /** Replaces an estimate; whoever calls it has written to the audit log who did (BUD-5). */
  correct(correction: Correction): Promise<CorrectionOutcome>
  close(): void
}

/**
 * Opens `.flowrun/engine.db`. better-sqlite3 is loaded here and not before.
 *
 * @throws OperationError `registry/…`, `state/network-file-system`.
 */
export async function openSpendingStore({ project, ...options }: SpendingStoreOptions): Promise<SpendingStore> {
  // A loss of power may forget the last moments of counting, and never gives back what was counted; a flush for each
  // reservation would hold all calls of a process to some thousand a second.
  const store = await openDatabase({ ...options, durability: 'process' })
  const rows: SpendingRows = { prepared: store.prepared, clock: options.clock, project }
  const write = store.writeGrouped
  return {
    ledger: {
      reserve: (reservation, before) => write(() => reserveIn(rows, reservation, before)),
      settle: (id, settlement) => write(() => settleIn(rows, id, settlement)),
      settleRun: run => write(() => settleRunIn(rows, run)),
      standing: counter => store.read(() => standingIn(rows, counter)),
      windows: environment => store.read(() => windowsIn(rows, environment)),
    },
    write: records =>
      write(() => {
        purgeDaily(rows)
        settleDead(rows)
        for (const record of records) writeUsage(rows, record)
      }),
    correct: correction => store.write(() => correctIn(rows, correction)),
    sums: (query, by) => store.read(() => sumUsage(rows, query, by)),
    unpricedModels: query => store.read(() => unpricedModels(rows, query)),
    estimated: query => store.read(() => estimatedUsage(rows, query)),
    close: store.close,
  }
}
