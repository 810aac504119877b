import { digestOf } from '../../../base/digest.ts'
import type { JsonObject } from '../../../base/json.ts'
import { type Decision, type DecisionOutcome, type RecordStore, type SignalRecord, TERMINAL_STATES } from '../record-store.ts'
import { writeEvent } from './events.ts'
import { readRow } from './run-rows.ts'
import { toWait, type WaitRow } from './step-rows.ts'
import { commitStepIn, prepareStep } from './steps.ts'
import { wakeRun } from './transitions.ts'
import { keepValue, type StoredValue, storedValue, type Tables } from './values.ts'

/** Unconsumed ones of a run (SIG-2). */
const MAX_OPEN_SIGNALS = 1000

export type SentSignal = Omit<SignalRecord, 'seq'>

export interface PreparedSignal {
  readonly signal: SentSignal
  readonly value: StoredValue
  readonly digest: string
}

export function prepareSignal(signal: SentSignal): PreparedSignal {
  return { signal, value: storedValue(signal.value), digest: digestOf([signal.name, signal.value]) }
}

/** Keeps a signal, before the wait for it or after (SIG-1). */
export function signalIn(tables: Tables, { signal, value, digest }: PreparedSignal): Awaited<ReturnType<RecordStore['signal']>> {
  const { run, name, dedupeKey, by, receivedAtMs } = signal
  const { prepared } = tables
  const row = readRow(tables, run)
  if (row === undefined) return 'unknown-run'
  const before =
    dedupeKey === undefined
      ? undefined
      : prepared<{ digest: string }>('SELECT digest FROM signal WHERE run = ? AND dedupe_key = ?').get(run, dedupeKey)
  if (before !== undefined) return before.digest === digest ? 'repeated' : 'conflict'
  if (TERMINAL_STATES.has(row.state)) return 'ended'
  const open = prepared<{ open: number }>('SELECT count(*) AS open FROM signal WHERE run = ? AND consumed_by IS NULL').get(run)?.open ?? 0
  if (open >= MAX_OPEN_SIGNALS) return 'full'
  prepared(
    `INSERT INTO signal(run, seq, name, value, digest, dedupe_key, sent_by, received_at)
     SELECT ?, coalesce(max(seq), 0) + 1, ?, ?, ?, ?, ?, ? FROM signal WHERE run = ?`,
  ).run(run, name, keepValue(tables, run, value), digest, dedupeKey ?? null, by ?? null, receivedAtMs, run)
  writeEvent(tables, run, 'signal.received', { name, ...(by !== undefined && { by }) })
  wakeRun(tables, run)
  return 'stored'
}

/** Counts a decision; the last one of a quorum of equal ones records the step, in the same commit (APPR-1). */
export function decideIn(tables: Tables, decision: Decision): DecisionOutcome {
  const { run, path, by, action, fields, comment } = decision
  const row = readRow(tables, run)
  const found = tables.prepared<WaitRow>('SELECT * FROM wait WHERE run = ? AND path = ?').get(run, path)
  const wait = found && toWait(tables, found)
  if (row === undefined || wait?.kind !== 'approval') return { outcome: 'not-waiting' }
  const { shown } = wait
  const nowMs = tables.clock.now()
  if (nowMs >= shown.timeoutAtMs) return { outcome: 'late' }
  if (shown.bodyDigest !== decision.bodyDigest) return { outcome: 'changed', shown }
  const wanted = shown.actions.find(({ name }) => name === action)
  if (wanted === undefined) return { outcome: 'unknown-action', actions: shown.actions.map(({ name }) => name) }
  if (wanted.requireComment && !comment?.trim()) return { outcome: 'comment-required' }
  if (shown.separation && by === row.submitted_by) return { outcome: 'own-run' }
  const text = digestOf(fields)
  const added = tables
    .prepared('INSERT OR IGNORE INTO decision(run, path, decided_by, action, fields, comment, decided_at) VALUES (?, ?, ?, ?, ?, ?, ?)')
    .run(run, path, by, action, text, comment ?? null, nowMs)
  if (added.changes === 0) return { outcome: 'decided-before' }
  writeEvent(tables, run, 'approval.decided', { path, by, action })
  const equal = tables
    .prepared<{ decided_by: string }>(
      'SELECT decided_by FROM decision WHERE run = ? AND path = ? AND action = ? AND fields = ? ORDER BY decided_at',
    )
    .all(run, path, action, text)
  if (equal.length < shown.quorum) return { outcome: 'recorded', missing: shown.quorum - equal.length }
  const attributes: JsonObject = {
    action,
    output: fields,
    comment: comment ?? null,
    decided_by: equal.map(({ decided_by: name }) => name).join(', '),
    decided_at: new Date(nowMs).toISOString(),
    body_digest: shown.bodyDigest,
  }
  const outcome = { status: 'succeeded', exit: action, attributes } as const
  commitStepIn(tables, prepareStep({ run, path, outcome, attempts: 1, startedAtMs: nowMs, endedAtMs: nowMs, costNano: 0 }))
  wakeRun(tables, run)
  return { outcome: 'recorded', missing: 0 }
}
