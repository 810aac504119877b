import { CallFailure } from '../../gateway/failure.ts'
import type { PauseReason } from '../durable/record-store.ts'

/** Why a run is paused whose call a budget did not pay, of those that pause (BUD-8); undefined: something else went wrong. */
export function budgetPause(error: unknown): PauseReason | undefined {
  if (!(error instanceof CallFailure) || error.details.waitsFor === undefined) return undefined
  const { message, waitsFor } = error.details
  return { code: 'budget/exhausted', message, retryable: false, waitsFor }
}
