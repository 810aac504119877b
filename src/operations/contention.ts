import { OperationError } from '../diagnostics/operation-error.ts'

/** Plans made again after the base moved, before it is given up (REL-5). */
export const MAX_ATTEMPTS = 5

/** What was approved beforehand is not approved for another plan (REL-5). */
export function movedMeanwhile(environment: string): OperationError {
  return new OperationError({
    code: 'apply/moved',
    summary: `${environment} has moved, and the plan is another one now`,
    detail: 'What was approved beforehand is not what would happen. Read the plan, and run the command again. Nothing was changed.',
  })
}

/** @param kind of the release that was tried: `apply`. */
export function contended(environment: string, kind: string): OperationError {
  return new OperationError(
    {
      code: 'apply/contended',
      summary: `${environment} moved ${MAX_ATTEMPTS} times while this ${kind} tried`,
      detail: 'Others release to it faster than this plan can be made again. Try again in a while. Nothing was changed.',
    },
    { retryable: true },
  )
}
