import type { StateVersion, StateWrite } from '../../registry/release.ts'
import type { SnapshotSummary } from '../backend.ts'
import type { StoredText } from '../encoding.ts'
import type { Query } from './postgres-store.ts'

/** The state of one environment, in tables of a schema that is quoted already. */
export interface Place {
  readonly query: Query
  readonly schema: string
  readonly project: string
  readonly environment: string
}

/** A state as it is stored: text that nobody has verified yet. */
export type StateRow = StateVersion & StoredText

const HERE = 'project = $1 AND environment = $2'
/** The digest as base/digest.ts makes it, computed where the text is: what a history shows needs no texts. */
const INTACT = `digest = 'sha256:' || encode(sha256(convert_to(body, 'UTF8')), 'hex')`

export async function currentState({ query, schema, project, environment }: Place): Promise<StateRow | undefined> {
  const { rows } = await query<StateRow>(`SELECT lineage, serial, digest, body FROM ${schema}.state WHERE ${HERE}`, [project, environment])
  return rows[0]
}

export async function currentVersion({ query, schema, project, environment }: Place): Promise<StateVersion | undefined> {
  const { rows } = await query<StateVersion>(`SELECT lineage, serial FROM ${schema}.state WHERE ${HERE}`, [project, environment])
  return rows[0]
}

/** Newest first; what was pushed under an older serial stands below later ones that are no predecessors of it. */
export async function snapshotsOf({ query, schema, project, environment }: Place): Promise<readonly SnapshotSummary[]> {
  const { rows } = await query<SnapshotSummary>(
    `SELECT lineage, serial, digest, blocks, floor(extract(epoch FROM written_at) * 1000)::float8 AS "writtenAtMs", ${INTACT} AS intact
     FROM ${schema}.snapshot WHERE ${HERE} AND serial < (SELECT serial FROM ${schema}.state WHERE ${HERE}) ORDER BY serial DESC`,
    [project, environment],
  )
  return rows
}

export async function snapshotOf({ query, schema, project, environment }: Place, serial: number): Promise<StateRow | undefined> {
  const text = `SELECT lineage, serial, digest, body FROM ${schema}.snapshot WHERE ${HERE} AND serial = $3`
  const { rows } = await query<StateRow>(text, [project, environment, serial])
  return rows[0]
}

/**
 * Compare-and-swap on lineage and serial (STA-4), with the row locked from the comparison on (REL-12). What is stored already,
 * or was and is a predecessor by now, is written: a COMMIT whose answer was lost is found so (STORE-8).
 *
 * @returns what was found instead; null for nothing; undefined when it was written.
 */
export async function writeState(place: Place, write: StateWrite, keep: number): Promise<StateVersion | null | undefined> {
  const { query, schema, project, environment } = place
  const { lineage, serial, digest, blocks, body, expected } = write
  const locked = `SELECT lineage, serial, digest FROM ${schema}.state WHERE ${HERE} FOR UPDATE`
  const found = (await query<StateVersion & { digest: string }>(locked, [project, environment])).rows[0]
  if (found && found.lineage === lineage && found.serial === serial && found.digest === digest) return undefined
  if (found?.lineage !== expected?.lineage || found?.serial !== expected?.serial) {
    if (await wasWritten(place, write)) return undefined
    return found ? { lineage: found.lineage, serial: found.serial } : null
  }
  const row = [project, environment, lineage, serial, digest, blocks, body]
  if (found) {
    await keepPredecessor(place, keep)
    const columns = 'lineage = $3, serial = $4, digest = $5, blocks = $6, written_at = clock_timestamp(), body = $7'
    await query(`UPDATE ${schema}.state SET ${columns} WHERE ${HERE}`, row)
    return undefined
  }
  const { count } = await query(
    `INSERT INTO ${schema}.state(project, environment, lineage, serial, digest, blocks, written_at, body)
     VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp(), $7) ON CONFLICT DO NOTHING`,
    row,
  )
  // There was no row to lock, and another has written the first state since: there is one now.
  return count > 0 ? undefined : writeState(place, write, keep)
}

async function wasWritten({ query, schema, project, environment }: Place, { lineage, serial, digest }: StateWrite): Promise<boolean> {
  const text = `SELECT FROM ${schema}.snapshot WHERE ${HERE} AND serial = $3 AND lineage = $4 AND digest = $5`
  return (await query(text, [project, environment, serial, lineage, digest])).count > 0
}

/** Copies the current state to the earlier ones (STA-9). One that does not match its digest is not worth keeping. */
async function keepPredecessor({ query, schema, project, environment }: Place, keep: number): Promise<void> {
  const columns = 'project, environment, serial, lineage, digest, blocks, written_at, body'
  const replaced =
    'lineage = excluded.lineage, digest = excluded.digest, blocks = excluded.blocks, written_at = excluded.written_at, body = excluded.body'
  await query(
    `INSERT INTO ${schema}.snapshot(${columns}) SELECT ${columns} FROM ${schema}.state WHERE ${HERE} AND ${INTACT}
     ON CONFLICT (project, environment, serial) DO UPDATE SET ${replaced}`,
    [project, environment],
  )
  const oldest = `SELECT serial FROM ${schema}.snapshot WHERE ${HERE} ORDER BY serial DESC OFFSET $3 LIMIT 1`
  await query(`DELETE FROM ${schema}.snapshot WHERE ${HERE} AND serial <= (${oldest})`, [project, environment, keep])
}
