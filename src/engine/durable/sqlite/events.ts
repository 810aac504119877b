import type { JsonObject } from '../../../base/json.ts'
import type { RunEvent } from '../record-store.ts'
import { stepError } from './step-rows.ts'
import type { Tables } from './values.ts'

/** Of one run; older ones go (RUN-8). */
const EVENTS_KEPT = 10_000

/** Writes the next event of a run, in the transaction of what it tells (SSE-1). */
export function writeEvent(tables: Tables, run: string, type: string, data: JsonObject = {}): void {
  const seq = nextSeq(tables, run)
  if (seq !== undefined) writeEventAt(tables, run, seq, type, data)
}

/** For those who have counted `seq` up in an update of their own. */
export function writeEventAt({ prepared, clock }: Tables, run: string, seq: number, type: string, data: JsonObject = {}): void {
  prepared('INSERT INTO event(run, seq, type, at, data) VALUES (?, ?, ?, ?, ?)').run(run, seq, type, clock.now(), JSON.stringify(data))
  if (seq > EVENTS_KEPT) prepared('DELETE FROM event WHERE run = ? AND seq <= ?').run(run, seq - EVENTS_KEPT)
}

function nextSeq({ prepared }: Tables, run: string): number | undefined {
  return prepared<{ seq: number }>('UPDATE run SET seq = seq + 1 WHERE id = ? RETURNING seq').get(run)?.seq
}

interface EventRow {
  readonly seq: number
  readonly type: string
  readonly at: number
  readonly data: string | null
  readonly path: string | null
  readonly exit: string | null
  readonly value: string | null
  readonly attempts: number
  readonly started_at: number
  readonly cost_nano: number | null
}

/** Events after a number, in order. A step's event is its record: it is not written twice. */
export function eventsAfter(tables: Tables, run: string, afterSeq: number): readonly RunEvent[] {
  const rows = tables
    .prepared<EventRow>(
      `SELECT seq, type, at, data, NULL AS path, NULL AS exit, NULL AS value, 0 AS attempts, 0 AS started_at, NULL AS cost_nano
         FROM event WHERE run = @run AND seq > @after
       UNION ALL
       SELECT seq, 'step.' || status, ended_at, NULL, path, exit, CASE status WHEN 'failed' THEN value END, attempts, started_at, cost_nano
         FROM step WHERE run = @run AND seq > @after
       ORDER BY seq`,
    )
    .all({ run, after: afterSeq })
  return rows.map(row => ({ run, seq: row.seq, type: row.type, atMs: row.at, data: dataOf(tables, row) }))
}

function dataOf(tables: Tables, row: EventRow): JsonObject {
  if (row.data !== null) return JSON.parse(row.data) as JsonObject
  return {
    path: row.path,
    ...(row.exit !== null && { exit: row.exit }),
    ...(row.value !== null && { error: { ...stepError(tables, row.value) } }),
    attempts: row.attempts,
    started_at_ms: row.started_at,
    cost_nano: row.cost_nano,
  }
}
