import { OperationError } from '../../diagnostics/operation-error.ts'
import { NodeFailure } from './behaviour.ts'
import type { StepError } from './command.ts'

/** What went wrong while a node was evaluated, as a record keeps it; a mistake of our own is thrown on. */
export function stepErrorOf(thrown: unknown): StepError {
  if (thrown instanceof NodeFailure) return { code: thrown.code, message: thrown.message, retryable: false }
  if (thrown instanceof OperationError) return { code: thrown.code, message: sentenceOf(thrown), retryable: thrown.retryable }
  // Text that is not well-formed, or nesting that is too deep, in what a step gave.
  if (thrown instanceof RangeError) return { code: 'run/expression-failed', message: thrown.message, retryable: false }
  throw thrown
}

/** `An expression has no value for this input: input.a / 0: This divides by zero` */
function sentenceOf({ diagnostic: { summary, notes = [], detail } }: OperationError): string {
  const what = [summary, ...notes].join(': ')
  return detail === undefined ? what : `${what}. ${detail}`
}
