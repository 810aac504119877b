import { crashPoint } from '../base/crash-point.ts'
import { heldObstacles, type Plan } from '../plan/plan.ts'
import { type Content, contentOf, uploadBatches } from '../registry/content.ts'
import type { HeldContent } from '../registry/hold.ts'
import type { Registry } from '../registry/registry.ts'
import type { ReleaseOutcome, ReleaseRequest } from '../registry/release.ts'
import type { CaughtUp } from '../state/catch-up.ts'
import { commitWithContents, commitWithState } from './commit.ts'
import { flipsOf, newVersions, releaseKind } from './flips.ts'
import { nextState } from './next-state.ts'
import { beginState, type ReleaseStores } from './state-write.ts'

/** Who releases, and why: recorded with the release. */
export interface Authorship {
  readonly actor: string
  /** A commit; empty when nothing says. */
  readonly source: string
  readonly message: string
  /** `--override-hold REASON`: lifts the holds that the plan names (HOLD-3). */
  readonly overrideHold?: string
}

/**
 * Steps A2 to A5 of the release protocol: uploads what is missing, then commits versions, pointers, release, audit and,
 * in the same store, the state, as one transaction. Conflicts are answers; the caller plans again.
 *
 * @throws OperationError of the stores; nothing is half done in any case. `state/not-written`: the release stands.
 */
export async function release(
  plan: Plan,
  base: CaughtUp,
  authorship: Authorship,
  { registry, backend }: ReleaseStores,
  onUploaded: (done: number, of: number) => void = () => {},
): Promise<ReleaseOutcome> {
  const { environment } = plan
  await upload(plan, registry, onUploaded)
  crashPoint('A2-uploaded')
  const begun = await beginState(backend, environment, base)
  if ('outcome' in begun) return begun
  const next = { environment, snapshot: nextState(begun.snapshot, plan), stored: begun.stored }
  const request = releaseRequest(plan, begun, authorship)
  const outcome = await commitWithState({ registry, backend }, next, state =>
    commitWithContents(registry, { ...request, ...state }, () => upload(plan, registry, onUploaded)),
  )
  crashPoint('A5-state-written')
  return outcome
}

async function upload(plan: Plan, registry: Registry, onUploaded: (done: number, of: number) => void): Promise<void> {
  const contents = new Map<string, Content>()
  for (const { after } of plan.changes) if (after) contents.set(after.digest, contentOf(after))
  let done = 0
  for (const batch of uploadBatches(contents.values())) {
    await registry.uploadContents(batch)
    // SQLite never waits: without a turn of the event loop no Ctrl-C is heard in between.
    await new Promise(resolve => setImmediate(resolve))
    done += batch.length
    onUploaded(done, contents.size)
  }
}

function releaseRequest(plan: Plan, base: CaughtUp, authorship: Authorship): ReleaseRequest {
  const lifted: readonly HeldContent[] =
    authorship.overrideHold === undefined ? [] : heldObstacles(plan).map(({ address, digest }) => ({ address, digest }))
  return {
    environment: plan.environment,
    applyId: plan.applyId,
    base: base.pointers.release,
    kind: releaseKind(plan),
    lineage: plan.base.lineage,
    changeDigest: plan.changeDigest,
    actor: authorship.actor,
    source: authorship.source,
    reason: authorship.message,
    versions: newVersions(plan.changes),
    flips: plan.changes.flatMap(change => flipsOf(change, plan.base.lineage)),
    ...(plan.moves.length > 0 ? { moves: plan.moves } : {}),
    references: plan.references,
    ...(lifted.length > 0 && authorship.overrideHold !== undefined ? { holdsLifted: lifted, overrideReason: authorship.overrideHold } : {}),
  }
}
