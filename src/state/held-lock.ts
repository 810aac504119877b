import { type HeldLock, RENEWAL_MS } from './lock.ts'

export interface LeaseActions {
  /** False: somebody else has the lock now. */
  renew(): Promise<boolean>
  giveUp(): Promise<unknown>
}

/** A lock that was just taken: renewed every 20 s until it is released (LOCK-3). */
export function holdLease(id: string, { renew, giveUp }: LeaseActions): HeldLock {
  let lost = false
  const timer = setInterval(async () => {
    try {
      if (!(await renew())) lost = true
    } catch {
      // A renewal that fails is tried again; after three the lease ends and the compare-and-swap decides (LOCK-5).
    }
  }, RENEWAL_MS)
  timer.unref()
  return heldLock(
    id,
    () => lost,
    async () => {
      clearInterval(timer)
      await giveUp()
    },
  )
}

/** A lock that was just taken: given up once, however often it is released. */
export function heldLock(id: string, isLost: () => boolean, giveUp: () => Promise<unknown>): HeldLock {
  let released = false
  return {
    id,
    get lost() {
      return isLost()
    },
    async release() {
      if (released) return
      released = true
      await giveUp()
    },
  }
}
