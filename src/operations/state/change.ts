import { commitWithState } from '../../apply/commit.ts'
import { beginState } from '../../apply/state-write.ts'
import { digestOf } from '../../base/digest.ts'
import { userName } from '../../base/user.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { conflictDiagnostic } from '../../registry/conflict.ts'
import type { PointerFlip } from '../../registry/pointer.ts'
import type { AddressMove, ReleaseRequest, StateVersion } from '../../registry/release.ts'
import type { CompiledReference, NewVersion } from '../../registry/version.ts'
import { type CaughtUp, catchUp } from '../../state/catch-up.ts'
import { onEnvironment } from '../../state/environment-hint.ts'
import type { StateSnapshot } from '../../state/state.ts'
import { type Deployed, withStores } from '../deployed.ts'
import { type LockOptions, locked } from '../locked.ts'
import type { OperationHost, ProjectOptions } from '../project.ts'
import type { Stores } from '../stores.ts'

export interface StateChangeOptions extends ProjectOptions, LockOptions {
  /** Says what would happen: takes no lock, writes nothing. */
  readonly dryRun: boolean
}

/** What a state command did to the ownership of one block. */
export type OwnershipChange =
  | { readonly action: 'move'; readonly address: string; readonly to: string; readonly version: number }
  /** The pointer stays, and belongs to nobody. */
  | { readonly action: 'give-up'; readonly address: string; readonly version: number }
  /** `from`: the lineage that it is taken from; null: it belonged to nobody. */
  | { readonly action: 'take'; readonly address: string; readonly version: number; readonly from: string | null }

/** What a state command came to. */
export interface StateChanged {
  readonly environment: string
  readonly dryRun: boolean
  readonly changes: readonly OwnershipChange[]
  /** The release that it made; undefined when no pointer changed its owner. */
  readonly release: number | undefined
  readonly lineage: string
  readonly serial: number
  /** Owned now. */
  readonly blocks: number
  /** False: the stored state says this already, and nothing was written. */
  readonly written: boolean
}

/** Where a state command works. */
export interface StateSite extends Stores {
  readonly host: OperationHost
  readonly environment: string
  readonly dryRun: boolean
  /** As a person would type it. */
  readonly operation: string
  readonly actor: string
}

/**
 * Opens the stores and takes the lock around the work (LOCK-2); a dry run reads only.
 *
 * @throws OperationError of the stores, the lock, or the work.
 */
export function changeState<T>(
  host: OperationHost,
  options: StateChangeOptions,
  operation: string,
  work: (site: StateSite) => Promise<T>,
): Promise<Deployed<T>> {
  const { dryRun } = options
  return withStores(host, options, dryRun ? 'read' : 'write', (stores, project) => {
    const environment = project.environment.name
    const site: StateSite = { ...stores, host, environment, dryRun, operation, actor: userName() }
    const { backend } = stores
    return dryRun ? work(site) : locked(host, { backend, environment, operation }, options, () => work(site))
  })
}

/** The state in agreement with the registry. @throws OperationError `state/absent` where there is none. */
export async function existingState({ registry, backend, environment }: StateSite): Promise<CaughtUp> {
  // Without a state no lineage is asked for: nothing may be changed then.
  const base = await catchUp(registry, backend, environment, () => '')
  if (base.stored === null) throw absentState(environment)
  return base
}

export function absentState(environment: string): OperationError {
  return new OperationError({
    code: 'state/absent',
    summary: `${environment} has no state yet`,
    detail: `The first apply makes it. If there was one, and it was lost: flowrun state recover${onEnvironment(environment)}\nNothing was changed.`,
  })
}

/** The base with a state in its store, before the first release is made of its lineage. @throws OperationError `state/conflict`. */
export async function begunState({ backend, environment }: StateSite, base: CaughtUp): Promise<CaughtUp> {
  const begun = await beginState(backend, environment, base)
  if ('outcome' in begun) throw new OperationError(conflictDiagnostic(begun, environment))
  return begun
}

export interface NextState {
  /** Its serial and release are set here. */
  readonly snapshot: StateSnapshot
  /** What the store must hold now. */
  readonly stored: StateVersion | null
  /** The release that `flips` were computed against. */
  readonly base: number
  readonly flips: readonly PointerFlip[]
  readonly moves?: readonly AddressMove[]
  /** Published with it: copies of what another address has. */
  readonly versions?: readonly NewVersion[]
  readonly references?: readonly CompiledReference[]
  readonly changes: readonly OwnershipChange[]
}

/**
 * Writes a state, and with it the ownership that the registry keeps: a release of kind import (STA-10), so that the state
 * still follows from the releases of its lineage (STA-2).
 *
 * @throws OperationError `release/…`, `apply/owned-elsewhere`, `state/conflict`, `state/not-written`.
 */
export async function commitState(site: StateSite, next: NextState): Promise<StateChanged> {
  const { registry, backend, environment, dryRun } = site
  const release = next.flips.length > 0 ? next.base + 1 : undefined
  const snapshot: StateSnapshot = { ...next.snapshot, release: release ?? next.snapshot.release }
  const changed: StateChanged = {
    environment,
    dryRun,
    changes: next.changes,
    release,
    lineage: snapshot.lineage,
    serial: snapshot.serial,
    blocks: snapshot.owned.size,
    written: true,
  }
  if (dryRun) return changed
  if (release !== undefined) {
    const request = importRequest(site, next, snapshot.lineage)
    const following = { environment, snapshot, stored: next.stored }
    const outcome = await commitWithState(site, following, state => registry.commitRelease({ ...request, ...state }))
    if (outcome.outcome !== 'released' && outcome.outcome !== 'unchanged')
      throw new OperationError(conflictDiagnostic(outcome, environment))
    return changed
  }
  const written = await backend.write(environment, await backend.codec.encode(snapshot, next.stored, environment))
  if (written.outcome === 'conflict') {
    throw new OperationError(conflictDiagnostic({ outcome: 'state-moved', found: written.found }, environment))
  }
  return changed
}

function importRequest(
  site: StateSite,
  { base, flips, moves, versions = [], references = [] }: NextState,
  lineage: string,
): ReleaseRequest {
  const { environment, host, actor, operation } = site
  const change = flips.map(({ address, before, after, ownerAfter }) => ({ address, before, after, ownerAfter }))
  return {
    environment,
    applyId: host.newId(),
    base,
    kind: 'import',
    lineage,
    changeDigest: digestOf({ kind: 'import', flips: change, moves: (moves ?? []).map(({ from, to }) => ({ from, to })) }),
    actor,
    source: '',
    reason: operation,
    versions,
    flips,
    references,
    ...(moves ? { moves } : {}),
  }
}
