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
 * Index of the token that closes the one at `openIndex`; undefined when it is never closed, or something else is first.
 */
export function closerIndex(cursor: Cursor, openIndex: number): number | undefined {
  const open = [openIndex]
  for (let index = openIndex + 1; ; index++) {
    const kind = cursor.tokens.kinds[index] ?? Token.endOfFile
    if (kind === Token.endOfFile) return undefined
    if (closers.has(kind)) open.push(index)
    else if (kind === Token.missingQuote) {
      if (!close(cursor, open, Token.closeQuote)) return undefined
    } else if (closing.has(kind) && !close(cursor, open, kind)) return undefined
    if (open.length === 0) return index
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

/** Where a quote is missing, the brackets that should close on the line are inside of the string. */
function closeLine(cursor: Cursor, open: number[], index: number): void {
  const lineStart = cursor.text.lastIndexOf('\n', startOf(cursor, index) - 1) + 1
  while (open.length > 0 && startOf(cursor, open.at(-1) ?? 0) >= lineStart) open.pop()
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
export function columnOf(cursor: Cursor, index: number): number {
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
