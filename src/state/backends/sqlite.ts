import { headOf, type Scope } from '../../registry/sqlite/pointers.ts'
import { keepPredecessor, type SqliteRegistry } from '../../registry/sqlite/registry.ts'
import { currentState, currentStateVersion, writeState } from '../../registry/sqlite/state-rows.ts'
import type { SnapshotSummary, StateBackend } from '../backend.ts'
import { plainCodec, type StateCodec } from '../codec.ts'
import { corruptState } from '../corrupt-state.ts'
import { isIntact } from '../encoding.ts'
import { giveUpLock, lockOf, takeLock } from './sqlite-lock.ts'

/** The state in the registry's own file and connection: a release and its state are one transaction (REL-1). */
export function createSqliteStateBackend(registry: SqliteRegistry, codec: StateCodec = plainCodec): StateBackend {
  const { store, history, project } = registry
  const scoped = (environment: string): Scope => ({ store, project, environment })
  const summaries = async (environment: string): Promise<readonly SnapshotSummary[]> => {
    const current = await store.read(() => currentStateVersion(scoped(environment)))
    const rows = await history.all(project, environment)
    // A write that was refused has kept what is current still.
    const earlier = rows.filter(row => !current || row.serial < current.serial)
    return earlier.map(({ body, ...row }) => ({ ...row, intact: isIntact({ digest: row.digest, body }) }))
  }
  return {
    name: store.name,
    codec,
    withRegistry: true,
    async read(environment) {
      const scope = scoped(environment)
      const { row, release } = await store.read(() => ({ row: currentState(scope), release: headOf(scope).release }))
      if (!row) return undefined
      // A history that cannot be read either has no snapshot to go back to; the damage of the state is what to tell.
      if (!isIntact(row)) {
        throw corruptState({ store: store.name, environment, found: row, history: await summaries(environment).catch(() => []), release })
      }
      return codec.decode(row.body, environment)
    },
    async write(environment, write) {
      const scope = scoped(environment)
      await keepPredecessor(scope, history, write)
      const found = await store.write(
        () => writeState(scope, write),
        result => result === undefined,
      )
      return found === undefined ? { outcome: 'written' } : { outcome: 'conflict', found }
    },
    lock: (environment, holder) => takeLock(scoped(environment), holder),
    currentLock: environment => store.read(() => lockOf(scoped(environment))),
    forceUnlock: (environment, id) => store.write(() => giveUpLock(scoped(environment), id)),
    history: summaries,
    async snapshot(environment, serial) {
      const row = await history.get(project, environment, serial)
      if (!row) return undefined
      if (!isIntact(row)) throw corruptState({ store: store.name, environment, found: row, history: await summaries(environment) })
      return codec.decode(row.body, environment)
    },
    async currentVersion(environment) {
      const found = await store.read(() => currentStateVersion(scoped(environment)))
      return found && { lineage: found.lineage, serial: found.serial }
    },
    close: async () => {},
  }
}
