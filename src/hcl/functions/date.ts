import { type FunctionDefinition, FunctionError } from '../function.ts'
import { NUMBER, STRING } from '../type.ts'
import { numberValue, stringValue, type Value } from '../value.ts'
import { defineFunction, textAt, textParameter } from './definition.ts'

export const dateFunctions: readonly FunctionDefinition[] = [
  defineFunction('formatdate', {
    summary: 'A timestamp as text by a pattern: YYYY, MM, MMM, DD, EEE, hh, mm, ss, Z and others; quotes enclose literal text.',
    parameters: [textParameter('pattern'), textParameter('timestamp')],
    returns: STRING,
    call: parameters => stringValue(formatDate(textAt(parameters, 0), instantAt(parameters, 1))),
  }),
  defineFunction('timeadd', {
    summary: 'A timestamp moved by a duration such as "1h30m" or "-10s".',
    parameters: [textParameter('timestamp'), textParameter('duration')],
    returns: STRING,
    call: parameters => stringValue(addTime(instantAt(parameters, 0), textAt(parameters, 1))),
  }),
  defineFunction('timecmp', {
    summary: '-1, 0 or 1: whether the first timestamp is before, at or after the second.',
    parameters: [textParameter('a'), textParameter('b')],
    returns: NUMBER,
    call: parameters => {
      const difference = instantAt(parameters, 0).nanoseconds - instantAt(parameters, 1).nanoseconds
      return numberValue(difference < 0n ? -1 : difference > 0n ? 1 : 0)
    },
  }),
]

const NANOSECONDS_PER_MS = 1_000_000n

/** An instant, with the offset from UTC in which it was written. */
interface Instant {
  /** Since 1970. */
  readonly nanoseconds: bigint
  readonly offsetMinutes: number
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))$/

function instantAt(parameters: readonly Value[], index: number): Instant {
  const text = textAt(parameters, index)
  const match = TIMESTAMP.exec(text)
  if (!match) throw new FunctionError('a timestamp like "2026-12-01T09:00:00Z" is expected (RFC 3339)', index)
  const [
    ,
    year = '',
    month = '',
    day = '',
    hour = '',
    minute = '',
    second = '',
    fraction = '',
    sign,
    offsetHours = '0',
    offsetMinutes = '0',
  ] = match
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  const isDay = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
  if (!isDay) throw new FunctionError(`there is no day ${year}-${month}-${day}`, index)
  const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60 && Number(offsetHours) < 24 && Number(offsetMinutes) < 60
  if (!isTime) throw new FunctionError('the time must be from 00:00:00 to 23:59:59', index)
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1)
  const ms = date.setUTCHours(Number(hour), Number(minute) - offset, Number(second), 0)
  return { nanoseconds: BigInt(ms) * NANOSECONDS_PER_MS + BigInt(fraction.padEnd(9, '0')), offsetMinutes: offset }
}

/** The wall clock of the instant's own offset, as a date in UTC. */
function wallClock({ nanoseconds, offsetMinutes }: Instant): Date {
  const ms = nanoseconds / NANOSECONDS_PER_MS - (nanoseconds % NANOSECONDS_PER_MS < 0n ? 1n : 0n)
  return new Date(Number(ms) + offsetMinutes * 60_000)
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 }
/** Go's durations are nanoseconds in 64 bits. */
const MAX_DURATION = 2n ** 63n

function addTime(instant: Instant, duration: string): string {
  const moved = { ...instant, nanoseconds: instant.nanoseconds + durationOf(duration) }
  const date = wallClock(moved)
  if (date.getUTCFullYear() < 0) throw new FunctionError('the result is before the year 0', 1)
  const offset = moved.offsetMinutes === 0 ? 'Z' : offsetText(moved.offsetMinutes, ':')
  return `${dateText(date)}T${timeText(date)}${offset}`
}

function durationOf(text: string): bigint {
  const parts = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(text)
  if (!parts) throw new FunctionError('a duration like "90s", "1h30m" or "-1.5h" is expected; its units are h, m, s, ms, us and ns', 1)
  let sum = 0n
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g)) {
    const nanoseconds = UNITS[unit] ?? 0
    sum += BigInt(whole || 0) * BigInt(nanoseconds) + BigInt(Math.trunc(Number(`0.${fraction || 0}`) * nanoseconds))
  }
  if (sum >= MAX_DURATION) throw new FunctionError('the duration is longer than 292 years', 1)
  return text.startsWith('-') ? -sum : sum
}

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

function formatDate(pattern: string, instant: Instant): string {
  const date = wallClock(instant)
  // A quoted literal, a quote that is never closed, a run of one letter, or other characters.
  return pattern.replace(/'(?:[^']|'')*'(?!')|'|([A-Za-z])\1*|[^A-Za-z']+/g, (part, letter: string | undefined) => {
    if (part === "''") return "'"
    if (part === "'") throw new FunctionError("a quote (') starts literal text, and its end is missing", 0)
    if (part.startsWith("'")) return part.slice(1, -1).replaceAll("''", "'")
    if (letter === undefined) return part
    const text = verbText(part, date, instant.offsetMinutes)
    if (text !== undefined) return text
    const forms = FORMS[letter]
    throw new FunctionError(
      forms
        ? `there is no verb "${part}"; ${forms} are known`
        : `there is no verb "${part}"; literal letters stand between quotes: '${part}'`,
      0,
    )
  })
}

const FORMS: Readonly<Record<string, string>> = {
  Y: 'YY and YYYY',
  M: 'M, MM, MMM and MMMM',
  D: 'D and DD',
  E: 'EEE and EEEE',
  h: 'h and hh',
  H: 'H and HH',
  A: 'AA and aa',
  a: 'AA and aa',
  m: 'm and mm',
  s: 's and ss',
  Z: 'Z, ZZZ, ZZZZ and ZZZZZ',
}

function verbText(verb: string, date: Date, offsetMinutes: number): string | undefined {
  const hour = date.getUTCHours()
  switch (verb) {
    case 'YYYY':
      return yearText(date)
    case 'YY':
      return yearText(date).slice(-2)
    case 'MMMM':
      return MONTHS[date.getUTCMonth()]
    case 'MMM':
      return MONTHS[date.getUTCMonth()]?.slice(0, 3)
    case 'EEEE':
      return DAYS[date.getUTCDay()]
    case 'EEE':
      return DAYS[date.getUTCDay()]?.slice(0, 3)
    case 'AA':
      return hour < 12 ? 'AM' : 'PM'
    case 'aa':
      return hour < 12 ? 'am' : 'pm'
    case 'Z':
      return offsetMinutes === 0 ? 'Z' : offsetText(offsetMinutes, ':')
    case 'ZZZ':
      return offsetMinutes === 0 ? 'UTC' : offsetText(offsetMinutes, '')
    case 'ZZZZ':
      return offsetText(offsetMinutes, '')
    case 'ZZZZZ':
      return offsetText(offsetMinutes, ':')
    default:
      return verb.length <= 2 ? numberText(verb, date, hour) : undefined
  }
}

function numberText(verb: string, date: Date, hour: number): string | undefined {
  const numbers: Readonly<Record<string, number>> = {
    M: date.getUTCMonth() + 1,
    D: date.getUTCDate(),
    h: hour,
    H: hour % 12 || 12,
    m: date.getUTCMinutes(),
    s: date.getUTCSeconds(),
  }
  return numbers[verb.charAt(0)]?.toString().padStart(verb.length, '0')
}

function offsetText(minutes: number, separator: string): string {
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${twoDigits(Math.floor(size / 60))}${separator}${twoDigits(size % 60)}`
}

function dateText(date: Date): string {
  return `${yearText(date)}-${twoDigits(date.getUTCMonth() + 1)}-${twoDigits(date.getUTCDate())}`
}

function timeText(date: Date): string {
  return [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(twoDigits).join(':')
}

function yearText(date: Date): string {
  return String(date.getUTCFullYear()).padStart(4, '0')
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}
