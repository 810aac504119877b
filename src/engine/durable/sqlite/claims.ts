import type { StepError } from '../../interpreter/command.ts'
import type { Claim, FlowLimits, HeldRun, OwnerBeat } from '../record-store.ts'
import { writeEventAt } from './events.ts'
import { enqueue, park, placeOf, SUSPECT_DEATHS } from './queue.ts'
import { type RunRow, readRow } from './run-rows.ts'
import type { Tables } from './values.ts'

/** Runs that become due in one look; the rest follow with the next. */
const PROMOTED = 500
/** The death of its owner after which a run is taken for their cause (OWN-7). */
const POISON_DEATHS = 3

/** Claims runs: each by one statement that sets owner and epoch (OWN-2). */
export function claimIn(
  tables: Tables,
  owner: string,
  limit: number,
  { only, most }: { readonly only?: string; readonly most?: FlowLimits },
): readonly Claim[] {
  promote(tables)
  if (only !== undefined) return claimOne(tables, owner, only)
  // A plain parameter as the limit makes SQLite plan anew with each value of it, and so each claim.
  const ready =
    most === undefined
      ? tables.prepared<{ id: string }>(`SELECT id FROM run WHERE queue = 'ready' ORDER BY priority DESC, id LIMIT ? + 0`).all(limit)
      : readyWithin(tables, owner, limit, most)
  return ready.map(({ id }) => take(tables, owner, id))
}

export function suspectsIn({ prepared }: Tables, limit: number, most: FlowLimits = {}): readonly string[] {
  const none = Object.entries(most).flatMap(([flow, count]) => (count === 0 ? [flow] : []))
  return prepared<{ id: string }>(
    `SELECT id FROM run WHERE queue = 'suspect' AND flow NOT IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?`,
  )
    .all(JSON.stringify(none), limit)
    .map(({ id }) => id)
}

/** What is ready and not of a flow of which the owner has enough. */
function readyWithin({ prepared }: Tables, owner: string, limit: number, most: FlowLimits): readonly { readonly id: string }[] {
  const held = prepared<{ flow: string; held: number }>('SELECT flow, count(*) AS held FROM run WHERE owner = ? GROUP BY flow').all(owner)
  const left = new Map(Object.entries(most))
  for (const { flow, held: count } of held) if (left.has(flow)) left.set(flow, (left.get(flow) ?? 0) - count)
  const full = [...left].flatMap(([flow, count]) => (count <= 0 ? [flow] : []))
  const rows = prepared<{ id: string; flow: string }>(
    `SELECT id, flow FROM run WHERE queue = 'ready' AND flow NOT IN (SELECT value FROM json_each(?))
     ORDER BY priority DESC, id LIMIT ? + 0`,
  ).all(JSON.stringify(full), limit)
  return rows.filter(({ flow }) => {
    const count = left.get(flow)
    if (count !== undefined) left.set(flow, count - 1)
    return count === undefined || count > 0
  })
}

/** A suspect has nothing beside it (OWN-7): what is asked for is asked for again at the next look. */
function claimOne(tables: Tables, owner: string, id: string): readonly Claim[] {
  const queue = readRow(tables, id)?.queue
  if (queue !== 'ready' && queue !== 'suspect') return []
  const owned = deathsOf(tables, owner)
  const isAlone = owned.length === 0 || (queue === 'ready' && owned.every(deaths => deaths < SUSPECT_DEATHS))
  return isAlone ? [take(tables, owner, id)] : []
}

/** Of each run that the owner has. */
function deathsOf({ prepared }: Tables, owner: string): readonly number[] {
  return prepared<{ deaths: number }>('SELECT deaths FROM run WHERE owner = ?')
    .all(owner)
    .map(({ deaths }) => deaths)
}

function take(tables: Tables, owner: string, id: string): Claim {
  const row = tables
    .prepared<{ epoch: number; seq: number }>(
      `UPDATE run SET state = 'running', queue = NULL, wake = 0, owner = ?, epoch = epoch + 1, started_at = coalesce(started_at, ?), seq = seq + 1
       WHERE id = ? RETURNING epoch, seq`,
    )
    .get(owner, tables.clock.now(), id)
  const epoch = row?.epoch ?? 0
  writeEventAt(tables, id, row?.seq ?? 0, epoch === 1 ? 'run.started' : 'run.continued', { epoch })
  return { run: id, owner, epoch }
}

/** Puts into the queue what has become due: delayed runs, waits, budgets that pay again, and deadlines, which count in every state. */
function promote(tables: Tables): void {
  const { prepared, clock } = tables
  const nowMs = clock.now()
  const delayed = prepared<RunRow>(`SELECT * FROM run WHERE queue = 'delayed' AND not_before <= ? ORDER BY not_before LIMIT ${PROMOTED}`)
  for (const row of delayed.all(nowMs)) {
    const { queue, slot } = placeOf(tables, row)
    prepared('UPDATE run SET queue = ?, slot = ?, queued_at = ? WHERE id = ?').run(queue, slot, nowMs, row.id)
  }
  const due = prepared<RunRow>(
    `SELECT DISTINCT run.* FROM wait JOIN run ON run.id = wait.run WHERE due_at <= ? AND state = 'waiting' ORDER BY due_at LIMIT ${PROMOTED}`,
  )
  for (const row of due.all(nowMs)) enqueue(tables, row, 'run.queued')
  const paid = prepared<RunRow>(`SELECT * FROM run WHERE held_by IS NOT NULL AND resume_at <= ? LIMIT ${PROMOTED}`)
  for (const row of paid.all(nowMs)) enqueue(tables, row, 'run.resumed', { because: 'budget' })
  const over = prepared<RunRow>(`SELECT * FROM run WHERE state IN ('waiting', 'paused') AND deadline_at <= ? LIMIT ${PROMOTED}`)
  for (const row of over.all(nowMs)) enqueue(tables, row, 'run.queued')
}

/** So many are looked at once: those that go on make room for the others of their budget. */
const HELD_LOOKED_AT = 500

/** The oldest of each budget, then the next: however many wait for one, it is seen who waits for another. */
export function heldByBudgetsIn({ prepared }: Tables): readonly HeldRun[] {
  return prepared<Pick<RunRow, 'id' | 'environment' | 'release'> & { readonly reason: string }>(
    `SELECT id, environment, release, reason FROM run WHERE held_by IS NOT NULL
     ORDER BY row_number() OVER (PARTITION BY environment, release > 0, held_by ORDER BY id), id LIMIT ${HELD_LOOKED_AT}`,
  )
    .all()
    .map(({ reason, ...run }) => ({ ...run, reason: JSON.parse(reason) as HeldRun['reason'] }))
}

/** When something becomes due next, of what `promote` looks at. */
export function nextDueIn({ prepared }: Tables): number | undefined {
  const row = prepared<{ due: number | null }>(
    `SELECT min(due) AS due FROM (
       SELECT min(not_before) AS due FROM run WHERE queue = 'delayed'
       UNION ALL SELECT min(due_at) FROM wait WHERE due_at IS NOT NULL
       UNION ALL SELECT min(resume_at) FROM run WHERE held_by IS NOT NULL
       UNION ALL SELECT min(deadline_at) FROM run WHERE state IN ('waiting', 'paused'))`,
  ).get()
  return row?.due ?? undefined
}

/** Runs of this owner, and those for which something came. */
export function heldIn({ prepared }: Tables, owner: string): { readonly runs: readonly string[]; readonly woken: readonly string[] } {
  const runs = prepared<{ id: string; wake: number }>('SELECT id, wake FROM run WHERE owner = ?').all(owner)
  return { runs: runs.map(({ id }) => id), woken: runs.flatMap(({ id, wake }) => (wake === 1 ? [id] : [])) }
}

export function acknowledgeIn({ prepared }: Tables, { run, owner, epoch }: Claim): void {
  prepared('UPDATE run SET wake = 0 WHERE id = ? AND owner = ? AND epoch = ?').run(run, owner, epoch)
}

export function beatIn({ prepared }: Tables, { id, host, pid, bootId, beat, version }: OwnerBeat): void {
  prepared(
    `INSERT INTO owner(id, host, pid, boot_id, beat, version) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET beat = excluded.beat`,
  ).run(id, host, pid, bootId, beat, version)
}

export function ownersIn({ prepared }: Tables): readonly OwnerBeat[] {
  return prepared<{ id: string; host: string; pid: number; boot_id: string; beat: number; version: string }>(
    'SELECT * FROM owner ORDER BY id',
  )
    .all()
    .map(({ boot_id: bootId, ...owner }) => ({ ...owner, bootId }))
}

/** Gives the runs of a dead owner back; one whose third owner dies with nothing recorded in between is paused (OWN-3, OWN-7). */
export function takeFromIn(tables: Tables, owner: string): readonly string[] {
  const runs = ownedBy(tables, owner)
  for (const row of runs) {
    const deaths = row.deaths + 1
    tables.prepared('UPDATE run SET deaths = ? WHERE id = ?').run(deaths, row.id)
    if (deaths >= POISON_DEATHS) park(tables, row, { state: 'paused', reason: poison(deaths) })
    else enqueue(tables, { ...row, deaths }, 'run.queued', { because: 'owner-lost' })
  }
  tables.prepared('DELETE FROM owner WHERE id = ?').run(owner)
  return runs.map(({ id }) => id)
}

/** The owner ends by itself: its runs are queued, and nobody has died. */
export function retireIn(tables: Tables, owner: string): void {
  for (const row of ownedBy(tables, owner)) enqueue(tables, row, 'run.queued', { because: 'given-up' })
  tables.prepared('DELETE FROM owner WHERE id = ?').run(owner)
}

function ownedBy({ prepared }: Tables, owner: string): readonly RunRow[] {
  return prepared<RunRow>('SELECT * FROM run WHERE owner = ? ORDER BY id').all(owner)
}

function poison(deaths: number): StepError {
  return {
    code: 'run/poison',
    message: `${deaths} processes died while they ran it, and it recorded nothing in between`,
    retryable: false,
  }
}
