import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../base/clock.ts'
import { OperationError } from '../../../diagnostics/operation-error.ts'
import { onEnvironment } from '../../environment-hint.ts'
import { heldLock } from '../../held-lock.ts'
import type { Lock, LockHolder, LockOutcome } from '../../lock.ts'
import { decodeLockInfo, encodeLockInfo, UNKNOWN } from '../../lock-info.ts'
import { isDeadNeighbour, thisHolder } from '../../process.ts'
import type { StatePlace } from './document.ts'
import { unexpected } from './failure.ts'
import type { HttpAnswer, HttpTransport } from './transport.ts'

export interface LockSettings {
  readonly lockAddress: string
  readonly unlockAddress: string
  readonly lockMethod: string
  readonly unlockMethod: string
  readonly clock: Clock
  readonly flowrunVersion: string
}

/** The locks of one address. They do not expire (LOCK-3). */
export interface HttpLocks {
  take(place: StatePlace, holder: LockHolder): Promise<LockOutcome>
  /** By trying to take it. */
  current(place: StatePlace): Promise<Lock | undefined>
  /** False: it is not the lock in force. */
  remove(place: StatePlace, id: string): Promise<boolean>
  /** The id that a write names; undefined while this process holds no lock. */
  readonly heldId: string | undefined
  /** A write was refused, for the lock is another's now (LOCK-5). */
  lose(): void
}

/** What the server keeps of a lock, as it was sent: UNLOCK sends it back. */
interface FoundLock {
  readonly lock: Lock
  readonly info: string
}

interface Held {
  readonly id: string
  lost: boolean
}

export function createLocks(transport: HttpTransport, settings: LockSettings): HttpLocks {
  const { clock, flowrunVersion } = settings
  let held: Held | undefined
  const take = (place: StatePlace, id: string, info: string) => transport.retrying(() => tryLock(transport, settings, place, id, info))
  const giveBack = (place: StatePlace, info: string) => transport.retrying(() => unlock(transport, settings, place, info))
  /** Whose lock it is; undefined when it is free. */
  const look = async (place: StatePlace): Promise<FoundLock | undefined> => {
    const id = randomUUID()
    const info = encodeLockInfo(id, thisHolder('force-unlock', flowrunVersion, clock), pathOf(place), clock.now())
    const found = await take(place, id, info)
    if (found === undefined) await giveBack(place, info)
    return found
  }
  return {
    get heldId() {
      return held?.lost === false ? held.id : undefined
    },
    lose() {
      if (held) held.lost = true
    },
    async take(place, holder) {
      const id = randomUUID()
      const info = encodeLockInfo(id, holder, pathOf(place), clock.now())
      let found = await take(place, id, info)
      const dead = found && isDeadNeighbour(found.lock, holder) ? found : undefined
      if (dead) {
        // Whether it was there still or not: the second try tells whose the lock is now.
        await giveBack(place, dead.info)
        found = await take(place, id, info)
      }
      if (found) return { outcome: 'held', by: found.lock }
      const mine: Held = { id, lost: false }
      held = mine
      const release = async () => {
        if (held === mine) held = undefined
        const isGivenBack = await giveBack(place, info).catch(error => {
          throw stillLocked(place, id, error)
        })
        if (!isGivenBack) mine.lost = true
      }
      return { outcome: 'locked', lock: heldLock(id, () => mine.lost, release), ...(dead && { tookOver: dead.lock }) }
    },
    current: async place => (await look(place))?.lock,
    async remove(place, id) {
      const found = await look(place)
      if (found?.lock.id !== id) return false
      // Where the server does not name the holder, UNLOCK says nothing either, as Terraform's force-unlock does.
      return giveBack(place, id === UNKNOWN ? '' : found.info)
    },
  }
}

/** Where nothing can be locked, nothing is. */
export const noLocks: HttpLocks = {
  take: async () => ({
    outcome: 'locked',
    lock: heldLock(
      'none',
      () => false,
      async () => {},
    ),
  }),
  current: async () => undefined,
  remove: async () => false,
  heldId: undefined,
  lose: () => {},
}

/** @returns who has it; undefined when it is ours now, also by an earlier attempt whose answer was lost. */
async function tryLock(
  transport: HttpTransport,
  { lockMethod, lockAddress, clock }: LockSettings,
  { name, environment }: StatePlace,
  id: string,
  info: string,
): Promise<FoundLock | undefined> {
  const answer = await transport.ask({ method: lockMethod, url: lockAddress, body: info })
  if (isDone(answer)) return undefined
  if (answer.status !== 423 && answer.status !== 409) throw unexpected(name, `It answers ${lockMethod} with ${answer.status}.`)
  const found = answer.body.toString()
  const lock = decodeLockInfo(found, environment, clock.now())
  return lock.id === id ? undefined : { lock, info: found }
}

/** @returns false when the server has no such lock. */
async function unlock(
  transport: HttpTransport,
  { unlockMethod, unlockAddress }: LockSettings,
  { name }: StatePlace,
  info: string,
): Promise<boolean> {
  const answer = await transport.ask({ method: unlockMethod, url: unlockAddress, body: info })
  if (isDone(answer)) return true
  if ([400, 404, 409, 412, 423].includes(answer.status)) return false
  throw unexpected(name, `It answers ${unlockMethod} with ${answer.status}.`)
}

function pathOf({ project, environment }: StatePlace): string {
  return `${project}/${environment}`
}

function isDone({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300
}

function stillLocked({ environment }: StatePlace, id: string, cause: unknown): unknown {
  if (!(cause instanceof OperationError)) return cause
  const { summary } = cause.diagnostic
  return new OperationError(
    {
      code: 'state/still-locked',
      summary: `The lock of ${environment} could not be given back`,
      detail: `${summary}. What the command did is done. The next one on this host takes the lock over; for others, when the server answers again:\n  flowrun force-unlock${onEnvironment(environment)} ${id}`,
    },
    { cause },
  )
}
