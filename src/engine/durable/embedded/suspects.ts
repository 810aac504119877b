import type { Clock } from '../../../base/clock.ts'
import type { Timers } from '../../../gateway/timers.ts'
import type { FlowLimits, OwnerBeat, RecordStore } from '../record-store.ts'
import type { OwnerProcess } from './owner.ts'

/** After it has refused to work, it is not started again for so long. */
const PATIENCE_MS = 30_000

/** A process that executes suspects, one at a time and nothing else, until there is none (OWN-7). */
export interface SuspectProcess {
  readonly pid: number | undefined
  /** `refused`: it gave up by itself with an error, before or between runs. Never rejects. */
  readonly ended: Promise<'done' | 'killed' | 'refused'>
  /** It begins nothing more, and ends when what is in flight is recorded. */
  drain(): void
  kill(): void
}

export type StartSuspects = () => SuspectProcess

export interface SuspectKeeper {
  /** Starts the process when there is something for it to do. */
  look(): Promise<void>
  /** Ends the process when it is among owners that were given up: it hangs. */
  end(dead: readonly OwnerBeat[]): void
  /** Lets it end by itself for so long. */
  drain(timeoutMs: number): Promise<void>
}

interface KeeperOptions {
  readonly store: Pick<RecordStore, 'suspects'>
  readonly clock: Clock
  readonly timers: Timers
  readonly process: Pick<OwnerProcess, 'host' | 'bootId'>
  readonly startSuspects: StartSuspects
  readonly lanes?: FlowLimits
}

/** @param onEnd after each end of the process: its death is found at once, and counts for the run that it had. Never rejects. */
export function createSuspectKeeper(options: KeeperOptions, onEnd: () => Promise<void>): SuspectKeeper {
  const { store, clock, timers, process, startSuspects, lanes } = options
  let current: SuspectProcess | undefined
  let notBeforeMs = Number.NEGATIVE_INFINITY
  return {
    async look() {
      if (current !== undefined || clock.monotonic() < notBeforeMs) return
      if ((await store.suspects(1, lanes)).length === 0) return
      const started = startSuspects()
      current = started
      void started.ended.then(how => {
        current = undefined
        if (how === 'refused') notBeforeMs = clock.monotonic() + PATIENCE_MS
        return onEnd()
      })
    },
    end(dead) {
      const isCurrent = ({ host, bootId, pid }: OwnerBeat) => host === process.host && bootId === process.bootId && pid === current?.pid
      if (dead.some(isCurrent)) current?.kill()
    },
    async drain(timeoutMs) {
      const going = current
      if (going === undefined) return
      going.drain()
      const cancel = timers.after(timeoutMs, going.kill)
      await going.ended
      cancel()
    },
  }
}
