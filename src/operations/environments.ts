import type { Environment } from '../config/blocks/environment.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import type { Release } from '../registry/release.ts'
import { type CaughtUp, catchUp } from '../state/catch-up.ts'
import type { Lock } from '../state/lock.ts'
import type { Deployed } from './deployed.ts'
import { type OperationHost, openProject, type Project } from './project.ts'

/** An environment, and how it stands. */
export interface EnvironmentStanding {
  readonly name: string
  /** The one that commands work in when none is named. */
  readonly isDefault: boolean
  readonly isProtected: boolean
  readonly target: Environment['target']['type']
  readonly state: Environment['state']['type']
  readonly standing: Standing
}

/** `unreachable`: its stores could not be read, and why. */
export type Standing =
  | {
      readonly kind: 'read'
      /** Absent: it has none yet. */
      readonly release?: Release
      /** Blocks that others moved away from where this configuration left them; absent: nothing was ever applied from here. */
      readonly drift?: number
      readonly lock?: Lock
    }
  | { readonly kind: 'unreachable'; readonly diagnostic: Diagnostic }

/** Every declared environment, in the order of the configuration. One that cannot be reached is no error. */
export async function readEnvironments(host: OperationHost): Promise<Deployed<readonly EnvironmentStanding[]>> {
  const report = new Report()
  const project = openProject(host, { anyEnvironment: true }, report)
  // One that is declared wrongly would be missing from the list.
  if (project === undefined || report.hasErrors) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const { environments, defaultEnvironment } = project.settings
  const standings = [...environments.values()].map(async (environment): Promise<EnvironmentStanding> => {
    const { name, target, state } = environment
    return {
      name,
      isDefault: name === defaultEnvironment,
      isProtected: environment.protected,
      target: target.type,
      state: state.type,
      standing: await standingOf(host, project, environment),
    }
  })
  return { outcome: 'found', value: await Promise.all(standings) }
}

async function standingOf(host: OperationHost, { root, settings }: Project, environment: Environment): Promise<Standing> {
  try {
    const stores = await host.openStores({ root, project: settings.project, environment, mode: 'read' })
    try {
      const base = await catchUp(stores.registry, stores.backend, environment.name, host.newId)
      const [release] = await stores.registry.releases(environment.name, 1)
      const lock = await stores.backend.currentLock(environment.name)
      return {
        kind: 'read',
        ...(release ? { release } : {}),
        ...(base.stored ? { drift: driftOf(base) } : {}),
        ...(lock ? { lock } : {}),
      }
    } finally {
      await stores.close()
    }
  } catch (error) {
    if (error instanceof OperationError) return { kind: 'unreachable', diagnostic: error.diagnostic }
    throw error
  }
}

function driftOf({ snapshot, pointers }: CaughtUp): number {
  return [...snapshot.owned].filter(([address, { digest }]) => pointers.pointers.get(address)?.digest !== digest).length
}
