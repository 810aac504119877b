import type { Artifact } from '../artifact/envelope.ts'
import type { Digest } from '../base/digest.ts'
import { invariant } from '../base/invariant.ts'
import type { VariableDeclaration } from '../config/blocks/variable.ts'
import type { Configuration } from '../config/configuration.ts'
import type { VariableFlag } from '../config/variables.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { Report } from '../diagnostics/report.ts'
import { withForecasts } from '../plan/forecasts.ts'
import type { Plan } from '../plan/plan.ts'
import { isDrifted, makePlan, type Standing, standings } from '../plan/planner.ts'
import { checkWindows } from '../plan/window.ts'
import type { Registry } from '../registry/registry.ts'
import type { ReleaseWithChanges } from '../registry/release.ts'
import type { ArtifactVersion } from '../registry/version.ts'
import { type CaughtUp, catchUp } from '../state/catch-up.ts'
import { thisHolder } from '../state/process.ts'
import { findKilledApply, type KilledApply } from './killed-apply.ts'
import { loadProject, type OperationHost, openProject, type Project, type ProjectOptions } from './project.ts'
import type { Stores } from './stores.ts'

export interface PlanOptions extends ProjectOptions {
  readonly variables: readonly VariableFlag[]
  readonly answers?: Readonly<Record<string, string>>
  /** Variables without a value are asked for, and not reported. */
  readonly canAsk: boolean
}

export type PlanResult =
  | {
      readonly outcome: 'planned'
      readonly plan: Plan
      readonly recovered: readonly ReleaseWithChanges[]
      readonly killed: KilledApply | undefined
    }
  | { readonly outcome: 'ask'; readonly missing: readonly VariableDeclaration[] }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/** What apply would change. Takes no lock, writes nothing, makes no paid call. */
export async function plan(host: OperationHost, options: PlanOptions): Promise<PlanResult> {
  const report = new Report()
  const project = openProject(host, options, report)
  if (project === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const stores = await host.openStores({
    root: project.root,
    project: project.settings.project,
    environment: project.environment,
    mode: 'read',
  })
  try {
    const result = await planAgainst(host, project, stores, options, report)
    if (result.outcome !== 'planned') return result
    const killed = await findKilledApply(stores, project.environment.name, thisHolder('plan', host.flowrunVersion, host.clock))
    return { outcome: 'planned', plan: result.plan, recovered: result.base.recovered, killed }
  } finally {
    await stores.close()
  }
}

export type PlannedAgainst =
  | { readonly outcome: 'planned'; readonly plan: Plan; readonly base: CaughtUp }
  | Exclude<PlanResult, { outcome: 'planned' }>

/** Plans against stores that are open: apply does it again when the base has moved. */
export async function planAgainst(
  host: OperationHost,
  project: Project,
  stores: Stores,
  options: PlanOptions,
  report: Report,
): Promise<PlannedAgainst> {
  const { registry, backend } = stores
  const environment = project.environment.name
  const base = await catchUp(registry, backend, environment, host.newId)
  const highest = await registry.highestVersions()
  const loaded = await loadWithVersions(host, project, { registry, highest, options }, report)
  if (loaded.missing.length > 0 && options.canAsk && !report.hasErrors) return { outcome: 'ask', missing: loaded.missing }
  const { configuration } = loaded
  if (configuration === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const holds = await registry.holds(environment)
  const found = standings(configuration, base.snapshot, base.pointers, holds)
  const moving = found.filter(({ rule }) => rule.kind !== 'unchanged')
  const published = await publishedVersions(registry, configuration, moving)
  const current = await registry.artifacts(
    moving.flatMap(({ pointer }) => (pointer ? [{ address: pointer.address, digest: pointer.digest }] : [])),
  )
  await checkWindows(configuration, new Set(moving.map(({ address }) => address)), report)
  if (report.hasErrors) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const made = makePlan({
    configuration,
    state: base.snapshot,
    pointers: base.pointers,
    holds,
    causes: await explainDrift(registry, environment, moving),
    published: (address, digest) => published.get(`${address} ${digest}`),
    highestVersion: address => highest.get(address) ?? 0,
    current: pointer => requireArtifact(current, pointer.digest),
    environmentReads: project.environmentReads(),
    applyId: host.newId(),
    nowMs: host.clock.now(),
    warnings: report.diagnostics,
  })
  return { outcome: 'planned', plan: await withForecasts(made, configuration), base }
}

interface VersionSources {
  readonly registry: Registry
  readonly highest: ReadonlyMap<string, number>
  readonly options: PlanOptions
}

/**
 * Loads the configuration with the version numbers that it reads (`prompt.answer.version`). These depend on digests,
 * which are known only after compiling: so it compiles, looks up what was asked for, and compiles again until nothing
 * new is asked. Most configurations ask for none, and compile once.
 */
async function loadWithVersions(host: OperationHost, project: Project, { registry, highest, options }: VersionSources, report: Report) {
  const known = new Map<string, number>()
  for (let round = 0; ; round++) {
    const asked = new Map<string, { readonly address: string; readonly digest: Digest }>()
    const versionOf = (address: string, digest: Digest) => {
      const key = `${address} ${digest}`
      if (!known.has(key)) asked.set(key, { address, digest })
      return known.get(key) ?? (highest.get(address) ?? 0) + 1
    }
    const attempt = new Report()
    const loaded = loadProject(host, project, { ...options, versionOf }, attempt, options.canAsk)
    // A version that depends on itself through another block never settles; 8 rounds are more than any chain that is meant.
    if (asked.size === 0 || attempt.hasErrors || round === 8) {
      report.add(...attempt.diagnostics)
      return loaded
    }
    const queries = [...asked.values()]
    const found = await registry.findVersions(queries)
    for (const [index, { address, digest }] of queries.entries())
      known.set(`${address} ${digest}`, found[index]?.version ?? (highest.get(address) ?? 0) + 1)
  }
}

async function publishedVersions(
  registry: Registry,
  configuration: Configuration,
  moving: readonly { readonly address: string }[],
): Promise<ReadonlyMap<string, ArtifactVersion>> {
  const addresses = new Set(moving.map(({ address }) => address))
  const queries = configuration.blocks.filter(block => addresses.has(block.address)).map(({ address, digest }) => ({ address, digest }))
  const versions = queries.length > 0 ? await registry.findVersions(queries) : []
  return new Map(versions.flatMap(version => (version ? [[`${version.address} ${version.digest}`, version] as const] : [])))
}

/** The release that moved each drifted address last: it says who did it, and why. */
async function explainDrift(
  registry: Registry,
  environment: string,
  found: readonly Standing[],
): Promise<ReadonlyMap<string, ReleaseWithChanges>> {
  const causes = new Map<string, ReleaseWithChanges>()
  for (const { address } of found.filter(isDrifted)) {
    const [last] = await registry.historyOf(environment, address)
    if (last) causes.set(address, last)
  }
  return causes
}

function requireArtifact(artifacts: ReadonlyMap<Digest, Artifact>, digest: Digest): Artifact {
  const artifact = artifacts.get(digest)
  invariant(artifact, 'plan/artifact-not-read', `the content ${digest} was not read ahead`)
  return artifact
}
