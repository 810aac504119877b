import type { Attribute } from './ast.ts'
import {
  type Cursor,
  fail,
  invalidExpression,
  kindAt,
  peekIndex,
  previousEnd,
  rangeAt,
  rangeBetween,
  take,
  textOf,
} from './parser-cursor.ts'
import { Token } from './token.ts'

/** Parses `= value`, after the name. */
export function parseAttribute(cursor: Cursor, nameIndex: number): Attribute {
  const nameRange = rangeAt(cursor, nameIndex)
  take(cursor)
  const index = peekIndex(cursor)
  const kind = kindAt(cursor, index)
  const isMissing = kind === Token.newline || kind === Token.endOfFile || kind === Token.closeBrace
  if (isMissing) {
    const range = rangeAt(cursor, index)
    fail(cursor, {
      code: 'hcl/missing-value',
      summary: 'An argument needs a value',
      detail: 'Write an expression after "=", on the same line: a string, a number, or template("FILE").',
      subject: rangeBetween(cursor, range.start, kind === Token.closeBrace ? range.end : range.start),
    })
  }
  const expression = isMissing ? invalidExpression(cursor, index) : cursor.parseExpression(cursor)
  const end = Math.max(nameRange.end, previousEnd(cursor))
  return { kind: 'attribute', name: textOf(cursor, nameIndex), nameRange, expression, range: rangeBetween(cursor, nameRange.start, end) }
}
