import type { JsonValue } from '../../../base/json.ts'
import type { BudgetWarning } from '../../../gateway/call.ts'
import { spendIn } from '../../../gateway/ledger/sqlite/spent.ts'
import {
  type AttemptRecord,
  type Claim,
  type RecordStore,
  type SignalRecord,
  type StepRecord,
  type StepSpent,
  TERMINAL_STATES,
} from '../record-store.ts'
import { writeEvent, writeEventAt } from './events.ts'
import type { RunRow } from './run-rows.ts'
import { type StepRow, toStep } from './step-rows.ts'
import { keepValue, readValue, type StoredValue, storedValue, type Tables } from './values.ts'

/** A step as its row will hold it, made before the transaction. */
export interface PreparedStep {
  readonly step: StepRecord
  readonly value: StoredValue | undefined
}

export function prepareStep(step: StepRecord): PreparedStep {
  const { outcome } = step
  if (outcome.status === 'unknown') return { step, value: undefined }
  return { step, value: storedValue(outcome.status === 'failed' ? { ...outcome.error } : outcome.attributes) }
}

const STEP = 'SELECT * FROM step WHERE run = ? AND path = ?'

/** First writer wins: what was kept is read by a statement of its own (STEP-3). */
export function commitStepIn(
  tables: Tables,
  prepared: PreparedStep,
  claim?: Claim,
  spent?: StepSpent,
): Awaited<ReturnType<RecordStore['commitStep']>> {
  const warnings = spent && spendIn({ ...tables, project: spent.project }, spent)
  const committed = commitOutcome(tables, prepared, claim)
  if (warnings) tellWarnings(tables, prepared.step.run, warnings)
  return committed
}

/** Settles what an attempt has spent, and tells marks of budgets that were passed with it (BUD-4). */
export function spendFor(tables: Tables, run: string, spent: StepSpent): void {
  tellWarnings(tables, run, spendIn({ ...tables, project: spent.project }, spent))
}

function tellWarnings(tables: Tables, run: string, warnings: readonly BudgetWarning[]): void {
  for (const { budget, mark, spentNano, limitNano } of warnings)
    writeEvent(tables, run, 'budget.passed', { budget, mark, spent_nano: spentNano, limit_nano: limitNano })
}

function commitOutcome(tables: Tables, given: PreparedStep, claim: Claim | undefined): Awaited<ReturnType<RecordStore['commitStep']>> {
  const { run, path, costNano } = given.step
  // Money was spent, whoever was first and whatever has become of the run (STEP-10).
  const row = tables
    .prepared<Pick<RunRow, 'state' | 'owner' | 'epoch' | 'seq' | 'deaths'> & { readonly waits: number }>(
      `UPDATE run SET seq = seq + 1, cost_nano = cost_nano + ? WHERE id = ?
       RETURNING state, owner, epoch, seq, deaths, EXISTS(SELECT 1 FROM wait WHERE wait.run = run.id) AS waits`,
    )
    .get(costNano, run)
  if (row === undefined) return { won: false, kept: given.step, held: false }
  const prepared = row.waits > 0 ? { ...given, step: sinceItsWait(tables, given.step) } : given
  const { step } = prepared
  const isLate = TERMINAL_STATES.has(row.state)
  const held = row.state === 'running' && row.owner === claim?.owner && row.epoch === claim.epoch
  if (!isLate && insertRow(tables, prepared, row.seq)) {
    if (row.waits > 0) tables.prepared('DELETE FROM wait WHERE run = ? AND path = ?').run(run, path)
    // That run goes on: the deaths of its owners are behind it (OWN-7).
    if (row.deaths > 0) tables.prepared('UPDATE run SET deaths = 0 WHERE id = ?').run(run)
    return { won: true, kept: step, held }
  }
  writeEventAt(tables, run, row.seq, isLate ? 'step.late' : 'step.repeated', { path, cost_nano: costNano })
  const before = tables.prepared<StepRow>(STEP).get(run, path)
  return { won: false, kept: before === undefined ? step : toStep(tables, before), held }
}

/** A step that did nothing but wait began with its wait; one that was tried, with its attempt. */
function sinceItsWait({ prepared }: Tables, step: StepRecord): StepRecord {
  const wait = prepared<{ began_at: number }>(
    `SELECT began_at FROM wait WHERE run = ? AND path = ? AND kind NOT IN ('retry', 'unknown')`,
  ).get(step.run, step.path)
  return wait === undefined ? step : { ...step, startedAtMs: wait.began_at }
}

/** A record of a former run, which costs nothing a second time (RUN-5). */
export function copyStep(tables: Tables, prepared: PreparedStep): void {
  const counted = tables.prepared<{ seq: number }>('UPDATE run SET seq = seq + 1 WHERE id = ? RETURNING seq').get(prepared.step.run)
  insertRow(tables, prepared, counted?.seq ?? 0)
}

/** @returns false: the step has a record. */
function insertRow({ prepared, ...tables }: Tables, { step, value }: PreparedStep, seq: number): boolean {
  const { run, path, outcome } = step
  const added = prepared(
    'INSERT OR IGNORE INTO step(run, path, seq, status, exit, value, attempts, started_at, ended_at, cost_nano, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  ).run(
    ...[run, path, seq, outcome.status, outcome.status === 'succeeded' ? outcome.exit : null],
    ...[value === undefined ? null : value.text, step.attempts, step.startedAtMs, step.endedAtMs, step.costNano],
    step.facts === undefined ? null : JSON.stringify(step.facts),
  )
  if (added.changes === 0) return false
  if (value !== undefined) keepValue({ prepared, ...tables }, run, value)
  return true
}

/** An attempt that begins, or ends: its number is never taken again. */
export function writeAttempt(tables: Tables, attempt: AttemptRecord, spent?: StepSpent): void {
  if (spent) spendFor(tables, attempt.run, spent)
  const { run, path, number, error, costNano = 0 } = attempt
  tables
    .prepared(
      `INSERT INTO attempt(run, path, number, epoch, started_at, ended_at, error, retry_at, cost_nano) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET ended_at = excluded.ended_at, error = excluded.error, retry_at = excluded.retry_at, cost_nano = excluded.cost_nano`,
    )
    .run(
      ...[run, path, number, attempt.epoch, attempt.startedAtMs, attempt.endedAtMs ?? null],
      ...[error === undefined ? null : JSON.stringify(error), attempt.retryAtMs ?? null, costNano],
    )
  if (costNano !== 0) tables.prepared('UPDATE run SET cost_nano = cost_nano + ? WHERE id = ?').run(costNano, run)
  if (error === undefined) return
  writeEvent(tables, run, 'attempt.failed', { path, number, code: error.code, retry_at_ms: attempt.retryAtMs ?? null })
}

interface SignalRow {
  readonly run: string
  readonly seq: number
  readonly name: string
  readonly value: string
  readonly dedupe_key: string | null
  readonly sent_by: string | null
  readonly received_at: number
}

/** The oldest signal of the name that nobody has consumed, and the record of the step that waited for it: one commit (SIG-1). */
export function consumeSignalIn(tables: Tables, claim: Claim, path: string, name: string): SignalRecord | undefined {
  if (!holdsClaim(tables, claim)) return undefined
  if (tables.prepared(STEP).get(claim.run, path) !== undefined) return undefined
  const row = tables
    .prepared<SignalRow>('SELECT * FROM signal WHERE run = ? AND name = ? AND consumed_by IS NULL ORDER BY seq LIMIT 1')
    .get(claim.run, name)
  if (row === undefined) return undefined
  tables.prepared('UPDATE signal SET consumed_by = ? WHERE run = ? AND seq = ?').run(path, claim.run, row.seq)
  const signal = toSignal(tables, row)
  const nowMs = tables.clock.now()
  commitStepIn(tables, prepareStep(receivedStep(signal, path, nowMs)))
  return signal
}

/** How a wait for a signal is recorded when the signal is there. */
export function receivedStep({ run, value, receivedAtMs }: SignalRecord, path: string, nowMs: number): StepRecord {
  const attributes = { output: value, received_at: new Date(receivedAtMs).toISOString() }
  const outcome = { status: 'succeeded', exit: 'received', attributes } as const
  return { run, path, outcome, attempts: 1, startedAtMs: receivedAtMs, endedAtMs: nowMs, costNano: 0 }
}

function toSignal(tables: Tables, row: SignalRow): SignalRecord {
  return {
    run: row.run,
    name: row.name,
    seq: row.seq,
    value: readValue(tables, row.value) as JsonValue,
    ...(row.dedupe_key !== null && { dedupeKey: row.dedupe_key }),
    ...(row.sent_by !== null && { by: row.sent_by }),
    receivedAtMs: row.received_at,
  }
}

/** Whether the run is still this owner's, of this claim (OWN-6). */
export function holdsClaim(tables: Tables, { run, owner, epoch }: Claim): boolean {
  return (
    tables.prepared(`SELECT 1 FROM run WHERE id = ? AND state = 'running' AND owner = ? AND epoch = ?`).get(run, owner, epoch) !== undefined
  )
}
