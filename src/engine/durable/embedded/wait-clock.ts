import type { Clock } from '../../../base/clock.ts'
import type { StepPath } from '../../interpreter/command.ts'

/** A wall clock that moved more than this against the monotonic one was set by somebody. */
const JUMP_MS = 1000

export interface DueWait {
  readonly run: string
  readonly path: StepPath
  readonly dueAtMs: number
}

/**
 * How long waits last. A live process measures them with its monotonic clock from the moment that it knew of them; only a
 * process that starts trusts the wall clock (TIME-1).
 */
export interface WaitClock {
  note(wait: DueWait): void
  /** Until it is due; not above 0: it is. */
  remainingMs(wait: DueWait): number
  forget(run: string, path: StepPath): void
  /** Due times that the wall clock moved away from; undefined while it has not jumped. */
  jumped(): { readonly byMs: number; readonly waits: readonly DueWait[] } | undefined
}

export function createWaitClock(clock: Clock): WaitClock {
  const known = new Map<string, Map<StepPath, number>>()
  const offset = () => clock.now() - clock.monotonic()
  let lastOffset = offset()
  return {
    note({ run, path, dueAtMs }) {
      const paths = known.get(run) ?? new Map<StepPath, number>()
      known.set(run, paths)
      if (!paths.has(path)) paths.set(path, clock.monotonic() + dueAtMs - clock.now())
    },
    remainingMs({ run, path, dueAtMs }) {
      const due = known.get(run)?.get(path)
      return due === undefined ? dueAtMs - clock.now() : due - clock.monotonic()
    },
    forget(run, path) {
      const paths = known.get(run)
      paths?.delete(path)
      if (paths?.size === 0) known.delete(run)
    },
    jumped() {
      const byMs = offset() - lastOffset
      if (Math.abs(byMs) < JUMP_MS) return undefined
      lastOffset += byMs
      const waits = [...known].flatMap(([run, paths]) =>
        [...paths].map(([path, due]) => ({ run, path, dueAtMs: due - clock.monotonic() + clock.now() })),
      )
      return { byMs, waits }
    },
  }
}
