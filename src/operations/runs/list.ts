import { compact } from '../../base/compact.ts'
import type { Digest } from '../../base/digest.ts'
import { suggest } from '../../base/suggest.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { OPEN_STATES, type RunRecord, type RunState } from '../../engine/durable/record-store.ts'
import { openStoresOf } from '../deployed.ts'
import type { OperationHost, Project } from '../project.ts'
import { versionNamed } from '../show.ts'
import { type RunsOptions, type RunsResult, withRuns } from './find.ts'
import { closuresWith } from './pinned.ts'

export const RUN_STATES: readonly RunState[] = ['queued', 'running', 'waiting', 'paused', 'succeeded', 'failed', 'cancelled']

export interface ListOptions extends RunsOptions {
  readonly states?: readonly RunState[]
  readonly flow?: string
  /** `prompt.answer@8`: runs with this content among their pins, those in flight unless states are named (HOLD-9). */
  readonly pinned?: string
  /** Absent: however long ago. */
  readonly sinceMs?: number
  readonly limit: number
  /** A whole id: those older than it. */
  readonly cursor?: string
}

/** Runs of an environment, newest first. */
export interface RunList {
  readonly environment: string
  readonly runs: readonly RunRecord[]
  /** With those that are not listed. */
  readonly total: number
  /** The cursor of the next page, where there is one. */
  readonly next?: string
}

export function listRuns(host: OperationHost, options: ListOptions): Promise<RunsResult<RunList>> {
  const { pinned, states = pinned === undefined ? undefined : OPEN_STATES, flow, sinceMs, limit, cursor } = options
  return withRuns(host, options, async (all, project) => {
    const { records } = all
    const { settings, environment } = project
    const wanted = { project: settings.project, environment: environment.name, ...compact({ states, flow, sinceMs }) }
    const closures = pinned === undefined ? undefined : await closuresWith(all, wanted, new Set([await digestNamed(host, project, pinned)]))
    const filter = { ...wanted, ...(closures === undefined ? {} : { closures: [...closures.keys()] }) }
    const page = await records.listRuns({ ...filter, limit: limit + 1, ...(cursor === undefined ? {} : { cursor }) })
    const counts = await records.countRuns(filter)
    const runs = page.slice(0, limit)
    const last = page.length > limit ? runs.at(-1) : undefined
    const total = counts.reduce((sum, { count }) => sum + count, 0)
    return { environment: environment.name, runs, total, ...(last === undefined ? {} : { next: last.id }) }
  })
}

async function digestNamed(host: OperationHost, project: Project, reference: string): Promise<Digest> {
  const stores = await openStoresOf(host, project)
  try {
    return (await versionNamed(stores.registry, project.environment.name, reference)).digest
  } finally {
    await stores.close()
  }
}

/** `failed,cancelled`. @throws OperationError cli/bad-flag-value */
export function readStates(text: string): readonly RunState[] {
  return text.split(',').map(word => {
    const state = RUN_STATES.find(known => known === word.trim())
    if (state !== undefined) return state
    const suggestions = suggest(word.trim(), RUN_STATES)
    throw new OperationError({
      code: 'cli/bad-flag-value',
      summary: `--state cannot be "${text}"`,
      detail: `The states of a run are ${RUN_STATES.join(', ')}; several with commas between them.`,
      ...(suggestions.length > 0 ? { suggestions } : {}),
    })
  })
}
