import { basename, dirname, join, resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { flowrunVersion } from '../base/version.ts'
import type { ContentSettings, StateSettings } from '../config/blocks/environment-stores.ts'
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

/** Opens the registry and the state of an environment: each kind is loaded when it is used. */
export function createStoreOpener({ dataDirectory, environment, clock, resolveSettings }: StoresHost): OpenStores {
  return async ({ root, project, environment: settings, mode }) => {
    const { state } = settings
    const { path = join(dataDirectory, 'state.db'), keep } = state.type === 'sqlite' ? state : {}
    const name = dirname(path)
    const text = resolveSettings(root, settings)
    const contents = await openContents(settings.content, text)
    const { openSqliteRegistry } = await import('../registry/sqlite/registry.ts')
    const registry = await openSqliteRegistry({
      directory: resolve(root, name),
      directoryName: name,
      fileName: basename(path),
      project,
      clock,
      flowrunVersion,
      mode,
      ...(keep === undefined ? {} : { snapshotsKept: keep }),
      ...(contents === undefined ? {} : { contents }),
    })
    const { codec, close: closeCodec } = await openStateCodec(state.encryption, { project, text, mode })
    const host: StateHost = { project, clock, flowrunVersion, codec, environment, text }
    const backend = await openState(state, registry, host)
    return {
      registry,
      backend,
      async close() {
        await backend.close()
        closeCodec()
        await registry.close()
        contents?.close()
      },
    }
  }
}

async function openContents(settings: ContentSettings, text: StateHost['text']): Promise<ContentStore | undefined> {
  return settings.type === 's3' ? (await import('./s3-contents.ts')).openS3Contents(settings, text) : undefined
}

async function openState(settings: StateSettings, registry: SqliteRegistry, host: StateHost): Promise<StateBackend> {
  switch (settings.type) {
    case 'sqlite':
      return (await import('../state/backends/sqlite.ts')).createSqliteStateBackend(registry, host.codec)
    case 'http':
      return (await import('./http-state.ts')).openHttpState(settings, host)
    case 'postgres':
      return (await import('./postgres-state.ts')).openPostgresState(settings, host)
    case 's3':
      return (await import('./s3-state.ts')).openS3State(settings, host)
  }
}
