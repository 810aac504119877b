import type { BudgetScope } from '../../../gateway/call.ts'
import type { RecordStore, RunRecord } from '../record-store.ts'

/**
 * A run is in the budgets of the run that began it, and of those before it (RUN-6).
 *
 * @returns undefined: nobody began it but a person, or it goes on by itself.
 */
export async function budgetScope({ flow, parent }: RunRecord, store: Pick<RecordStore, 'getRun'>): Promise<BudgetScope | undefined> {
  const flows = [flow]
  let root: string | undefined
  // Sub-flows are 16 deep at most (RUN-8), so this ends.
  for (let next = parent; next !== undefined; ) {
    const before: RunRecord | undefined = await store.getRun(next.run)
    root = next.run
    if (before === undefined) break
    flows.unshift(before.flow)
    next = before.parent
  }
  return root === undefined ? undefined : { run: root, flows }
}
