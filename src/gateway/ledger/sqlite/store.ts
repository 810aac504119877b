import type { Clock } from '../../../base/clock.ts'
import { openDatabase, type SqliteStore } from '../../../sqlite/database.ts'
import type { Schema } from '../../../sqlite/format.ts'
import type { SpendingLedger } from '../ledger.ts'
import type { UsageRecord, UsageReport } from '../usage.ts'
import { reserveIn, type SpendingRows, settleDead, settleIn, settleRunIn, standingIn, windowsIn } from './reservations.ts'
import { purgeDaily } from './retention.ts'
import { SPENDING_TABLES } from './schema.ts'
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
  /** How long a locked file is waited for. */
  readonly busyWaitMs?: number
}

/** Budgets and usage of a project in one SQLite file. */
export interface SpendingStore extends UsageReport {
  readonly ledger: SpendingLedger
  /** Keeps the records, all or none. */
  write(records: readonly UsageRecord[]): Promise<void>
  close(): void
}

const engineSchema: Schema = {
  format: 1,
  tables: SPENDING_TABLES,
  ifLost: 'budgets start over, and costs so far are lost with it',
  facts: () => ({}),
}

/**
 * Opens `.flowrun/engine.db`. better-sqlite3 is loaded here and not before.
 *
 * @throws OperationError `registry/…`, `state/network-file-system`.
 */
export async function openSpendingStore({ project, ...options }: SpendingStoreOptions): Promise<SpendingStore> {
  const store = await openDatabase({ ...options, schema: engineSchema })
  const rows: SpendingRows = { prepared: store.prepared, clock: options.clock, project }
  const write = groupWrites(store)
  return {
    ledger: {
      reserve: reservation => write(() => reserveIn(rows, reservation)),
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
    sums: (query, by) => store.read(() => sumUsage(rows, query, by)),
    unpricedModels: query => store.read(() => unpricedModels(rows, query)),
    estimated: query => store.read(() => estimatedUsage(rows, query)),
    close: store.close,
  }
}

interface QueuedWrite {
  /** Gives back how to settle the promise: outcomes are told after the commit alone. */
  readonly work: () => () => void
  readonly fail: (error: unknown) => void
}

/**
 * Writes of one turn of the event loop are committed together: an fsync each would hold 64 calls to some hundred a second.
 * Each piece of work leaves nothing behind where it refuses; one that throws fails all of its turn.
 */
function groupWrites(store: SqliteStore): <T>(work: () => T) => Promise<T> {
  let queue: QueuedWrite[] = []
  let isFlushing = false
  const flush = async () => {
    while (queue.length > 0) {
      const batch = queue
      queue = []
      try {
        for (const settle of await store.write(() => batch.map(({ work }) => work()))) settle()
      } catch (error) {
        for (const { fail } of batch) fail(error)
      }
    }
    isFlushing = false
  }
  return <T>(work: () => T) =>
    new Promise<T>((resolve, reject) => {
      queue.push({
        work: () => {
          const value = work()
          return () => resolve(value)
        },
        fail: reject,
      })
      if (isFlushing) return
      isFlushing = true
      setImmediate(() => void flush())
    })
}
