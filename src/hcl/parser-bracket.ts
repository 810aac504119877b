import type { DiagnosticInput } from '../diagnostics/diagnostic.ts'
import { type Cursor, endOf, fail, failAt, kindAt, peekIndex, rangeAt, rangeBetween } from './parser-cursor.ts'
import { indentationAt, startsItem } from './parser-recovery.ts'
import { Token } from './token.ts'

/** An opening bracket, for messages. */
export interface OpenBracket {
  readonly index: number
  /** What it opens: `list`, `object`, `call of upper`. */
  readonly name: string
  /** What closes it. */
  readonly closer: string
  /** Start of what a message underlines. */
  readonly start: number
}

/**
 * Fails at the token `index`, which can neither separate nor close; `elementIndex` is where the last element begins. When
 * that is rather the next argument or block, the bracket was forgotten, and parsing goes on there.
 */
export function failInBracket(
  cursor: Cursor,
  bracket: OpenBracket,
  index: number,
  elementIndex: number,
  otherwise: Omit<DiagnosticInput, 'subject'>,
): void {
  const indentation = indentationAt(cursor, bracket.index)
  const itemIndex = [index, elementIndex].find(candidate => candidate > bracket.index && startsItem(cursor, candidate, indentation))
  if (itemIndex !== undefined) {
    failUnclosed(cursor, bracket, itemIndex, 'the next argument or block begins here')
    cursor.at = itemIndex
  } else if (kindAt(cursor, index) === Token.endOfFile) failUnclosed(cursor, bracket, index, 'the text ends here')
  else failAt(cursor, index, otherwise)
}

function failUnclosed(cursor: Cursor, bracket: OpenBracket, index: number, message: string): void {
  fail(cursor, {
    code: 'hcl/unclosed-bracket',
    summary: `This ${bracket.name} is not closed`,
    detail: `Add ${bracket.closer} where it should end.`,
    subject: rangeBetween(cursor, bracket.start, endOf(cursor, bracket.index)),
    related: [{ range: rangeAt(cursor, index), message }],
  })
}

/** After an element and its separator the text ends: the bracket was forgotten. */
export function failAtMissingElement(cursor: Cursor, bracket: OpenBracket, elements: number): boolean {
  const index = peekIndex(cursor)
  if (elements === 0 || kindAt(cursor, index) !== Token.endOfFile) return false
  failUnclosed(cursor, bracket, index, 'the text ends here')
  return true
}
