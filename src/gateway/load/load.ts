import type { Clock } from '../../base/clock.ts'
import { type Breakers, createBreakers, type SharedBreakers } from '../breaker/breakers.ts'
import type { RateLimiter } from '../limits/limit.ts'
import { createRateLimiter } from '../limits/limiter.ts'
import type { SharedLimits } from '../limits/shared.ts'
import type { Timers } from '../timers.ts'
import type { LoadFiles } from './files.ts'
import type { LoadSnapshot } from './process.ts'

/** What keeps load away from providers: one for a process. */
export interface Load {
  readonly limiter: RateLimiter
  readonly breakers: Breakers
  /** Leaves what was counted to the next process. */
  close(): Promise<void>
}

export interface LoadHost {
  readonly clock: Clock
  readonly timers: Timers
  /** Absent: each process counts for itself. */
  readonly shared?: { readonly limits: SharedLimits; readonly breakers: SharedBreakers } | undefined
  /** Where processes that share nothing see each other. */
  readonly files?: LoadFiles | undefined
}

/** Counts are left for others at most this often; a breaker that opens or closes, at once. */
const SAVE_EVERY_MS = 1_000

export function createLoad({ clock, timers, shared, files }: LoadHost): Load {
  const limiter = createRateLimiter({ clock, timers, shared: shared?.limits })
  let saving: Promise<void> = Promise.resolve()
  let cancel: (() => void) | undefined
  let isChanged = false
  const save = () => {
    cancel?.()
    cancel = undefined
    isChanged = false
    saving = saving.then(() => files?.save(snapshotOf(breakers, limiter)))
  }
  const breakers = createBreakers({
    clock,
    shared: shared?.breakers,
    ...(files && {
      remembered: files.remembered,
      onChange: isTurned => {
        isChanged = true
        if (isTurned) save()
        else cancel ??= timers.after(SAVE_EVERY_MS, save)
      },
    }),
  })
  return {
    limiter,
    breakers,
    async close() {
      if (isChanged) save()
      await saving
      await shared?.limits.leave()
    },
  }
}

export function snapshotOf(breakers: Breakers, limiter: RateLimiter): LoadSnapshot {
  return {
    breakers: breakers.status().map(({ key, model, id, settings, breaker }) => ({ key, model, id, settings, breaker })),
    limits: limiter.status(),
  }
}
