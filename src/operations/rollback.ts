import { compact } from '../base/compact.ts'
import type { Digest } from '../base/digest.ts'
import { suggest } from '../base/suggest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { type HeldVersion, heldTargets, type PointerMove, type PointerPlan, pointerDigest } from '../plan/pointer-plan.ts'
import { referencesOf, usersOf } from '../plan/reach.ts'
import { earlierVersion, isEarlierSet } from '../plan/rollback-target.ts'
import type { Hold } from '../registry/hold.ts'
import type { Pointer, PointerSet } from '../registry/pointer.ts'
import type { Registry } from '../registry/registry.ts'
import type { BrokenReference } from '../registry/release.ts'
import { type Deployed, withStores } from './deployed.ts'
import { brokenBy, foldedInto, requireVersions } from './pointer-facts.ts'
import { type PointerReleaseOptions, type PointerReleaseResult, pointerRequest, releasePointers } from './pointer-release.ts'
import type { OperationHost, Project, ProjectOptions } from './project.ts'
import { closuresWith, concernedBy, type RunAction } from './runs/pinned.ts'
import { neverPublished } from './versions.ts'

export interface RollbackOptions extends ProjectOptions, PointerReleaseOptions {
  readonly goal: RollbackGoal
  /** Holds each digest that it leaves. */
  readonly placesHolds: boolean
  /** Takes along what would not fit any more (HOLD-6). */
  readonly withDependents: boolean
  /** What will become of runs in flight on what it leaves: they are counted for it (HOLD-9). */
  readonly runs: RunAction
}

/** Without a number, the one before. */
export type RollbackGoal =
  | { readonly kind: 'version'; readonly address: string; readonly number?: number }
  | { readonly kind: 'release'; readonly number?: number }

/**
 * Moves one pointer, or all that differ, back in one release, and holds what it leaves. The configuration need not be
 * valid; no content is read, and no state is written (HOLD-7, HOLD-8).
 *
 * @throws OperationError `rollback/nowhere`, `rollback/never-active`, `registry/unknown-release` …
 */
export function rollback(host: OperationHost, options: RollbackOptions): Promise<Deployed<PointerReleaseResult>> {
  return withStores(host, options, 'write', ({ registry, backend }, project) => {
    const environment = project.environment.name
    const applyId = host.newId()
    const prepare = async () => {
      const made = await planRollback(registry, environment, options)
      const plan: PointerPlan = { ...made, applyId, ...compact({ inFlight: await runsInFlight(host, project, made.moves, options.runs) }) }
      return { plan, commit: () => registry.commitRelease(pointerRequest(plan, options)) }
    }
    return releasePointers(host, backend, prepare, options)
  })
}

/** Runs that keep to themselves stop no rollback, also where they cannot be read; those that are to be acted on are needed. */
async function runsInFlight(host: OperationHost, project: Project, moves: readonly PointerMove[], action: RunAction) {
  const { root, settings, environment } = project
  try {
    const runs = await host.openRuns(root)
    try {
      const filter = { project: settings.project, environment: environment.name, ...concernedBy(action) }
      const closures = await closuresWith(runs, filter, leftDigests(moves))
      return [...closures.values()].reduce((sum, count) => sum + count, 0)
    } finally {
      await runs.close()
    }
  } catch (error) {
    if (action === 'keep' && error instanceof OperationError) return undefined
    throw error
  }
}

/** Contents that are not active any more where they were. */
export function leftDigests(moves: readonly PointerMove[]): ReadonlySet<Digest> {
  return new Set(moves.flatMap(({ before }) => (before ? [before.digest] : [])))
}

/** Where an address is to point; null archives it. */
type Wanted = Map<string, WantedVersion | null>

interface WantedVersion {
  readonly version: number
  readonly digest: Digest
  readonly folded: Readonly<Record<string, Digest>>
  /** Who owned it then: an address that is active keeps its owner. */
  readonly owner: string | null
}

interface Present {
  readonly registry: Registry
  readonly environment: string
  readonly set: PointerSet
  readonly holds: readonly Hold[]
}

async function planRollback(registry: Registry, environment: string, options: RollbackOptions): Promise<Omit<PointerPlan, 'applyId'>> {
  const present: Present = { registry, environment, set: await registry.pointers(environment), holds: await registry.holds(environment) }
  const { goal } = options
  const { wanted, restores } =
    goal.kind === 'version'
      ? { wanted: await wantedVersion(present, goal.address, goal.number), restores: undefined }
      : await wantedSet(present, goal.number)
  if (options.withDependents) await takeAlong(present, wanted)
  const moves = await movesTo(present, wanted)
  const held = options.placesHolds ? moves.flatMap(leftVersion) : []
  return {
    kind: 'rollback',
    environment,
    base: present.set.release,
    moves,
    ...(restores === undefined ? {} : { restores }),
    held,
    obstacles: heldTargets(moves, present.holds),
    broken: await brokenAfter(present, wanted),
    changeDigest: pointerDigest({ kind: 'rollback', moves, held }),
  }
}

function leftVersion({ address, before }: PointerMove): readonly HeldVersion[] {
  return before ? [{ address, ...before }] : []
}

async function wantedVersion(present: Present, address: string, number: number | undefined): Promise<Wanted> {
  const { registry, environment, set, holds } = present
  const history = await registry.historyOf(environment, address)
  if (history.length === 0) throw await neverHere(present, address)
  const current = set.pointers.get(address)
  const ofAddress = holds.filter(hold => hold.address === address)
  const change =
    number === undefined
      ? earlierVersion(history, current?.digest, ofAddress)
      : history.flatMap(({ changes }) => changes).find(({ after }) => after?.version === number)
  if (number !== undefined && number === current?.version) throw alreadyThere(`${address} is @${number} in ${environment} already`)
  if (!change?.after) throw number === undefined ? nowhere(present, address) : neverActive(present, address, number)
  return new Map([[address, { ...change.after, folded: change.folded, owner: change.ownerAfter }]])
}

async function wantedSet(present: Present, number: number | undefined): Promise<{ readonly wanted: Wanted; readonly restores: number }> {
  const { registry, environment, set } = present
  const restores = number ?? (await earlierRelease(present))
  if (restores > set.release || restores < 1) throw unknownRelease(environment, restores)
  const { pointers } = await registry.pointersAt(environment, restores)
  const moved = [...pointers.values()].filter(({ address, version }) => set.pointers.get(address)?.version !== version)
  const folded = await foldedInto(registry, environment, moved)
  const wanted: Wanted = new Map(moved.map(pointer => [pointer.address, { ...pointer, folded: folded.get(pointer.address) ?? {} }]))
  for (const address of set.pointers.keys()) if (!pointers.has(address)) wanted.set(address, null)
  if (wanted.size === 0) throw alreadyThere(`${environment} is as release ${restores} left it`)
  return { wanted, restores }
}

/** The latest release with another set that has nothing held; one that a rollback left is passed by. */
async function earlierRelease({ registry, environment, set, holds }: Present): Promise<number> {
  const [head] = await registry.releases(environment, 1)
  for (let number = (head?.restores ?? set.release) - 1; number >= 1; number--) {
    const { pointers } = await registry.pointersAt(environment, number)
    if (isEarlierSet(pointers, set.pointers, holds)) return number
  }
  throw new OperationError({
    code: 'rollback/nowhere',
    summary: `${environment} has no release to go back to`,
    detail:
      set.release === 0
        ? 'It has no release at all. Nothing was changed.'
        : `Every earlier release is the same, or has a version that is held: flowrun holds -e ${environment}\nTo choose one all the same: flowrun rollback --to-release N -e ${environment} --override-hold REASON\nNothing was changed.`,
  })
}

/** HOLD-6: for each pair that would not fit, the other end goes where it was when the pair last agreed. */
async function takeAlong(present: Present, wanted: Wanted): Promise<void> {
  for (;;) {
    const before = wanted.size
    for (const { address, target } of await brokenAfter(present, wanted)) {
      const [moved, other] = wanted.has(address) ? [address, target] : [target, address]
      if (wanted.has(other)) continue
      const agreed = await releaseWith(present, moved, wanted.get(moved)?.version)
      if (agreed === undefined) continue
      const { pointers } = await present.registry.pointersAt(present.environment, agreed)
      const pointer = pointers.get(other)
      const folded = pointer && (await foldedInto(present.registry, present.environment, [pointer])).get(other)
      wanted.set(other, pointer ? { ...pointer, folded: folded ?? {} } : null)
    }
    if (wanted.size === before) return
  }
}

/** The last release in which an address was at a version. */
async function releaseWith(
  { registry, environment, set }: Present,
  address: string,
  version: number | undefined,
): Promise<number | undefined> {
  let last = set.release
  for (const { number, changes } of await registry.historyOf(environment, address)) {
    if (version !== undefined && changes.some(({ after }) => after?.version === version)) return last
    last = number - 1
  }
  return undefined
}

async function movesTo({ registry, set }: Present, wanted: Wanted): Promise<readonly PointerMove[]> {
  const facts = await registry.compiledReferences([...set.pointers.values()])
  const users = usersOf(referencesOf(facts))
  return [...wanted]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([address, version]): readonly PointerMove[] => {
      const current = set.pointers.get(address)
      if (current?.version === version?.version) return []
      return [
        {
          address,
          before: current ? { version: current.version, digest: current.digest } : null,
          after: version ? { version: version.version, digest: version.digest } : null,
          ownerBefore: current?.owner ?? null,
          ownerAfter: version ? (current ? current.owner : version.owner) : null,
          ...(version ? { folded: version.folded } : {}),
          usedBy: users(address),
        },
      ]
    })
}

async function brokenAfter({ registry, set }: Present, wanted: Wanted): Promise<readonly BrokenReference[]> {
  const names = [...wanted].flatMap(([address, version]) => (version ? [{ address, version: version.version }] : []))
  const versions = await requireVersions(registry, names)
  const after = new Map<string, Pick<Pointer, 'address' | 'version' | 'interfaceDigest'>>(set.pointers)
  for (const address of wanted.keys()) {
    const version = versions.get(address)
    if (version) after.set(address, version)
    else after.delete(address)
  }
  return brokenBy(registry, after, new Set(wanted.keys()))
}

async function neverHere({ registry, environment, set }: Present, address: string): Promise<OperationError> {
  const published = [...(await registry.highestVersions()).keys()]
  if (!published.includes(address)) return neverPublished(address, published)
  const suggestions = suggest(address, set.pointers.keys())
  return new OperationError({
    code: 'rollback/never-active',
    summary: `${address} was never active in ${environment}`,
    detail: `Nothing was changed. A rollback goes back to what an environment has had: flowrun releases -e ${environment}`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}

function neverActive({ environment, set }: Present, address: string, number: number): OperationError {
  return new OperationError({
    code: 'rollback/never-active',
    summary: `${address}@${number} was never active in ${environment}`,
    detail:
      `A rollback goes back to what an environment has had, for it passes the gates by. ${address} is @${set.pointers.get(address)?.version ?? 'archived'} there; ` +
      `a version that is new to ${environment} comes by apply or promote. All: flowrun versions ${address}\nNothing was changed.`,
  })
}

function nowhere({ environment, set }: Present, address: string): OperationError {
  const current = set.pointers.get(address)
  return new OperationError({
    code: 'rollback/nowhere',
    summary: `${address} has no version to go back to in ${environment}`,
    detail: `It ${current ? `is @${current.version}` : 'is archived'}, and no other version was active there that is not held or rolled back already.\nTo choose one all the same: flowrun rollback ${address} --to N -e ${environment}\nNothing was changed.`,
  })
}

function alreadyThere(summary: string): OperationError {
  return new OperationError({ code: 'rollback/nowhere', summary, detail: 'There is nothing to roll back. Nothing was changed.' })
}

function unknownRelease(environment: string, number: number): OperationError {
  return new OperationError({
    code: 'registry/unknown-release',
    summary: `There is no release ${environment}@${number}`,
    detail: `All releases: flowrun releases -e ${environment}\nNothing was changed.`,
  })
}
