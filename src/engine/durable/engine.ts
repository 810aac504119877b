import type { Closure } from '../../artifact/closure.ts'
import type { WorkflowSpec } from '../../artifact/workflow.ts'
import type { JsonValue } from '../../base/json.ts'
import type { CallEvent } from '../../gateway/call.ts'
import type { EffectCommand, StepError, StepOutcome, StepPath } from '../interpreter/command.ts'
import type { Interpretation } from '../interpreter/interpretation.ts'
import type { Decision, DecisionOutcome, NewRun, RecordStore, RunEvent, RunRecord, RunState, SignalRecord } from './record-store.ts'

/** Executes runs. Every promise of a change resolves when it is durable. */
export interface Engine {
  /** This process, as an owner of runs. */
  readonly owner: string
  /** Records a run; the caller has held its input against the schema. @throws OperationError `run/other-body`, `run/store-full`, `run/value-too-large`. */
  submit(submission: Submission): Promise<{ readonly run: RunRecord; readonly replayed: boolean }>
  /** Executes one run, with its children, until it has ended, is paused, or this engine drains. @returns the run then. */
  run(id: string): Promise<RunRecord | undefined>
  /** Executes runs that processes died of, one after the other, until none is queued or this engine drains (OWN-7). */
  runSuspects(): Promise<void>
  /** Executes whatever is queued, until it drains. */
  start(): void
  /** Begins nothing more; what is in flight has this long to be recorded, then it is aborted. Runs are queued for others (OWN-4). */
  drain(timeoutMs: number): Promise<void>
  /** Events after a number, those that are kept and those of the moment, in order. Ends with the run, also when it is removed. */
  watch(run: string, afterSeq: number, onEvent: (event: WatchEvent) => void): Watch
  /** @returns the state before; undefined: no such run. A run that nobody executes is ended here. */
  cancel(run: string, reason: string): Promise<RunState | undefined>
  pause(run: string, reason: StepError): Promise<boolean>
  resume(run: string): Promise<boolean>
  /** As `decide`, @throws OperationError `run/value-too-large`. */
  signal(signal: Omit<SignalRecord, 'seq' | 'receivedAtMs'>): ReturnType<RecordStore['signal']>
  decide(decision: Decision): Promise<DecisionOutcome>
  settleUnknown(run: string, path: StepPath, as: StepOutcome | 'repeat'): Promise<boolean>
  /**
   * A new run with the records of a former one before a node (RUN-5).
   *
   * Where the graph is another one by now, what was recorded of nodes that changed does not count, nor of what depends on them.
   */
  retry(run: string, how: RetryOptions): Promise<RetryOutcome>
  status(): EngineStatus
}

export interface Submission
  extends Omit<NewRun, 'id' | 'project' | 'closureDigest' | 'fingerprint' | 'createdAtMs' | 'retryOf' | 'parent'> {
  readonly closure: Closure
  /** What the caller sent, whole: with the same key another one is refused (IDEM-1). Absent: input and session. */
  readonly body?: JsonValue
}

export interface RetryOptions {
  /** The node to begin at; absent: the steps that failed are done again. */
  readonly from?: string
  readonly submittedBy: string
  /** Instead of what the former run is pinned to. */
  readonly pins?: RetryPins
}

export type RetryPins = Pick<Submission, 'closure' | 'release' | 'interpreter' | 'input' | 'lane' | 'laneLimit' | 'retentionMs'>

export type RetryOutcome =
  | { readonly outcome: 'submitted'; readonly run: RunRecord }
  | { readonly outcome: 'unknown-run' }
  /** Only runs that failed or were cancelled are retried. */
  | { readonly outcome: 'not-ended'; readonly state: RunState }
  | { readonly outcome: 'unknown-node'; readonly nodes: readonly string[] }

/** What happens now and is not kept: lost where nobody watches. */
export type LiveEvent = { readonly run: string; readonly atMs: number } & (
  | { readonly type: 'step.started'; readonly path: StepPath; readonly node: string; readonly attempt: number }
  /** Tokens, and attempts of a call; after a `step.started` with a higher attempt, former ones are void (SSE-4). */
  | { readonly type: 'call'; readonly path: StepPath; readonly event: CallEvent }
  /** Events after the last one that was seen are not kept any more, or it is none of the run: this is the run as it is (SSE-1). */
  | { readonly type: 'reset'; readonly record: RunRecord }
)
/** Those with a `seq` are kept (SSE-1). */
export type WatchEvent = RunEvent | LiveEvent

export interface Watch {
  /** After the last event of the run, or `close`. */
  readonly ended: Promise<void>
  close(): void
}

export interface EngineStatus {
  readonly owner: string
  readonly running: readonly string[]
  readonly isDraining: boolean
}

/** What an engine needs to know of flows. */
export interface FlowReader {
  interpret(run: RunRecord, closure: Closure): Interpretation
  graph(closure: Closure): Pick<WorkflowSpec, 'nodes'>
  /** A child's closure is its parent's, seen from another address (RUN-6). */
  child(closure: Closure, flow: string, given: Pick<RunRecord, 'input' | 'session'>): ChildFlow
  /** What becomes of a `once` step that was interrupted (STEP-5). */
  onUnknown(command: EffectCommand, closure: Closure): 'pause' | 'fail' | 'retry'
}

export interface ChildFlow {
  readonly closure: Closure
  readonly interpreter: number
  readonly lane: string
  readonly laneLimit?: number
  readonly timeoutMs: number
  readonly retentionMs: number
}
