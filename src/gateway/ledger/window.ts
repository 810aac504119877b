import type { BudgetPeriod } from '../../artifact/budget.ts'

/** A stretch of time in which a budget counts: from `startMs`, up to and without `endMs`, in milliseconds since 1970. */
export interface Window {
  readonly startMs: number
  readonly endMs: number
}

/** A window that is not a stretch of time: a run's own counter never turns. */
export const RUN_WINDOW: Window = Object.freeze({ startMs: 0, endMs: Number.MAX_SAFE_INTEGER })

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** No place on earth is further from UTC: the local date line is +14 h and -12 h. */
const OFFSET_MAX_MS = 15 * HOUR_MS

/**
 * The calendar period of a time zone that has this moment in it. Days of 23 and 25 hours are one day (BUD-6); weeks begin
 * on Monday. By Intl and not by Temporal, which Node 22 does not have.
 *
 * @param timezone an IANA name.
 */
export function windowOf(period: Exclude<BudgetPeriod, 'run'>, timezone: string, atMs: number): Window {
  const key = `${period} ${timezone}`
  const last = latest.get(key)
  if (last !== undefined && atMs >= last.startMs && atMs < last.endMs) return last
  const window = period === 'hour' ? hourOf(timezone, atMs) : daysOf(period, timezone, atMs)
  latest.set(key, window)
  return window
}

/** The window of the call before is nearly always that of the next: finding it anew takes 27 conversions of Intl. */
const latest = new Map<string, Window>()

function hourOf(timezone: string, atMs: number): Window {
  const startMs = atMs - modulo(atMs + offsetMs(timezone, atMs), HOUR_MS)
  return { startMs, endMs: startMs + HOUR_MS }
}

function daysOf(period: 'day' | 'week' | 'month', timezone: string, atMs: number): Window {
  const [firstDay, nextDay] = dayBounds(period, localDay(timezone, atMs))
  return { startMs: startOfDay(timezone, firstDay), endMs: startOfDay(timezone, nextDay) }
}

/** Days since 1970, by the calendar alone. */
function dayBounds(period: 'day' | 'week' | 'month', day: number): readonly [first: number, next: number] {
  if (period === 'day') return [day, day + 1]
  if (period === 'week') {
    // 1970-01-01 was a Thursday, the fourth day of its week.
    const monday = day - modulo(day + 3, 7)
    return [monday, monday + 7]
  }
  const date = new Date(day * DAY_MS)
  const firstOf = (month: number) => Date.UTC(date.getUTCFullYear(), month, 1) / DAY_MS
  return [firstOf(date.getUTCMonth()), firstOf(date.getUTCMonth() + 1)]
}

/**
 * The first moment whose local date is this day or later: midnight, or what comes instead of it where the clock skips it
 * (Cairo, Santiago). Found by halving, so no rule of any zone is written here.
 */
function startOfDay(timezone: string, day: number): number {
  if (timezone === 'UTC') return day * DAY_MS
  let before = day * DAY_MS - OFFSET_MAX_MS
  let after = day * DAY_MS + OFFSET_MAX_MS
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (localDay(timezone, middle) < day) before = middle
    else after = middle
  }
  return after
}

function localDay(timezone: string, atMs: number): number {
  return Math.floor((atMs + offsetMs(timezone, atMs)) / DAY_MS)
}

/** What the zone's clocks are ahead of UTC at this moment. */
function offsetMs(timezone: string, atMs: number): number {
  if (timezone === 'UTC') return 0
  const parts = new Map(
    formatOf(timezone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return local - Math.floor(atMs / 1000) * 1000
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timezone: string): Intl.DateTimeFormat {
  let format = formats.get(timezone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(timezone, format)
  }
  return format
}

/** Never negative. */
function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor
}
