import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from './base/clock.ts'
import { createUlidSource } from './base/ids.ts'
import { flowrunVersion } from './base/version.ts'
import { createProjectFiles } from './config/project-files.ts'
import { createFunctionTable } from './hcl/functions/index.ts'
import type { OperationHost } from './operations/project.ts'
import type { OpenStores } from './operations/stores.ts'

/** What the process that flowrun runs in gives. */
export interface AppHost {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: (size: number) => Uint8Array
  workingFolder(): string
}

/** The composition root: the only file that names implementations. Heavy ones are loaded when they are used. */
export function createApp(host: AppHost): OperationHost {
  const { environment, clock } = host
  return {
    workingDirectory: host.workingFolder(),
    processEnvironment: environment,
    clock,
    newId: createUlidSource(clock, host.random),
    flowrunVersion,
    sleep: async (ms, signal) => await delay(ms, undefined, signal ? { signal } : {}),
    functions: read => createFunctionTable({ environment: read }),
    files: root => createProjectFiles(root),
    openStores: openEmbedded(dataDirectory(environment), clock),
    createPromptEngine: async (root, { secrets }) => {
      const [{ createPromptEngine }, { systemTimers }] = await Promise.all([
        import('./engine/prompt-engine.ts'),
        import('./gateway/timers.ts'),
      ])
      const directory = dataDirectory(environment)
      return createPromptEngine({
        environment,
        secretPlaces: (
          secrets ?? [
            { type: 'env', prefix: '' },
            { type: 'file', path: `${directory}/secrets` },
          ]
        ).map(source =>
          source.type === 'env'
            ? { type: 'environment', prefix: source.prefix }
            : { type: 'file', path: resolve(root, source.path), label: source.path },
        ),
        clock,
        timers: systemTimers,
        random: Math.random,
      })
    },
  }
}

function dataDirectory(environment: AppHost['environment']): string {
  return environment.FLOWRUN_DATA_DIR || '.flowrun'
}

function openEmbedded(directoryName: string, clock: Clock): OpenStores {
  return async ({ root, project, environment, mode }) => {
    const [{ openSqliteRegistry }, { createSqliteStateBackend }] = await Promise.all([
      import('./registry/sqlite/registry.ts'),
      import('./state/backends/sqlite.ts'),
    ])
    const { path = join(directoryName, 'state.db'), keep } = environment.state
    const name = dirname(path)
    const registry = await openSqliteRegistry({
      directory: resolve(root, name),
      directoryName: name,
      fileName: basename(path),
      project,
      clock,
      flowrunVersion,
      mode,
      ...(keep === undefined ? {} : { snapshotsKept: keep }),
    })
    return { registry, backend: createSqliteStateBackend(registry), close: () => registry.close() }
  }
}
