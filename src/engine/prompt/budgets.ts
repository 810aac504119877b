import type { Closure } from '../../artifact/closure.ts'
import type { BudgetTarget } from '../../gateway/call.ts'
import { tierOf } from './target.ts'

/**
 * The budgets that hold a run now: those that its environment has published, whatever the run is pinned to (RUN-3, BUD-7).
 *
 * @throws OperationError `budget/unavailable`: what cannot be read refuses.
 */
export type BudgetReader = (run: BudgetedRun, closure: Closure) => Promise<readonly BudgetTarget[]>

export interface BudgetedRun {
  readonly environment: string
  /** 0: the working copy. */
  readonly release: number
}

/** Without a reader the budgets are those of the closure. */
export async function budgetsOf(reader: BudgetReader | undefined, run: BudgetedRun, closure: Closure): Promise<readonly BudgetTarget[]> {
  return reader ? reader(run, closure) : budgetTargets(closure)
}

/**
 * All budgets of a closure, in the order of their addresses, each with the model that takes over.
 *
 * @throws OperationError `run/unresolved`
 */
export function budgetTargets(closure: Closure): readonly BudgetTarget[] {
  return [...closure.members]
    .flatMap(([address, { artifact }]): readonly BudgetTarget[] => {
      if (artifact.kind !== 'budget') return []
      const { spec } = artifact
      return [{ address, spec, ...(spec.degrade_to && { degradeTo: tierOf(closure, spec.degrade_to) }) }]
    })
    .sort((a, b) => (a.address < b.address ? -1 : 1))
}
