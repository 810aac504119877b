import { isDeepStrictEqual } from 'node:util'
import { commitWithContents, commitWithState } from '../apply/commit.ts'
import { beginState } from '../apply/state-write.ts'
import type { Artifact } from '../artifact/envelope.ts'
import type { Ulid } from '../base/ids.ts'
import { suggest } from '../base/suggest.ts'
import type { VariableFlag } from '../config/variables.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import { forecastAt } from '../plan/forecasts.ts'
import { heldTargets, type PointerMove, type PointerPlan, pointerDigest } from '../plan/pointer-plan.ts'
import { reach, referencesOf, usersOf } from '../plan/reach.ts'
import { contentOf, uploadBatches } from '../registry/content.ts'
import type { Pointer, PointerSet } from '../registry/pointer.ts'
import type { Registry } from '../registry/registry.ts'
import type { CompiledReference, NewVersion } from '../registry/version.ts'
import { type CaughtUp, catchUp } from '../state/catch-up.ts'
import type { StateSnapshot } from '../state/state.ts'
import { type Deployed, openStoresOf } from './deployed.ts'
import { brokenBy, foldedInto } from './pointer-facts.ts'
import {
  type PointerReleaseOptions,
  type PointerReleaseResult,
  type Preparation,
  pointerRequest,
  releasePointers,
} from './pointer-release.ts'
import { type OperationHost, openProject, type Project } from './project.ts'
import { requireSameVariables } from './promoted-variables.ts'
import type { Stores } from './stores.ts'

export interface PromoteOptions extends PointerReleaseOptions {
  readonly from: string
  readonly to: string
  /** With all that they refer to (PROM-2); everything when there are none. */
  readonly addresses: readonly string[]
  /** Values of variables in the target environment, as its own apply is given them. */
  readonly variables: readonly VariableFlag[]
  /** Plans, shows, and does nothing. */
  readonly dryRun: boolean
}

export type PromoteResult = PointerReleaseResult | { readonly outcome: 'planned'; readonly plan: PointerPlan }

/**
 * Takes what is active in one environment to another, as one release (PROM-1). Nothing is compiled; only contents that the
 * other registry does not have are copied.
 *
 * @throws OperationError `promote/…`, and those of the stores.
 */
export async function promote(host: OperationHost, options: PromoteOptions): Promise<Deployed<PromoteResult>> {
  if (options.from === options.to) throw sameEnvironment(options.to)
  const report = new Report()
  const [origin, project] = [options.from, options.to].map(environment => openProject(host, { environment }, report))
  if (origin === undefined || project === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const target = await openStoresOf(host, project, options.dryRun ? 'read' : 'write', options)
  try {
    // Of one target there is one registry, and what only the state of the source needs may not be at hand here.
    const source = isSameTarget(origin, project) ? target : await openStoresOf(host, origin, 'read', options)
    try {
      const applyId = host.newId()
      const prepare = () => preparePromote(host, project, { source: source.registry, target, applyId }, options)
      return { outcome: 'found', value: await release(host, target, prepare, options) }
    } finally {
      if (source !== target) await source.close()
    }
  } finally {
    await target.close()
  }
}

function isSameTarget(a: Project, b: Project): boolean {
  return isDeepStrictEqual(a.environment.target, b.environment.target)
}

async function release(
  host: OperationHost,
  { backend }: Stores,
  prepare: () => Promise<Preparation>,
  options: PromoteOptions,
): Promise<PromoteResult> {
  if (!options.dryRun) return releasePointers(host, backend, prepare, options)
  return { outcome: 'planned', plan: (await prepare()).plan }
}

/** Where a promote takes from and brings to. */
interface Ends {
  readonly source: Registry
  readonly target: Stores
  readonly applyId: Ulid
}

async function preparePromote(host: OperationHost, project: Project, ends: Ends, options: PromoteOptions): Promise<Preparation> {
  const { source, target, applyId } = ends
  const { registry, backend } = target
  const { from, to } = options
  const base = await catchUp(registry, backend, to, host.newId)
  const offered = await source.pointers(from)
  const facts = await source.compiledReferences([...offered.pointers.values()])
  const wanted = promoted(offered, facts, options)
  const different = wanted.filter(({ address, digest }) => base.pointers.pointers.get(address)?.digest !== digest)
  const numbers = await numbersThere(registry, different)
  const folded = await foldedInto(source, from, different)
  await requireSameVariables(host, project, { ...options, registry, pointers: base.pointers, folded, offered })

  const after = new Map<string, Pick<Pointer, 'address' | 'version' | 'interfaceDigest'>>(base.pointers.pointers)
  for (const { address, interfaceDigest } of different) after.set(address, { address, interfaceDigest, ...numbers.of(address) })
  const moved = new Set(different.map(({ address }) => address))
  const references = facts.flatMap((fact): readonly CompiledReference[] =>
    moved.has(fact.address) ? [{ ...fact, version: numbers.of(fact.address).version }] : [],
  )
  const users = usersOf(referencesOf([...references, ...(await registry.compiledReferences([...base.pointers.pointers.values()]))]))
  const moves = different.map((pointer): PointerMove => {
    const current = base.pointers.pointers.get(pointer.address)
    const { version } = numbers.of(pointer.address)
    return {
      address: pointer.address,
      before: current ? { version: current.version, digest: current.digest } : null,
      after: { version, digest: pointer.digest },
      ownerBefore: current?.owner ?? null,
      // Owners as in the target (PROM-2); what is new there belongs to who brings it.
      ownerAfter: current ? current.owner : base.snapshot.lineage,
      folded: folded.get(pointer.address) ?? {},
      usedBy: users(pointer.address),
      ...(version === pointer.version ? {} : { numberedThere: pointer.version }),
    }
  })
  const plan: PointerPlan = {
    kind: 'promote',
    environment: to,
    applyId,
    base: base.pointers.release,
    moves: await withForecasts(moves, { facts, offered, base }, ends),
    held: [],
    obstacles: heldTargets(moves, await registry.holds(to)),
    broken: await brokenBy(registry, after, moved, references),
    source: { environment: from, release: offered.release, same: wanted.length - different.length, copied: numbers.missing.length },
    changeDigest: pointerDigest({ kind: 'promote', moves, held: [] }),
  }
  return { plan, commit: () => commitPromote(plan, base, { ...ends, missing: numbers.missing, references }, options) }
}

/** Everything that is active, or the closures of the addresses that were named. */
function promoted(offered: PointerSet, facts: readonly CompiledReference[], { from, addresses }: PromoteOptions): readonly Pointer[] {
  if (offered.release === 0) throw nothingThere(from)
  if (addresses.length === 0) return [...offered.pointers.values()]
  for (const address of addresses) if (!offered.pointers.has(address)) throw notActive(address, from, offered)
  const wanted = reach(addresses, referencesOf(facts))
  return [...offered.pointers.values()].filter(({ address }) => wanted.has(address))
}

/** Versions in the target's registry: that of the same content, else the next number (ID-7). In one registry they are the same. */
async function numbersThere(registry: Registry, pointers: readonly Pointer[]) {
  const found = pointers.length > 0 ? await registry.findVersions(pointers.map(({ address, digest }) => ({ address, digest }))) : []
  const highest = await registry.highestVersions()
  const numbers = new Map<string, number>()
  const missing: NewVersion[] = []
  for (const [index, { address, digest, interfaceDigest }] of pointers.entries()) {
    const version = found[index]?.version ?? (highest.get(address) ?? 0) + 1
    numbers.set(address, version)
    if (!found[index]) missing.push({ address, version, digest, interfaceDigest })
  }
  return { missing, of: (address: string) => ({ version: numbers.get(address) ?? 0 }) }
}

interface Sides {
  readonly facts: readonly CompiledReference[]
  readonly offered: PointerSet
  readonly base: CaughtUp
}

/** Tokens and cost of prompts that change, before with what the target has, after with what is brought. */
async function withForecasts(moves: readonly PointerMove[], { facts, offered, base }: Sides, { source, target }: Ends) {
  const prompts = moves
    .filter(({ address, before }) => before !== null && /(^|\.)prompt\.[^.]+$/.test(address))
    .map(({ address }) => address)
  if (prompts.length === 0) return moves
  const present = base.pointers.pointers
  const factsThere = await target.registry.compiledReferences([...present.values()])
  const before = await artifactsOf(target.registry, present, reach(prompts, referencesOf(factsThere)))
  const brought = new Set(moves.map(({ address }) => address))
  const needed = reach(prompts, referencesOf(facts))
  const after = new Map([
    ...(await artifactsOf(target.registry, present, new Set([...needed].filter(address => !brought.has(address))))),
    ...(await artifactsOf(source, offered.pointers, new Set([...needed].filter(address => brought.has(address))))),
  ])
  return Promise.all(
    moves.map(async move => (prompts.includes(move.address) ? { ...move, forecast: await forecastAt(move.address, before, after) } : move)),
  )
}

async function artifactsOf(
  registry: Registry,
  pointers: ReadonlyMap<string, Pointer>,
  addresses: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Artifact>> {
  const wanted = [...addresses].flatMap(address => pointers.get(address) ?? [])
  const contents = await registry.artifacts(wanted.map(({ address, digest }) => ({ address, digest })))
  return new Map(
    wanted.flatMap(({ address, digest }) => {
      const artifact = contents.get(digest)
      return artifact ? [[address, artifact] as const] : []
    }),
  )
}

interface Brought extends Ends {
  readonly missing: readonly NewVersion[]
  readonly references: readonly CompiledReference[]
}

/** Carries the lineage of the target's configuration (PROM-5), so its state follows in the same breath. */
async function commitPromote(plan: PointerPlan, base: CaughtUp, { source, target, missing, references }: Brought, options: PromoteOptions) {
  const { registry, backend } = target
  const { lineage } = base.snapshot
  const { environment } = plan
  const upload = async () => {
    if (missing.length === 0) return
    const artifacts = await source.artifacts(missing)
    const contents = [...artifacts].map(([digest, artifact]) => contentOf({ digest, artifact }))
    for (const batch of uploadBatches(contents)) await registry.uploadContents(batch)
  }
  await upload()
  const begun = await beginState(backend, environment, base)
  if ('outcome' in begun) return begun
  const next = { environment, snapshot: stateAfter(begun.snapshot, plan), stored: begun.stored }
  const request = { ...pointerRequest(plan, options), lineage, versions: missing, references }
  return commitWithState({ registry, backend }, next, state => commitWithContents(registry, { ...request, ...state }, upload))
}

function stateAfter(before: StateSnapshot, { moves }: PointerPlan): StateSnapshot {
  const owned = new Map(before.owned)
  for (const { address, after, ownerAfter } of moves) if (after && ownerAfter === before.lineage) owned.set(address, after)
  return { ...before, serial: before.serial + 1, release: before.release + 1, owned }
}

function sameEnvironment(environment: string): OperationError {
  return new OperationError({
    code: 'promote/same-environment',
    summary: `--from and --to are both ${environment}`,
    detail: 'A promote takes versions from one environment to another. Nothing was changed.',
  })
}

function nothingThere(environment: string): OperationError {
  return new OperationError({
    code: 'promote/nothing',
    summary: `${environment} has no release to promote`,
    detail: `Make one: flowrun apply -e ${environment}\nNothing was changed.`,
  })
}

function notActive(address: string, environment: string, { pointers }: PointerSet): OperationError {
  const suggestions = suggest(address, pointers.keys())
  return new OperationError({
    code: 'registry/not-active',
    summary: `${address} is not active in ${environment}`,
    detail: `Nothing was changed. What is active there: flowrun show -e ${environment}`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}
