import type { Timers } from '../timers.ts'
import type { UsageLog, UsageRecord } from './usage.ts'

/** Records wait so long for others, to be kept by one commit. */
const GATHER_MS = 50
/** So many are written at once, without waiting for more. */
const BATCH_MAX = 1_000

export interface UsageLogDependencies {
  readonly write: (records: readonly UsageRecord[]) => Promise<void>
  readonly timers: Timers
  /** Told the first failure: later ones would say the same. */
  readonly onFailure: (error: unknown) => void
}

/** Gathers records and writes them together. Without budgets a call does not depend on its record, so one that cannot be kept is let go. */
export function createUsageLog({ write, timers, onFailure }: UsageLogDependencies): UsageLog {
  let waiting: UsageRecord[] = []
  let writing: Promise<void> = Promise.resolve()
  let cancelTimer: (() => void) | undefined
  let hasFailed = false
  const writeWaiting = () => {
    cancelTimer?.()
    cancelTimer = undefined
    const records = waiting
    waiting = []
    if (records.length === 0) return
    writing = writing
      .then(() => write(records))
      .catch((error: unknown) => {
        if (!hasFailed) onFailure(error)
        hasFailed = true
      })
  }
  return {
    record(record) {
      waiting.push(record)
      if (waiting.length >= BATCH_MAX) writeWaiting()
      else cancelTimer ??= timers.after(GATHER_MS, writeWaiting)
    },
    async flush() {
      writeWaiting()
      await writing
    },
  }
}
