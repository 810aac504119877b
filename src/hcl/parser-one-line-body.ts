import type { Attribute } from './ast.ts'
import { parseAttribute } from './parser-attribute.ts'
import { type Cursor, endOf, fail, failAt, kindAt, peekIndex, rangeBetween, startOf, textOf } from './parser-cursor.ts'
import { Token } from './token.ts'

/** Parses the one argument of `type { name = value }`, up to the brace. */
export function parseOneLineBody(cursor: Cursor): readonly Attribute[] {
  const nameIndex = peekIndex(cursor)
  if (kindAt(cursor, nameIndex) !== Token.identifier) {
    failAt(cursor, nameIndex, {
      code: 'hcl/one-line-block',
      summary: 'An argument or } is expected here',
      detail: 'A block on one line holds one argument. More are written on lines of their own.',
    })
    return []
  }
  cursor.at = nameIndex + 1
  const index = peekIndex(cursor)
  const kind = kindAt(cursor, index)
  if (kind !== Token.equal) {
    const opensBlock = kind === Token.openBrace || kind === Token.openQuote || kind === Token.identifier
    const name = textOf(cursor, nameIndex)
    fail(cursor, {
      code: 'hcl/one-line-block',
      summary: opensBlock ? 'A block on one line cannot hold another block' : `After the name ${name} an = is expected`,
      detail: opensBlock ? `Write the block ${name} on a line of its own.` : `An argument is written as ${name} = value.`,
      subject: rangeBetween(cursor, startOf(cursor, nameIndex), endOf(cursor, opensBlock ? index : nameIndex)),
    })
    return []
  }
  const attribute = parseAttribute(cursor, nameIndex)
  if (!cursor.failed) checkEnd(cursor)
  return [attribute]
}

function checkEnd(cursor: Cursor): void {
  const index = peekIndex(cursor)
  const kind = kindAt(cursor, index)
  if (kind === Token.closeBrace || kind === Token.endOfFile) return
  failAt(cursor, index, {
    code: 'hcl/one-line-block',
    summary:
      kind === Token.comma
        ? 'A block on one line holds one argument'
        : kind === Token.newline
          ? 'A block that has an argument on its first line ends on that line'
          : 'A } is expected after the argument of a block on one line',
    detail: 'Write } after the argument, or begin a new line after the { and give each argument a line of its own.',
  })
}
