import type { RateLimitSpec } from '../artifact/provider.ts'
import type { Configuration } from '../config/configuration.ts'
import type { VariableFlag } from '../config/variables.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { Report } from '../diagnostics/report.ts'
import { type BreakerView, CLOSED, viewBreaker } from '../gateway/breaker/breaker.ts'
import type { ModelTarget } from '../gateway/call.ts'
import { scopesOf } from '../gateway/limits/scope.ts'
import type { LoadSnapshot } from '../gateway/load/process.ts'
import type { LoadReport } from '../gateway/load/reader.ts'
import { loadProject, type OperationHost, openProject } from './project.ts'

/** Breakers and rate limits of the models of the working copy, as they are now. */
export interface ModelsStatus {
  readonly environment: string
  readonly nowMs: number
  /** Processes that have called models lately: they share what is counted, or each counts for itself. */
  readonly processes: { readonly isShared: boolean; readonly running: number }
  readonly breakers: readonly BreakerRow[]
  readonly limits: readonly LimitRow[]
}

export interface BreakerRow {
  readonly model: string
  readonly id: string
  /** Undefined: it is switched off. */
  readonly view: BreakerView | undefined
  readonly windowMs: number
  /** Whose count it is, where processes count for themselves; `ended` is what the next one goes on from. */
  readonly process?: number | 'ended'
}

export interface LimitRow {
  /** `provider.openai`, `model.fast` */
  readonly block: string
  readonly limits: RateLimitSpec
  readonly requests: number
  readonly tokens: number
  readonly inFlight: number
  readonly waiting: number
  readonly notBeforeAtMs?: number
  readonly process?: number
}

export type ModelsStatusResult =
  | { readonly outcome: 'found'; readonly value: ModelsStatus }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/** @throws OperationError `redis/unavailable`, `redis/invalid-url`, `secret/missing` */
export async function readModelsStatus(
  host: OperationHost,
  options: { readonly environment?: string; readonly variables: readonly VariableFlag[] },
): Promise<ModelsStatusResult> {
  const report = new Report()
  const project = openProject(host, options, report)
  const configuration = project && loadProject(host, project, options, report, false).configuration
  if (configuration === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const { environment } = configuration
  const targets = targetsOf(configuration)
  const reader = await host.openLoad(host.workingDirectory, environment)
  try {
    const load = await reader.read(targets)
    const nowMs = host.clock.now()
    return { outcome: 'found', value: { environment: environment.name, nowMs, ...rowsOf(load, targets, nowMs) } }
  } finally {
    reader.close()
  }
}

function targetsOf({ blocks }: Configuration): readonly ModelTarget[] {
  return blocks.flatMap(({ address, artifact: model }) => {
    if (model.kind !== 'model') return []
    const provider = blocks.find(block => block.address === model.spec.provider.$ref)
    if (provider?.artifact.kind !== 'provider') return []
    return [{ address, spec: model.spec, provider: { address: provider.address, digest: provider.digest, spec: provider.artifact.spec } }]
  })
}

type Owned = LoadSnapshot & { readonly process?: number | 'ended' }

function rowsOf(load: LoadReport, targets: readonly ModelTarget[], nowMs: number): Pick<ModelsStatus, 'processes' | 'breakers' | 'limits'> {
  const owned: readonly Owned[] =
    load.type === 'shared' ? [load.load] : load.processes.map(one => ({ ...one, process: one.isRunning ? one.pid : ('ended' as const) }))
  const running = load.type === 'shared' ? load.processes : load.processes.filter(({ isRunning }) => isRunning).length
  return {
    processes: { isShared: load.type === 'shared', running },
    breakers: targets.flatMap(target => breakerRows(target, owned, nowMs)),
    limits: limitRows(targets, owned),
  }
}

function breakerRows(target: ModelTarget, owned: readonly Owned[], nowMs: number): readonly BreakerRow[] {
  const settings = target.spec.circuit_breaker
  const row = { model: target.address, id: target.spec.id, windowMs: settings.window_ms }
  if (!settings.enabled) return [{ ...row, view: undefined }]
  const { key } = scopesOf(target).model
  const rows = owned.flatMap(({ breakers, process }) =>
    breakers
      .filter(kept => kept.key === key)
      .map(({ breaker }) => ({ ...row, view: viewBreaker(breaker, settings, nowMs), ...(process !== undefined && { process }) }))
      .filter(({ view }) => view.state !== 'closed' || view.calls > 0),
  )
  return rows.length > 0 ? rows : [{ ...row, view: viewBreaker(CLOSED, settings, nowMs) }]
}

/** Of each key and each model that has limits. */
function limitRows(targets: readonly ModelTarget[], owned: readonly Owned[]): readonly LimitRow[] {
  const all = new Map(targets.flatMap(target => Object.values(scopesOf(target))).map(scope => [scope.block, scope]))
  return [...all.values()]
    .filter(({ limits }) => Object.keys(limits).length > 0)
    .toSorted((a, b) => Number(a.block.startsWith('model.')) - Number(b.block.startsWith('model.')))
    .flatMap(({ key, block, limits }): readonly LimitRow[] => {
      const none = { block, limits, requests: 0, tokens: 0, inFlight: 0, waiting: 0 }
      const rows = owned.flatMap(({ limits: counted, process }) =>
        counted
          .filter(one => one.key === key && process !== 'ended')
          .map(({ key: _, ...one }) => ({ ...one, block, limits, ...(typeof process === 'number' && { process }) })),
      )
      return rows.length > 0 ? rows : [none]
    })
}
