import type { Clock } from '../../src/base/clock.ts'
import type { Timers } from '../../src/gateway/timers.ts'

export interface FakeClock extends Clock, Timers {
  /** Moves time, running what falls due in order, and lets promises settle in between. */
  advance(ms: number): Promise<void>
  /** Moves time to the next timer again and again until the promise settles; its outcome is the promise's. */
  runUntil<T>(promise: Promise<T>): Promise<T>
  /** Until the next timer; undefined when none is set. */
  readonly nextInMs: number | undefined
  /** Timers that are set now. */
  readonly pending: number
}

/** A clock that a test moves; it starts at 2026-01-01. */
export function createFakeClock(): FakeClock {
  const epochMs = Date.UTC(2026, 0, 1)
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>()
  let nowMs = 0
  const earliest = () => [...timers].sort((a, b) => a.atMs - b.atMs)[0]
  const advance = async (ms: number) => {
    const endMs = nowMs + ms
    await settle()
    for (let next = earliest(); next !== undefined && next.atMs <= endMs; next = earliest()) {
      nowMs = Math.max(nowMs, next.atMs)
      timers.delete(next)
      next.run()
      await settle()
    }
    nowMs = endMs
  }
  return {
    now: () => epochMs + nowMs,
    monotonic: () => nowMs,
    after(ms, run) {
      const timer = { atMs: nowMs + ms, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance,
    async runUntil(promise) {
      let settled = false
      const done = promise.finally(() => {
        settled = true
      })
      done.catch(() => {})
      await settle()
      while (!settled) {
        const next = earliest()
        await advance(next ? next.atMs - nowMs : 0)
      }
      return done
    },
    get nextInMs() {
      const next = earliest()
      return next && next.atMs - nowMs
    },
    get pending() {
      return timers.size
    },
  }
}

/** Promises that follow from one another settle within a turn of the event loop. */
function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
