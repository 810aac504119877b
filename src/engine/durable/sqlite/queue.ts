import { compact } from '../../../base/compact.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { PauseReason } from '../record-store.ts'
import { writeEventAt } from './events.ts'
import type { RunRow } from './run-rows.ts'
import type { Tables } from './values.ts'

/** Deaths of its owners after which a run is claimed alone (OWN-7). */
export const SUSPECT_DEATHS = 2

type Place = Pick<RunRow, 'queue' | 'slot'>

/** Puts a run where it waits to be claimed. */
export function enqueue(tables: Tables, row: RunRow, event: string, data: JsonObject = {}): void {
  const { queue, slot } = placeOf(tables, row)
  const nowMs = tables.clock.now()
  const changed = tables
    .prepared<{ seq: number }>(
      `UPDATE run SET state = 'queued', reason = NULL, held_by = NULL, resume_at = NULL, owner = NULL, wake = 0, queue = ?, slot = ?, queued_at = ?, seq = seq + 1 WHERE id = ? RETURNING seq`,
    )
    .get(queue, slot, nowMs, row.id)
  if (changed) writeEventAt(tables, row.id, changed.seq, event, data)
}

/** Where a run stands that is to be claimed: its lane may be full, and its time may not have come. */
export function placeOf(
  tables: Tables,
  row: Pick<RunRow, 'id' | 'lane' | 'lane_limit' | 'slot' | 'not_before' | 'deaths' | 'priority'>,
): Place {
  if (row.not_before > tables.clock.now()) return { queue: 'delayed', slot: 0 }
  const queue = row.deaths >= SUSPECT_DEATHS ? 'suspect' : 'ready'
  if (row.lane_limit === null) return { queue, slot: 0 }
  if (row.slot === 1 || takenSlots(tables, row.lane) < row.lane_limit) return { queue, slot: 1 }
  // A more important run takes the slot of one that was not claimed yet.
  const lesser = tables
    .prepared<{ id: string }>(
      `SELECT id FROM run WHERE slot = 1 AND lane = ? AND priority < ? AND queue = 'ready' ORDER BY priority, id DESC LIMIT 1`,
    )
    .get(row.lane, row.priority)
  if (lesser === undefined) return { queue: 'blocked', slot: 0 }
  tables.prepared(`UPDATE run SET queue = 'blocked', slot = 0 WHERE id = ?`).run(lesser.id)
  return { queue, slot: 1 }
}

function takenSlots({ prepared }: Tables, lane: string): number {
  return prepared<{ taken: number }>('SELECT count(*) AS taken FROM run WHERE slot = 1 AND lane = ?').get(lane)?.taken ?? 0
}

/** Gives the slot of a run that does not run any more to the next of its lane. */
export function admitNext(tables: Tables, { lane, slot }: Pick<RunRow, 'lane' | 'slot'>): void {
  if (slot === 0) return
  const next = tables
    .prepared<{ id: string; lane_limit: number; deaths: number }>(
      `SELECT id, lane_limit, deaths FROM run WHERE queue = 'blocked' AND lane = ? ORDER BY priority DESC, id LIMIT 1`,
    )
    .get(lane)
  if (next === undefined || takenSlots(tables, lane) >= next.lane_limit) return
  const queue = next.deaths >= SUSPECT_DEATHS ? 'suspect' : 'ready'
  tables.prepared('UPDATE run SET queue = ?, slot = 1 WHERE id = ?').run(queue, next.id)
}

/** Takes a run out of the queue, or from its owner, who loses the claim. */
export function park(tables: Tables, row: RunRow, to: { state: 'waiting' } | { state: 'paused'; reason: PauseReason }): void {
  const reason = to.state === 'paused' ? to.reason : undefined
  // Nobody's record of a change is accepted until the run is claimed anew, so the epoch needs no change (RUN-1).
  const changed = tables
    .prepared<{ seq: number }>(
      'UPDATE run SET state = ?, reason = ?, held_by = ?, resume_at = ?, owner = NULL, queue = NULL, slot = 0, wake = 0, seq = seq + 1 WHERE id = ? RETURNING seq',
    )
    .get(
      ...[to.state, reason === undefined ? null : JSON.stringify(reason)],
      ...[reason?.waitsFor?.budget ?? null, reason?.waitsFor?.resumesAtMs ?? null, row.id],
    )
  if (changed) writeEventAt(tables, row.id, changed.seq, `run.${to.state}`, compact({ reason: reason && reasonData(reason) }))
  admitNext(tables, row)
}

function reasonData({ waitsFor, ...error }: PauseReason): JsonObject {
  if (waitsFor === undefined) return { ...error }
  return { ...error, ...compact({ budget: waitsFor.budget, resumes_at_ms: waitsFor.resumesAtMs }) }
}

/** Something came for a run: a waiting one is queued, the owner of a running one is told. */
export function wake(tables: Tables, row: Pick<RunRow, 'id' | 'state'>, full: () => RunRow | undefined): void {
  if (row.state === 'running') tables.prepared('UPDATE run SET wake = 1 WHERE id = ?').run(row.id)
  if (row.state !== 'waiting') return
  const waiting = full()
  if (waiting) enqueue(tables, waiting, 'run.queued')
}
