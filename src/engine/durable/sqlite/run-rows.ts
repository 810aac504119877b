import { invariant } from '../../../base/invariant.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { StepError } from '../../interpreter/command.ts'
import type { PauseReason, RunRecord, RunState } from '../record-store.ts'
import { readValue, type Tables } from './values.ts'

/** A run without what it is given and gives. */
export interface RunRow {
  readonly id: string
  readonly project: string
  readonly environment: string
  readonly flow: string
  readonly state: RunState
  readonly reason: string | null
  readonly release: number
  readonly closure: string
  readonly interpreter: number
  readonly idempotency_key: string | null
  readonly fingerprint: string
  readonly priority: number
  readonly lane: string
  readonly lane_limit: number | null
  readonly queue: 'ready' | 'suspect' | 'blocked' | 'delayed' | null
  readonly slot: number
  readonly queued_at: number
  readonly created_at: number
  readonly not_before: number
  readonly started_at: number | null
  readonly ended_at: number | null
  readonly deadline_at: number
  readonly retention_ms: number
  readonly owner: string | null
  readonly epoch: number
  readonly deaths: number
  readonly wake: number
  readonly cancel_requested_at: number | null
  readonly cost_nano: number | null
  readonly retry_of: string | null
  readonly parent_run: string | null
  readonly parent_path: string | null
  readonly submitted_by: string
  readonly no_cache: number
  readonly seq: number
}

export interface BodyRow {
  readonly input: string
  readonly session: string
  readonly output: string | null
  readonly error: string | null
}

export const RUN_WITH_BODY = 'SELECT run.*, input, session, output, error FROM run JOIN run_body ON run_body.run = run.id'

export function readRow({ prepared }: Tables, id: string): RunRow | undefined {
  return prepared<RunRow>('SELECT * FROM run WHERE id = ?').get(id)
}

export function readRun(tables: Tables, id: string): RunRecord | undefined {
  const row = readRow(tables, id)
  return row && withBody(tables, row)
}

/** By a statement of its own: SQLite plans the join of the two anew for each id, at ten times the price of the reads. */
export function withBody(tables: Tables, row: RunRow): RunRecord {
  const body = tables.prepared<BodyRow>('SELECT input, session, output, error FROM run_body WHERE run = ?').get(row.id)
  invariant(body !== undefined, 'records/body-lost', `run ${row.id} has no body`)
  return toRun(tables, { ...row, ...body })
}

export function toRun(tables: Tables, row: RunRow & BodyRow): RunRecord {
  return {
    id: row.id,
    project: row.project,
    environment: row.environment,
    flow: row.flow,
    state: row.state,
    ...(row.reason !== null && { reason: JSON.parse(row.reason) as PauseReason }),
    release: row.release,
    closureDigest: row.closure,
    interpreter: row.interpreter,
    input: readValue(tables, row.input),
    session: readValue(tables, row.session) as JsonObject,
    ...(row.idempotency_key !== null && { idempotencyKey: row.idempotency_key }),
    fingerprint: row.fingerprint,
    priority: row.priority,
    lane: row.lane,
    ...(row.lane_limit !== null && { laneLimit: row.lane_limit }),
    createdAtMs: row.created_at,
    notBeforeMs: row.not_before,
    ...(row.started_at !== null && { startedAtMs: row.started_at }),
    ...(row.ended_at !== null && { endedAtMs: row.ended_at }),
    deadlineAtMs: row.deadline_at,
    retentionMs: row.retention_ms,
    ...(row.owner !== null && { owner: row.owner }),
    epoch: row.epoch,
    deaths: row.deaths,
    ...(row.cancel_requested_at !== null && { cancelRequestedAtMs: row.cancel_requested_at }),
    ...(row.output !== null && { output: readValue(tables, row.output) }),
    ...(row.error !== null && { error: readValue(tables, row.error) as unknown as StepError }),
    costNano: row.cost_nano,
    ...(row.retry_of !== null && { retryOf: row.retry_of }),
    ...(row.parent_run !== null && { parent: { run: row.parent_run, path: row.parent_path ?? '' } }),
    submittedBy: row.submitted_by,
    ...(row.no_cache === 1 && { withoutCache: true }),
  }
}
