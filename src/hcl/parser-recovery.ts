import { type Cursor, endOf, isLineComment, kindAt, startOf } from './parser-cursor.ts'
import { Token } from './token.ts'

/** What closes each opening token. */
const closers = new Map<number, number>([
  [Token.openBrace, Token.closeBrace],
  [Token.openBracket, Token.closeBracket],
  [Token.openParenthesis, Token.closeParenthesis],
  [Token.openQuote, Token.closeQuote],
  [Token.openHeredoc, Token.closeHeredoc],
  [Token.interpolation, Token.sequenceEnd],
  [Token.directive, Token.sequenceEnd],
])
const closing = new Set(closers.values())

/**
 * After an error in an item of a body: goes to the newline that ends the item, counting brackets from the item's first
 * token. Stops before a brace that closes the body, and where a new item begins in spite of an open bracket.
 */
export function recoverAfterItem(cursor: Cursor, firstIndex: number): void {
  const failedAt = cursor.at
  const open: number[] = []
  const column = columnOf(cursor, firstIndex)
  let index = firstIndex
  for (; ; index++) {
    const kind = cursor.tokens.kinds[index] ?? Token.endOfFile
    if (kind === Token.endOfFile) break
    if (kind === Token.missingQuote) closeLine(cursor, open, index)
    else if (kind === Token.newline || (kind === Token.comment && isLineComment(cursor, index))) {
      if (index + 1 < failedAt) continue
      if (open.length === 0) {
        index++
        break
      }
      if (startsItem(cursor, index + 1, column)) {
        index++
        break
      }
    } else if (closers.has(kind)) open.push(index)
    else if (closing.has(kind) && !close(cursor, open, kind) && kind === Token.closeBrace && index >= failedAt) break
  }
  cursor.at = index
  cursor.failed = false
}

/**
 * After a string without an end: skips a line that is rather the rest of that string than an item, up to the line that
 * has its closing quote. Answers whether it did.
 */
export function skipRestOfString(cursor: Cursor, index: number): boolean {
  if (!cursor.openString) return false
  if (looksLikeItem(cursor, index)) {
    cursor.openString = false
    return false
  }
  for (let i = index; ; i++) {
    const kind = cursor.tokens.kinds[i] ?? Token.endOfFile
    if (kind === Token.missingQuote) cursor.openString = false
    cursor.at = i
    if (kind === Token.newline || kind === Token.endOfFile || (kind === Token.comment && isLineComment(cursor, i))) return true
  }
}

function looksLikeItem(cursor: Cursor, index: number): boolean {
  const kind = kindAt(cursor, index)
  if (kind !== Token.identifier) return kind === Token.closeBrace
  let next = index + 1
  for (let label = kindAt(cursor, next); label === Token.identifier || label === Token.openQuote; label = kindAt(cursor, next)) {
    const closeIndex = label === Token.identifier ? next : closerIndex(cursor, next)
    if (closeIndex === undefined || kindAt(cursor, closeIndex) === Token.missingQuote) return false
    next = closeIndex + 1
  }
  const last = kindAt(cursor, next)
  return last === Token.openBrace || (last === Token.equal && next === index + 1)
}

/** Index of the token that closes the one at `openIndex`; undefined when it is never closed, or something else is first. */
export function closerIndex(cursor: Cursor, openIndex: number): number | undefined {
  const { index, isClosed } = boundaryOf(cursor, openIndex)
  return isClosed ? index : undefined
}

/** Index of the token that closes the one at `openIndex`, or else of the first that closes something around it. */
export function boundaryOf(cursor: Cursor, openIndex: number): { readonly index: number; readonly isClosed: boolean } {
  const open = [openIndex]
  for (let index = openIndex + 1; ; index++) {
    const kind = cursor.tokens.kinds[index] ?? Token.endOfFile
    if (kind === Token.endOfFile) return { index, isClosed: false }
    if (closers.has(kind)) open.push(index)
    else if (kind === Token.missingQuote || closing.has(kind)) {
      if (!close(cursor, open, kind === Token.missingQuote ? Token.closeQuote : kind)) return { index, isClosed: false }
    }
    if (open.length === 0) return { index, isClosed: true }
  }
}

/** Removes what this kind of token closes, with all that was left open inside; false when it closes nothing. */
function close(cursor: Cursor, open: number[], kind: number): boolean {
  for (let i = open.length - 1; i >= 0; i--) {
    if (closers.get(kindAt(cursor, open[i] ?? 0)) !== kind) continue
    open.length = i
    return true
  }
  return false
}

const closingCharacters: ReadonlyMap<number, string> = new Map([
  [Token.openBrace, '}'],
  [Token.openBracket, ']'],
  [Token.openParenthesis, ')'],
])

/** Where a quote is missing, what should close the brackets of the line is inside of the string. */
function closeLine(cursor: Cursor, open: number[], index: number): void {
  const quote = open.findLast(openIndex => kindAt(cursor, openIndex) === Token.openQuote)
  close(cursor, open, Token.closeQuote)
  const text = quote === undefined ? '' : cursor.text.slice(endOf(cursor, quote), startOf(cursor, index))
  for (const character of text) if (character === closingCharacters.get(kindAt(cursor, open.at(-1) ?? 0))) open.pop()
}

/**
 * Whether an argument or a block begins at the token, at the start of a line and not further right than `column`: then
 * a bracket that is still open was forgotten.
 */
export function startsItem(cursor: Cursor, index: number, column: number): boolean {
  if (kindAt(cursor, index) !== Token.identifier || columnOf(cursor, index) > column) return false
  if (!isFirstOfLine(cursor, index)) return false
  const next = kindAt(cursor, index + 1)
  if (next === Token.equal || next === Token.openBrace) return true
  return next === Token.openQuote && endOf(cursor, index) < startOf(cursor, index + 1)
}

function isFirstOfLine(cursor: Cursor, index: number): boolean {
  const start = startOf(cursor, index)
  return cursor.text.slice(start - columnOf(cursor, index), start).trim() === ''
}

/** Units before the token on its line. */
function columnOf(cursor: Cursor, index: number): number {
  const start = startOf(cursor, index)
  return start - (start === 0 ? 0 : cursor.text.lastIndexOf('\n', start - 1) + 1)
}

/** White space at the start of the token's line. */
export function indentationAt(cursor: Cursor, index: number): number {
  const lineStart = startOf(cursor, index) - columnOf(cursor, index)
  let end = lineStart
  while (cursor.text.charCodeAt(end) === 0x20 || cursor.text.charCodeAt(end) === 0x09) end++
  return end - lineStart
}
