import type { Clock } from '../base/clock.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { StateBackend } from './backend.ts'
import { onEnvironment } from './environment-hint.ts'
import { type HeldLock, LEASE_MS, type Lock, type LockHolder, type LockOutcome } from './lock.ts'

const FIRST_POLL_MS = 1000
const LONGEST_POLL_MS = 16_000

export interface LockRequest {
  readonly backend: StateBackend
  readonly environment: string
  readonly holder: LockHolder
  /** `-lock-timeout`; 0 asks once. */
  readonly timeoutMs: number
  readonly clock: Clock
  /** Called once, before the first wait, with who has it (LOCK-6). */
  readonly onWaiting: (by: Lock) => void
  /** Ends the wait: the command was interrupted. */
  readonly signal?: AbortSignal
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/**
 * Takes the lock, waiting for its holder: polls after 1 s, doubling to 16 s.
 *
 * @throws OperationError `state/locked` when the time is over.
 */
export async function acquireLock(request: LockRequest): Promise<Extract<LockOutcome, { outcome: 'locked' }>> {
  const { backend, environment, holder, timeoutMs, clock, onWaiting, signal, sleep } = request
  const deadline = clock.monotonic() + timeoutMs
  for (let pollMs = FIRST_POLL_MS, waited = false; ; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS), waited = true) {
    const answer = await backend.lock(environment, holder)
    if (answer.outcome === 'locked') return answer
    const leftMs = deadline - clock.monotonic()
    if (leftMs <= 0) throw lockedState(answer.by, clock.now())
    if (!waited) onWaiting(answer.by)
    await sleep(Math.min(pollMs, leftMs), signal)
  }
}

/**
 * Works while the lock is held, then gives it back.
 *
 * @param onNotGivenBack what the work came to stands all the same, unless this throws. What it failed by is told alone.
 */
export async function holding<T>(lock: HeldLock, work: () => Promise<T>, onNotGivenBack: (error: unknown) => void): Promise<T> {
  let result: T
  try {
    result = await work()
  } catch (error) {
    await lock.release().catch(() => {})
    throw error
  }
  await lock.release().catch(onNotGivenBack)
  return result
}

/** The lock is another's: who has it, since when, and what to do (cli.md 3.14). */
export function lockedState(lock: Lock, now: number): OperationError {
  const { id, user, host, pid, operation, sinceMs, renewedAtMs, environment } = lock
  const aliveMs = now - (renewedAtMs ?? Number.NEGATIVE_INFINITY)
  const alive = aliveMs < LEASE_MS ? `, alive ${secondsAgo(aliveMs)}` : ''
  const process = pid > 0 ? `, process ${pid}` : ''
  const since = `${new Date(sinceMs).toISOString().replace('T', ' ').slice(0, 19)}Z`
  return new OperationError(
    {
      code: 'state/locked',
      summary: `The state of ${environment} is locked`,
      detail: [
        `lock       ${id}`,
        `holder     ${user}@${host}${process}${alive}`,
        `operation  ${operation}`,
        `since      ${since} (${secondsAgo(now - sinceMs)})`,
        '',
        `Wait for it, or ask ${user}. Only if the holder is gone:`,
        `  flowrun force-unlock${onEnvironment(environment)} ${id}`,
        'Nothing was changed.',
      ].join('\n'),
    },
    { retryable: true },
  )
}

function secondsAgo(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s ago`
}
