import type { Closure } from '../../artifact/closure.ts'
import type { BudgetTarget } from '../../gateway/call.ts'
import { tierOf } from './target.ts'

/**
 * All budgets of an environment, in the order of their addresses, each with the model that takes over.
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
