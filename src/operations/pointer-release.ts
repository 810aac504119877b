import { invariant } from '../base/invariant.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { flipOf, type PointerPlan } from '../plan/pointer-plan.ts'
import { conflictDiagnostic } from '../registry/conflict.ts'
import type { Release, ReleaseOutcome, ReleaseRequest, ReleaseWithChanges } from '../registry/release.ts'
import type { StateBackend } from '../state/backend.ts'
import type { Approval } from './apply.ts'
import { contended, MAX_ATTEMPTS, movedMeanwhile, pauseBeforeAttempt } from './contention.ts'
import { type LockOptions, locked } from './locked.ts'
import type { OperationHost } from './project.ts'

/** Who makes a release of pointers, and what it may do. */
export interface PointerReleaseOptions extends LockOptions {
  readonly actor: string
  /** Recorded with the release, and with each hold that it places. */
  readonly reason: string
  /** Lifts the holds that the plan names (HOLD-3). */
  readonly overrideHold?: string
  /** Leaves references that do not fit (HOLD-6). */
  readonly forceIncompatible?: string
  /** Shows the plan and asks; what nothing can approve is only shown. Called again when the base has moved and the plan is another one. */
  approve(plan: PointerPlan, moved: readonly ReleaseWithChanges[] | undefined): Promise<Approval>
}

export type PointerReleaseResult =
  | { readonly outcome: 'released'; readonly plan: PointerPlan; readonly release: Release }
  | { readonly outcome: 'nothing-to-do'; readonly plan: PointerPlan }
  | { readonly outcome: 'declined'; readonly plan: PointerPlan }
  | { readonly outcome: 'refused'; readonly plan: PointerPlan }
  | { readonly outcome: 'interrupted'; readonly plan: PointerPlan }

/** A plan, with what makes a release of it. */
export interface Preparation {
  readonly plan: PointerPlan
  commit(): Promise<ReleaseOutcome>
}

/** Plans, asks, takes the lock and makes one release, or nothing: the same changes against another base need no second question (REL-5). */
export async function releasePointers(
  host: OperationHost,
  backend: StateBackend,
  prepare: () => Promise<Preparation>,
  options: PointerReleaseOptions,
): Promise<PointerReleaseResult> {
  let approved: PointerPlan | undefined
  let moved: readonly ReleaseWithChanges[] | undefined
  for (let attempt = 1; ; attempt++) {
    const { plan, commit } = await prepare()
    const refused = isRefused(plan, options)
    if (plan.moves.length === 0 || refused || approved?.changeDigest !== plan.changeDigest) {
      const answer = await options.approve(plan, moved)
      if (plan.moves.length === 0) return { outcome: 'nothing-to-do', plan }
      if (refused) return { outcome: 'refused', plan }
      if (answer === 'no') return { outcome: 'declined', plan }
      // A rollback starts from what is active: to go one back from where somebody else went back to is another wish.
      if (answer === 'unattended' && approved !== undefined) throw movedMeanwhile(plan.environment)
    }
    approved = plan
    const outcome = await commitLocked(host, backend, plan, options, commit)
    if (outcome === 'interrupted') return { outcome, plan }
    if (outcome.outcome === 'released') return { outcome: 'released', plan, release: outcome.release }
    if (attempt === MAX_ATTEMPTS) throw contended(plan.environment, plan.kind)
    moved = movedReleases(outcome, plan)
    if (!(await pauseBeforeAttempt(host, attempt + 1, options.signal))) return { outcome: 'interrupted', plan }
  }
}

/** Whether a rule says no: a hold, an interface, a reference that would lead nowhere. */
export function isRefused(
  { obstacles, broken }: PointerPlan,
  { overrideHold, forceIncompatible }: Pick<PointerReleaseOptions, 'overrideHold' | 'forceIncompatible'>,
): boolean {
  const isUnforced = broken.some(({ targetVersion }) => targetVersion === null || forceIncompatible === undefined)
  return isUnforced || (obstacles.length > 0 && overrideHold === undefined)
}

/** The part of the request that follows from the plan; what lifts and forces is named only where there is something to lift or to force. */
export function pointerRequest(plan: PointerPlan, options: PointerReleaseOptions): ReleaseRequest {
  const { overrideHold, forceIncompatible } = options
  return {
    environment: plan.environment,
    applyId: plan.applyId,
    base: plan.base,
    kind: plan.kind,
    lineage: null,
    changeDigest: plan.changeDigest,
    ...(plan.restores === undefined ? {} : { restores: plan.restores }),
    actor: options.actor,
    source: plan.source ? `${plan.source.environment}@${plan.source.release}` : '',
    reason: options.reason,
    versions: [],
    flips: plan.moves.map(flipOf),
    references: [],
    holdsPlaced: plan.held,
    ...(plan.obstacles.length > 0 && overrideHold !== undefined ? { holdsLifted: plan.obstacles, overrideReason: overrideHold } : {}),
    ...(plan.broken.length > 0 && forceIncompatible !== undefined ? { forceIncompatible } : {}),
  }
}

/** Waiting for the lock ends with an interruption; a commit that has begun is finished. */
async function commitLocked(
  host: OperationHost,
  backend: StateBackend,
  { environment, kind }: PointerPlan,
  options: PointerReleaseOptions,
  commit: () => Promise<ReleaseOutcome>,
): Promise<ReleaseOutcome | 'interrupted'> {
  let isBegun = false
  try {
    const work = () => {
      options.signal?.throwIfAborted()
      isBegun = true
      return commit()
    }
    return await locked(host, { backend, environment, operation: kind }, options, work)
  } catch (error) {
    if (options.signal?.aborted && !isBegun) return 'interrupted'
    throw error
  }
}

/** What a new plan sees comes back; the rest is told at once. */
function movedReleases(
  outcome: Exclude<ReleaseOutcome, { readonly outcome: 'released' }>,
  { environment, applyId }: PointerPlan,
): readonly ReleaseWithChanges[] | undefined {
  invariant(outcome.outcome !== 'unchanged', 'release/moved-nothing', `the registry says that ${applyId} moves no pointer`)
  switch (outcome.outcome) {
    case 'moved':
      return outcome.releases
    case 'state-moved':
    case 'version-taken':
    case 'held':
      return undefined
    default:
      throw new OperationError(conflictDiagnostic(outcome, environment))
  }
}
