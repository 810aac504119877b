import type { Clock } from '../../../base/clock.ts'
import { compact } from '../../../base/compact.ts'
import { digestOf } from '../../../base/digest.ts'
import type { JsonValue } from '../../../base/json.ts'
import { OperationError } from '../../../diagnostics/operation-error.ts'
import { openDatabase, type SqliteStore } from '../../../sqlite/database.ts'
import type { Claim, LoadedRun, RecordStore, RunCount, RunFilter, RunRecord } from '../record-store.ts'
import { acknowledgeIn, beatIn, claimIn, heldByBudgetsIn, heldIn, nextDueIn, ownersIn, retireIn, suspectsIn, takeFromIn } from './claims.ts'
import { eventsAfter } from './events.ts'
import { loadStepsIn, stepsAtIn } from './journal.ts'
import { purgeIn } from './retention.ts'
import { type BodyRow, RUN_WITH_BODY, type RunRow, readRow, readRun, toRun, withBody } from './run-rows.ts'
import { engineSchema } from './schema.ts'
import { decideIn, prepareSignal, signalIn } from './signals.ts'
import { type AttemptRow, type StepRow, toAttempt, toStep, toWait, type WaitRow } from './step-rows.ts'
import { commitStepIn, consumeSignalIn, prepareStep, spendFor, writeAttempt } from './steps.ts'
import { prepareRun, submitIn } from './submit.ts'
import {
  addWaitsIn,
  dropWaitsIn,
  pauseIn,
  prepareRelease,
  releaseIn,
  requestCancelIn,
  resumeIn,
  settleUnknownIn,
  shiftWaitsIn,
} from './transitions.ts'
import { blobText, offerBlob, type StoredValue, storedSize, type Tables } from './values.ts'

export interface RecordDatabaseOptions {
  /** `engine.db`, absolute. */
  readonly file: string
  /** As a person would name the file: `.flowrun/engine.db`. */
  readonly name: string
  /** `read` leaves no trace: without a file there are no runs. */
  readonly mode: 'read' | 'write'
  readonly clock: Clock
  readonly flowrunVersion: string
  readonly busyWaitMs?: number
}

/**
 * Opens `.flowrun/engine.db`, which budgets and usage share.
 *
 * @throws OperationError `registry/…`, `state/network-file-system`.
 */
export function openEngineDatabase(options: RecordDatabaseOptions): Promise<SqliteStore> {
  return openDatabase({ ...options, schema: engineSchema })
}

/**
 * Runs and journals in one SQLite file.
 *
 * @param onLost told when a disk has failed in a commit: nothing may be acknowledged any more, and the process must end (STORE-3).
 */
export function createRecordStore(database: SqliteStore, onLost: (error: OperationError) => void): RecordStore {
  const { read } = database
  const { write, tell, onChange, settled } = createWriter(database, onLost)
  return {
    async submit(run, steps = []) {
      const prepared = prepareRun(run, steps)
      const values = [prepared.input, prepared.session, ...prepared.steps.map(({ value }) => value)]
      return write(() => submitIn(database, prepared), run.id, values).catch(error => Promise.reject(asStoreFull(error)))
    },
    commitStep: async (step, claim, spent) => {
      const prepared = prepareStep(step)
      return write(() => commitStepIn(database, prepared, claim, spent), step.run, [prepared.value])
    },
    beginAttempt: attempt => write(() => writeAttempt(database, attempt)),
    endAttempt: (attempt, spent) => write(() => writeAttempt(database, attempt, spent), attempt.run),
    spend: (run, spent) => write(() => spendFor(database, run, spent)),
    addWaits: (claim, waits) => write(() => addWaitsIn(database, claim, waits), claim.run),
    dropWaits: (claim, paths) => write(() => dropWaitsIn(database, claim, paths)),
    shiftWaits: waits => write(() => shiftWaitsIn(database, waits)),
    consumeSignal: (claim, path, name) => write(() => consumeSignalIn(database, claim, path, name), claim.run),
    suspects: (limit, most) => read(() => suspectsIn(database, limit, most)),
    claim: (owner, limit, only, most) => write(() => claimIn(database, owner, limit, compact({ only, most }))),
    release: async (claim, to) => {
      const prepared = prepareRelease(to)
      return write(() => releaseIn(database, claim, prepared), claim.run, [prepared.body])
    },
    held: owner => read(() => heldIn(database, owner)),
    acknowledge: claim => write(() => acknowledgeIn(database, claim)),
    async signal(signal) {
      const prepared = prepareSignal(signal)
      return write(() => signalIn(database, prepared), signal.run, [prepared.value])
    },
    decide: decision => write(() => decideIn(database, decision), decision.run),
    settleUnknown: (run, path, as) => write(() => settleUnknownIn(database, run, path, as), run),
    requestCancel: (run, reason) => write(() => requestCancelIn(database, run, reason), run),
    pause: (run, reason) => write(() => pauseIn(database, run, reason), run),
    resume: (run, because) => write(() => resumeIn(database, run, because), run),
    beat: owner => write(() => beatIn(database, owner)),
    async takeFrom(owner) {
      const runs = await write(() => takeFromIn(database, owner))
      for (const run of runs) tell(run)
      return runs
    },
    retire: owner => write(() => retireIn(database, owner)),
    async putBlob(value: JsonValue) {
      const digest = digestOf(value)
      const json = JSON.stringify(value)
      await write(() => offerBlob(database, digest, json))
      return digest
    },
    async purge(beforeMs, by) {
      let purged = 0
      for (let batch = 1; batch > 0; purged += batch) batch = await write(() => purgeIn(database, beforeMs, by))
      return purged
    },
    ...reads(database),
    onChange,
    async close() {
      await settled()
      database.close()
    },
  }
}

interface Writer extends Pick<RecordStore, 'onChange'> {
  /**
   * @param run that it changes.
   * @param values that it writes, for the size of its group.
   */
  write<T>(work: () => T, run?: string, values?: readonly (StoredValue | undefined)[]): Promise<T>
  /** A commit has changed the run. */
  tell(run: string): void
  /** All that was begun has been committed, or has failed. */
  settled(): Promise<void>
}

function createWriter(database: SqliteStore, onLost: (error: OperationError) => void): Writer {
  const listeners = new Set<(run: string) => void>()
  let hasWritten = false
  const tell = (run: string) => {
    for (const listener of listeners) listener(run)
  }
  return {
    tell,
    async write(work, run, values = []) {
      hasWritten = true
      try {
        const result = await database.writeGrouped(work, storedSize(values))
        if (run !== undefined) tell(run)
        return result
      } catch (error) {
        if (error instanceof OperationError && error.code === 'registry/unreadable') onLost(error)
        throw error
      }
    },
    async settled() {
      if (hasWritten) await database.writeGrouped(() => {})
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function reads(
  database: SqliteStore,
): Pick<
  RecordStore,
  | 'getRun'
  | 'listRuns'
  | 'countRuns'
  | 'countClosures'
  | 'heldByBudgets'
  | 'load'
  | 'getBlob'
  | 'events'
  | 'steps'
  | 'stepsAt'
  | 'step'
  | 'attempts'
  | 'waits'
  | 'owners'
  | 'nextDueMs'
> {
  const { read } = database
  return {
    getRun: id => read(() => readRun(database, id)),
    listRuns: filter => read(() => runsOf(database, filter)),
    countRuns: filter => read(() => countsOf(database, filter)),
    countClosures: filter => read(() => closureCountsOf(database, filter)),
    load: claim => read(() => loadIn(database, claim)),
    getBlob: digest =>
      read(() => {
        const json = blobText(database, digest)
        return json === undefined ? undefined : (JSON.parse(json) as JsonValue)
      }),
    events: (run, afterSeq) => read(() => eventsAfter(database, run, afterSeq)),
    steps: run => read(() => stepsOf(database, run)),
    step: (run, path) =>
      read(() => {
        const row = database.prepared<StepRow>('SELECT * FROM step WHERE run = ? AND path = ?').get(run, path)
        return row && toStep(database, row)
      }),
    stepsAt: (run, paths) => read(() => stepsAtIn(database, run, paths)),
    attempts: run => read(() => attemptsOf(database, run)),
    waits: run => read(() => waitsOf(database, run)),
    heldByBudgets: () => read(() => heldByBudgetsIn(database)),
    owners: () => read(() => ownersIn(database)),
    nextDueMs: () => read(() => nextDueIn(database)),
  }
}

function loadIn(tables: Tables, { run: id, owner, epoch }: Claim): LoadedRun | undefined {
  const row = readRow(tables, id)
  if (row?.state !== 'running' || row.owner !== owner || row.epoch !== epoch) return undefined
  const run = withBody(tables, row)
  // Submitted and claimed, and nothing else was told of it yet.
  if (row.seq === 2) return { run, steps: [], later: [], attempts: [], waits: [] }
  return { run, ...loadStepsIn(tables, id), attempts: attemptsOf(tables, id), waits: waitsOf(tables, id) }
}

/** In the order in which they were recorded. */
function stepsOf(tables: Tables, run: string) {
  return tables
    .prepared<StepRow>('SELECT * FROM step WHERE run = ? ORDER BY seq')
    .all(run)
    .map(row => toStep(tables, row))
}

function attemptsOf({ prepared }: Tables, run: string) {
  return prepared<AttemptRow>('SELECT * FROM attempt WHERE run = ? ORDER BY path, number').all(run).map(toAttempt)
}

function waitsOf(tables: Tables, run: string) {
  return tables
    .prepared<WaitRow>('SELECT * FROM wait WHERE run = ? ORDER BY path')
    .all(run)
    .map(row => toWait(tables, row))
}

const FILTER = `project = @project AND (@environment IS NULL OR environment = @environment) AND (@flow IS NULL OR flow = @flow)
  AND created_at >= @since AND (@states IS NULL OR state IN (SELECT value FROM json_each(@states)))
  AND (@ending IS NULL OR substr(id, -length(@ending)) = @ending) AND (NOT @roots OR parent_run IS NULL)
  AND (@closures IS NULL OR closure IN (SELECT value FROM json_each(@closures)))`

function filterOf(filter: Omit<RunFilter, 'limit'>) {
  const { project, environment, states, flow, sinceMs = 0, ending, withoutChildren = false, closures } = filter
  return {
    ...{ project, environment: environment ?? null, flow: flow ?? null, ending: ending ?? null, since: sinceMs },
    states: states === undefined ? null : JSON.stringify(states),
    roots: withoutChildren ? 1 : 0,
    closures: closures === undefined ? null : JSON.stringify(closures),
  }
}

/** Newest first. */
function runsOf(tables: Tables, { limit, cursor, ...filter }: RunFilter): readonly RunRecord[] {
  return tables
    .prepared<RunRow & BodyRow>(`${RUN_WITH_BODY} WHERE ${FILTER} AND (@cursor IS NULL OR id < @cursor) ORDER BY id DESC LIMIT @limit + 0`)
    .all({ ...filterOf(filter), limit, cursor: cursor ?? null })
    .map(row => toRun(tables, row))
}

function countsOf(tables: Tables, filter: Omit<RunFilter, 'limit' | 'cursor'>): readonly RunCount[] {
  return tables
    .prepared<RunCount>(
      `SELECT state, count(*) AS count, min(max(queued_at, not_before)) AS oldestMs FROM run WHERE ${FILTER} GROUP BY state ORDER BY state`,
    )
    .all(filterOf(filter))
}

function closureCountsOf(tables: Tables, filter: Omit<RunFilter, 'limit' | 'cursor'>): ReadonlyMap<string, number> {
  const rows = tables
    .prepared<{ closure: string; count: number }>(`SELECT closure, count(*) AS count FROM run WHERE ${FILTER} GROUP BY closure`)
    .all(filterOf(filter))
  return new Map(rows.map(({ closure, count }) => [closure, count]))
}

/** For a submit a full disk has a name of its own: the run was not taken. */
function asStoreFull(error: unknown): unknown {
  if (!(error instanceof OperationError) || error.code !== 'registry/full') return error
  return new OperationError(
    { ...error.diagnostic, code: 'run/store-full', detail: 'Make room on it, then submit the run again. No run was made.' },
    { retryable: true, cause: error },
  )
}
