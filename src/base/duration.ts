/** What a text means, or why it means nothing: `because` completes "… is not a duration: …". */
export type Parsed = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly because: string }

const DURATION_UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const
const MAX_DURATION_DAYS = 366

/** `"1h30m"`, `"250ms"`: units falling, each once, at most 366 days. Gives milliseconds. */
export function parseDuration(text: string): Parsed {
  if (!/^(\d+(ms|s|m|h|d))+$/.test(text)) return failed('write whole numbers with the units d, h, m, s and ms')
  let totalMs = 0
  let previousUnitMs = Number.POSITIVE_INFINITY
  for (const [, digits, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    const unitMs = DURATION_UNITS[unit as keyof typeof DURATION_UNITS]
    if (unitMs >= previousUnitMs) return failed('the units go from large to small, each once')
    previousUnitMs = unitMs
    totalMs += Number(digits) * unitMs
  }
  return totalMs <= MAX_DURATION_DAYS * DURATION_UNITS.d ? { ok: true, value: totalMs } : failed(`the longest is ${MAX_DURATION_DAYS}d`)
}

/** `"1h30m"`, as `parseDuration` reads it. */
export function formatDuration(milliseconds: number): string {
  let rest = milliseconds
  let text = ''
  for (const [unit, unitMs] of Object.entries(DURATION_UNITS)) {
    const count = Math.floor(rest / unitMs)
    if (count > 0) text += `${count}${unit}`
    rest -= count * unitMs
  }
  return text === '' ? '0ms' : text
}

function failed(because: string): Parsed {
  return { ok: false, because }
}
