import type { BudgetWarning } from '../../call.ts'
import type { Spent } from '../bill.ts'
import { settleIn } from './reservations.ts'
import type { SpendingRows } from './rows.ts'
import { writeUsage } from './usage-rows.ts'

/** Settles what calls have spent, and keeps their records: in the transaction of their step (BUD-4). @returns marks that were passed. */
export function spendIn(rows: SpendingRows, { settlements, records, warnings }: Spent): readonly BudgetWarning[] {
  const passed = settlements.flatMap(({ id, settlement }) => settleIn(rows, id, settlement))
  for (const record of records) writeUsage(rows, record)
  return [...warnings, ...passed]
}
