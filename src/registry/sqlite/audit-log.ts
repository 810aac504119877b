import type { SqliteStore } from '../../sqlite/database.ts'
import {
  AUDIT_ORIGIN,
  type AuditCheckpoint,
  type AuditEntry,
  type AuditQuery,
  type AuditRow,
  type AuditVerdict,
  auditHash,
} from '../audit.ts'

const COLUMNS = 'seq, at AS atMs, actor, action, subject, reason, detail, prev, hash'
const CHAIN = `SELECT ${COLUMNS} FROM audit WHERE project = ? ORDER BY seq`
const NEWEST = `
SELECT ${COLUMNS} FROM audit
WHERE project = @project AND at >= @sinceMs AND (@actor IS NULL OR actor = @actor) AND (@action IS NULL OR action = @action)
  AND (@address IS NULL OR substr(subject, -length(@address) - 1) = ' ' || @address OR EXISTS (
    SELECT 1 FROM pointer_change c WHERE c.project = audit.project AND c.address = @address AND audit.subject = c.environment || '@' || c.number))
ORDER BY seq DESC LIMIT @limit`
const HEAD = 'SELECT seq, hash FROM audit_head WHERE project = ?'
const SET_HEAD =
  'INSERT INTO audit_head(project, seq, hash) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash'
const APPEND =
  'INSERT INTO audit(project, seq, at, actor, action, subject, reason, detail, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'

type StoredAuditRow = Omit<AuditRow, 'detail'> & { readonly detail: string }

/** Appends to the project's chain; called last in the transaction that makes the change (AUD-1, AUD-2). */
export function appendAudit(store: SqliteStore, project: string, entries: readonly AuditEntry[]): void {
  let { seq, hash } = auditHead(store, project)
  const append = store.prepared(APPEND)
  for (const entry of entries) {
    const row = { ...entry, seq: seq + 1, atMs: store.clock.now(), prev: hash }
    seq = row.seq
    hash = auditHash(row)
    append.run(project, seq, row.atMs, row.actor, row.action, row.subject, row.reason, JSON.stringify(row.detail), row.prev, hash)
  }
  store.prepared(SET_HEAD).run(project, seq, hash)
}

export function auditRows(store: SqliteStore, project: string, query: AuditQuery): readonly AuditRow[] {
  const { sinceMs = 0, actor = null, action = null, address = null, limit = -1 } = query
  return store.prepared<StoredAuditRow>(NEWEST).all({ project, sinceMs, actor, action, address, limit }).map(auditRowFrom)
}

/** Walks the chain from its origin to its head and names the first row at which it breaks (AUD-3). */
export function verifyChain(store: SqliteStore, project: string, checkpoint?: AuditCheckpoint): AuditVerdict {
  let rows = 0
  let prev: string = AUDIT_ORIGIN
  for (const row of store.prepared<StoredAuditRow>(CHAIN).iterate(project)) {
    if (row.seq !== rows + 1) return { intact: false, seq: rows + 1, problem: 'missing' }
    if (row.prev !== prev) return { intact: false, seq: row.seq, problem: 'unlinked' }
    const { hash, ...content } = row
    if (!isHashOf(hash, content)) return { intact: false, seq: row.seq, problem: 'altered' }
    prev = hash
    rows = row.seq
    if (row.seq === checkpoint?.seq && row.hash !== checkpoint.hash) return { intact: false, seq: row.seq, problem: 'rewritten' }
  }
  const head = auditHead(store, project)
  if (head.seq > rows) return { intact: false, seq: rows + 1, problem: 'missing' }
  if (head.seq !== rows || head.hash !== prev) return { intact: false, seq: rows, problem: 'head' }
  if (checkpoint && checkpoint.seq > rows) return { intact: false, seq: rows + 1, problem: 'cut' }
  return { intact: true, rows, head: prev }
}

function isHashOf(hash: string, row: Omit<StoredAuditRow, 'hash'>): boolean {
  try {
    return auditHash(auditRowFrom({ ...row, hash })) === hash
  } catch {
    // The detail is no JSON any more.
    return false
  }
}

function auditHead(store: SqliteStore, project: string): { readonly seq: number; readonly hash: string } {
  return store.prepared<{ seq: number; hash: string }>(HEAD).get(project) ?? { seq: 0, hash: AUDIT_ORIGIN }
}

function auditRowFrom(row: StoredAuditRow): AuditRow {
  return { ...row, detail: JSON.parse(row.detail) }
}
