import type { OperationError } from '../../diagnostics/operation-error.ts'
import type { StepError } from '../interpreter/command.ts'

/** A failure as a step keeps it: one sentence, without the notes that belong to the terminal of a run that is watched. */
export function failedStep({ code, diagnostic, retryable }: OperationError): StepError {
  return { code, message: diagnostic.summary, retryable }
}
