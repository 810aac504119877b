import { OperationError } from '../../../diagnostics/operation-error.ts'
import type { NewRun, RunRecord, StepRecord } from '../record-store.ts'
import { writeEventAt } from './events.ts'
import { placeOf } from './queue.ts'
import { readRun } from './run-rows.ts'
import { copyStep, type PreparedStep, prepareStep } from './steps.ts'
import { keepValue, type StoredValue, storedValue, type Tables, useBlob } from './values.ts'

/** A run as its rows will hold it, made before the transaction. */
export interface PreparedRun {
  readonly run: NewRun
  readonly input: StoredValue
  readonly session: StoredValue
  readonly steps: readonly PreparedStep[]
}

export function prepareRun(run: NewRun, steps: readonly StepRecord[]): PreparedRun {
  const own = steps.map(step => prepareStep({ ...step, run: run.id }))
  return { run, input: storedValue(run.input), session: storedValue(run.session), steps: own }
}

/** Records a run, or finds the one that its key has made (IDEM-2, IDEM-3). */
export function submitIn(tables: Tables, prepared: PreparedRun): { readonly run: RunRecord; readonly replayed: boolean } {
  const { run } = prepared
  const before = run.idempotencyKey === undefined ? undefined : ofKey(tables, run, run.idempotencyKey)
  if (before !== undefined) return { run: before, replayed: true }
  // A child is submitted again after a crash: its id is of its parent and path (RUN-6).
  const isKnown = tables.prepared('SELECT 1 FROM run WHERE id = ?').get(run.id) !== undefined
  const same = isKnown ? readRun(tables, run.id) : undefined
  if (same !== undefined) return { run: same, replayed: true }
  insertRun(tables, run)
  tables
    .prepared('INSERT INTO run_body(run, input, session) VALUES (?, ?, ?)')
    .run(run.id, keepValue(tables, run.id, prepared.input), keepValue(tables, run.id, prepared.session))
  useBlob(tables, run.id, run.closureDigest)
  writeEventAt(tables, run.id, 1, 'run.queued', { flow: run.flow })
  for (const step of prepared.steps) copyStep(tables, step)
  return { run: { ...run, state: 'queued', epoch: 0, deaths: 0, costNano: 0 }, replayed: false }
}

function ofKey(tables: Tables, { project, environment, fingerprint }: NewRun, key: string): RunRecord | undefined {
  const row = tables
    .prepared<{ id: string; fingerprint: string }>(
      'SELECT id, fingerprint FROM run WHERE project = ? AND environment = ? AND idempotency_key = ?',
    )
    .get(project, environment, key)
  if (row === undefined) return undefined
  if (row.fingerprint !== fingerprint) throw otherBody(key, row.id)
  return readRun(tables, row.id)
}

function insertRun(tables: Tables, run: NewRun): void {
  const nowMs = tables.clock.now()
  const { queue, slot } = placeOf(tables, {
    id: run.id,
    lane: run.lane,
    lane_limit: run.laneLimit ?? null,
    slot: 0,
    not_before: run.notBeforeMs,
    deaths: 0,
    priority: run.priority,
  })
  tables
    .prepared(
      `INSERT INTO run(id, project, environment, flow, state, release, closure, interpreter, idempotency_key, fingerprint, priority, lane,
         lane_limit, queue, slot, queued_at, created_at, not_before, deadline_at, retention_ms, cost_nano, retry_of, parent_run, parent_path,
         submitted_by, no_cache, seq)
       VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, 1)`,
    )
    .run(
      ...[run.id, run.project, run.environment, run.flow, run.release, run.closureDigest, run.interpreter, run.idempotencyKey ?? null],
      ...[run.fingerprint, run.priority, run.lane, run.laneLimit ?? null, queue, slot, nowMs, run.createdAtMs, run.notBeforeMs],
      ...[run.deadlineAtMs, run.retentionMs, run.retryOf ?? null, run.parent?.run ?? null, run.parent?.path ?? null, run.submittedBy],
      run.withoutCache ? 1 : 0,
    )
}

function otherBody(key: string, run: string): OperationError {
  return new OperationError({
    code: 'run/other-body',
    summary: `The idempotency key "${key}" has made run ${run} from another input`,
    detail: 'A key stands for one flow with one input. Send what was sent before, or take a new key. No run was made.',
  })
}
