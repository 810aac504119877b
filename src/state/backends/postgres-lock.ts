import { LEASE_MS, type Lease, type LockHolder } from '../lock.ts'
import { isDeadNeighbour } from '../process.ts'
import type { Place } from './postgres-rows.ts'

const HERE = 'project = $1 AND environment = $2'
const milliseconds = (column: string) => `floor(extract(epoch FROM ${column}) * 1000)::float8`
const COLUMNS =
  'id, environment, holder AS "user", host, pid, boot_id AS "bootId", operation, flowrun_version AS "flowrunVersion", ' +
  `${milliseconds('since')} AS "sinceMs", ${milliseconds('renewed_at')} AS "renewedAtMs"`
/** By the server's clock, which is one for all: those of two hosts differ. */
const EXPIRED = `renewed_at <= clock_timestamp() - interval '${LEASE_MS} milliseconds'`

export async function lockOf({ query, schema, project, environment }: Place): Promise<Lease | undefined> {
  const { rows } = await query<Lease>(`SELECT ${COLUMNS} FROM ${schema}.state_lock WHERE ${HERE}`, [project, environment])
  return rows[0]
}

export type Taken = { readonly by: Lease } | { readonly by: undefined; readonly tookOver: Lease | undefined }

/**
 * Takes the lease under this id, from a dead or expired holder too, or tells who has it (LOCK-3, LOCK-4). A row and no lock
 * of the session: a pooler gives the session to others (STORE-7). Asked again under the same id, it is there (STORE-8).
 */
export async function takeLock(place: Place, id: string, holder: LockHolder): Promise<Taken> {
  const { query, schema, project, environment } = place
  const locked = `SELECT ${COLUMNS}, ${EXPIRED} AS expired FROM ${schema}.state_lock WHERE ${HERE} FOR UPDATE`
  const row = (await query<Lease & { readonly expired: boolean }>(locked, [project, environment])).rows[0]
  const { user, host, pid, bootId, operation, flowrunVersion } = holder
  const taken = [project, environment, id, user, host, pid, bootId, operation, flowrunVersion]
  if (row === undefined) {
    const { count } = await query(
      `INSERT INTO ${schema}.state_lock(project, environment, id, holder, host, pid, boot_id, operation, flowrun_version, since, renewed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp(), clock_timestamp()) ON CONFLICT DO NOTHING`,
      taken,
    )
    // There was no row to lock, and another has taken the lease since: there is one now.
    return count > 0 ? { by: undefined, tookOver: undefined } : takeLock(place, id, holder)
  }
  const { expired, ...found } = row
  if (found.id === id) return { by: undefined, tookOver: undefined }
  if (!expired && !isDeadNeighbour(found, holder)) return { by: found }
  const columns = 'id = $3, holder = $4, host = $5, pid = $6, boot_id = $7, operation = $8, flowrun_version = $9'
  await query(`UPDATE ${schema}.state_lock SET ${columns}, since = clock_timestamp(), renewed_at = clock_timestamp() WHERE ${HERE}`, taken)
  return { by: undefined, tookOver: found }
}

/** @returns false when somebody else has the lock. */
export async function renewLock({ query, schema, project, environment }: Place, id: string): Promise<boolean> {
  const text = `UPDATE ${schema}.state_lock SET renewed_at = clock_timestamp() WHERE ${HERE} AND id = $3`
  return (await query(text, [project, environment, id])).count > 0
}

/** @returns false when there is no lock of this id. */
export async function giveUpLock({ query, schema, project, environment }: Place, id: string): Promise<boolean> {
  return (await query(`DELETE FROM ${schema}.state_lock WHERE ${HERE} AND id = $3`, [project, environment, id])).count > 0
}
