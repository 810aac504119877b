import { statSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'

/** Above it the log is written back whole, and cut (STORE-4): SQLite itself only starts it anew, and never while somebody reads. */
const MAX_LOG_BYTES = 64 * 1024 * 1024
/** A reader may be in the way for long, and each try writes back what it can. */
const LOOK_MS = 1000

export interface LogOptions {
  /** Of the database. */
  readonly file: string
  readonly clock: Clock
  readonly maxLogBytes?: number
}

/** @returns what is to be called after commits. */
export function limitLog({ file, clock, maxLogBytes = MAX_LOG_BYTES }: LogOptions, truncate: () => void): () => void {
  let lookAtMs = Number.NEGATIVE_INFINITY
  return () => {
    const nowMs = clock.monotonic()
    if (nowMs < lookAtMs) return
    lookAtMs = nowMs + LOOK_MS
    if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) truncate()
  }
}
