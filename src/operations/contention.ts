import { OperationError } from '../diagnostics/operation-error.ts'
import type { OperationHost } from './project.ts'

/** Attempts at a release whose base moves, before it is given up (REL-5). */
export const MAX_ATTEMPTS = 5
/** An apply of a thousand blocks holds the environment for less than this. */
const FIRST_PAUSE_MS = 200

/**
 * Waits before the next attempt, with full jitter over a doubling bound: those who met once do not meet again in step.
 *
 * @returns false when the wait was interrupted.
 */
export async function pauseBeforeAttempt(
  { sleep, random }: Pick<OperationHost, 'sleep' | 'random'>,
  attempt: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const boundMs = FIRST_PAUSE_MS * 2 ** (attempt - 2)
  try {
    await sleep(random() * boundMs, signal)
  } catch (error) {
    if (!signal?.aborted) throw error
  }
  return !signal?.aborted
}

/** What was approved beforehand does not cover this (REL-5). */
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
