import { randomUUID } from 'node:crypto'
import type { Scope } from '../../registry/sqlite/pointers.ts'
import { holdLease } from '../held-lock.ts'
import { LEASE_MS, type Lease, type LockHolder, type LockOutcome } from '../lock.ts'
import { isDeadNeighbour } from '../process.ts'

const CURRENT = `
SELECT id, environment, user, host, pid, boot_id AS bootId, operation, flowrun_version AS flowrunVersion, since AS sinceMs, renewed_at AS renewedAtMs
FROM state_lock WHERE project = ? AND environment = ?`
const TAKE = `
INSERT OR REPLACE INTO state_lock(project, environment, id, user, host, pid, boot_id, operation, flowrun_version, since, renewed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
const RENEW = 'UPDATE state_lock SET renewed_at = ? WHERE project = ? AND environment = ? AND id = ?'
const GIVE_UP = 'DELETE FROM state_lock WHERE project = ? AND environment = ? AND id = ?'

export function lockOf({ store, project, environment }: Scope): Lease | undefined {
  return store.prepared<Lease>(CURRENT).get(project, environment)
}

/** Takes the lease, from a dead or expired holder too, or tells who has it (LOCK-3, LOCK-4). */
export async function takeLock(scope: Scope, holder: LockHolder): Promise<LockOutcome> {
  const { store, project, environment } = scope
  const id = randomUUID()
  const found = await store.write(() => {
    const current = lockOf(scope)
    const now = store.clock.now()
    if (current && now - current.renewedAtMs < LEASE_MS && !isDeadNeighbour(current, holder)) return { by: current }
    const { user, host, pid, bootId, operation, flowrunVersion } = holder
    store.prepared(TAKE).run(project, environment, id, user, host, pid, bootId, operation, flowrunVersion, now, now)
    return { tookOver: current }
  })
  if (found.by) return { outcome: 'held', by: found.by }
  const lock = holdLease(id, {
    renew: async () => (await store.write(() => store.prepared(RENEW).run(store.clock.now(), project, environment, id))).changes > 0,
    giveUp: () => store.write(() => giveUpLock(scope, id)),
  })
  return { outcome: 'locked', lock, ...(found.tookOver && { tookOver: found.tookOver }) }
}

/** @returns false when there is no lock of this id. */
export function giveUpLock({ store, project, environment }: Scope, id: string): boolean {
  return store.prepared(GIVE_UP).run(project, environment, id).changes > 0
}
