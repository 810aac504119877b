import { crashPoint } from '../base/crash-point.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { StateBackend } from '../state/backend.ts'
import type { Lock } from '../state/lock.ts'
import { acquireLock, holding } from '../state/locking.ts'
import { thisHolder } from '../state/process.ts'
import type { OperationHost } from './project.ts'

export interface LockOptions {
  /** `-lock-timeout`. */
  readonly lockTimeoutMs: number
  /** `-lock=false`: none is taken. The release is a compare-and-swap all the same (LOCK-1). */
  readonly lock?: boolean
  readonly signal?: AbortSignal
  onWaitingForLock(by: Lock): void
  onTookOver(from: Lock): void
  /** The work is done, and its result follows: the lock alone could not be given back. */
  onStillLocked(error: OperationError): void
}

/**
 * Steps A1 and A6 around the work: takes the environment's lock, and gives it back.
 *
 * @param operation as a person would type it: `state mv prompt.a prompt.b`.
 * @throws OperationError `state/locked`.
 */
export async function locked<T>(
  host: OperationHost,
  { backend, environment, operation }: { readonly backend: StateBackend; readonly environment: string; readonly operation: string },
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  if (options.lock === false) return await work()
  const { lock, tookOver } = await acquireLock({
    backend,
    environment,
    holder: thisHolder(operation, host.flowrunVersion, host.clock),
    timeoutMs: options.lockTimeoutMs,
    clock: host.clock,
    onWaiting: options.onWaitingForLock,
    ...(options.signal ? { signal: options.signal } : {}),
    sleep: host.sleep,
  })
  if (tookOver) options.onTookOver(tookOver)
  crashPoint('A1-locked')
  const result = await holding(lock, work, error => {
    if (!(error instanceof OperationError)) throw error
    options.onStillLocked(error)
  })
  crashPoint('A6-unlocked')
  return result
}
