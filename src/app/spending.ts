import { join, resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { UlidSource } from '../base/ids.ts'
import { lazy } from '../base/lazy.ts'
import { flowrunVersion } from '../base/version.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { Spending } from '../gateway/ledger/spending.ts'
import type { SpendingStore } from '../gateway/ledger/sqlite/store.ts'
import { createUsageLog } from '../gateway/ledger/usage-log.ts'
import { systemTimers } from '../gateway/timers.ts'

/** Where the spending of a project is kept. */
export interface SpendingPlace {
  /** The folder of the project, absolute. */
  readonly root: string
  /** `.flowrun`, or what FLOWRUN_DATA_DIR says. */
  readonly dataDirectory: string
  readonly project: string
  readonly clock: Clock
}

/** @throws OperationError `registry/…`, `state/network-file-system`. */
export async function openSpending({ root, dataDirectory, project, clock }: SpendingPlace, mode: 'read' | 'write'): Promise<SpendingStore> {
  const [{ openSpendingStore }, { engineSchema: schema }] = await Promise.all([
    import('../gateway/ledger/sqlite/store.ts'),
    import('../engine/durable/sqlite/schema.ts'),
  ])
  const name = join(dataDirectory, 'engine.db')
  return openSpendingStore({ file: resolve(root, name), name, project, mode, clock, flowrunVersion, schema })
}

export interface OpenSpending extends Spending {
  /** Writes what is left. */
  close(): Promise<void>
}

/**
 * The file is opened by the first record or reservation, and not before.
 *
 * @param onWarning told once where usage cannot be kept.
 */
export function createSpending(place: SpendingPlace, newId: UlidSource, onWarning: (text: string) => void): OpenSpending {
  const store = lazy(() => openSpending(place, 'write'))
  const usage = createUsageLog({
    write: async records => (await store.get()).write(records),
    timers: systemTimers,
    // Whatever it is, the answer is worth more than its record.
    onFailure: error =>
      onWarning(`What calls cost is not kept. ${error instanceof OperationError ? error.diagnostic.summary : String(error)}`),
  })
  return {
    newId,
    usage,
    ledger: {
      reserve: async (reservation, before) => (await store.get()).ledger.reserve(reservation, before),
      settle: async (id, settlement) => (await store.get()).ledger.settle(id, settlement),
      settleRun: async run => (await store.get()).ledger.settleRun(run),
      standing: async counter => (await store.get()).ledger.standing(counter),
      windows: async environment => (await store.get()).ledger.windows(environment),
    },
    async close() {
      await usage.flush()
      store.end(opened => opened.close())
    },
  }
}
