import { changesAnything } from '../apply/next-state.ts'
import { type Authorship, release } from '../apply/release.ts'
import { type Moved, movedInputs } from '../apply/staleness.ts'
import { writeStateBehind } from '../apply/state-write.ts'
import { followedReferences } from '../artifact/references.ts'
import { compact } from '../base/compact.ts'
import type { VariableDeclaration } from '../config/blocks/variable.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import { heldObstacles, type Plan } from '../plan/plan.ts'
import { changesText, conflictDiagnostic } from '../registry/conflict.ts'
import type { Release, ReleaseConflict, ReleaseWithChanges } from '../registry/release.ts'
import { type CaughtUp, catchUp } from '../state/catch-up.ts'
import { contended, MAX_ATTEMPTS, movedMeanwhile, pauseBeforeAttempt } from './contention.ts'
import { openStoresOf } from './deployed.ts'
import { collectLeftovers } from './leftovers.ts'
import { type LockOptions, locked } from './locked.ts'
import { type PlanOptions, planAgainst } from './plan.ts'
import { type OperationHost, openProject, type Project } from './project.ts'
import type { Stores } from './stores.ts'

export interface ApplyOptions extends PlanOptions, LockOptions {
  readonly authorship: Authorship
  /** `-allow-protected`: an environment with `protected = true` may be destroyed. */
  readonly allowProtected?: boolean
  /** Shows the plan and asks. Called again when the base has moved and the plan would do something else. */
  approve(plan: Plan, moved: readonly ReleaseWithChanges[] | undefined, recovered: readonly ReleaseWithChanges[]): Promise<Approval>
  onUploaded(done: number, of: number): void
}

/** `unattended`: approved beforehand, as the configuration that it is of: so is the plan that it becomes against another base (REL-5). */
export type Approval = 'yes' | 'no' | 'unattended'

export type ApplyResult =
  | { readonly outcome: 'applied'; readonly plan: Plan; readonly release: Release | undefined }
  | { readonly outcome: 'nothing-to-do'; readonly plan: Plan }
  | { readonly outcome: 'declined'; readonly plan: Plan }
  | { readonly outcome: 'refused'; readonly plan: Plan }
  | { readonly outcome: 'interrupted'; readonly plan: Plan; readonly uploaded: number; readonly contents: number }
  | { readonly outcome: 'stale'; readonly plan: Plan; readonly moved: readonly Moved[] }
  | { readonly outcome: 'ask'; readonly missing: readonly VariableDeclaration[] }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/** Plans, asks, and makes one release of it, or nothing. */
export async function apply(host: OperationHost, options: ApplyOptions): Promise<ApplyResult> {
  const report = new Report()
  const project = openProject(host, options, report)
  if (project === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const stores = await openStoresOf(host, project, 'write', options)
  try {
    const result = await applyProject(host, project, stores, options, report.diagnostics)
    if (result.outcome === 'applied') await collectLeftovers(host, stores, project.root, project.settings.project)
    return result
  } finally {
    await stores.close()
  }
}

/** @param told of the settings: each plan says it too. */
async function applyProject(
  host: OperationHost,
  project: Project,
  stores: Stores,
  options: ApplyOptions,
  told: readonly Diagnostic[],
): Promise<ApplyResult> {
  let approved: Plan | undefined
  let moved: readonly ReleaseWithChanges[] | undefined
  let isRebindingRecorded = false
  for (let attempt = 1; ; attempt++) {
    // A state that was trusted and proved wrong is not trusted again.
    const trusting = attempt === 1 ? options : { ...options, refresh: true }
    const report = new Report()
    report.add(...told)
    const planned = await planAgainst(host, project, stores, trusting, report)
    if (planned.outcome !== 'planned') return planned
    const { plan, base } = planned
    requireConsent(plan, options)
    const refused = isRefused(plan, options.authorship)
    if (!changesAnything(plan) && !base.rebound && !refused) {
      await options.approve(plan, moved, base.recovered)
      // The state that an earlier apply did not get to write follows now (FAIL-9).
      if (base.recovered.length > 0) await releaseUnlessInterrupted(host, plan, base, stores, options)
      return { outcome: 'nothing-to-do', plan }
    }
    // The same changes against another base need no second question (REL-5).
    if (approved?.changeDigest !== plan.changeDigest || refused) {
      const answer = await options.approve(plan, moved, base.recovered)
      if (refused) return { outcome: 'refused', plan }
      if (answer === 'no') return { outcome: 'declined', plan }
      // Whoever approves beforehand approves the configuration, against whatever base; but no hold that nobody had seen.
      if (answer === 'unattended' && approved !== undefined && liftsOthers(plan, approved)) throw movedMeanwhile(plan.environment)
    }
    approved = plan
    if (base.rebound && !isRebindingRecorded) {
      await recordRebinding(stores, plan, options)
      isRebindingRecorded = true
    }
    const outcome = await releaseUnlessInterrupted(host, plan, base, stores, options)
    if (outcome.outcome === 'interrupted') return { ...outcome, plan }
    if (outcome.outcome === 'released') return { outcome: 'applied', plan, release: outcome.release }
    if (outcome.outcome === 'unchanged') return { outcome: 'applied', plan, release: undefined }
    if (attempt === MAX_ATTEMPTS) throw contended(plan.environment, 'apply')
    moved = movedReleases(outcome, plan)
    if (!(await pauseBeforeAttempt(host, attempt + 1, options.signal))) return { outcome: 'interrupted', plan, uploaded: 0, contents: 0 }
  }
}

/** Whether a plan needs holds lifted that another one, which was approved, did not name (HOLD-3). */
function liftsOthers(plan: Plan, approved: Plan): boolean {
  const known = new Set(heldObstacles(approved).map(({ address, digest }) => `${address} ${digest}`))
  return heldObstacles(plan).some(({ address, digest }) => !known.has(`${address} ${digest}`))
}

/** Going on with another registry is an override like any other (STA-5). The row comes first: after a kill it may say more than was done, and never less (AUD-2). */
async function recordRebinding({ registry }: Stores, { environment, base }: Plan, { authorship, acceptRegistry }: ApplyOptions) {
  const { actor } = authorship
  const detail = { registry: base.registryId, release: base.release }
  await registry.record({ actor, action: 'registry.accept', subject: environment, reason: acceptRegistry ?? '', detail })
}

/** Holds and foreign owners stop an apply; a reason for lifting the holds lets it go on. */
export function isRefused({ obstacles }: Plan, { overrideHold }: Pick<Authorship, 'overrideHold'>): boolean {
  return obstacles.some(({ kind }) => kind !== 'held' || overrideHold === undefined)
}

type Interrupted = { readonly outcome: 'interrupted'; readonly uploaded: number; readonly contents: number }

async function releaseUnlessInterrupted(host: OperationHost, plan: Plan, base: CaughtUp, stores: Stores, options: ApplyOptions) {
  return unlessInterrupted(host, plan, stores, options, onUploaded => release(plan, base, options.authorship, stores, onUploaded))
}

/** Works under the lock. Waiting for it ends with an interruption too. */
async function unlessInterrupted<T>(
  host: OperationHost,
  { environment, mode }: Plan,
  { backend }: Stores,
  options: ApplyOptions,
  work: (onUploaded: ApplyOptions['onUploaded']) => Promise<T>,
): Promise<T | Interrupted> {
  let progress = { uploaded: 0, contents: 0 }
  const onUploaded = (uploaded: number, contents: number) => {
    progress = { uploaded, contents }
    options.onUploaded(uploaded, contents)
    options.signal?.throwIfAborted()
  }
  try {
    const operation = mode === 'destroy' ? 'destroy' : 'apply'
    return await locked(host, { backend, environment, operation }, options, () => work(onUploaded))
  } catch (error) {
    // A failure of the world is told as it is: after the commit it says that the release stands (FAIL-9).
    if (!options.signal?.aborted || error instanceof OperationError) throw error
    return { outcome: 'interrupted', ...progress } satisfies Interrupted
  }
}

/** Only what a new plan can cure comes back; the rest is told at once. */
function movedReleases(conflict: ReleaseConflict, plan: Plan): readonly ReleaseWithChanges[] | undefined {
  switch (conflict.outcome) {
    case 'moved':
      return conflict.releases
    case 'state-moved':
    case 'version-taken':
    case 'held':
    case 'owned-elsewhere':
      // The next plan sees it, and says so.
      return undefined
    case 'content-missing':
    case 'dangling':
    case 'incompatible':
      throw new OperationError(conflictDiagnostic(conflict, plan.environment))
  }
}

export interface SavedPlanOptions extends ApplyOptions {
  readonly plan: Plan
}

/** Applies a saved plan: exactly this, or nothing. A base that moved is no obstacle when the plan would do the same. */
export async function applySaved(host: OperationHost, options: SavedPlanOptions): Promise<ApplyResult> {
  const { plan } = options
  requireConsent(plan, options)
  const moved = movedInputs(plan, host.workingDirectory, host.processEnvironment)
  if (moved.length > 0) return { outcome: 'stale', plan, moved }
  const stores = await host.openStores({
    root: host.workingDirectory,
    project: plan.project,
    environment: plan.target,
    mode: 'write',
    ...compact({ parallelism: options.parallelism, signal: options.signal }),
  })
  try {
    const result = await applySavedTo(host, stores, options)
    if (result.outcome === 'applied') await collectLeftovers(host, stores, host.workingDirectory, plan.project)
    return result
  } finally {
    await stores.close()
  }
}

async function applySavedTo(host: OperationHost, stores: Stores, options: SavedPlanOptions): Promise<ApplyResult> {
  const { plan } = options
  const { registry, backend } = stores
  const done = await registry.releaseByApplyId(plan.applyId)
  if (done) {
    // An interruption leaves the state to the next command.
    await unlessInterrupted(host, plan, stores, options, () => writeStateBehind(stores, plan, done))
    return { outcome: 'applied', plan, release: done }
  }
  for (let attempt = 1; ; attempt++) {
    const base = await catchUp(registry, backend, plan.environment, () => plan.base.lineage)
    const stale = await movedBase(plan, base, stores)
    if (stale.length > 0) return { outcome: 'stale', plan, moved: stale }
    if (isRefused(plan, options.authorship)) return { outcome: 'refused', plan }
    if (!changesAnything(plan)) return { outcome: 'nothing-to-do', plan }
    const outcome = await releaseUnlessInterrupted(host, plan, base, stores, options)
    if (outcome.outcome === 'released') return { outcome: 'applied', plan, release: outcome.release }
    if (outcome.outcome === 'unchanged') return { outcome: 'applied', plan, release: undefined }
    if (outcome.outcome === 'interrupted') return { ...outcome, plan }
    // A base that moved in between is looked at again: what the plan speaks of may be where it was (REL-5).
    if (outcome.outcome !== 'moved' && outcome.outcome !== 'state-moved')
      throw new OperationError(conflictDiagnostic(outcome, plan.environment))
    if (attempt === MAX_ATTEMPTS) throw contended(plan.environment, 'apply')
    if (!(await pauseBeforeAttempt(host, attempt + 1, options.signal))) return { outcome: 'interrupted', plan, uploaded: 0, contents: 0 }
  }
}

/** Whether what the plan speaks of is where it was: other addresses may have moved (REL-5). */
async function movedBase(plan: Plan, base: CaughtUp, stores: Stores): Promise<readonly Moved[]> {
  const { registry } = stores
  if (base.snapshot.lineage !== plan.base.lineage) return [{ what: 'state', text: 'the state has another lineage' }]
  const releases = await registry.releasesSince(plan.environment, plan.base.release)
  const touched = releases.length === 0 ? new Set<string>() : await reachedBy(plan, base, stores)
  const overlapping = releases.filter(({ changes }) => changes.some(({ address }) => touched.has(address)))
  const wanted = plan.changes.flatMap(({ address, after }) => (after ? [{ address, version: after.version, digest: after.digest }] : []))
  const found = await registry.findVersions(wanted.map(({ address, version }) => ({ address, version })))
  const taken = wanted.filter(({ digest }, index) => found[index] !== undefined && found[index].digest !== digest)
  return [
    ...overlapping.map(releaseMoved),
    ...taken.map(({ address, version }): Moved => ({ what: 'version', text: `${address}@${version} is taken, by another text` })),
  ]
}

/** The addresses that a plan changes, and all that the changed artifacts reach (REL-6). */
async function reachedBy(
  { changes, references }: Plan,
  { pointers: { pointers } }: CaughtUp,
  { registry }: Stores,
): Promise<ReadonlySet<string>> {
  const reached = new Set([...changes.map(change => change.address), ...references.map(({ target }) => target)])
  let artifacts = changes.flatMap(({ after }) => (after ? [after.artifact] : []))
  for (let unread = [...reached]; unread.length > 0; ) {
    const active = await registry.artifacts(unread.flatMap(address => pointers.get(address) ?? []))
    unread = [...artifacts, ...active.values()].flatMap(({ spec }) => followedReferences(spec)).filter(address => !reached.has(address))
    for (const address of unread) reached.add(address)
    artifacts = []
  }
  return reached
}

function releaseMoved({ number, actor, changes }: ReleaseWithChanges): Moved {
  return { what: 'release', text: `${number - 1} → ${number}, by ${actor}: ${changesText(changes)}` }
}

/** @throws OperationError `apply/protected`. */
function requireConsent({ mode, isProtected, environment }: Plan, { allowProtected }: ApplyOptions): void {
  if (mode !== 'destroy' || !isProtected || allowProtected) return
  throw new OperationError({
    code: 'apply/protected',
    summary: `${environment} is protected, and would be destroyed`,
    detail: `If it is meant: flowrun destroy -e ${environment} -allow-protected\nNothing was changed.`,
  })
}
