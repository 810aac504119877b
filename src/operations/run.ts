import type { Closure, ClosureMember } from '../artifact/closure.ts'
import { pinnedReferences } from '../artifact/references.ts'
import type { JsonValue } from '../base/json.ts'
import { suggest } from '../base/suggest.ts'
import { argumentRange } from '../config/blocks/argument-range.ts'
import type { Environment } from '../config/blocks/environment.ts'
import { blockAt, type ParsedConfiguration } from '../config/parsed.ts'
import type { VariableFlag } from '../config/variables.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { PromptResult, RenderedPrompt } from '../engine/prompt/request.ts'
import type { PromptEngine } from '../engine/prompt-engine.ts'
import type { CallEvent } from '../gateway/call.ts'
import type { Block } from '../hcl/ast.ts'
import { deployedClosure, withPinned } from './closure.ts'
import { openStoresOf, readDeployed } from './deployed.ts'
import { loadProject, type OperationHost, openProject, type Project } from './project.ts'
import { requireRunnable, splitFlow } from './runnable.ts'

/** What a run throws after it has begun: it says what was spent. */
export { PromptFailure } from '../engine/prompt/failure.ts'
export type { CallEvent } from '../gateway/call.ts'

export interface RunOptions {
  /** `prompt.answer`, or with `-e` also `prompt.answer@8`. */
  readonly flow: string
  /** What is deployed there; absent: the working copy. */
  readonly environment?: string
  readonly variables: readonly VariableFlag[]
  readonly input: JsonValue
  /** Ask this model of the working copy instead. */
  readonly model?: string
  readonly signal: AbortSignal
  /** Given: the answer is streamed. */
  readonly onEvent?: (event: CallEvent) => void
  /** Asks a model also where an answer is kept, and keeps none. */
  readonly withoutCache: boolean
  /** What does not keep the run from its answer. */
  readonly onWarning: (text: string) => void
}

export type RunResult<T> =
  | { readonly outcome: 'done'; readonly value: T }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/** Runs a prompt and gives its typed answer. */
export function run(host: OperationHost, options: RunOptions): Promise<RunResult<PromptResult>> {
  const { input, signal, onEvent, model, withoutCache } = options
  return withClosure(host, options, (engine, closure, environment) =>
    engine.run({
      closure,
      environment,
      run: host.newId(),
      input,
      signal,
      withoutCache,
      ...(onEvent ? { onEvent } : {}),
      ...(model === undefined ? {} : { model }),
      ...withoutKey(options, closure),
    }),
  )
}

/** A trial that needs no key, where the working copy has a simulated model: for the message about a missing one. */
function withoutKey({ flow, environment }: RunOptions, { members }: Closure): { readonly tryInstead?: string } {
  const isSimulated = (address: string) => {
    const { artifact } = members.get(address) ?? {}
    return artifact?.kind === 'provider' && artifact.spec.type === 'simulated'
  }
  const model = [...members].find(([, { artifact }]) => artifact.kind === 'model' && isSimulated(artifact.spec.provider.$ref))
  return environment === undefined && model ? { tryInstead: `flowrun run ${flow} --model ${model[0]}` } : {}
}

/** What `run` would send; no call is made. */
export function dryRun(host: OperationHost, options: RunOptions): Promise<RunResult<RenderedPrompt>> {
  const { input, model } = options
  return withClosure(host, options, (engine, closure) => engine.render({ closure, input, ...(model === undefined ? {} : { model }) }))
}

async function withClosure<T>(
  host: OperationHost,
  options: RunOptions,
  work: (engine: PromptEngine, closure: Closure, environment: string) => Promise<T>,
): Promise<RunResult<T>> {
  const found = options.environment === undefined ? await workingCopy(host, options) : await deployed(host, options, options.environment)
  if (found.outcome === 'invalid') return found
  const settings = { ...found.environment, project: found.project, onWarning: options.onWarning }
  const engine = await host.createPromptEngine(host.workingDirectory, settings)
  try {
    return { outcome: 'done', value: await work(engine, found.closure, found.environment.name) }
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    throw withPlace(error, found.parsed)
  } finally {
    await engine.close()
  }
}

type Found =
  | {
      readonly outcome: 'found'
      readonly closure: Closure
      readonly parsed: ParsedConfiguration
      readonly project: string
      readonly environment: Environment
    }
  | Extract<RunResult<never>, { outcome: 'invalid' }>

async function workingCopy(host: OperationHost, options: RunOptions): Promise<Found> {
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
  return {
    outcome: 'found',
    closure: { address: options.flow, members: await resolved(host, project, members) },
    parsed: project.parsed,
    project: project.settings.project,
    environment: project.environment,
  }
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

async function deployed(host: OperationHost, options: RunOptions, environment: string): Promise<Found> {
  const found = await readDeployed(host, { environment }, async ({ registry }, project) => ({
    closure: await deployedClosure(registry, environment, options.flow),
    parsed: project.parsed,
    project: project.settings.project,
    environment: project.environment,
  }))
  return found.outcome === 'found' ? { outcome: 'found', ...found.value } : found
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

/** Adds the source line of the block that the failure names, where the configuration has it. */
function withPlace(error: OperationError, parsed: ParsedConfiguration | undefined): OperationError {
  const { address, argument, subject } = error.diagnostic
  const block = parsed && blockAt(parsed, address ?? '')
  if (block === undefined || subject !== undefined) return error
  const range = (argument === undefined ? undefined : rangeOfArgument(block, argument)) ?? block.headerRange
  return error.withPlace({ subject: range, where: `in ${block.type} "${block.labels[0]?.text}"` })
}

/** `api_key` is an argument; `output.sources[0]` a part of a field inside of a nested block, or of its type. */
function rangeOfArgument(block: Block, argument: string): SourceRange | undefined {
  const [name = '', field] = argument.split(/[.[]/)
  const nested = block.body.items.find((item): item is Block => item.kind === 'block' && item.type === name)
  if (nested === undefined || field === undefined) return argumentRange(block, name) ?? nested?.headerRange
  const declared = nested.body.items.find(
    (item): item is Block => item.kind === 'block' && item.type === 'field' && item.labels[0]?.text === field,
  )
  return declared?.headerRange ?? fieldOfType(nested, field) ?? nested.headerRange
}

/** The key in `type = object({ field = … })`. */
function fieldOfType(block: Block, field: string): SourceRange | undefined {
  const type = block.body.items.find(item => item.kind === 'attribute' && item.name === 'type')
  const [shape] = type?.kind === 'attribute' && type.expression.kind === 'call' ? type.expression.arguments : []
  return shape?.kind === 'object' ? shape.items.find(({ key }) => key.kind === 'literal' && key.value === field)?.key.range : undefined
}
