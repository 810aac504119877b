import { basename, dirname, join, resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { compact } from '../base/compact.ts'
import { flowrunVersion } from '../base/version.ts'
import type { ContentSettings, StateSettings } from '../config/blocks/environment-stores.ts'
import { createBackendRecords } from '../operations/state/backend-record.ts'
import { rememberedBackend } from '../operations/state/remembered-backend.ts'
import type { OpenStores } from '../operations/stores.ts'
import type { ContentStore } from '../registry/content-store.ts'
import type { SqliteRegistry } from '../registry/sqlite/registry.ts'
import type { StateBackend } from '../state/backend.ts'
import type { ResolveSettings } from './secrets.ts'
import { openStateCodec } from './state-codec.ts'
import type { StateHost } from './state-host.ts'

export interface StoresHost {
  /** `.flowrun`, or what FLOWRUN_DATA_DIR says. */
  readonly dataDirectory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly resolveSettings: ResolveSettings
}

/**
 * Opens the registry and the state of an environment: each kind is loaded when it is used. The registry of an embedded
 * target is in the data directory, wherever the state is: moving a state moves no prompts.
 */
export function createStoreOpener({ dataDirectory, environment, clock, resolveSettings }: StoresHost): OpenStores {
  return async ({ root, project, environment: settings, mode, parallelism = 10, isMigrating = false, signal }) => {
    const { state } = settings
    const text = resolveSettings(root, settings)
    const path = join(dataDirectory, 'state.db')
    const { path: statePath = path, keep } = state.type === 'sqlite' ? state : {}
    const isShared = resolve(root, statePath) === resolve(root, path)
    const { opened, close } = createClosers()
    try {
      const contents = await openContents(settings.content, text, parallelism)
      if (contents) opened(() => contents.close())
      const { openSqliteRegistry } = await import('../registry/sqlite/registry.ts')
      const openFile = ({ path, keep }: SqliteFile) =>
        openSqliteRegistry({
          directory: resolve(root, dirname(path)),
          directoryName: dirname(path),
          fileName: basename(path),
          project,
          clock,
          flowrunVersion,
          mode,
          ...compact({ snapshotsKept: keep, contents }),
        })
      const registry = await openFile({ path, ...(isShared ? { keep } : {}) })
      opened(() => registry.close())
      const { codec, close: closeCodec } = await openStateCodec(state.encryption, { project, text, mode })
      opened(closeCodec)
      const host: StateHost = { project, clock, flowrunVersion, codec, environment, signal, text }
      const stateBackend = await openState(state, isShared ? registry : () => openFile({ path: statePath, keep }), host)
      const records = isMigrating ? undefined : createBackendRecords(...recordFile(root, dataDirectory))
      const backend = records ? rememberedBackend(stateBackend, state, records, mode) : stateBackend
      opened(() => backend.close())
      return { registry, backend, close }
    } catch (error) {
      // Why it could not be opened is what to tell, whatever becomes of the rest.
      await close().catch(() => {})
      throw error
    }
  }
}

/** Closes in the opposite order what was opened. */
function createClosers() {
  const closers: (() => unknown)[] = []
  return {
    opened: (close: () => unknown) => void closers.unshift(close),
    async close() {
      for (const close of closers.splice(0)) await close()
    },
  }
}

interface SqliteFile {
  readonly path: string
  readonly keep?: number | undefined
}

/** Its path, and as a person would name it. */
export function recordFile(root: string, dataDirectory: string): [path: string, name: string] {
  const name = join(dataDirectory, 'backend.json')
  return [resolve(root, name), name]
}

async function openContents(settings: ContentSettings, text: StateHost['text'], parallelism: number): Promise<ContentStore | undefined> {
  return settings.type === 's3' ? (await import('./s3-contents.ts')).openS3Contents(settings, text, parallelism) : undefined
}

/** @param sqlite the registry, where it shares a file with the state; else what opens the state's own. */
async function openState(
  settings: StateSettings,
  sqlite: SqliteRegistry | (() => Promise<SqliteRegistry>),
  host: StateHost,
): Promise<StateBackend> {
  switch (settings.type) {
    case 'sqlite': {
      const { createSqliteStateBackend } = await import('../state/backends/sqlite.ts')
      if (typeof sqlite !== 'function') return createSqliteStateBackend(sqlite, host.codec)
      const file = await sqlite()
      return { ...createSqliteStateBackend(file, host.codec), withRegistry: false, close: () => file.close() }
    }
    case 'http':
      return (await import('./http-state.ts')).openHttpState(settings, host)
    case 'postgres':
      return (await import('./postgres-state.ts')).openPostgresState(settings, host)
    case 's3':
      return (await import('./s3-state.ts')).openS3State(settings, host)
  }
}
