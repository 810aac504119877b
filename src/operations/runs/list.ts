import { suggest } from '../../base/suggest.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { RunRecord, RunState } from '../../engine/durable/record-store.ts'
import type { OperationHost } from '../project.ts'
import { type RunsOptions, type RunsResult, withRuns } from './find.ts'

export const RUN_STATES: readonly RunState[] = ['queued', 'running', 'waiting', 'paused', 'succeeded', 'failed', 'cancelled']

export interface ListOptions extends RunsOptions {
  readonly states?: readonly RunState[]
  readonly flow?: string
  readonly sinceMs: number
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
  const { states, flow, sinceMs, limit, cursor } = options
  return withRuns(host, options, async ({ records }, { settings, environment }) => {
    const filter = {
      ...{ project: settings.project, environment: environment.name, sinceMs },
      ...(states === undefined ? {} : { states }),
      ...(flow === undefined ? {} : { flow }),
    }
    const page = await records.listRuns({ ...filter, limit: limit + 1, ...(cursor === undefined ? {} : { cursor }) })
    const counts = await records.countRuns(filter)
    const runs = page.slice(0, limit)
    const last = page.length > limit ? runs.at(-1) : undefined
    const total = counts.reduce((sum, { count }) => sum + count, 0)
    return { environment: environment.name, runs, total, ...(last === undefined ? {} : { next: last.id }) }
  })
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
