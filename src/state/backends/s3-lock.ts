import { randomUUID } from 'node:crypto'
import type { Bucket } from '../../aws/bucket.ts'
import type { Clock } from '../../base/clock.ts'
import { heldLock } from '../held-lock.ts'
import type { HeldLock, Lock, LockHolder, LockOutcome } from '../lock.ts'
import { decodeLockInfo, encodeLockInfo } from '../lock-info.ts'
import { isDeadNeighbour } from '../process.ts'
import { withoutConditions } from './s3-conditions.ts'

/** Times that a lock may be given up or taken between two requests of one try. */
const TRIES = 10

/** The lock of one environment: an object that is there as long as it is held. */
export interface LockObject {
  readonly bucket: Bucket
  readonly key: string
  readonly environment: string
  readonly clock: Clock
}

/** Takes it if nobody has it, or a dead process of this machine (LOCK-4). It has no expiry (LOCK-3). */
export async function takeLock(object: LockObject, holder: LockHolder): Promise<LockOutcome> {
  const { bucket, key, environment, clock } = object
  const id = randomUUID()
  const text = encodeLockInfo(id, holder, key, clock.now())
  for (let left = TRIES; left > 0; left--) {
    if ((await bucket.putIf(key, text, 'absent')).outcome === 'written') return { outcome: 'locked', lock: held(object, id) }
    const found = await bucket.get(key)
    if (found === undefined) continue
    const by = decodeLockInfo(found.body, environment, clock.now())
    // The answer to a write of ours was lost, and the SDK asked again.
    if (by.id === id) return { outcome: 'locked', lock: held(object, id) }
    if (!isDeadNeighbour(by, holder)) return { outcome: 'held', by }
    if ((await bucket.putIf(key, text, { etag: found.etag })).outcome === 'written') {
      return { outcome: 'locked', lock: held(object, id), tookOver: by }
    }
  }
  throw withoutConditions(bucket.name)
}

export async function lockOf({ bucket, key, environment, clock }: LockObject): Promise<Lock | undefined> {
  const found = await bucket.get(key)
  return found && decodeLockInfo(found.body, environment, clock.now())
}

/**
 * The delete has no condition, which few servers know: a lock that is taken between the look and the delete is lost with it,
 * and the compare-and-swap of the state decides (LOCK-1).
 *
 * @returns false when there is no lock of this id.
 */
export async function giveUpLock(object: LockObject, id: string): Promise<boolean> {
  if ((await lockOf(object))?.id !== id) return false
  await object.bucket.delete(object.key)
  return true
}

function held(object: LockObject, id: string): HeldLock {
  let lost = false
  return heldLock(
    id,
    () => lost,
    async () => {
      lost = !(await giveUpLock(object, id))
    },
  )
}
