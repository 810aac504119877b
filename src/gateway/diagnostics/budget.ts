import type { DiagnosticInput } from '../../diagnostics/diagnostic.ts'
import type { ModelTarget } from '../call.ts'
import type { FailureDetails } from '../failure.ts'

/** What a person is told where a budget refused a call; undefined where something else did. */
export function budgetDiagnostic(
  { class: failureClass, refusedBy: budget, message, notes, cure = [] }: FailureDetails,
  target: ModelTarget,
): DiagnosticInput | undefined {
  if (budget === undefined) return undefined
  const place = { address: budget, ...(notes && { notes }) }
  switch (failureClass) {
    case 'budget_exhausted':
      return { code: 'budget/exhausted', summary: message, ...place, detail: cure.join('\n') }
    case 'budget_unavailable':
      return { code: 'budget/unavailable', summary: message, ...place, detail: cure.join('\n') }
    case 'unknown_price':
      if (!budget.includes('budget.')) return undefined
      return {
        code: 'budget/unknown-price',
        summary: `The price of ${target.address} is unknown, and ${budget} limits it`,
        ...place,
        detail:
          'A limit that cannot be checked refuses. Write the price into the model, or let such calls pass uncounted: unknown_price = "ignore". The call was not made.',
      }
    default:
      return undefined
  }
}
