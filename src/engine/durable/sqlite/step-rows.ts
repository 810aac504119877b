import type { JsonObject } from '../../../base/json.ts'
import type { ApprovalCommand, StepError, StepOutcome } from '../../interpreter/command.ts'
import type { AttemptRecord, StepRecord, WaitRecord } from '../record-store.ts'
import { readValue, type Tables } from './values.ts'

export interface StepRow {
  readonly run: string
  readonly path: string
  readonly status: StepOutcome['status']
  readonly exit: string | null
  readonly value: string | null
  readonly attempts: number
  readonly started_at: number
  readonly ended_at: number
  readonly cost_nano: number | null
  readonly facts: string | null
}

export function toStep(tables: Tables, row: StepRow): StepRecord {
  return {
    run: row.run,
    path: row.path,
    outcome: toOutcome(tables, row),
    attempts: row.attempts,
    startedAtMs: row.started_at,
    endedAtMs: row.ended_at,
    costNano: row.cost_nano,
    ...(row.facts !== null && { facts: JSON.parse(row.facts) as JsonObject }),
  }
}

function toOutcome(tables: Tables, { status, exit, value }: StepRow): StepOutcome {
  if (status === 'unknown') return { status }
  if (status === 'failed') return { status, error: stepError(tables, value ?? 'null') }
  return { status, exit: exit ?? 'done', attributes: readValue(tables, value ?? '{}') as JsonObject }
}

export function stepError(tables: Tables, text: string): StepError {
  return readValue(tables, text) as unknown as StepError
}

export interface AttemptRow {
  readonly run: string
  readonly path: string
  readonly number: number
  readonly epoch: number
  readonly started_at: number
  readonly ended_at: number | null
  readonly error: string | null
  readonly retry_at: number | null
  readonly cost_nano: number | null
}

export function toAttempt(row: AttemptRow): AttemptRecord {
  return {
    run: row.run,
    path: row.path,
    number: row.number,
    epoch: row.epoch,
    startedAtMs: row.started_at,
    ...(row.ended_at !== null && { endedAtMs: row.ended_at }),
    ...(row.error !== null && { error: JSON.parse(row.error) as StepError }),
    ...(row.retry_at !== null && { retryAtMs: row.retry_at }),
    ...((row.error !== null || row.cost_nano !== 0) && { costNano: row.cost_nano }),
  }
}

export interface WaitRow {
  readonly run: string
  readonly path: string
  readonly kind: WaitRecord['kind']
  readonly due_at: number | null
  readonly name: string | null
  readonly shown: string | null
}

export function toWait(tables: Tables, { run, path, kind, due_at: dueAtMs, name, shown }: WaitRow): WaitRecord {
  const wait = { run, path, dueAtMs }
  switch (kind) {
    case 'signal':
      return { ...wait, kind, name: name ?? '' }
    case 'child':
      return { ...wait, kind, child: name ?? '' }
    case 'approval':
      return { ...wait, kind, shown: readValue(tables, shown ?? 'null') as unknown as ApprovalCommand }
    default:
      return { ...wait, kind }
  }
}
