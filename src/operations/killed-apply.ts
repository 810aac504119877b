import type { Lock, LockHolder } from '../state/lock.ts'
import { isDeadNeighbour } from '../state/process.ts'
import type { Stores } from './stores.ts'

/** An apply or a destroy of this host that is gone and left its lock; the next apply takes it over. */
export interface KilledApply {
  readonly lock: Lock
  /** The release that it had made; undefined: it was killed before its transaction. */
  readonly release: number | undefined
  /** The environment's release now. */
  readonly head: number
}

export async function findKilledApply(
  { registry, backend }: Stores,
  environment: string,
  self: LockHolder,
): Promise<KilledApply | undefined> {
  if (backend.locksAreOpaque) return undefined
  const lock = await backend.currentLock(environment)
  if (lock === undefined || !['apply', 'destroy'].includes(lock.operation) || !isDeadNeighbour(lock, self)) return undefined
  const [last] = await registry.releases(environment, 1)
  const isItsOwn = last !== undefined && !['rollback', 'promote'].includes(last.kind) && last.createdAtMs >= lock.sinceMs
  return { lock, release: isItsOwn ? last.number : undefined, head: last?.number ?? 0 }
}
