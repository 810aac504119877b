import type { StepPath } from '../../interpreter/command.ts'
import type { LoadedRun, StepRecord } from '../record-store.ts'
import { type StepRow, toStep } from './step-rows.ts'
import type { Tables } from './values.ts'

/** Records of one look: a long journal is not in memory as a whole (STEP-9). */
const LOADED = 500

/** The first records of a run, and which follow. */
export function loadStepsIn(tables: Tables, run: string): Pick<LoadedRun, 'steps' | 'later'> {
  const rows = tables.prepared<StepRow>(`SELECT * FROM step WHERE run = ? ORDER BY seq LIMIT ${LOADED + 1}`).all(run)
  if (rows.length <= LOADED) return { steps: rows.map(row => toStep(tables, row)), later: [] }
  const all = tables.prepared<{ path: StepPath; ended_at: number }>('SELECT path, ended_at FROM step WHERE run = ?').all(run)
  // As an interpretation goes through them, which may differ from the order of commits by milliseconds.
  const paths = all.sort((a, b) => a.ended_at - b.ended_at || (a.path < b.path ? -1 : 1)).map(({ path }) => path)
  return { steps: stepsAtIn(tables, run, paths.slice(0, LOADED)), later: paths.slice(LOADED) }
}

export function stepsAtIn(tables: Tables, run: string, paths: readonly StepPath[]): readonly StepRecord[] {
  return tables
    .prepared<StepRow>('SELECT * FROM step WHERE run = ? AND path IN (SELECT value FROM json_each(?))')
    .all(run, JSON.stringify(paths))
    .map(row => toStep(tables, row))
}
