import type { CallHistory } from './call.ts'

/** Requests of one call, whatever its retries, repairs, fallbacks and tiers multiply to (STEP-6). */
export const MAX_ATTEMPTS = 12
/** All waits of one call between its attempts: whoever can wait longer tries again later, and holds nothing meanwhile. */
const MAX_WAITED_MS = 60_000

/** The call may send nothing more. */
export function isUsedUp({ attempts }: Pick<CallHistory, 'attempts'>): boolean {
  return attempts.length >= MAX_ATTEMPTS
}

/** It has waited for so long that another wait would be too much. */
export function isTooLong({ attempts }: Pick<CallHistory, 'attempts'>, delayMs: number): boolean {
  return attempts.reduce((sum, { waitedMs }) => sum + waitedMs, delayMs) > MAX_WAITED_MS
}
