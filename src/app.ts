import { setTimeout as delay } from 'node:timers/promises'
import { createSettingsResolver, secretPlaces } from './app/secrets.ts'
import { createStoreOpener, recordFile } from './app/stores.ts'
import type { Clock } from './base/clock.ts'
import { compact } from './base/compact.ts'
import { createUlidSource } from './base/ids.ts'
import { flowrunVersion } from './base/version.ts'
import { createProjectFiles } from './config/project-files.ts'
import { createFunctionTable } from './hcl/functions/index.ts'
import type { OperationHost } from './operations/project.ts'
import { createBackendRecords } from './operations/state/backend-record.ts'

/** What the process that flowrun runs in gives. */
export interface AppHost {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: (size: number) => Uint8Array
  workingFolder(): string
}

/** The composition root: with what is in app/, the only code that names implementations. Heavy ones are loaded when they are used. */
export function createApp(host: AppHost): OperationHost {
  const { environment, clock } = host
  const dataDirectory = environment.FLOWRUN_DATA_DIR || '.flowrun'
  const newId = createUlidSource(clock, host.random)
  const resolveSettings = createSettingsResolver(environment, dataDirectory, clock)
  const openStores = createStoreOpener({ dataDirectory, environment, clock, resolveSettings })
  const createPromptEngine: OperationHost['createPromptEngine'] = async (root, options) =>
    (await import('./app/prompt-engine.ts')).openPromptEngine(
      { root, dataDirectory, environment, clock, newId, text: resolveSettings(root, compact({ secrets: options.secrets })) },
      options,
    )
  return {
    workingDirectory: host.workingFolder(),
    processEnvironment: environment,
    clock,
    newId,
    flowrunVersion,
    random: Math.random,
    sleep: async (ms, signal) => await delay(ms, undefined, signal ? { signal } : {}),
    functions: read => createFunctionTable({ environment: read }),
    files: root => createProjectFiles(root),
    backendRecords: root => createBackendRecords(...recordFile(root, dataDirectory)),
    openStores,
    createProviderProbe: async (root, { secrets }) => {
      const [{ createProviderProbe }, { systemTimers }] = await Promise.all([import('./gateway/probe.ts'), import('./gateway/timers.ts')])
      const places = secretPlaces(root, secrets, dataDirectory)
      return createProviderProbe({ environment, secretPlaces: places, clock, timers: systemTimers })
    },
    openToolServers: async (root, { secrets }) => {
      const [{ createToolServers }, { systemTimers }] = await Promise.all([
        import('./engine/effects/tool/tool-servers.ts'),
        import('./gateway/timers.ts'),
      ])
      return createToolServers({ environment, secretPlaces: secretPlaces(root, secrets, dataDirectory), clock, timers: systemTimers })
    },
    openSpending: async (root, project, mode = 'read') =>
      (await import('./app/spending.ts')).openSpending({ root, project, dataDirectory, clock }, mode),
    openAnswerCache: async (root, { secrets, cache }, mode) => {
      const { openToInspect } = await import('./app/answer-cache.ts')
      return openToInspect(cache, { root, dataDirectory, clock, mode }, resolveSettings(root, compact({ secrets })))
    },
    openLoad: async (root, { secrets, cache }) => {
      const [{ openLoadReader }, { redisOf }] = await Promise.all([import('./app/load.ts'), import('./app/redis.ts')])
      const redis = redisOf(cache, resolveSettings(root, compact({ secrets })), clock, () => {})
      return openLoadReader({ root, dataDirectory, clock, redis })
    },
    createPromptEngine,
    openRuns: async root => (await import('./app/engine.ts')).openRuns({ root, dataDirectory, clock }),
    openRunEngine: async (root, options) => {
      const { project, onWarning } = options
      return (await import('./app/engine.ts')).openRunEngine({ root, dataDirectory, clock }, newId, options, {
        openStores,
        processEnvironment: environment,
        promptEngine: (settings, budgets) => createPromptEngine(root, { ...settings, project, budgets, onWarning }),
      })
    },
  }
}
