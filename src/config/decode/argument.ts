import { type Parsed, parseDuration } from '../../base/duration.ts'
import { enumerate } from '../../base/enumerate.ts'
import type { JsonValue } from '../../base/json.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { ANY, BOOL, listOf, mapOf, NUMBER, STRING, type Type } from '../../hcl/type.ts'
import type { ArgumentDecoder } from './body.ts'
import { near } from './body.ts'
import { parseBytes, parseMoney, parsePercent } from './literal.ts'
import type { ArgumentSite } from './site.ts'
import { knownJson, placeOf } from './value.ts'

/** Plain text that must be known at plan time. */
export function text(options: { readonly pattern?: RegExp; readonly shape?: string } = {}): ArgumentDecoder<string> {
  return site => {
    const value = plain<string>(site, STRING)
    if (value === undefined || options.pattern === undefined || options.pattern.test(value)) return value
    site.report.error({
      code: 'config/bad-name',
      summary: `"${value}" is not a good "${site.attribute.name}"`,
      detail: options.shape ?? `It must match ${options.pattern.source}.`,
      ...placeOf(site, site.attribute.expression),
    })
    return undefined
  }
}

export const bool: ArgumentDecoder<boolean> = site => plain<boolean>(site, BOOL)

/** A number within bounds, both included. */
export function number(bounds: { readonly min?: number; readonly max?: number; readonly integer?: boolean } = {}): ArgumentDecoder<number> {
  return site => {
    const value = plain<number>(site, NUMBER)
    if (value === undefined) return undefined
    const tooLow = bounds.min !== undefined && value < bounds.min
    const tooHigh = bounds.max !== undefined && value > bounds.max
    if (!tooLow && !tooHigh && (!bounds.integer || Number.isInteger(value))) return value
    site.report.error({
      code: 'config/out-of-range',
      summary: `The argument "${site.attribute.name}" is ${value}, and must be ${rangeInWords(bounds)}`,
      ...placeOf(site, site.attribute.expression),
    })
    return undefined
  }
}

export function integer(min?: number, max?: number): ArgumentDecoder<number> {
  return number({ integer: true, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) })
}

function rangeInWords({ min, max, integer: whole }: { min?: number; max?: number; integer?: boolean }): string {
  const kind = whole ? 'a whole number' : 'a number'
  if (min !== undefined && max !== undefined) return `${kind} from ${min} to ${max}`
  if (min !== undefined) return `${kind} of at least ${min}`
  return max === undefined ? kind : `${kind} of at most ${max}`
}

/** One of a closed list of words. */
export function oneOf<const Words extends readonly string[]>(words: Words): ArgumentDecoder<Words[number]> {
  return site => {
    const value = plain<string>(site, STRING)
    return value === undefined ? undefined : checkWord(site, value, words)
  }
}

/** A list of words, each one of a closed list; sorted, without duplicates, for their order means nothing. */
export function wordsOf<const Words extends readonly string[]>(words: Words): ArgumentDecoder<readonly Words[number][]> {
  return site => {
    const values = plain<readonly string[]>(site, listOf(STRING))
    if (values === undefined) return undefined
    const checked = values.map(value => checkWord(site, value, words))
    return checked.includes(undefined) ? undefined : [...new Set(checked.filter(word => word !== undefined))].sort()
  }
}

function checkWord<Words extends readonly string[]>(site: ArgumentSite, value: string, words: Words): Words[number] | undefined {
  const found = words.find(word => word === value)
  if (found !== undefined) return found
  site.report.error({
    code: 'config/not-one-of',
    summary: `"${value}" is not a value of "${site.attribute.name}"`,
    detail: `It may be ${enumerate(words, 'or')}.`,
    ...placeOf(site, site.attribute.expression),
    ...near(value, words),
  })
  return undefined
}

/** A list of at most so many texts. */
export function strings(max = Number.POSITIVE_INFINITY): ArgumentDecoder<readonly string[]> {
  return site => {
    const value = plain<readonly string[]>(site, listOf(STRING))
    if (value === undefined || value.length <= max) return value
    site.report.error({
      code: 'config/out-of-range',
      summary: `The argument "${site.attribute.name}" has ${value.length} elements, and may have at most ${max}`,
      ...placeOf(site, site.attribute.expression),
    })
    return undefined
  }
}

export const stringMap: ArgumentDecoder<Readonly<Record<string, string>>> = site => plain(site, mapOf(STRING))
export const json: ArgumentDecoder<JsonValue> = site => plain(site, ANY)

/** At most 16 labels of at most 64 characters: they are filters, not documents. */
export const labels: ArgumentDecoder<Readonly<Record<string, string>>> = site => {
  const value = stringMap(site)
  if (value === undefined) return undefined
  const tooLong = Object.values(value).some(label => label.length > 64)
  if (Object.keys(value).length <= 16 && !tooLong) return value
  site.report.error({
    code: 'config/out-of-range',
    summary: tooLong ? 'A label is longer than 64 characters' : 'There are more than 16 labels',
    detail: 'Labels are for filters and costs. Longer text belongs in the description.',
    ...placeOf(site, site.attribute.expression),
  })
  return undefined
}

/** `"15s"`, in milliseconds. */
export const duration: ArgumentDecoder<number> = literal('config/bad-duration', 'duration', '"15s" or "1h30m"', parseDuration)
/** `"$0.25"`, in nano-dollars. */
export const money: ArgumentDecoder<number> = literal('config/bad-money', 'amount of money', '"$0.25"', parseMoney)
/** `"64KB"`, in bytes. */
export const bytes: ArgumentDecoder<number> = literal('config/bad-bytes', 'number of bytes', '"64KB"', parseBytes)
/** `["50%", "90%"]`: parts of a whole, more than 0 and at most 1; ascending, without duplicates. */
export const percents: ArgumentDecoder<readonly number[]> = site => {
  const written = plain<readonly string[]>(site, listOf(STRING))
  if (written === undefined) return undefined
  const parts: number[] = []
  for (const word of written) {
    const result = parsePercent(word)
    if (result.ok && result.value > 0 && result.value <= 1) {
      parts.push(result.value)
      continue
    }
    site.report.error({
      code: result.ok ? 'config/out-of-range' : 'config/bad-percent',
      summary: result.ok ? `"${word}" is not a part of the whole` : `"${word}" is not a percentage`,
      detail: result.ok ? 'Write more than 0% and at most 100%.' : `${sentence(result.because)} Write it like "80%".`,
      ...placeOf(site, site.attribute.expression),
    })
    return undefined
  }
  return [...new Set(parts)].sort((a, b) => a - b)
}

function sentence(because: string): string {
  return `${because.charAt(0).toUpperCase()}${because.slice(1)}.`
}

function literal(
  code: 'config/bad-duration' | 'config/bad-money' | 'config/bad-bytes',
  what: string,
  example: string,
  parse: (text: string) => Parsed,
): ArgumentDecoder<number> {
  return site => {
    const value = evaluate(site.attribute.expression, site.evaluation)
    // A bare number is the usual slip: it gets the same message, not "expected string".
    const written = value.kind === 'number' ? String(value.value) : plain<string>(site, STRING)
    if (written === undefined) return undefined
    const result = value.kind === 'number' ? ({ ok: false, because: 'a bare number has no unit' } as const) : parse(written)
    if (result.ok) return result.value
    site.report.error({
      code,
      summary: `${value.kind === 'number' ? written : `"${written}"`} is not ${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what}`,
      detail: `${sentence(result.because)} Write it like ${example}.`,
      ...placeOf(site, site.attribute.expression),
    })
    return undefined
  }
}

/** The type says what the JSON is: `knownJson` has converted to it. */
function plain<T extends JsonValue>(site: ArgumentSite, type: Type): T | undefined {
  return knownJson(site, type) as T | undefined
}
