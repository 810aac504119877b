import { enumerate } from '../base/enumerate.ts'
import type { Report } from '../diagnostics/report.ts'
import type { TraversalExpression } from '../hcl/ast.ts'
import type { Resolution } from '../hcl/scope.ts'
import { INVALID } from '../hcl/value.ts'

/** Names that a message lists in full. */
export const NAMES_LISTED = 12
/** Errors after which a name is no longer compared with all others: nobody reads so many, and 5,000 of 5,000 would take minutes. */
const ERRORS_EXPLAINED = 100

/** Reports `config/unknown-reference`, and answers for the whole traversal. */
export function unknownName(
  traversal: TraversalExpression,
  report: Report,
  explain: () => { readonly summary: string; readonly detail?: string; readonly suggestions?: readonly string[] },
): Resolution {
  const message =
    report.errorCount < ERRORS_EXPLAINED ? explain() : { summary: `There is no ${[traversal.root, traversal.steps[0]?.key].join('.')}` }
  report.error({ code: 'config/unknown-reference', subject: traversal.range, ...message })
  return { value: INVALID, steps: traversal.steps.length }
}

/** `The models here are model.a and model.b.` */
export function listed(kind: string, labels: readonly string[], prefix: string): string {
  const addresses = labels.map(label => `${prefix}.${label}`).sort()
  if (addresses.length > NAMES_LISTED) return `There are ${addresses.length} ${kind}s here.`
  return addresses.length === 1 ? `The only ${kind} here is ${addresses[0]}.` : `The ${kind}s here are ${enumerate(addresses, 'and')}.`
}
