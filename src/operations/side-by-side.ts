import type { VariableDeclaration } from '../config/blocks/variable.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { mergeDiagnostics } from '../diagnostics/merge.ts'
import type { Plan } from '../plan/plan.ts'
import { type PlanOptions, plan } from './plan.ts'
import type { OperationHost } from './project.ts'

export type SideBySideResult =
  | {
      readonly outcome: 'planned'
      /** One for each environment, in the order asked for. */
      readonly plans: readonly Plan[]
      /** Of all of them, each once. */
      readonly warnings: readonly Diagnostic[]
    }
  | { readonly outcome: 'ask'; readonly missing: readonly VariableDeclaration[] }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/** Plans several environments, each as it would be planned alone; one that cannot be planned does not keep the others' mistakes hidden. */
export async function planSideBySide(
  host: OperationHost,
  environments: readonly string[],
  options: Omit<PlanOptions, 'environment' | 'generate'>,
): Promise<SideBySideResult> {
  const plans: Plan[] = []
  const told: (readonly Diagnostic[])[] = []
  let isInvalid = false
  for (const environment of new Set(environments)) {
    const result = await plan(host, { ...options, environment })
    if (result.outcome === 'ask') return result
    if (result.outcome === 'planned') plans.push(result.plan)
    else isInvalid = true
    told.push(result.outcome === 'planned' ? result.plan.warnings : result.diagnostics)
  }
  const diagnostics = mergeDiagnostics(told)
  return isInvalid ? { outcome: 'invalid', diagnostics } : { outcome: 'planned', plans, warnings: diagnostics }
}
