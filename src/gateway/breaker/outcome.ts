import { CallFailure, type FailureDetails } from '../failure.ts'
import type { Outcome } from './breaker.ts'

/** What a failed attempt says about its provider (BRK-1). */
export function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof CallFailure)) return { type: 'unclear' }
  const { details } = error
  return isOutage(details) ? { type: 'failed', seen: seenIn(details) } : { type: 'unclear' }
}

/** Time limits, broken connections, 5xx and overload; a 429 that does not say when to come again is an overload too. */
function isOutage({ class: failureClass, status = 0, retryAfterMs }: FailureDetails): boolean {
  switch (failureClass) {
    case 'timeout':
    case 'network':
    case 'overloaded':
    case 'server_error':
      return true
    case 'rate_limited':
      return retryAfterMs === undefined
    default:
      return status >= 500
  }
}

function seenIn({ class: failureClass, status, providerCode }: FailureDetails): string {
  if (status !== undefined) return String(status)
  return failureClass === 'network' && providerCode !== undefined ? providerCode : failureClass
}
