import type { Closure } from '../../artifact/closure.ts'
import type { WorkflowSpec } from '../../artifact/workflow.ts'
import type { JsonValue } from '../../base/json.ts'
import type { DeferredLanguage } from '../deferred.ts'
import type { SchemaValidator } from '../schema-validator.ts'
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

/** What an interpretation is made of. What is not data is pure, and given to it, so that it imports no Node module (DET-1). */
export interface InterpretationSettings {
  /** Of `graphOf(closure)`. */
  readonly graph: WorkflowSpec
  readonly facts: RunFacts
  readonly closure: Closure
  readonly language: DeferredLanguage
  readonly validator: Pick<SchemaValidator, 'violations'>
  /** `sha256:` and 64 hex digits, of UTF-8 text: `digestOfText`. */
  readonly digest: (text: string) => string
}

/** What a step took, all attempts together. */
export interface StepSpending {
  readonly attempts: number
  /** Nano-dollars; null is unknown. */
  readonly costNano: number | null
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
   * What is settled since the last `take` counts in the order of its times, then of its paths, however it comes in: settle
   * every record of a run before the first `take`, and the interpretation is where it was.
   *
   * @param nowMs wall time at which the step was recorded, itself recorded and never falling within a run: waits begin there.
   * @param spent as it is recorded, for `attempts` and `cost` of the node and for `max_cost`; absent: as its attributes say.
   */
  settle(path: StepPath, outcome: StepOutcome, nowMs: number, spent?: StepSpending): void
  /**
   * Before the first `take`: this step was in flight when the run was left, and has no record. When it is not needed any
   * more it is stopped; one that runs `once` is asked for again even then, and awaited (STEP-5).
   */
  begun(path: StepPath): void
  /** The step is in flight, and its end is waited for before the run goes on without it: no further attempt is needed. */
  isAwaited(path: StepPath): boolean
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
  /** Of a router that has taken its exit: whether a route fitted; else the default was taken for want of one. */
  readonly matched?: boolean
  /** Why it was skipped: `not on route general`. */
  readonly reason?: string
}
