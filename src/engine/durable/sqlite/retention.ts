import type { Tables } from './values.ts'

/** Runs of one transaction: well under 50 ms (GC-4). */
const BATCH = 50
const DAY_MS = 86_400_000
/** A blob that nobody names yet may be about to be named by a submit. */
const UNNAMED_BLOB_KEPT_MS = DAY_MS

const OF_A_RUN = ['run_body', 'step', 'attempt', 'wait', 'signal', 'decision', 'event', 'blob_use'] as const

/** Removes a batch of ended runs; a key lives a day at least (IDEM-4). @returns how many, 0 when none is left. */
export function purgeIn(tables: Tables, beforeMs: number, by: 'retention' | 'end'): number {
  const { prepared } = tables
  const condition = by === 'end' ? 'ended_at < ?' : `ended_at + max(retention_ms, ${DAY_MS}) < ?`
  const runs = prepared<{ id: string }>(`SELECT id FROM run WHERE ended_at IS NOT NULL AND ${condition} LIMIT ${BATCH}`).all(beforeMs)
  for (const { id } of runs) {
    const digests = prepared<{ digest: string }>('SELECT digest FROM blob_use WHERE run = ?').all(id)
    for (const table of OF_A_RUN) prepared(`DELETE FROM ${table} WHERE run = ?`).run(id)
    prepared('DELETE FROM run WHERE id = ?').run(id)
    for (const { digest } of digests) dropUnnamed(tables, digest)
  }
  return runs.length
}

function dropUnnamed({ prepared, clock }: Tables, digest: string): void {
  prepared(
    'DELETE FROM blob WHERE digest = ? AND offered_at < ? AND NOT EXISTS (SELECT 1 FROM blob_use WHERE blob_use.digest = blob.digest)',
  ).run(digest, clock.now() - UNNAMED_BLOB_KEPT_MS)
}
