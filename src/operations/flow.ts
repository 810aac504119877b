import type { Closure, ClosureMember } from '../artifact/closure.ts'
import { pinnedReferences } from '../artifact/references.ts'
import { suggest } from '../base/suggest.ts'
import type { Environment } from '../config/blocks/environment.ts'
import type { ParsedConfiguration } from '../config/parsed.ts'
import type { VariableFlag } from '../config/variables.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import { deployedClosure, withPinned } from './closure.ts'
import { openStoresOf, readDeployed } from './deployed.ts'
import { loadProject, type OperationHost, openProject, type Project } from './project.ts'
import { requireRunnable, splitFlow } from './runnable.ts'

export interface FlowOptions {
  /** `prompt.answer`, or with `-e` also `prompt.answer@8`. */
  readonly flow: string
  /** What is deployed there; absent: the working copy. */
  readonly environment?: string
  readonly variables: readonly VariableFlag[]
  /** Ask this model of the working copy instead. */
  readonly model?: string
}

/** A flow that can be run, with all that it may reach. */
export interface FoundFlow {
  readonly outcome: 'found'
  readonly kind: 'prompt' | 'workflow'
  readonly closure: Closure
  readonly parsed: ParsedConfiguration
  readonly project: string
  readonly environment: Environment
  readonly environments: ReadonlyMap<string, Environment>
  /** Of the environment; 0: the working copy. */
  readonly release: number
}

export type FlowResult = FoundFlow | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/** @throws OperationError `run/unknown-flow`, `run/unknown-version`, of the stores. */
export function findFlow(host: OperationHost, options: FlowOptions): Promise<FlowResult> {
  return options.environment === undefined ? workingCopy(host, options) : deployed(host, options, options.environment)
}

function flowOf(closure: Closure, release: number, { parsed, settings, environment }: Project): FoundFlow {
  const kind = closure.members.get(closure.address)?.artifact.kind === 'workflow' ? 'workflow' : 'prompt'
  const { project, environments } = settings
  return { outcome: 'found', kind, closure, parsed, project, environment, environments, release }
}

async function workingCopy(host: OperationHost, options: FlowOptions): Promise<FlowResult> {
  const report = new Report()
  const project = openProject(host, { ignoreEnvironmentVariable: true }, report)
  const loaded = project && loadProject(host, project, { variables: options.variables }, report, false)
  if (project === undefined || loaded?.configuration === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const members = new Map(
    loaded.configuration.blocks.map(({ address, artifact, digest }): [string, ClosureMember] => [address, { artifact, digest }]),
  )
  const { address, version } = splitFlow(options.flow)
  requireRunnable(address, members, 'here')
  if (version !== undefined) throw versionOfWorkingCopy(options.flow, address, project.environment.name)
  if (options.model !== undefined && members.get(options.model)?.artifact.kind !== 'model') throw unknownModel(options.model, members)
  return flowOf({ address: options.flow, members: await resolved(host, project, members) }, 0, project)
}

/** Pinned versions come from the registry, which is opened only for them. */
async function resolved(
  host: OperationHost,
  project: Project,
  members: ReadonlyMap<string, ClosureMember>,
): Promise<ReadonlyMap<string, ClosureMember>> {
  if ([...members.values()].every(({ artifact }) => pinnedReferences(artifact.spec).length === 0)) return members
  const stores = await openStoresOf(host, project)
  try {
    return await withPinned(stores.registry, members)
  } finally {
    await stores.close()
  }
}

async function deployed(host: OperationHost, options: FlowOptions, environment: string): Promise<FlowResult> {
  const found = await readDeployed(host, { environment }, async ({ registry }, project) => {
    const { closure, release } = await deployedClosure(registry, environment, options.flow)
    return flowOf(closure, release, project)
  })
  return found.outcome === 'found' ? found.value : found
}

function versionOfWorkingCopy(flow: string, address: string, environment: string): OperationError {
  return new OperationError({
    code: 'run/unknown-version',
    summary: `${flow} is a published version, and the working copy has none`,
    detail: `Say where it is published:  flowrun run ${flow} -e ${environment}\nOr run the working copy:    flowrun run ${address}\nNo run was made.`,
  })
}

function unknownModel(model: string, members: ReadonlyMap<string, ClosureMember>): OperationError {
  const models = [...members].flatMap(([address, member]) => (member.artifact.kind === 'model' ? [address] : []))
  const suggestions = suggest(model, models)
  return new OperationError({
    code: 'run/unknown-flow',
    summary: `There is no model "${model}" here`,
    detail: `The models here are ${models.sort().join(', ')}. No run was made.`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}
