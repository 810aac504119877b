import { digestOfText, shortDigest } from '../../base/digest.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { headOf, type Scope } from '../../registry/sqlite/pointers.ts'
import { keepPredecessor, type SqliteRegistry } from '../../registry/sqlite/registry.ts'
import { currentState, currentStateVersion, type StateRow, writeState } from '../../registry/sqlite/state-rows.ts'
import type { SnapshotSummary, StateBackend } from '../backend.ts'
import { plainCodec, type StateCodec } from '../codec.ts'
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
      if (!isIntact(row)) throw corruptState(store.name, environment, release, row, await summaries(environment).catch(() => []))
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
      if (!isIntact(row)) throw corruptState(store.name, environment, undefined, row, await summaries(environment))
      return codec.decode(row.body, environment)
    },
    async currentVersion(environment) {
      const found = await store.read(() => currentStateVersion(scoped(environment)))
      return found && { lineage: found.lineage, serial: found.serial }
    },
    close: async () => {},
  }
}

function corruptState(
  store: string,
  environment: string,
  release: number | undefined,
  row: StateRow,
  history: readonly SnapshotSummary[],
): OperationError {
  const { body } = row
  const intact = history.find(snapshot => snapshot.intact && snapshot.serial < row.serial)
  const safe = `Your deployed prompts are safe: they live in the registry${release ? ` (${environment}@${release})` : ''}.`
  const wayOut = intact
    ? `The snapshot before this one is intact: serial ${intact.serial}, ${moment(intact.writtenAtMs)}, ${counted(intact.blocks, 'block')}. ` +
      `To go back to it:\n  flowrun state restore ${intact.serial}\n` +
      (release ? `The next plan then finds what release ${release} did, and adopts it.\n` : '')
    : 'No earlier snapshot is intact. To rebuild the state from the registry:\n  flowrun state recover\n'
  return new OperationError({
    code: 'state/corrupt',
    summary: `The state of ${environment} cannot be read`,
    detail:
      `${store}: the snapshot with serial ${row.serial} does not match its digest\n` +
      `    · expected ${shortDigest(row.digest)}\n    · found    ${shortDigest(digestOfText(body))}\n\n${safe} ${wayOut}Nothing was changed.`,
  })
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function moment(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
}
