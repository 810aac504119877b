import type { StateBackend } from '../state/backend.ts'
import type { Lock } from '../state/lock.ts'
import { acquireLock, holding } from '../state/locking.ts'
import { thisHolder } from '../state/process.ts'
import type { OperationHost } from './project.ts'

export interface LockOptions {
  /** `-lock-timeout`. */
  readonly lockTimeoutMs: number
  readonly signal?: AbortSignal
  onWaitingForLock(by: Lock): void
  onTookOver(from: Lock): void
}

/**
 * Works while holding the environment's lock.
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
  return await holding(lock, work)
}
