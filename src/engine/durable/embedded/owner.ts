import type { Clock } from '../../../base/clock.ts'
import type { OwnerBeat, RecordStore } from '../record-store.ts'

export const BEAT_MS = 2000
/** So long the same beat is seen before its owner is taken for dead (OWN-3). */
const SILENCE_MS = 15_000
/** A beat this late: the process was stopped, and others may have taken its runs (OWN-5). */
const LATE_MS = 10_000

/** A process that executes runs, as others can find it. */
export interface OwnerProcess {
  readonly host: string
  readonly pid: number
  /** Of this start of the machine: a pid means nothing after another. */
  readonly bootId: string
  readonly version: string
  /** Whether a process of this machine is there. */
  isAlive(pid: number): boolean
}

export interface Owner {
  readonly id: string
  /** Beats. @returns `late`: this process was stopped for so long that its claims may be others'. */
  beat(): Promise<'on-time' | 'late'>
  /** Gives the runs of dead owners back. @returns who they were. */
  takeOver(): Promise<readonly OwnerBeat[]>
}

export function createOwner(id: string, process: OwnerProcess, store: RecordStore, clock: Clock): Owner {
  const seen = new Map<string, { readonly beat: number; readonly atMs: number }>()
  let beat = 0
  let lastAtMs: number | undefined
  const isDead = (other: OwnerBeat): boolean => {
    if (other.host === process.host && other.bootId === process.bootId && !process.isAlive(other.pid)) return true
    const last = seen.get(other.id)
    if (last?.beat === other.beat) return clock.monotonic() - last.atMs >= SILENCE_MS
    seen.set(other.id, { beat: other.beat, atMs: clock.monotonic() })
    return false
  }
  return {
    id,
    async beat() {
      const startedAtMs = clock.monotonic()
      const isLate = lastAtMs !== undefined && startedAtMs - lastAtMs >= BEAT_MS + LATE_MS
      lastAtMs = startedAtMs
      const { host, pid, bootId, version } = process
      beat++
      await store.beat({ id, host, pid, bootId, version, beat })
      return isLate ? 'late' : 'on-time'
    },
    async takeOver() {
      const dead = (await store.owners()).filter(other => other.id !== id && isDead(other))
      for (const other of dead) {
        seen.delete(other.id)
        await store.takeFrom(other.id)
      }
      return dead
    },
  }
}
