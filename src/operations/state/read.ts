import { suggest } from '../../base/suggest.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { matches } from '../../plan/selection.ts'
import type { Pointer } from '../../registry/pointer.ts'
import type { SnapshotSummary } from '../../state/backend.ts'
import { encodeState } from '../../state/encoding.ts'
import { onEnvironment } from '../../state/environment-hint.ts'
import type { OwnedVersion, StateSnapshot } from '../../state/state.ts'
import { type Deployed, readDeployed } from '../deployed.ts'
import type { OperationHost, ProjectOptions } from '../project.ts'
import type { Stores } from '../stores.ts'
import { absentState } from './change.ts'

/** A block as the state has it. */
export interface OwnedBlock extends OwnedVersion {
  readonly address: string
}

export interface StateList {
  readonly environment: string
  /** Undefined before the first write. */
  readonly state: Pick<StateSnapshot, 'lineage' | 'serial' | 'release'> | undefined
  readonly blocks: readonly OwnedBlock[]
}

/** What is owned, by address. The state alone is asked, so it answers also where it and the registry do not agree (STA-5). */
export function listState(host: OperationHost, options: ProjectOptions, pattern: string | undefined): Promise<Deployed<StateList>> {
  return readDeployed(host, options, async ({ backend }, project) => {
    const environment = project.environment.name
    const state = await backend.read(environment)
    const owned = state ? ownedBlocks(state) : []
    const blocks = pattern === undefined ? owned : owned.filter(({ address }) => matches(pattern, address))
    if (pattern !== undefined && blocks.length === 0) throw notOwned(environment, pattern, owned)
    return { environment, state, blocks }
  })
}

export interface ShownBlock extends OwnedBlock {
  readonly environment: string
  /** What the registry has there now; undefined: nothing. */
  readonly active: Pointer | undefined
  readonly lineage: string
}

/** @throws OperationError `state/not-owned`, `state/absent`. */
export function showInState(host: OperationHost, options: ProjectOptions, address: string): Promise<Deployed<ShownBlock>> {
  return readDeployed(host, options, async ({ backend, registry }, project) => {
    const environment = project.environment.name
    const state = await backend.read(environment)
    if (state === undefined) throw absentState(environment)
    const owned = state.owned.get(address)
    if (owned === undefined) throw notOwned(environment, address, ownedBlocks(state))
    const { pointers } = await registry.pointers(environment)
    return { environment, address, ...owned, active: pointers.get(address), lineage: state.lineage }
  })
}

/** The canonical JSON of the state, as it is stored. @throws OperationError `state/absent`. */
export function pullState(host: OperationHost, options: ProjectOptions): Promise<Deployed<string>> {
  return readDeployed(host, options, async ({ backend }, project) => {
    const state = await backend.read(project.environment.name)
    if (state === undefined) throw absentState(project.environment.name)
    return `${encodeState(state)}\n`
  })
}

export interface StateHistoryList {
  readonly environment: string
  /** What is stored now; undefined: nothing. */
  readonly current: { readonly lineage: string; readonly serial: number; readonly blocks: number | undefined } | undefined
  /** Earlier ones, newest first. */
  readonly snapshots: readonly SnapshotSummary[]
}

export function listStateHistory(host: OperationHost, options: ProjectOptions): Promise<Deployed<StateHistoryList>> {
  return readDeployed(host, options, async ({ backend }, project) => {
    const environment = project.environment.name
    const version = await backend.currentVersion(environment)
    const current = version && { ...version, blocks: (await readIfIntact(backend, environment))?.owned.size }
    return { environment, current, snapshots: await backend.history(environment) }
  })
}

/** What keeps a state from being read for good: there is nothing to wait for. */
const UNREADABLE: readonly OperationError['code'][] = ['state/corrupt', 'state/cannot-decrypt']

/** Undefined where there is none, or none that can be read. */
export async function readIfIntact(backend: Stores['backend'], environment: string): Promise<StateSnapshot | undefined> {
  try {
    return await backend.read(environment)
  } catch (error) {
    if (error instanceof OperationError && UNREADABLE.includes(error.code)) return undefined
    throw error
  }
}

/** By address, in the order of code units. */
export function ownedBlocks(state: StateSnapshot): readonly OwnedBlock[] {
  return [...state.owned].map(([address, owned]) => ({ address, ...owned })).sort((a, b) => (a.address < b.address ? -1 : 1))
}

export function notOwned(environment: string, wanted: string, owned: readonly OwnedBlock[]): OperationError {
  const suggestions = suggest(
    wanted,
    owned.map(({ address }) => address),
  )
  const isPattern = /[*?]/.test(wanted)
  return new OperationError({
    code: 'state/not-owned',
    summary: isPattern ? `The state of ${environment} has nothing like ${wanted}` : `The state of ${environment} has no ${wanted}`,
    detail: `${owned.length === 0 ? 'It owns nothing.' : `What it owns: flowrun state list${onEnvironment(environment)}`}\nNothing was changed.`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}
