import type { Registry } from '../registry/registry.ts'
import type { ReleaseOutcome, ReleaseRequest, StateVersion, StateWrite } from '../registry/release.ts'
import type { StateSnapshot } from '../state/state.ts'
import { type ReleaseStores, writeFollowingState } from './state-write.ts'

/** A state that is to follow a release. */
export interface PlannedState {
  readonly environment: string
  readonly snapshot: StateSnapshot
  /** What the store holds now; null: nothing. */
  readonly stored: StateVersion | null
}

/**
 * Steps A4 and A5: commits with the state in one transaction where they share a store (REL-1), else one after the other.
 *
 * @param commit is given the state that goes into its transaction.
 * @throws OperationError of the stores. `state/not-written`: the release stands.
 */
export async function commitWithState(
  { registry, backend }: ReleaseStores,
  { environment, snapshot, stored }: PlannedState,
  commit: (state: { readonly state?: StateWrite }) => Promise<ReleaseOutcome>,
): Promise<ReleaseOutcome> {
  const write = await backend.codec.encode(snapshot, stored, environment)
  if (backend.withRegistry) return commit({ state: write })
  const outcome = await commit({})
  if (outcome.outcome !== 'released' && outcome.outcome !== 'unchanged') return outcome
  return writeFollowingState({ registry, backend }, { environment, snapshot, write }, outcome)
}

/** Commits; a content that was collected between its upload and the commit is offered once more, which is the whole cure (GC-1). */
export async function commitWithContents(
  registry: Registry,
  request: ReleaseRequest,
  upload: () => Promise<void>,
): Promise<ReleaseOutcome> {
  const outcome = await registry.commitRelease(request)
  if (outcome.outcome !== 'content-missing') return outcome
  await upload()
  return registry.commitRelease(request)
}
