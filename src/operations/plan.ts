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
import { checkGuards, checkPins, loadWithVersions } from './configured-versions.ts'
import { openStoresOf } from './deployed.ts'
import { findKilledApply, type KilledApply } from './killed-apply.ts'
import { loadProject, type OperationHost, openProject, type Project, type ProjectOptions, variableReads } from './project.ts'
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
  const stores = await openStoresOf(host, project)
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
  const loaded = await loadWithVersions(
    (asking, attempt) => loadProject(host, project, { ...options, ...asking }, attempt, options.canAsk),
    { registry, pointers: base.pointers, highest },
    report,
  )
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
  checkGuards(
    moving.filter(({ block, rule }) => block === undefined && (rule.kind === 'archive' || rule.kind === 'drift-then-archive')),
    loaded,
    report,
  )
  await checkPins(configuration.blocks, registry, report)
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
    environmentReads: { ...project.environmentReads(), ...variableReads(host, configuration) },
    applyId: host.newId(),
    nowMs: host.clock.now(),
    warnings: report.diagnostics,
  })
  return { outcome: 'planned', plan: await withForecasts(made, configuration), base }
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
