/** Groups of digits with what stands between them: how people write long numbers. */
export interface DigitGroups {
  readonly start: number
  readonly end: number
  /** Without separators. */
  readonly digits: string
  readonly groups: readonly DigitGroup[]
}

export interface DigitGroup {
  readonly start: number
  readonly end: number
  readonly digits: string
  /** What stands before it: empty for the first one. */
  readonly separator: string
}

/** A separator of a number: one sign, or a sign with spaces around it. */
const SEPARATOR = /^(?: ?[-/.] ?|[ \u00a0\u202f]\(?|\) ?|\(|\)[-/])$/

/** Longest run of characters between two groups. */
const SEPARATOR_MAX = 3

/**
 * The groups that begin with the digit at `start`, and at most `max` of them: reading costs at most so much, wherever it begins.
 */
export function readDigitGroups(text: string, start: number, max: number): DigitGroups {
  const groups: DigitGroup[] = []
  let at = start
  let separator = ''
  while (groups.length < max) {
    let end = at
    // A run of digits that is longer than any number of people is one group too many.
    while (end < text.length && end - at <= GROUP_MAX && isDigit(text, end)) end++
    groups.push({ start: at, end, digits: text.slice(at, end), separator })
    let next = end
    while (next < text.length && next - end <= SEPARATOR_MAX && !isDigit(text, next)) next++
    separator = text.slice(end, next)
    if (!isDigit(text, next) || !SEPARATOR.test(separator)) break
    at = next
  }
  return groupsFrom(groups)
}

const GROUP_MAX = 32

export function groupsFrom(groups: readonly DigitGroup[]): DigitGroups {
  return {
    start: groups[0]?.start ?? 0,
    end: groups.at(-1)?.end ?? 0,
    digits: groups.map(({ digits }) => digits).join(''),
    groups,
  }
}

export function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 48 && code <= 57
}

/** A number ends where the number does: not in the middle of a word, nor before a decimal place. */
export function isWhole(text: string, start: number, end: number): boolean {
  return (
    !/[\p{L}\p{N}_]$|\p{N}[.,]$/u.test(text.slice(Math.max(0, start - 2), start)) &&
    !/^(?:[\p{L}\p{N}_]|[.,-]\p{N})/u.test(text.slice(end, end + 2))
  )
}
