import type { JsonObject, JsonValue } from '../../base/json.ts'
import type { BudgetWait } from '../../gateway/failure.ts'
import type { Spent } from '../../gateway/ledger/bill.ts'
import type { ApprovalCommand, StepError, StepOutcome, StepPath } from '../interpreter/command.ts'

export type RunState = 'queued' | 'running' | 'waiting' | 'paused' | 'succeeded' | 'failed' | 'cancelled'

export const TERMINAL_STATES: ReadonlySet<RunState> = new Set(['succeeded', 'failed', 'cancelled'])

/** Of runs that are not over. */
export const OPEN_STATES: readonly RunState[] = ['queued', 'running', 'waiting', 'paused']

/** A run as it is kept (RUN). Times are wall time in milliseconds since 1970. */
export interface RunRecord {
  /** A ULID. */
  readonly id: string
  readonly project: string
  readonly environment: string
  /** `workflow.support`, `prompt.answer` */
  readonly flow: string
  readonly state: RunState
  /** Why it is paused, for people, with a code: `run/poison`. */
  readonly reason?: PauseReason
  /** Number of the release that its versions are from; 0: the working copy. */
  readonly release: number
  /** By digest in the blob table: all artifacts that it reaches, as they were at submit (RUN-3). */
  readonly closureDigest: string
  /** The interpreter's semantics (DET-5). */
  readonly interpreter: number
  readonly input: JsonValue
  readonly session: JsonObject
  readonly idempotencyKey?: string
  /** Digest of flow and body (IDEM-1). */
  readonly fingerprint: string
  readonly priority: number
  /** Who runs at once with whom: `workflow.support` or that and the value of its concurrency key. */
  readonly lane: string
  readonly laneLimit?: number
  readonly createdAtMs: number
  /** Not claimed before. */
  readonly notBeforeMs: number
  readonly startedAtMs?: number
  readonly endedAtMs?: number
  readonly deadlineAtMs: number
  readonly retentionMs: number
  readonly owner?: string
  readonly epoch: number
  /** Deaths of owners without a new record since (OWN-7). */
  readonly deaths: number
  readonly cancelRequestedAtMs?: number
  readonly output?: JsonValue
  readonly error?: StepError & { readonly path?: StepPath }
  /** Nano-dollars; null is unknown. */
  readonly costNano: number | null
  readonly retryOf?: string
  readonly parent?: { readonly run: string; readonly path: StepPath }
  readonly submittedBy: string
  /** Its steps, and those of its children, take nothing from a cache, and leave nothing there. */
  readonly withoutCache?: true
}

/** `waitsFor`: the run goes on by itself when the budget pays again (BUD-8). */
export interface PauseReason extends StepError {
  readonly waitsFor?: BudgetWait
}

export type NewRun = Omit<
  RunRecord,
  'state' | 'reason' | 'startedAtMs' | 'endedAtMs' | 'owner' | 'epoch' | 'deaths' | 'cancelRequestedAtMs' | 'output' | 'error' | 'costNano'
>

/** One for each path of a run, final (STEP-1). */
export interface StepRecord {
  readonly run: string
  readonly path: StepPath
  readonly outcome: StepOutcome
  readonly attempts: number
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly costNano: number | null
  /** For traces: model, tokens, attempts. Never content. */
  readonly facts?: JsonObject
}

/** What an attempt of a step has spent, kept by one commit with its record (BUD-4). */
export interface StepSpent extends Spent {
  readonly project: string
}

/** A try of a step: durable before an effect that must not be repeated blindly, or that is paid for (STEP-4). */
export interface AttemptRecord {
  readonly run: string
  readonly path: StepPath
  readonly number: number
  readonly epoch: number
  readonly startedAtMs: number
  readonly endedAtMs?: number
  readonly error?: StepError
  /** The next attempt is due then (STEP-6). */
  readonly retryAtMs?: number
  /** Of an attempt that another follows: the last one's cost is the step's. Absent: it cost nothing, or has not ended. */
  readonly costNano?: number | null
}

export interface SignalRecord {
  readonly run: string
  readonly name: string
  readonly seq: number
  readonly value: JsonValue
  readonly dedupeKey?: string
  readonly by?: string
  readonly receivedAtMs: number
}

/** What a run waits for, and what wakes it. */
export type WaitRecord = { readonly run: string; readonly path: StepPath; readonly dueAtMs: number | null } & (
  | { readonly kind: 'timer' }
  | { readonly kind: 'signal'; readonly name: string }
  | { readonly kind: 'approval'; readonly shown: ApprovalCommand }
  | { readonly kind: 'child'; readonly child: string }
  | { readonly kind: 'retry' }
  | { readonly kind: 'unknown' }
)

/** A durable event with a number of its own in its run, without gaps (SSE-1). */
export interface RunEvent {
  readonly run: string
  readonly seq: number
  readonly type: string
  readonly atMs: number
  readonly data: JsonObject
}

/** A claim on a run: changes of the run need it, outcomes of steps do not (OWN-6). */
export interface Claim {
  readonly run: string
  readonly owner: string
  readonly epoch: number
}

/** All that an interpretation needs to go on. */
export interface LoadedRun {
  readonly run: RunRecord
  readonly steps: readonly StepRecord[]
  /** Of a long journal: steps that were recorded after these, in the order of their ends; `stepsAt` has them (STEP-9). */
  readonly later: readonly StepPath[]
  readonly attempts: readonly AttemptRecord[]
  readonly waits: readonly WaitRecord[]
}

/**
 * Where runs and their journals are kept. A promise resolves when what it says is durable: SQLite with synchronous=FULL,
 * PostgreSQL with synchronous_commit=on (IDEM-6). Every change of a run writes its event in the same transaction.
 */
export interface RecordStore {
  /**
   * @param steps records of a former run that count in this one too (RUN-5), kept with it by one commit.
   * @throws OperationError `run/other-body` when the key was used for another flow or body (IDEM-2); `run/store-full`.
   */
  submit(run: NewRun, steps?: readonly StepRecord[]): Promise<{ readonly run: RunRecord; readonly replayed: boolean }>
  getRun(id: string): Promise<RunRecord | undefined>
  listRuns(filter: RunFilter): Promise<readonly RunRecord[]>
  /** How many there are of each state, without the filter's limit and cursor, and since when the oldest is due. */
  countRuns(filter: Omit<RunFilter, 'limit' | 'cursor'>): Promise<readonly RunCount[]>
  /** The closures that runs are pinned to, and how many runs each has. */
  countClosures(filter: Omit<RunFilter, 'limit' | 'cursor'>): Promise<ReadonlyMap<string, number>>

  /**
   * Runs that are due, oldest of the highest priority first, within the limits of their lanes (OWN-2). Suspects are not among
   * them: they are claimed by name, with nothing beside them (OWN-7).
   *
   * @param only this run, whatever its flow may have at once.
   * @param most runs of a flow that this owner may hold at once; those that are not named are not limited.
   */
  claim(owner: string, limit: number, only?: string, most?: FlowLimits): Promise<readonly Claim[]>
  /**
   * Runs that are due and whose owners died twice with nothing recorded in between, oldest first.
   *
   * @param most leaves out flows of which there may be none.
   */
  suspects(limit: number, most?: FlowLimits): Promise<readonly string[]>
  load(claim: Claim): Promise<LoadedRun | undefined>
  /**
   * First writer wins (STEP-3), whoever holds the run (OWN-6). A step that waited is kept as begun when its wait was added.
   *
   * @param spent is settled by the same commit, of those who lose too (BUD-4).
   * @returns `held`: the claim is still good, so that its owner may go on.
   */
  commitStep(
    step: StepRecord,
    claim?: Claim,
    spent?: StepSpent,
  ): Promise<{ readonly won: boolean; readonly kept: StepRecord; readonly held: boolean }>
  beginAttempt(attempt: AttemptRecord): Promise<void>
  endAttempt(attempt: AttemptRecord, spent?: StepSpent): Promise<void>
  /** Settles what was spent for a step of a run that leaves no record. */
  spend(run: string, spent: StepSpent): Promise<void>
  addWaits(claim: Claim, waits: readonly WaitRecord[]): Promise<void>
  /** Takes back what need not be waited for any more. */
  dropWaits(claim: Claim, paths: readonly StepPath[]): Promise<void>
  /** Moves due times along with a clock that jumped (TIME-1). */
  shiftWaits(waits: readonly { readonly run: string; readonly path: StepPath; readonly dueAtMs: number }[]): Promise<void>
  /** Takes the oldest unconsumed signal of a name for a wait, in the transaction that records the step (SIG-1). */
  consumeSignal(claim: Claim, path: StepPath, name: string): Promise<SignalRecord | undefined>
  /** Ends a claim: the run waits, is queued again, paused, or terminal. @returns false when the claim was lost (RUN-1). */
  release(claim: Claim, to: RunRelease): Promise<boolean>
  /** Runs that an owner holds; `woken`: those for which something came that was not acknowledged: a signal, a decision, the end of a child, a cancel. */
  held(owner: string): Promise<{ readonly runs: readonly string[]; readonly woken: readonly string[] }>

  /** Before the owner looks at what came: what comes after this is not slept over by a release. */
  acknowledge(claim: Claim): Promise<void>

  /** `full`: as many signals as a run may have are not consumed yet. */
  signal(signal: Omit<SignalRecord, 'seq'>): Promise<'stored' | 'repeated' | 'conflict' | 'ended' | 'unknown-run' | 'full'>
  /** One decision of a person on what an approval shows; with the last one of a quorum the step is recorded (APPR-1). */
  decide(decision: Decision): Promise<DecisionOutcome>
  /** Ends the doubt over an interrupted step: it was `done`, or is to be repeated. @returns false where nothing is in doubt. */
  settleUnknown(run: string, path: StepPath, as: StepOutcome | 'repeat'): Promise<boolean>
  /** @returns the state before; undefined: no such run. */
  requestCancel(run: string, reason: string): Promise<RunState | undefined>
  pause(run: string, reason: StepError): Promise<boolean>
  /** @param because only if it is paused for this very reason; absent: for any. */
  resume(run: string, because?: PauseReason): Promise<boolean>
  /** Runs that are paused until a budget pays again, the oldest of each budget first, some hundred at most. */
  heldByBudgets(): Promise<readonly HeldRun[]>

  beat(owner: OwnerBeat): Promise<void>
  owners(): Promise<readonly OwnerBeat[]>
  /** Gives the runs of a dead owner back (OWN-3). */
  takeFrom(owner: string): Promise<readonly string[]>
  retire(owner: string): Promise<void>

  putBlob(value: JsonValue): Promise<string>
  getBlob(digest: string): Promise<JsonValue | undefined>
  events(run: string, afterSeq: number): Promise<readonly RunEvent[]>
  steps(run: string): Promise<readonly StepRecord[]>
  /** Those that are there. */
  stepsAt(run: string, paths: readonly StepPath[]): Promise<readonly StepRecord[]>
  step(run: string, path: StepPath): Promise<StepRecord | undefined>
  attempts(run: string): Promise<readonly AttemptRecord[]>
  waits(run: string): Promise<readonly WaitRecord[]>
  /** Due times and wake-ups since the last look (RUN-7). */
  nextDueMs(): Promise<number | undefined>
  /**
   * Removes ended runs with all that is theirs. `retention`: those whose time was over before then (GC-3); `end`: those that
   * ended before then.
   *
   * @returns how many runs.
   */
  purge(beforeMs: number, by: 'retention' | 'end'): Promise<number>
  /** Told after each commit of this process that changed a run: a hint, for those who would otherwise poll. */
  onChange(listener: (run: string) => void): () => void
  close(): Promise<void>
}

export interface HeldRun extends Pick<RunRecord, 'id' | 'environment' | 'release'> {
  readonly reason: PauseReason & { readonly waitsFor: BudgetWait }
}

/** `workflow.support` and how many; 0: none. */
export type FlowLimits = Readonly<Record<string, number>>

export interface Decision {
  readonly run: string
  readonly path: StepPath
  readonly by: string
  readonly action: string
  /** Of what was shown to them. */
  readonly bodyDigest: string
  readonly fields: JsonObject
  readonly comment?: string
}

export type DecisionOutcome =
  /** `missing`: so many more equal decisions are needed. */
  | { readonly outcome: 'recorded'; readonly missing: number }
  /** No approval waits there; of `late` ones the time is over. */
  | { readonly outcome: 'not-waiting' | 'late' }
  /** Something else is shown now. */
  | { readonly outcome: 'changed'; readonly shown: ApprovalCommand }
  | { readonly outcome: 'own-run' | 'decided-before' }
  | { readonly outcome: 'unknown-action'; readonly actions: readonly string[] }
  | { readonly outcome: 'comment-required' }

export interface RunFilter {
  readonly project: string
  readonly environment?: string
  readonly states?: readonly RunState[]
  readonly flow?: string
  readonly sinceMs?: number
  /** Of the id. */
  readonly ending?: string
  /** Those alone that somebody submitted, and no other run. */
  readonly withoutChildren?: boolean
  /** Pinned to one of these, by the digests of the closures. */
  readonly closures?: readonly string[]
  readonly limit: number
  /** A run id: those older than it. */
  readonly cursor?: string
}

export interface RunCount {
  readonly state: RunState
  readonly count: number
  /** When the one of them that was queued first was made due. */
  readonly oldestMs: number
}

export type RunRelease =
  | { readonly to: 'queued' | 'waiting' }
  | { readonly to: 'paused'; readonly reason: PauseReason }
  | { readonly to: 'succeeded'; readonly output: JsonValue }
  | { readonly to: 'failed'; readonly error: StepError & { readonly path?: StepPath } }
  | { readonly to: 'cancelled' }

export interface OwnerBeat {
  /** A ULID, one for each process. */
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly bootId: string
  /** Grows with each beat. */
  readonly beat: number
  readonly version: string
}
