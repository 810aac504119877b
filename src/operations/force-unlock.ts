import { userName } from '../base/user.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { LEASE_MS, type Lock } from '../state/lock.ts'
import { isDeadNeighbour, thisHolder } from '../state/process.ts'
import { type Deployed, withStores } from './deployed.ts'
import type { OperationHost, ProjectOptions } from './project.ts'

/** A lock that a person wants to remove, with what is known of its holder. */
export interface FoundLock {
  readonly lock: Lock
  /** `gone`: a process of this host that has ended. `silent`: it has not renewed its lease in time. */
  readonly holder: 'gone' | 'silent' | 'alive' | 'unknown'
}

export interface ForceUnlockOptions extends ProjectOptions {
  readonly id: string
  /** Shows the holder and asks. */
  approve(found: FoundLock): Promise<boolean>
}

export type ForceUnlockResult = { readonly outcome: 'removed' | 'declined'; readonly lock: Lock }

/**
 * Removes the lock with this id, whoever holds it; audited (AUD-2).
 *
 * @throws OperationError `state/not-locked`, `state/unknown-lock`.
 */
export function forceUnlock(host: OperationHost, options: ForceUnlockOptions): Promise<Deployed<ForceUnlockResult>> {
  return withStores(host, options, 'write', async ({ registry, backend }, project): Promise<ForceUnlockResult> => {
    const environment = project.environment.name
    const { id } = options
    const lock = await backend.currentLock(environment)
    if (lock === undefined) throw notLocked(environment, id)
    if (lock.id !== id) throw unknownLock(environment, id, lock)
    if (!(await options.approve({ lock, holder: holderOf(lock, host) }))) return { outcome: 'declined', lock }
    const { user, host: machine, pid, operation } = lock
    const detail = { id, holder: `${user}@${machine}`, process: pid, operation, since: new Date(lock.sinceMs).toISOString() }
    // The row comes first: after a kill it may say more than was done, and never less (AUD-2).
    await registry.record({ actor: userName(), action: 'state.unlock', subject: environment, reason: `force-unlock ${id}`, detail })
    if (!(await backend.forceUnlock(environment, id))) throw notLocked(environment, id)
    return { outcome: 'removed', lock }
  })
}

function holderOf(lock: Lock, host: OperationHost): FoundLock['holder'] {
  const self = thisHolder('force-unlock', host.flowrunVersion, host.clock)
  if (isDeadNeighbour(lock, self)) return 'gone'
  if (lock.host === self.host && lock.bootId === self.bootId) return 'alive'
  // Where locks are no leases, nothing is ever heard of a holder.
  if (lock.renewedAtMs === undefined) return 'unknown'
  return host.clock.now() - lock.renewedAtMs < LEASE_MS ? 'alive' : 'silent'
}

function notLocked(environment: string, id: string): OperationError {
  return new OperationError({
    code: 'state/not-locked',
    summary: `The state of ${environment} is not locked`,
    detail: `There is no lock ${id} any more: its holder has ended, or it was of another environment. Nothing was changed.`,
  })
}

function unknownLock(environment: string, id: string, lock: Lock): OperationError {
  return new OperationError({
    code: 'state/unknown-lock',
    summary: `The lock of ${environment} is another one`,
    detail: [
      `wanted     ${id}`,
      `lock       ${lock.id}`,
      `holder     ${lock.user}@${lock.host}${lock.pid > 0 ? `, process ${lock.pid}` : ''}`,
      `operation  ${lock.operation}`,
      '',
      'Look whether this holder is gone before you name its id. Nothing was changed.',
    ].join('\n'),
  })
}
