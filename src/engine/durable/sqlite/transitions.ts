import type { JsonObject, JsonValue } from '../../../base/json.ts'
import type { StepOutcome } from '../../interpreter/command.ts'
import {
  type Claim,
  type PauseReason,
  type RecordStore,
  type RunRelease,
  type RunState,
  TERMINAL_STATES,
  type WaitRecord,
} from '../record-store.ts'
import { writeEvent, writeEventAt } from './events.ts'
import { admitNext, enqueue, park, wake } from './queue.ts'
import { type RunRow, readRow } from './run-rows.ts'
import { commitStepIn, holdsClaim, prepareStep } from './steps.ts'
import { keepValue, type StoredValue, storedValue, type Tables } from './values.ts'

export function addWaitsIn(tables: Tables, claim: Claim, waits: readonly WaitRecord[]): void {
  if (!holdsClaim(tables, claim)) return
  for (const wait of waits) {
    const name = wait.kind === 'signal' ? wait.name : wait.kind === 'child' ? wait.child : null
    const shown = wait.kind === 'approval' ? keepValue(tables, wait.run, storedValue({ ...wait.shown } as unknown as JsonValue)) : null
    tables
      .prepared(`INSERT INTO wait(run, path, kind, due_at, name, shown, began_at) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET kind = excluded.kind, due_at = excluded.due_at, name = excluded.name, shown = excluded.shown`)
      .run(wait.run, wait.path, wait.kind, wait.dueAtMs, name, shown, tables.clock.now())
    writeEvent(tables, wait.run, 'step.waiting', { path: wait.path, for: wait.kind, due_at_ms: wait.dueAtMs, ...(name && { name }) })
  }
}

export function dropWaitsIn(tables: Tables, claim: Claim, paths: readonly string[]): void {
  if (!holdsClaim(tables, claim)) return
  for (const path of paths) tables.prepared('DELETE FROM wait WHERE run = ? AND path = ?').run(claim.run, path)
}

export function shiftWaitsIn({ prepared }: Tables, waits: Parameters<RecordStore['shiftWaits']>[0]): void {
  for (const { run, path, dueAtMs } of waits)
    prepared('UPDATE wait SET due_at = ? WHERE run = ? AND path = ?').run(Math.round(dueAtMs), run, path)
}

export interface PreparedRelease {
  readonly to: RunRelease
  /** The output, or the error, of a run that has ended. */
  readonly body: StoredValue | undefined
}

export function prepareRelease(to: RunRelease): PreparedRelease {
  if (to.to === 'succeeded') return { to, body: storedValue(to.output) }
  return { to, body: to.to === 'failed' ? storedValue({ ...to.error }) : undefined }
}

/** Ends a claim. One that was lost changes nothing (RUN-1). */
export function releaseIn(tables: Tables, claim: Claim, { to, body }: PreparedRelease): boolean {
  if (isEnd(to)) return end(tables, claim, to, body)
  const row = readRow(tables, claim.run)
  if (row?.state !== 'running' || row.owner !== claim.owner || row.epoch !== claim.epoch) return false
  switch (to.to) {
    case 'queued':
      enqueue(tables, row, 'run.queued', { because: 'given-up' })
      return true
    case 'waiting':
      // What came since the owner last looked would be slept over.
      if (row.wake === 1) enqueue(tables, row, 'run.queued')
      else park(tables, row, { state: 'waiting' })
      return true
    case 'paused':
      park(tables, row, { state: 'paused', reason: to.reason })
      return true
  }
}

type RunEnd = Exclude<RunRelease, { to: 'queued' | 'waiting' | 'paused' }>

function isEnd(to: RunRelease): to is RunEnd {
  return to.to === 'succeeded' || to.to === 'failed' || to.to === 'cancelled'
}

type EndedRow = Pick<RunRow, 'seq' | 'cost_nano' | 'lane' | 'lane_limit' | 'parent_run'> & { readonly waits: number }

/** Written once: the state, the last event, what waited, and the wake of a parent are one commit (RUN-4, RUN-6). */
function end(tables: Tables, { run, owner, epoch }: Claim, to: RunEnd, body: StoredValue | undefined): boolean {
  const { prepared, clock } = tables
  const row = prepared<EndedRow>(
    `UPDATE run SET state = ?, ended_at = ?, owner = NULL, queue = NULL, slot = 0, wake = 0, seq = seq + 1
     WHERE id = ? AND state = 'running' AND owner = ? AND epoch = ?
     RETURNING seq, cost_nano, lane, lane_limit, parent_run, EXISTS(SELECT 1 FROM wait WHERE wait.run = run.id) AS waits`,
  ).get(to.to, clock.now(), run, owner, epoch)
  if (row === undefined) return false
  if (body !== undefined)
    prepared(`UPDATE run_body SET ${to.to === 'failed' ? 'error' : 'output'} = ? WHERE run = ?`).run(keepValue(tables, run, body), run)
  if (row.waits > 0) prepared('DELETE FROM wait WHERE run = ?').run(run)
  const error: JsonObject = to.to === 'failed' ? { error: { ...to.error } } : {}
  writeEventAt(tables, run, row.seq, `run.${to.to}`, { cost_nano: row.cost_nano, ...error })
  // Only lanes with a limit have slots.
  if (row.lane_limit !== null) admitNext(tables, { lane: row.lane, slot: 1 })
  if (row.parent_run !== null) wakeRun(tables, row.parent_run)
  return true
}

export function wakeRun(tables: Tables, id: string): void {
  const row = readRow(tables, id)
  if (row) wake(tables, row, () => row)
}

/** Asks for the end: a run that nobody executes is queued, so that whoever claims it ends it (RUN-1). */
export function requestCancelIn(tables: Tables, id: string, reason: string): RunState | undefined {
  const row = readRow(tables, id)
  if (row === undefined || TERMINAL_STATES.has(row.state)) return row?.state
  if (row.cancel_requested_at !== null) return row.state
  tables.prepared('UPDATE run SET cancel_requested_at = ?, not_before = 0 WHERE id = ?').run(tables.clock.now(), id)
  writeEvent(tables, id, 'run.cancelling', { reason })
  if (row.state === 'running') tables.prepared('UPDATE run SET wake = 1 WHERE id = ?').run(id)
  else {
    enqueue(tables, { ...row, not_before: 0, lane_limit: null }, 'run.queued')
    admitNext(tables, row)
  }
  return row.state
}

/** Takes the run from its owner, or out of the queue. @returns false where it has ended or is paused. */
export function pauseIn(tables: Tables, id: string, reason: PauseReason): boolean {
  const row = readRow(tables, id)
  if (row === undefined || row.state === 'paused' || TERMINAL_STATES.has(row.state)) return false
  park(tables, row, { state: 'paused', reason })
  return true
}

export function resumeIn(tables: Tables, id: string, because?: PauseReason): boolean {
  const row = readRow(tables, id)
  if (row?.state !== 'paused') return false
  if (because !== undefined && row.reason !== JSON.stringify(because)) return false
  // A person has looked at it: its deaths are behind it.
  tables.prepared('UPDATE run SET deaths = 0 WHERE id = ?').run(id)
  enqueue(tables, { ...row, deaths: 0 }, 'run.resumed')
  return true
}

/** Ends the doubt over an interrupted step, by its record or by leave to try again (STEP-5). */
export function settleUnknownIn(tables: Tables, run: string, path: string, as: StepOutcome | 'repeat'): boolean {
  const wait = tables.prepared<{ kind: string }>('SELECT kind FROM wait WHERE run = ? AND path = ?').get(run, path)
  if (wait?.kind !== 'unknown') return false
  const nowMs = tables.clock.now()
  if (as === 'repeat') {
    tables.prepared('DELETE FROM wait WHERE run = ? AND path = ?').run(run, path)
    tables.prepared('UPDATE attempt SET ended_at = ? WHERE run = ? AND path = ? AND ended_at IS NULL').run(nowMs, run, path)
  } else {
    const tried = tables
      .prepared<{ at: number | null }>('SELECT max(started_at) AS at FROM attempt WHERE run = ? AND path = ?')
      .get(run, path)
    const step = { run, path, outcome: as, attempts: 1, startedAtMs: tried?.at ?? nowMs, endedAtMs: nowMs, costNano: null }
    commitStepIn(tables, prepareStep(step))
  }
  writeEvent(tables, run, 'step.settled', { path, as: as === 'repeat' ? as : as.status })
  const open = tables.prepared(`SELECT 1 FROM wait WHERE run = ? AND kind = 'unknown'`).get(run)
  if (open === undefined) resumeIn(tables, run)
  return true
}
