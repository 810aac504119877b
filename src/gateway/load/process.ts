import type { CircuitBreakerSpec } from '../../artifact/model.ts'
import type { Breaker } from '../breaker/breaker.ts'
import type { LimitStatus } from '../limits/limit.ts'

/** The breakers and rate limits of one process, or of all that share a store, as others see them. */
export interface LoadSnapshot {
  readonly breakers: readonly KeptBreaker[]
  readonly limits: readonly LimitStatus[]
}

export interface KeptBreaker {
  readonly key: string
  /** `model.fast` */
  readonly model: string
  readonly id: string
  readonly settings: CircuitBreakerSpec
  /** Times are wall times. */
  readonly breaker: Breaker
}

/** What a process has left where others find it. */
export interface LoadProcess extends LoadSnapshot {
  readonly pid: number
  /** Counts that have ended with their process are gone on from by the next one. */
  readonly isRunning: boolean
  readonly savedAtMs: number
}
