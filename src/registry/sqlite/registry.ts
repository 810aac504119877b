import { join, parse } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { crashPoint } from '../../base/crash-point.ts'
import { digestOfText } from '../../base/digest.ts'
import { createUlidSource } from '../../base/ids.ts'
import { openDatabase, type SqliteStore } from '../../sqlite/database.ts'
import type { ContentStore } from '../content-store.ts'
import type { Registry } from '../registry.ts'
import type { StateWrite } from '../release.ts'
import { appendAudit, auditRows, verifyChain } from './audit-log.ts'
import { collectContents } from './collection.ts'
import { commitRelease } from './commit.ts'
import { readArtifacts, uploadContents } from './contents.ts'
import { holdsOf, liftHolds } from './holds.ts'
import { currentPointers, headOf, headsOf, pointersAtRelease, pointerTo, type Scope } from './pointers.ts'
import { historyOfAddress, lastMoves, newestReleases, releaseByApplyId, releaseOf, releasesSince } from './releases.ts'
import { historySchema, registrySchema } from './schema.ts'
import { createStateHistory, type StateHistory } from './state-history.ts'
import { currentState } from './state-rows.ts'
import { compiledReferences, findVersion, highestVersions, versionsOf } from './versions.ts'

export interface SqliteRegistryOptions {
  /** Holds `state.db` and `state-history.db`. */
  readonly directory: string
  /** Instead of `state.db`; the history is named after it. */
  readonly fileName?: string
  /** Earlier states that are kept for each environment. */
  readonly snapshotsKept?: number
  /** The directory as a person would name it: `.flowrun`. */
  readonly directoryName: string
  readonly project: string
  readonly clock: Clock
  readonly flowrunVersion: string
  /** `read` never makes a file: without one, the registry is empty. */
  readonly mode: 'read' | 'write'
  /** Where contents go that are large enough for it; in the file itself without it. */
  readonly contents?: ContentStore
  /** How long a locked file is waited for. */
  readonly busyWaitMs?: number
}

/** The embedded registry, with what the state backend in the same file needs (REL-1). */
export interface SqliteRegistry extends Registry {
  readonly store: SqliteStore
  readonly history: StateHistory
  readonly project: string
}

/**
 * Opens `.flowrun/state.db`. better-sqlite3 is loaded here and not before: commands that need no registry start without it.
 *
 * @throws OperationError `registry/…`, `state/network-file-system`.
 */
export async function openSqliteRegistry(options: SqliteRegistryOptions): Promise<SqliteRegistry> {
  const { directory, directoryName, fileName = 'state.db', snapshotsKept, project, contents, ...common } = options
  const open = (base: string, schema: typeof historySchema) =>
    openDatabase({ ...common, schema, file: join(directory, base), name: `${directoryName}/${base}` })
  const store = await open(fileName, registrySchema(createUlidSource(options.clock)))
  const history = createStateHistory(() => open(`${parse(fileName).name}-history.db`, historySchema), snapshotsKept)
  return createSqliteRegistry(store, history, project, contents)
}

function createSqliteRegistry(
  store: SqliteStore,
  history: StateHistory,
  project: string,
  contents: ContentStore | undefined,
): SqliteRegistry {
  const scoped = (environment: string): Scope => ({ store, project, environment })
  return {
    name: store.name,
    store,
    history,
    project,
    head: environment => store.read(() => headOf(scoped(environment))),
    heads: () => store.read(() => headsOf(store, project)),
    pointers: environment =>
      store.read(() => {
        const { registryId, release } = headOf(scoped(environment))
        return { registryId, release, pointers: currentPointers(scoped(environment)) }
      }),
    pointersAt: (environment, number) =>
      store.read(() => {
        const { registryId, release } = headOf(scoped(environment))
        const pointers = number <= release ? pointersAtRelease(scoped(environment), number) : new Map()
        return { registryId, release: number, pointers }
      }),
    pointersTo: address =>
      store.read(() => {
        const found = headsOf(store, project).map(({ environment }) => [environment, pointerTo(scoped(environment), address)] as const)
        return new Map(found.flatMap(([environment, pointer]) => (pointer ? [[environment, pointer] as const] : [])))
      }),
    versionsOf: address => store.read(() => versionsOf(store, project, address)),
    highestVersions: () => store.read(() => highestVersions(store, project)),
    findVersions: queries => store.read(() => queries.map(query => findVersion(store, project, query))),
    compiledReferences: versions => store.read(() => compiledReferences(store, project, versions)),
    artifacts: queries => readArtifacts(store, contents, queries),
    releases: (environment, limit = -1) => store.read(() => newestReleases(scoped(environment), limit)),
    release: (environment, number) => store.read(() => releaseOf(scoped(environment), number)),
    releasesSince: (environment, number) => store.read(() => releasesSince(scoped(environment), number)),
    releaseByApplyId: applyId => store.read(() => releaseByApplyId({ store, project }, applyId)),
    historyOf: (environment, address) => store.read(() => historyOfAddress(scoped(environment), address)),
    lastMoves: (environment, addresses) => store.read(() => lastMoves(scoped(environment), addresses)),
    holds: (environment, lifted = false) => store.read(() => holdsOf(scoped(environment), lifted)),
    liftHolds: (environment, held, author) => store.write(() => liftHolds(scoped(environment), held, author)),
    record: entry => store.write(() => appendAudit(store, project, [entry])),
    audit: query => store.read(() => auditRows(store, project, query)),
    verifyAudit: checkpoint => store.read(() => verifyChain(store, project, checkpoint)),
    uploadContents: async batch => {
      await uploadContents(store, contents, batch)
      crashPoint('A2-uploading')
    },
    collectContents: pinned => collectContents(store, pinned),
    commitRelease: async request => {
      const scope = scoped(request.environment)
      if (request.state) await keepPredecessor(scope, history, request.state)
      const outcome = await store.write(
        () => commitRelease(scope, request),
        result => result.outcome === 'released' || result.outcome === 'unchanged',
      )
      crashPoint('A4-committed')
      return outcome
    },
    close: async () => {
      history.close()
      store.close()
    },
  }
}

/** Keeps the state that `write` replaces (STA-9). One that does not match its digest is not worth keeping. */
export async function keepPredecessor(scope: Scope, history: StateHistory, write: StateWrite): Promise<void> {
  if (!write.expected) return
  const current = await scope.store.read(() => currentState(scope))
  if (current?.serial !== write.expected.serial || current.lineage !== write.expected.lineage) return
  if (digestOfText(current.body) === current.digest) await history.keep(scope.project, scope.environment, current)
}
