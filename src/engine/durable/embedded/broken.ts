import { SUPPORTED_SEMANTICS } from '../../interpreter/semantics.ts'
import type { PauseReason, RunRecord } from '../record-store.ts'

/** Why a run is paused that began with other semantics than are replayed here (VER-4); undefined: it began with these. */
export function unsupportedOf({ interpreter }: Pick<RunRecord, 'interpreter'>): PauseReason | undefined {
  if (SUPPORTED_SEMANTICS.has(interpreter)) return undefined
  const message = `It began with semantics ${interpreter} of the interpreter, and this flowrun replays ${[...SUPPORTED_SEMANTICS].join(', ')}`
  return { code: 'interpreter/unsupported', message, retryable: false }
}

/** Why a run is paused that a bug of ours has stopped: it is kept for a flowrun that can go on with it. */
export function brokenOf(error: unknown): PauseReason {
  return { code: 'run/interpreter-failed', message: error instanceof Error ? error.message : String(error), retryable: false }
}
