import { parseDuration } from '../base/duration.ts'
import { OperationError } from '../diagnostics/operation-error.ts'

const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/

/** `7d` before now, a day, or a moment in UTC, as milliseconds since 1970. @throws OperationError cli/bad-flag-value */
export function readSince(text: string, nowMs: number, flag: 'since' | 'until' | 'before' = 'since'): number {
  const duration = parseDuration(text)
  if (duration.ok) return nowMs - duration.value
  const moment = DATE.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(moment)) return moment
  throw new OperationError({
    code: 'cli/bad-flag-value',
    summary: `--${flag} cannot be "${text}"`,
    detail: 'Write how long ago (7d, 12h), a day (2026-11-14) or a moment in UTC (2026-11-14T09:00:00Z).',
  })
}
