import type { DiagnosticInput } from '../../diagnostics/diagnostic.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { CallHistory } from '../../gateway/call.ts'
import type { BudgetWait } from '../../gateway/failure.ts'

/** A run of a prompt that gave no answer, with what it took. */
export class PromptFailure extends OperationError {
  readonly spent: PromptSpending
  /** What the model wrote, first answer first, where its answers were refused. */
  readonly texts: readonly string[]
  /** A budget that pauses refused: a run can wait for it. */
  readonly waitsFor: BudgetWait | undefined

  constructor(
    diagnostic: DiagnosticInput,
    spent: PromptSpending,
    { texts, retryable, waitsFor }: { readonly texts: readonly string[]; readonly retryable: boolean; readonly waitsFor?: BudgetWait },
  ) {
    super(diagnostic, { retryable })
    this.name = 'PromptFailure'
    this.spent = spent
    this.texts = texts
    this.waitsFor = waitsFor
  }
}

export interface PromptSpending {
  /** Nano-dollars; null is unknown. */
  readonly costNano: number | null
  readonly latencyMs: number
  readonly history: CallHistory
}
