import { compact } from '../../base/compact.ts'
import { userName } from '../../base/user.ts'
import type { Environment } from '../../config/blocks/environment.ts'
import type { StateSettings } from '../../config/blocks/environment-stores.ts'
import type { Diagnostic } from '../../diagnostics/diagnostic.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { Report } from '../../diagnostics/report.ts'
import type { StateVersion } from '../../registry/release.ts'
import { encodeState } from '../../state/encoding.ts'
import { onEnvironment } from '../../state/environment-hint.ts'
import type { StateSnapshot } from '../../state/state.ts'
import { type LockOptions, locked } from '../locked.ts'
import { type OperationHost, openProject, type Project, type ProjectOptions } from '../project.ts'
import type { Stores } from '../stores.ts'

/** A state that is about to move. */
export interface Migration {
  readonly environment: string
  /** `sqlite .flowrun/state.db`, as people name it. */
  readonly from: string
  readonly to: string
  readonly serial: number
  readonly blocks: number
}

export interface MigrateOptions extends ProjectOptions, LockOptions {
  /** Shows what would move, and asks. */
  approve(migration: Migration): Promise<boolean>
}

/** What became of the state of one environment. */
export interface MigratedEnvironment {
  readonly environment: string
  /**
   * `in-place`: it is where the configuration says. `found`: the new place has it already, as far or further. `nothing`:
   * there was none to move.
   */
  readonly outcome: 'in-place' | 'moved' | 'found' | 'nothing' | 'declined' | 'reconfigured'
  readonly from: string | undefined
  readonly to: string
  readonly serial: number | undefined
}

export type MigrateResult =
  | { readonly outcome: 'done'; readonly environments: readonly MigratedEnvironment[] }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/**
 * Moves the states that this folder has last used elsewhere to where the configuration says: of one environment, or of all.
 * Lineage, serial and content stay; what is written is read back; the old place is left as it is.
 *
 * @throws OperationError `state/destination-taken`, `state/not-copied`, `state/locked`, those of both stores.
 */
export function migrateStates(host: OperationHost, options: MigrateOptions): Promise<MigrateResult> {
  return eachEnvironment(host, options, async (project, environment) => {
    const records = host.backendRecords(project.root)
    const last = records.read().get(environment.name)
    const to = records.placeOf(environment.state)
    if (last === undefined || records.placeOf(last) === to)
      return { environment: environment.name, outcome: 'in-place', from: undefined, to, serial: undefined }
    return await between(host, project, environment, last, options.signal, (source, destination) =>
      migrate(host, options, { environment, from: records.placeOf(last), to, root: project.root, source, destination }),
    )
  })
}

/** Uses what the configuration says from now on, and leaves the last place behind. */
export function reconfigureStates(host: OperationHost, options: ProjectOptions): Promise<MigrateResult> {
  return eachEnvironment(host, options, async (project, { name, state }) => {
    const records = host.backendRecords(project.root)
    records.write(name, state)
    return { environment: name, outcome: 'reconfigured', from: undefined, to: records.placeOf(state), serial: undefined }
  })
}

async function eachEnvironment(
  host: OperationHost,
  options: ProjectOptions,
  work: (project: Project, environment: Environment) => Promise<MigratedEnvironment>,
): Promise<MigrateResult> {
  const report = new Report()
  const project = openProject(host, options, report)
  if (project === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const chosen = options.environment === undefined ? [...project.settings.environments.values()] : [project.environment]
  const environments: MigratedEnvironment[] = []
  for (const environment of chosen) environments.push(await work(project, environment))
  return { outcome: 'done', environments }
}

/** Opens the last place and the one of the configuration; both have the same registry. */
async function between<T>(
  host: OperationHost,
  { root, settings }: Project,
  environment: Environment,
  last: StateSettings,
  signal: AbortSignal | undefined,
  work: (source: Stores, destination: Stores) => Promise<T>,
): Promise<T> {
  const open = (state: StateSettings) =>
    host.openStores({
      root,
      project: settings.project,
      environment: { ...environment, state },
      mode: 'write',
      isMigrating: true,
      ...compact({ signal }),
    })
  const source = await open(last)
  try {
    const destination = await open(environment.state)
    try {
      return await work(source, destination)
    } finally {
      await destination.close()
    }
  } finally {
    await source.close()
  }
}

interface Places {
  readonly environment: Environment
  readonly from: string
  readonly to: string
  readonly root: string
  readonly source: Stores
  readonly destination: Stores
}

async function migrate(host: OperationHost, options: MigrateOptions, places: Places): Promise<MigratedEnvironment> {
  const { environment, from, to, root, source, destination } = places
  const { name } = environment
  const done = (outcome: MigratedEnvironment['outcome'], serial?: number): MigratedEnvironment => {
    if (outcome !== 'declined') host.backendRecords(root).write(name, environment.state)
    return { environment: name, outcome, from, to, serial }
  }
  const state = await source.backend.read(name)
  if (state === undefined) return done('nothing')
  const there = await requireFree(destination, name, state, to)
  if (there !== undefined && there.serial >= state.serial) return done('found', there.serial)
  const migration = { environment: name, from, to, serial: state.serial, blocks: state.owned.size }
  if (!(await options.approve(migration))) return done('declined')
  const operation = 'init -migrate-state'
  const lock = <T>(stores: Stores, work: () => Promise<T>) =>
    locked(host, { backend: stores.backend, environment: name, operation }, options, work)
  return await lock(source, () =>
    lock(destination, async () => {
      const current = await source.backend.read(name)
      if (current === undefined) return done('nothing')
      // Somebody may have moved it, and gone on there, while a person was asked.
      const before = await requireFree(destination, name, current, to)
      if (before !== undefined && before.serial >= current.serial) return done('found', before.serial)
      const { serial, lineage } = current
      const detail = { from, to, serial, lineage }
      // The row comes first: after a kill it may say more than was done, and never less (AUD-2).
      await destination.registry.record({ actor: userName(), action: 'state.migrate', subject: name, reason: operation, detail })
      await copy(destination, name, current, before, to)
      return done('moved', serial)
    }),
  )
}

/** The state that is there of the same configuration, if any. */
async function requireFree({ backend }: Stores, environment: string, state: StateSnapshot, to: string): Promise<StateVersion | undefined> {
  const there = await backend.currentVersion(environment)
  if (there === undefined || there.lineage === state.lineage) return there
  throw new OperationError({
    code: 'state/destination-taken',
    summary: `${to} has a state of ${environment} already, of another configuration`,
    detail:
      `It is of lineage ${there.lineage}, and the one that is to be moved is of ${state.lineage}. Name another place in the state block. ` +
      `If the one that is there is the right one:\n  flowrun init${onEnvironment(environment)} -reconfigure\nNothing was changed.`,
  })
}

async function copy(
  { backend }: Stores,
  environment: string,
  state: StateSnapshot,
  there: StateVersion | undefined,
  to: string,
): Promise<void> {
  const written = await backend.write(environment, await backend.codec.encode(state, there ?? null, environment))
  const back = written.outcome === 'written' ? await backend.read(environment) : undefined
  if (back && encodeState(back) === encodeState(state)) return
  throw new OperationError({
    code: 'state/not-copied',
    summary: `The state of ${environment} was not moved`,
    detail: `What ${to} gives back is not what was written to it. The state stays where it was. Nothing else was changed.`,
  })
}
