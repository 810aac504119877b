import { randomUUID } from 'node:crypto'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { SNAPSHOTS_KEPT } from '../../registry/sqlite/state-history.ts'
import type { StateBackend } from '../backend.ts'
import { plainCodec, type StateCodec } from '../codec.ts'
import { corruptState } from '../corrupt-state.ts'
import { isIntact } from '../encoding.ts'
import { holdLease } from '../held-lock.ts'
import { giveUpLock, lockOf, renewLock, takeLock } from './postgres-lock.ts'
import { currentState, currentVersion, type Place, type StateRow, snapshotOf, snapshotsOf, writeState } from './postgres-rows.ts'
import { createPostgresTables } from './postgres-schema.ts'
import { openPostgresStore, type PostgresOptions, type Query } from './postgres-store.ts'

export interface PostgresStateOptions extends PostgresOptions {
  readonly project: string
  readonly skipSchemaCreation: boolean
  /** Earlier states that are kept for each environment. */
  readonly keep?: number
  readonly flowrunVersion: string
  readonly codec?: StateCodec
}

/**
 * States in tables of a PostgreSQL database. Connects when it is first asked.
 *
 * @throws OperationError `postgres/invalid-url`; its functions throw `state/unreachable`, `state/unauthorized`, `postgres/…`.
 */
export async function openPostgresStateBackend(options: PostgresStateOptions): Promise<StateBackend> {
  const { project, keep = SNAPSHOTS_KEPT, codec = plainCodec } = options
  const tables = createPostgresTables({ ...options, store: await openPostgresStore(options) })
  const at = (query: Query, schema: string, environment: string): Place => ({ query, schema, project, environment })
  const read = <T>(environment: string, work: (place: Place) => Promise<T>) =>
    tables.read((query, schema) => work(at(query, schema, environment)))
  const write = <T>(environment: string, work: (place: Place) => Promise<T>) =>
    tables.write((query, schema) => work(at(query, schema, environment)))
  const verified = async (place: Place, row: StateRow | undefined) => {
    if (row === undefined || isIntact(row)) return row
    throw corruptState({ store: tables.name, environment: place.environment, found: row, history: await snapshotsOf(place) })
  }
  return {
    name: tables.name,
    codec,
    withRegistry: false,
    async read(environment) {
      const row = await read(environment, async place => verified(place, await currentState(place)))
      return row && codec.decode(row.body, environment)
    },
    async write(environment, wanted) {
      const found = await write(environment, place => writeState(place, wanted, keep))
      return found === undefined ? { outcome: 'written' } : { outcome: 'conflict', found }
    },
    async lock(environment, holder) {
      const id = randomUUID()
      const taken = await write(environment, place => takeLock(place, id, holder))
      if (taken.by) return { outcome: 'held', by: taken.by }
      const lock = holdLease(id, {
        renew: () => write(environment, place => renewLock(place, id)),
        // The work is done. A lease that cannot be given up now ends by itself, within 60 s (LOCK-3).
        giveUp: () => write(environment, place => giveUpLock(place, id)).catch(unlessOurs),
      })
      return { outcome: 'locked', lock, ...(taken.tookOver && { tookOver: taken.tookOver }) }
    },
    currentLock: environment => read(environment, lockOf),
    async forceUnlock(environment, id) {
      let removed = false
      // After a COMMIT without an answer it is gone by the second look, and was removed by the first.
      await write(environment, async place => {
        removed = (await giveUpLock(place, id)) || removed
      })
      return removed
    },
    history: async environment => (await read(environment, snapshotsOf)) ?? [],
    async snapshot(environment, serial) {
      const row = await read(environment, async place => verified(place, await snapshotOf(place, serial)))
      return row && codec.decode(row.body, environment)
    },
    currentVersion: environment => read(environment, currentVersion),
    close: () => tables.close(),
  }
}

function unlessOurs(error: unknown): void {
  if (!(error instanceof OperationError)) throw error
}
