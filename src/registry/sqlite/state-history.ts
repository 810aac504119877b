import type { SqliteStore } from '../../sqlite/database.ts'
import type { StateRow } from './state-rows.ts'

/** Snapshots kept for each environment, unless it says otherwise (DESIGN.md 18, ruling 10). */
export const SNAPSHOTS_KEPT = 30

const KEEP = `
INSERT OR REPLACE INTO snapshot(project, environment, serial, lineage, digest, blocks, written_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
const FORGET = `
DELETE FROM snapshot WHERE project = @project AND environment = @environment AND serial NOT IN (
  SELECT serial FROM snapshot WHERE project = @project AND environment = @environment ORDER BY serial DESC LIMIT @kept)`
const COLUMNS = 'lineage, serial, digest, blocks, written_at AS writtenAtMs, body'
const ALL = `SELECT ${COLUMNS} FROM snapshot WHERE project = ? AND environment = ? ORDER BY serial DESC`
const ONE = `SELECT ${COLUMNS} FROM snapshot WHERE project = ? AND environment = ? AND serial = ?`
const KNOWN = 'SELECT digest FROM snapshot WHERE project = ? AND environment = ? AND serial = ?'

/** The file of earlier states, opened when first needed. */
export interface StateHistory {
  /** Keeps a state that is about to be replaced. Before its successor is written: a kill between the two loses nothing. */
  keep(project: string, environment: string, row: StateRow): Promise<void>
  /** Newest first. */
  all(project: string, environment: string): Promise<readonly StateRow[]>
  get(project: string, environment: string, serial: number): Promise<StateRow | undefined>
  close(): void
}

/** @param snapshotsKept for each environment. */
export function createStateHistory(open: () => Promise<SqliteStore>, snapshotsKept = SNAPSHOTS_KEPT): StateHistory {
  let opened: Promise<SqliteStore> | undefined
  let store: SqliteStore | undefined
  const history = async (): Promise<SqliteStore> => {
    opened ??= open()
    store = await opened
    return store
  }
  return {
    async keep(project, environment, row) {
      const kept = await history()
      const known = await kept.read(() => kept.prepared<{ digest: string }>(KNOWN).get(project, environment, row.serial))
      if (known?.digest === row.digest) return
      await kept.write(() => {
        kept.prepared(KEEP).run(project, environment, row.serial, row.lineage, row.digest, row.blocks, row.writtenAtMs, row.body)
        kept.prepared(FORGET).run({ project, environment, kept: snapshotsKept })
      })
    },
    async all(project, environment) {
      const kept = await history()
      return kept.read(() => kept.prepared<StateRow>(ALL).all(project, environment))
    },
    async get(project, environment, serial) {
      const kept = await history()
      return kept.read(() => kept.prepared<StateRow>(ONE).get(project, environment, serial))
    },
    close: () => store?.close(),
  }
}
