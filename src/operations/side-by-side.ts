import type { VariableDeclaration } from '../config/blocks/variable.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { mergeDiagnostics } from '../diagnostics/merge.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { Plan } from '../plan/plan.ts'
import { type PlanOptions, type PlanResult, plan } from './plan.ts'
import type { OperationHost } from './project.ts'

/** The plans of several environments, in the order asked for. */
export interface SideBySide {
  readonly plans: readonly Plan[]
  /** Environments that could not be planned, which keep nobody from seeing the others. */
  readonly failed: readonly FailedEnvironment[]
}

export interface FailedEnvironment {
  readonly environment: string
  readonly diagnostics: readonly Diagnostic[]
}

export type SideBySideResult =
  | (SideBySide & {
      readonly outcome: 'planned'
      /** Of all of them, each once. */
      readonly warnings: readonly Diagnostic[]
      readonly errors: readonly Diagnostic[]
    })
  | { readonly outcome: 'ask'; readonly missing: readonly VariableDeclaration[] }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/** Plans several environments, each as it would be planned alone. Where none can be planned, the mistakes of all are told. */
export async function planSideBySide(
  host: OperationHost,
  environments: readonly string[],
  options: Omit<PlanOptions, 'environment' | 'generate'>,
): Promise<SideBySideResult> {
  const plans: Plan[] = []
  const failed: FailedEnvironment[] = []
  for (const environment of new Set(environments)) {
    const result = await planOrFailure(host, { ...options, environment })
    if (result.outcome === 'ask') return result
    if (result.outcome === 'planned') plans.push(result.plan)
    else failed.push({ environment, diagnostics: result.diagnostics })
  }
  const told = mergeDiagnostics([...plans.map(({ warnings }) => warnings), ...failed.map(({ diagnostics }) => diagnostics)])
  if (plans.length === 0) return { outcome: 'invalid', diagnostics: told }
  const isError = ({ severity }: Diagnostic) => severity === 'error'
  return { outcome: 'planned', plans, failed, warnings: told.filter(item => !isError(item)), errors: told.filter(isError) }
}

/** A store that cannot be reached is one environment's. */
async function planOrFailure(host: OperationHost, options: PlanOptions): Promise<PlanResult> {
  try {
    return await plan(host, options)
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    return { outcome: 'invalid', diagnostics: [error.diagnostic] }
  }
}
