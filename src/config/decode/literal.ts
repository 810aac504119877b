import type { Parsed } from '../../base/duration.ts'

const BYTE_UNITS = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const
const NANO_PER_DOLLAR = 1_000_000_000

/** `"$0.25"`, `"$1,200"`: dollars. Gives nano-dollars, exact: at most nine decimals are allowed. */
export function parseMoney(text: string): Parsed {
  const match = /^\$(\d{1,3}(?:,?\d{3})*)(?:\.(\d{1,9}))?$/.exec(text)
  if (!match) return failed('write dollars with at most nine decimals')
  const dollars = Number((match[1] ?? '').replaceAll(',', ''))
  const nanos = Number((match[2] ?? '').padEnd(9, '0'))
  const total = dollars * NANO_PER_DOLLAR + nanos
  return Number.isSafeInteger(total) ? parsed(total) : failed('the largest is $9,007,199')
}

/** `"$0.25"`, as `parseMoney` reads it. */
export function formatMoney(nanoDollars: number): string {
  const dollars = Math.floor(nanoDollars / NANO_PER_DOLLAR)
  const fraction = String(nanoDollars % NANO_PER_DOLLAR).padStart(9, '0')
  const decimals = fraction.replace(/0+$/, '')
  return decimals === '' ? `$${dollars}` : `$${dollars}.${decimals.padEnd(2, '0')}`
}

/** `"10%"`, `"12.5%"`. Gives the part of the whole, 0.1. */
export function parsePercent(text: string): Parsed {
  const match = /^(\d{1,4}(?:\.\d{1,6})?)%$/.exec(text)
  // Dividing by 100 would make 33.3% 0.33299999999999996.
  return match ? parsed(Number(`${match[1]}e-2`)) : failed('write a number and a percent sign')
}

/** `"12.5%"`, as `parsePercent` reads it. */
export function formatPercent(part: number): string {
  return `${Number((part * 100).toFixed(6))}%`
}

/** `"64KB"` (64,000), `"1MiB"` (1,048,576). Gives bytes. */
export function parseBytes(text: string): Parsed {
  const match = /^(\d+)(B|KB|MB|GB|KiB|MiB|GiB)$/.exec(text)
  if (!match) return failed('write a whole number with B, KB, MB, GB, KiB, MiB or GiB')
  const total = Number(match[1]) * BYTE_UNITS[match[2] as keyof typeof BYTE_UNITS]
  return Number.isSafeInteger(total) ? parsed(total) : failed('it is too large')
}

/** `"64KB"`, as `parseBytes` reads it: the unit with the shortest number. */
export function formatBytes(bytes: number): string {
  const whole = Object.entries(BYTE_UNITS).filter(([, unit]) => bytes % unit === 0)
  const [best = ['B', 1] as const] = bytes === 0 ? [] : whole.sort(([, a], [, b]) => b - a)
  return `${bytes / best[1]}${best[0]}`
}

function parsed(value: number): Parsed {
  return { ok: true, value }
}

function failed(because: string): Parsed {
  return { ok: false, because }
}
