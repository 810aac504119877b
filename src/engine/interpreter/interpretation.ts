import type { JsonValue } from '../../base/json.ts'
import type { Command, RunOutcome, StepOutcome, StepPath } from './command.ts'

/** What a run knows of itself besides its graph; recorded at its start, so that a replay sees the same. */
export interface RunFacts {
  readonly id: string
  readonly flow: string
  /** Wall time. */
  readonly startedAtMs: number
  readonly input: JsonValue
  readonly session: {
    readonly id: string | null
    readonly user: string | null
    readonly tenant: string | null
    readonly locale: string | null
    readonly timezone: string | null
  }
}

/**
 * One run on its way through its graph. Deterministic: the commands depend on the graph, the facts and the order-free set
 * of settled steps, and on nothing else (DET-1); it does no I/O and reads no clock. Settling every recorded step again, in
 * any order, gives the same commands without those that are settled: that is replay (DET-7).
 */
export interface Interpretation {
  /** Commands that became due since it was last asked, in order of depth and declaration (DET-2). */
  take(): readonly Command[]
  /**
   * @param nowMs wall time at which the step was recorded, itself recorded: waits begin there.
   */
  settle(path: StepPath, outcome: StepOutcome, nowMs: number): void
  /** Set once nothing further happens; what is in flight is aborted or awaited first. */
  readonly outcome: RunOutcome | undefined
  /** How each node stands now, for people. */
  nodes(): readonly NodeStanding[]
}

export interface NodeStanding {
  readonly path: StepPath
  readonly type: string
  readonly status: 'pending' | 'running' | 'waiting' | 'succeeded' | 'skipped' | 'failed'
  readonly exit?: string
  /** Why it was skipped: `not on route general`. */
  readonly reason?: string
}
