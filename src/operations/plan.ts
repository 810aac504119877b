import type { Artifact } from '../artifact/envelope.ts'
import type { Digest } from '../base/digest.ts'
import { invariant } from '../base/invariant.ts'
import { readMoves } from '../config/blocks/refactoring.ts'
import type { VariableDeclaration } from '../config/blocks/variable.ts'
import type { Configuration } from '../config/configuration.ts'
import type { VariableFlag } from '../config/variables.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { Report } from '../diagnostics/report.ts'
import { environmentReads } from '../plan/environment-reads.ts'
import { withForecasts } from '../plan/forecasts.ts'
import type { Plan, PlanMode } from '../plan/plan.ts'
import { makePlan } from '../plan/planner.ts'
import type { Selection } from '../plan/selection.ts'
import type { ImportSource } from '../plan/sources.ts'
import { isArchived, isDrifted, type Standing, standings } from '../plan/standing.ts'
import { openImports, type PlanView, viewThrough } from '../plan/view.ts'
import { checkWindows } from '../plan/window.ts'
import type { Pointer } from '../registry/pointer.ts'
import type { Registry } from '../registry/registry.ts'
import type { ReleaseWithChanges } from '../registry/release.ts'
import { type CaughtUp, catchUp } from '../state/catch-up.ts'
import { thisHolder } from '../state/process.ts'
import { trustState } from '../state/trust.ts'
import { checkGuards, checkPins, loadWithVersions } from './configured-versions.ts'
import { openStoresOf } from './deployed.ts'
import { type GeneratedFile, writeBlocks } from './generated-file.ts'
import { findKilledApply, type KilledApply } from './killed-apply.ts'
import { type MissingBlock, readImports } from './plan-imports.ts'
import { reportBlockedMoves, reportFailedChecks, reportReplacements, selectStandings } from './plan-selection.ts'
import { loadProject, type OperationHost, openProject, type Project, type ProjectOptions, variableReads } from './project.ts'
import type { Stores } from './stores.ts'
import { addressMoves, readVersionNumbers, type VersionNumbers } from './version-numbers.ts'

export interface PlanOptions extends ProjectOptions {
  readonly variables: readonly VariableFlag[]
  readonly answers?: Readonly<Record<string, string>>
  /** Variables without a value are asked for, and not reported. */
  readonly canAsk: boolean
  /** Everything is archived with `destroy`; only the state follows with `refresh-only`. */
  readonly mode?: PlanMode
  readonly selection?: Selection
  /** Blocks whose content outside is to be built again. */
  readonly replace?: readonly string[]
  /** False: the state is trusted, and the registry not asked what others did. */
  readonly refresh?: boolean
  /** `--accept-registry REASON`: a state of another registry follows this one (STA-5). */
  readonly acceptRegistry?: string
  /** A failed `check` is an error. */
  readonly strict?: boolean
  /** Registry reads and uploads at once. */
  readonly parallelism?: number
  /** `-generate-config-out`: a new file for the blocks that `import` blocks lack. */
  readonly generate?: GeneratedFile
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
  const stores = await openStoresOf(host, project, 'read', options)
  try {
    const result = await planGenerating(host, project, stores, options, report)
    if (result.outcome !== 'planned') return result
    const killed = await findKilledApply(stores, project.environment.name, thisHolder('plan', host.flowrunVersion, host.clock))
    return { outcome: 'planned', plan: result.plan, recovered: result.base.recovered, killed }
  } finally {
    await stores.close()
  }
}

/** Plans; where blocks are to be generated, they are written first, and then read like any other. */
async function planGenerating(host: OperationHost, project: Project, stores: Stores, options: PlanOptions, report: Report) {
  const { generate, ...others } = options
  const result = await planOrGenerate(host, project, stores, options, report)
  if (result.outcome !== 'generate') return result
  invariant(generate, 'plan/generated-unasked', 'blocks are generated only into a file that was named')
  writeBlocks(generate, result.blocks)
  const again = new Report()
  const now = openProject(host, options, again)
  return now ? await planAgainst(host, now, stores, others, again) : ({ outcome: 'invalid', diagnostics: again.diagnostics } as const)
}

export type PlannedAgainst =
  | { readonly outcome: 'planned'; readonly plan: Plan; readonly base: CaughtUp }
  | Exclude<PlanResult, { outcome: 'planned' }>

/** Plans against stores that are open: apply does it again when the base has moved. */
export async function planAgainst(
  host: OperationHost,
  project: Project,
  stores: Stores,
  options: Omit<PlanOptions, 'generate'>,
  report: Report,
): Promise<PlannedAgainst> {
  const result = await planOrGenerate(host, project, stores, options, report)
  invariant(result.outcome !== 'generate', 'plan/generated-unasked', 'blocks are generated only when somebody asks for it')
  return result
}

/** Blocks that are to be written before there can be a plan. */
interface ToGenerate {
  readonly outcome: 'generate'
  readonly blocks: readonly MissingBlock[]
}

async function planOrGenerate(
  host: OperationHost,
  project: Project,
  stores: Stores,
  options: PlanOptions,
  report: Report,
): Promise<PlannedAgainst | ToGenerate> {
  const { registry } = stores
  const { mode = 'normal' } = options
  const environment = project.environment.name
  const base = await baseOf(stores, environment, options, host.newId)
  const versions = await readVersionNumbers(registry, readMoves(project.parsed))
  const loaded = await loadWithVersions(
    (asking, attempt) => loadProject(host, project, { ...options, ...asking }, attempt, options.canAsk),
    { registry, pointers: pointersNow(base, versions), versions },
    report,
  )
  if (loaded.missing.length > 0 && options.canAsk && !report.hasErrors) return { outcome: 'ask', missing: loaded.missing }
  const { configuration } = loaded
  if (configuration === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }

  const present = { state: base.snapshot, pointers: base.pointers.pointers, holds: await registry.holds(environment) }
  const view = viewThrough(configuration.refactorings.moved, configuration.blocks, present)
  const { found: imports, missing } =
    mode === 'normal'
      ? await readImports(configuration, view, registry, { generates: options.generate !== undefined, report })
      : { found: new Map<string, ImportSource>(), missing: [] }
  if (missing.length > 0) return { outcome: 'generate', blocks: missing }
  const blocks = mode === 'destroy' ? [] : configuration.blocks
  const all = standings(blocks, view, openImports(configuration.refactorings.imports, view))
  const { covered, selection } = selectStandings(all, configuration, options, report)
  checkGuards(covered.filter(isArchived), loaded, mode === 'destroy', report)
  reportReplacements(options.replace ?? [], configuration, report)
  reportBlockedMoves(view, report)
  if (options.strict) reportFailedChecks(configuration, report)
  const facts = await readFacts(registry, environment, { configuration, view, imports, covered, versions })
  await checkPins(configuration.blocks, registry, report)
  await checkWindows(configuration, facts.moving, report)
  if (report.hasErrors) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const applyId = host.newId()
  const made = makePlan({
    mode,
    configuration,
    base: {
      release: base.pointers.release,
      registryId: base.pointers.registryId,
      lineage: base.snapshot.lineage,
      stateSerial: base.snapshot.serial,
    },
    view,
    standings: covered,
    ...(selection ? { selection } : {}),
    imports,
    ...facts,
    highestVersion: versions.highest,
    movesOf: addresses => addressMoves(addresses, view.formerly, versions),
    environmentReads: environmentReads(
      new Map([...project.environmentReads(), ...variableReads(configuration)]),
      host.processEnvironment,
      applyId,
    ),
    applyId,
    nowMs: host.clock.now(),
    warnings: report.diagnostics,
  })
  return { outcome: 'planned', plan: await withForecasts(made, configuration), base }
}

function baseOf(
  { registry, backend }: Stores,
  environment: string,
  { refresh, acceptRegistry }: PlanOptions,
  newId: OperationHost['newId'],
): Promise<CaughtUp> {
  if (refresh === false) return trustState(registry, backend, environment, newId)
  return catchUp(registry, backend, environment, newId, { acceptRegistry: acceptRegistry !== undefined })
}

/** What is active at an address, under its old name where it is to be moved. */
function pointersNow({ pointers: { pointers } }: CaughtUp, versions: VersionNumbers): Pick<ReadonlyMap<string, Pointer>, 'get'> {
  return { get: address => pointers.get(address) ?? pointers.get(versions.formerAddress(address) ?? '') }
}

interface FactsOf {
  readonly configuration: Configuration
  readonly view: PlanView
  readonly imports: ReadonlyMap<string, ImportSource>
  readonly covered: readonly Standing[]
  readonly versions: VersionNumbers
}

/** What the plan needs of the registry, read at once: of changed blocks alone. */
async function readFacts(registry: Registry, environment: string, { configuration, view, imports, covered, versions }: FactsOf) {
  const changed = covered.filter(({ address, rule }) => rule.kind !== 'unchanged' || view.formerly.has(address) || imports.has(address))
  const moving = new Set(changed.map(({ address }) => address))
  const wanted = configuration.blocks.filter(({ address }) => moving.has(address))
  const found = await versions.find(wanted)
  const published = new Map(found.flatMap((version, index) => (version ? [[keyOf(wanted[index]), version] as const] : [])))
  const current = await registry.artifacts(
    changed.flatMap(({ pointer }) => (pointer ? [{ address: pointer.address, digest: pointer.digest }] : [])),
  )
  return {
    moving,
    causes: await explainDrift(registry, environment, changed, view),
    published: (address: string, digest: Digest) => published.get(`${address} ${digest}`),
    current: (pointer: { readonly digest: Digest }) => requireArtifact(current, pointer.digest),
  }
}

function keyOf(block: { readonly address: string; readonly digest: Digest } | undefined): string {
  return block ? `${block.address} ${block.digest}` : ''
}

/** The release that moved each drifted address last: it says who did it, and why. */
async function explainDrift(
  registry: Registry,
  environment: string,
  found: readonly Standing[],
  { formerly }: PlanView,
): Promise<ReadonlyMap<string, ReleaseWithChanges>> {
  const drifted = found.filter(isDrifted).map(({ address }) => ({ address, known: formerly.get(address) ?? address }))
  if (drifted.length === 0) return new Map()
  const last = await registry.lastMoves(
    environment,
    drifted.map(({ known }) => known),
  )
  return new Map(
    drifted.flatMap(({ address, known }) => {
      const cause = last.get(known)
      return cause ? [[address, cause] as const] : []
    }),
  )
}

function requireArtifact(artifacts: ReadonlyMap<Digest, Artifact>, digest: Digest): Artifact {
  const artifact = artifacts.get(digest)
  invariant(artifact, 'plan/artifact-not-read', `the content ${digest} was not read ahead`)
  return artifact
}
