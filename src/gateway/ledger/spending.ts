import type { UlidSource } from '../../base/ids.ts'
import type { SpendingLedger } from './ledger.ts'
import type { UsageLog } from './usage.ts'

/** Where a process keeps what its calls spend. */
export interface Spending {
  readonly ledger: SpendingLedger
  readonly usage: UsageLog
  /** Ids of calls and attempts. */
  readonly newId: UlidSource
}
