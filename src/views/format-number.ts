/** Forms of numbers, money and time that every view shares. A unit is always said, and an unknown number is the word `unknown`. */

const NANO_PER_DOLLAR = 1e9
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MILLION = 1_000_000
const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/** `48,210` */
export function formatCount(count: number): string {
  return grouped(String(Math.round(count)))
}

/** Commas between thousands of a decimal. By hand: the first use of Intl costs 4 ms. */
function grouped(decimal: string): string {
  const [whole = '', fraction] = decimal.split('.')
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? text : `${text}.${fraction}`
}

/** `1,034`, `~1,050`, `39.1 M` */
export function formatTokens(tokens: number, approximate = false): string {
  const text = tokens < MILLION ? formatCount(tokens) : `${(tokens / MILLION).toFixed(1)} M`
  return approximate ? `~${text}` : text
}

/** Tokens of a column whose total is given: all exact, or all in millions; empty where there are none. */
export function formatTokensUnder(tokens: number, total: number): string {
  if (tokens === 0) return ''
  return total < MILLION ? formatCount(tokens) : `${(tokens / MILLION).toFixed(2)} M`
}

/** An amount of a column whose total is given, with the decimals of the total: `$0.79`, `<$0.01`, `unknown`. */
export function formatMoneyUnder(nano: number | null, totalNano: number | null): string {
  if (nano === null) return 'unknown'
  const decimals = moneyDecimals(totalNano ?? 0)
  const least = 1 / 10 ** decimals
  if (nano > 0 && nano / NANO_PER_DOLLAR < least / 2) return `<$${least.toFixed(decimals)}`
  return `$${grouped((nano / NANO_PER_DOLLAR).toFixed(decimals))}`
}

/** Decimals that show an amount: 2 from $1, 4 below, 6 below $0.01; 0 has 2. */
function moneyDecimals(nano: number): number {
  const dollars = Math.abs(nano) / NANO_PER_DOLLAR
  if (dollars >= 1 || dollars === 0) return 2
  return dollars >= 0.01 ? 4 : 6
}

/** `$20.56`, `$0.1797`, `$0.000606`, `<$0.000001`, `unknown` */
export function formatMoney(nano: number | null): string {
  return formatMoneys([nano])[0] ?? 'unknown'
}

/** Amounts that stand beside or above each other: one form for all, that of the smallest which is not 0. */
export function formatMoneys(nanos: readonly (number | null)[]): readonly string[] {
  const decimals = Math.max(2, ...nanos.map(nano => (nano === null ? 2 : moneyDecimals(nano))))
  return nanos.map(nano => {
    if (nano === null) return 'unknown'
    if (nano > 0 && nano < NANO_PER_DOLLAR / MILLION) return '<$0.000001'
    return `${nano < 0 ? '-' : ''}$${grouped((Math.abs(nano) / NANO_PER_DOLLAR).toFixed(decimals))}`
  })
}

/** A price per unit as its list has it, without zeros that say nothing: `$0.15`, `$2.50`, `$0.075`. */
export function formatPrice(nano: number): string {
  const digits = (nano / NANO_PER_DOLLAR).toFixed(9).replace(/0+$/, '')
  const [whole = '0', fraction = ''] = digits.split('.')
  return `$${grouped(whole)}${fraction === '' ? '' : `.${fraction.padEnd(2, '0')}`}`
}

/** `+0.2%`, `-12.5%`, `0.0%`; `+∞` is never printed: undefined when there is nothing to compare with. */
export function formatChange(before: number, after: number): string | undefined {
  if (before === 0) return after === 0 ? '0.0%' : undefined
  const percent = ((after - before) / before) * 100
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)}%`
}

/** `83.0%` of a share between 0 and 1. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}

/** `84 ms`, `2.1 s`, `4 m 12 s`, `3 h 05 m`, `2 d 4 h`: two units at most. */
export function formatDuration(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < MINUTE) return `${trimZero((Math.floor(ms / 100) / 10).toFixed(1))} s`
  if (ms < HOUR) return twoUnits(ms, MINUTE, 'm', SECOND, 's')
  if (ms < DAY) return twoUnits(ms, HOUR, 'h', MINUTE, 'm')
  return twoUnits(ms, DAY, 'd', HOUR, 'h')
}

function trimZero(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text
}

function twoUnits(ms: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((ms % large) / small)
  const first = `${Math.floor(ms / large)} ${largeUnit}`
  return rest === 0 ? first : `${first} ${String(rest).padStart(2, '0')} ${smallUnit}`
}

/** `2026-11-21 14:02:11Z` */
export function formatMoment(atMs: number): string {
  return new Date(atMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
}

/** `2026-11-21` */
export function formatDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 'YYYY-MM-DD'.length)
}

/** `38 s ago`, `14 h ago` under a day, in one unit; else the moment. */
export function formatAgo(atMs: number, nowMs: number): string {
  const passed = nowMs - atMs
  if (passed < 0 || passed >= DAY) return formatMoment(atMs)
  if (passed < MINUTE) return `${Math.floor(passed / SECOND)} s ago`
  return passed < HOUR ? `${Math.floor(passed / MINUTE)} min ago` : `${Math.floor(passed / HOUR)} h ago`
}

/** `612 B`, `3.1 KB`, `1 GB`: thousands, as arguments are written. */
export function formatBytes(bytes: number): string {
  const unit = BYTE_UNITS.findIndex((_, exponent) => bytes < 999.95 * 1000 ** exponent)
  const exponent = unit < 0 ? BYTE_UNITS.length - 1 : unit
  return `${trimZero((bytes / 1000 ** exponent).toFixed(exponent === 0 ? 0 : 1))} ${BYTE_UNITS[exponent]}`
}
