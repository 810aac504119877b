import { OperationError } from '../diagnostics/operation-error.ts'
import type { Plan } from '../plan/plan.ts'
import { conflictDiagnostic } from '../registry/conflict.ts'
import type { Registry } from '../registry/registry.ts'
import type { Release, ReleaseOutcome, StateWrite } from '../registry/release.ts'
import type { StateBackend } from '../state/backend.ts'
import { type CaughtUp, catchUp } from '../state/catch-up.ts'
import type { StateSnapshot } from '../state/state.ts'
import { nextState } from './next-state.ts'

/** Writes of a state that is found changed each time, before the next command is left to do it. */
const MAX_WRITES = 3

/** A state that follows a commit, in a store of its own. */
export interface FollowingState {
  readonly environment: string
  readonly snapshot: StateSnapshot
  /** The snapshot, encoded against what the store held when it was planned. */
  readonly write: StateWrite
}

/** Where a release is made, and the state that follows it is kept. */
export interface ReleaseStores {
  readonly registry: Registry
  readonly backend: StateBackend
}

/**
 * Writes the first state of a store apart from the registry: nothing but its lineage, before a release is made of that. An
 * apply that ends between the two would leave a release of a lineage that nobody knows, which the next would take for foreign.
 *
 * @returns the base with what is stored now.
 */
export async function beginState(
  backend: StateBackend,
  environment: string,
  base: CaughtUp,
): Promise<CaughtUp | Extract<ReleaseOutcome, { outcome: 'state-moved' }>> {
  if (backend.withRegistry || base.stored !== null) return base
  const snapshot: StateSnapshot = { ...base.snapshot, serial: base.snapshot.serial + 1 }
  const answer = await backend.write(environment, await backend.codec.encode(snapshot, null, environment))
  if (answer.outcome === 'conflict') return { outcome: 'state-moved', found: answer.found }
  return { ...base, snapshot, stored: { lineage: snapshot.lineage, serial: snapshot.serial } }
}

/**
 * Step A5. A release stands whatever becomes of its state: a conflict is answered by reading again and folding (STA-4), and
 * what cannot be written follows at the next command (FAIL-9). Without a release a conflict is an answer like those of the commit.
 *
 * @throws OperationError `state/not-written` after a release; those of the store without one.
 */
export async function writeFollowingState(
  { registry, backend }: ReleaseStores,
  following: FollowingState,
  committed: Extract<ReleaseOutcome, { outcome: 'released' | 'unchanged' }>,
): Promise<ReleaseOutcome> {
  const { environment, write } = following
  if (committed.outcome === 'unchanged') {
    const answer = await backend.write(environment, write)
    return answer.outcome === 'written' ? committed : { outcome: 'state-moved', found: answer.found }
  }
  const { number } = committed.release
  try {
    await writeFolding({ registry, backend }, following, number)
  } catch (error) {
    throw error instanceof OperationError ? notWritten(error, environment, number) : error
  }
  return committed
}

/**
 * The state that an earlier apply of this plan did not get to write (FAIL-9); nothing where it says the release already.
 *
 * @throws OperationError `state/not-written`.
 */
export async function writeStateBehind({ registry, backend }: ReleaseStores, plan: Plan, release: Release): Promise<void> {
  const { environment } = plan
  const { snapshot: found, stored, pointers, recovered } = await catchUp(registry, backend, environment, () => plan.base.lineage)
  if (recovered.length === 0 || found.lineage !== plan.base.lineage) return
  // Outputs and checks are of the latest release.
  const { outputs, checks } = pointers.release === release.number ? nextState(found, plan) : found
  const snapshot: StateSnapshot = { ...found, serial: found.serial + 1, outputs, checks }
  const write = await backend.codec.encode(snapshot, stored, environment)
  await writeFollowingState({ registry, backend }, { environment, snapshot, write }, { outcome: 'released', release, repeated: true })
}

async function writeFolding(
  { registry, backend }: ReleaseStores,
  { environment, snapshot, write }: FollowingState,
  release: number,
): Promise<void> {
  let next = write
  for (let writes = 1; ; writes++) {
    const answer = await backend.write(environment, next)
    if (answer.outcome === 'written') return
    if (writes === MAX_WRITES) throw new OperationError(conflictDiagnostic({ outcome: 'state-moved', found: answer.found }, environment))
    // A state that is gone is made anew, from the releases of this lineage.
    const found = await catchUp(registry, backend, environment, () => snapshot.lineage)
    if (found.snapshot.lineage !== snapshot.lineage) throw otherLineage(environment)
    const isLatest = found.pointers.release === release
    const folded: StateSnapshot = {
      ...found.snapshot,
      serial: Math.max(found.snapshot.serial + 1, snapshot.serial),
      // Outputs and checks are of the latest release; whoever made a later one has written them.
      ...(isLatest ? { outputs: snapshot.outputs, checks: snapshot.checks } : {}),
    }
    next = await backend.codec.encode(folded, found.stored, environment)
  }
}

function otherLineage(environment: string): OperationError {
  return new OperationError({
    code: 'state/conflict',
    summary: `The state of ${environment} was replaced by one of another lineage`,
    detail: 'flowrun does not write over it. Nothing was changed.',
  })
}

/** FAIL-9. */
function notWritten(cause: OperationError, environment: string, release: number): OperationError {
  const { summary, detail = '' } = cause.diagnostic
  const reason = detail.replace(/\s*Nothing was changed\.$/, '')
  return new OperationError(
    {
      code: 'state/not-written',
      summary: `Release ${release} of ${environment} is applied; the state follows at the next command`,
      detail: `${summary}.${reason === '' ? '' : `\n${reason}`}\n\nNothing is lost: what the state holds follows from the releases, and the next apply writes it.`,
    },
    { cause },
  )
}
