import type { PauseReason } from '../record-store.ts'

/** Why a run is paused that a bug of ours has stopped: it is kept for a flowrun that can go on with it. */
export function brokenOf(error: unknown): PauseReason {
  return { code: 'run/interpreter-failed', message: error instanceof Error ? error.message : String(error), retryable: false }
}
