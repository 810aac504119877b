import type { StateVersion, StateWrite } from '../release.ts'
import type { Scope } from './pointers.ts'

const COLUMNS = 'lineage, serial, digest, blocks, written_at AS writtenAtMs, body'
const CURRENT = `SELECT ${COLUMNS} FROM state WHERE project = ? AND environment = ?`
const VERSION = 'SELECT lineage, serial, digest FROM state WHERE project = ? AND environment = ?'
const REPLACE = `
INSERT OR REPLACE INTO state(project, environment, lineage, serial, digest, blocks, written_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

/** A state as it is stored: text that nobody has verified yet. */
export interface StateRow extends StateVersion {
  readonly digest: string
  readonly blocks: number
  readonly writtenAtMs: number
  readonly body: string
}

export function currentState({ store, project, environment }: Scope): StateRow | undefined {
  return store.prepared<StateRow>(CURRENT).get(project, environment)
}

export function currentStateVersion({ store, project, environment }: Scope): (StateVersion & { readonly digest: string }) | undefined {
  return store.prepared<StateVersion & { digest: string }>(VERSION).get(project, environment)
}

/**
 * Compare-and-swap on lineage and serial (STA-4). Writing what is stored already, same serial and same digest, is done;
 * the same serial with another digest is a conflict.
 *
 * @returns what was found instead; null for nothing; undefined when it was written.
 */
export function writeState(scope: Scope, write: StateWrite): StateVersion | null | undefined {
  const { store, project, environment } = scope
  const found = currentStateVersion(scope)
  const { lineage, serial, digest, blocks, body, expected } = write
  if (found && found.lineage === lineage && found.serial === serial && found.digest === digest) return undefined
  if (found?.lineage !== expected?.lineage || found?.serial !== expected?.serial) {
    return found ? { lineage: found.lineage, serial: found.serial } : null
  }
  store.prepared(REPLACE).run(project, environment, lineage, serial, digest, blocks, store.clock.now(), body)
  return undefined
}
