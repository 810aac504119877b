import { suggest } from '../base/suggest.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { Report } from '../diagnostics/report.ts'
import type { AnswerCache, CacheStatistics, Cleared } from '../gateway/cache/answer-cache.ts'
import { type OperationHost, openProject } from './project.ts'

export interface CacheOptions {
  readonly environment?: string
}

export type CacheResult<T> =
  | { readonly outcome: 'found'; readonly value: T }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/** The answers that are kept for an environment. */
export interface KeptAnswers extends CacheStatistics {
  readonly environment: string
  /** Where: `.flowrun/cache.db`, `Redis`. */
  readonly place: string
}

/** @throws OperationError `registry/…`, `redis/…` */
export function readCache(host: OperationHost, options: CacheOptions): Promise<CacheResult<KeptAnswers>> {
  return withCache(host, options, 'read', async (cache, environment) => ({
    environment,
    place: cache.name,
    ...(await cache.statistics(environment)),
  }))
}

export interface ClearOptions extends CacheOptions {
  /** `model.fast`; absent: answers of all models. */
  readonly model?: string
  /** Kept longer ago; absent: all. */
  readonly olderThanMs?: number
}

export interface ClearedAnswers extends Cleared {
  readonly environment: string
  readonly model?: string
  /** Models whose answers are kept, and whose names are near one that has none. */
  readonly suggestions: readonly string[]
}

/** Forgets answers: they are made anew when they are asked for. @throws OperationError `registry/…`, `redis/…` */
export function clearCache(host: OperationHost, { model, olderThanMs, ...options }: ClearOptions): Promise<CacheResult<ClearedAnswers>> {
  return withCache(host, options, 'write', async (cache, environment) => {
    const { models } = await cache.statistics(environment)
    const selection = { environment, ...(model === undefined ? {} : { model }) }
    const cleared = await cache.clear({ ...selection, ...(olderThanMs === undefined ? {} : { olderThanMs }) })
    const names = models.map(statistics => statistics.model)
    const suggestions = model === undefined || names.includes(model) ? [] : suggest(model, names)
    return { ...selection, ...cleared, suggestions }
  })
}

async function withCache<T>(
  host: OperationHost,
  options: CacheOptions,
  mode: 'read' | 'write',
  work: (cache: AnswerCache, environment: string) => Promise<T>,
): Promise<CacheResult<T>> {
  const report = new Report()
  const project = openProject(host, options, report)
  if (project === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const cache = await host.openAnswerCache(project.root, project.environment, mode)
  try {
    return { outcome: 'found', value: await work(cache, project.environment.name) }
  } finally {
    await cache.close()
  }
}
