import type { BlockLabel } from './ast.ts'
import {
  type Cursor,
  complain,
  endOf,
  failAt,
  kindAt,
  peekIndex,
  previousEnd,
  rangeAt,
  rangeBetween,
  startOf,
  textOf,
} from './parser-cursor.ts'
import { closerIndex } from './parser-recovery.ts'
import { parsePlainString, parseTemplateExpression } from './parser-template.ts'
import { Token } from './token.ts'

/** Parses the labels of a block up to its `{`, which is not taken. */
export function parseLabels(cursor: Cursor): readonly BlockLabel[] {
  const labels: BlockLabel[] = []
  for (;;) {
    const index = peekIndex(cursor)
    const kind = kindAt(cursor, index)
    if (kind === Token.identifier) {
      cursor.at = index + 1
      labels.push({ text: textOf(cursor, index), quoted: false, range: rangeAt(cursor, index) })
    } else if (kind === Token.openQuote) {
      labels.push(parseQuotedLabel(cursor, index))
      if (cursor.failed) return labels
    } else {
      if (kind !== Token.openBrace) failAtLabel(cursor, index, kind)
      return labels
    }
  }
}

/** A label is known before anything is evaluated, so nothing can be inserted into it. */
function parseQuotedLabel(cursor: Cursor, index: number): BlockLabel {
  const start = startOf(cursor, index)
  const plain = parsePlainString(cursor, index)
  if (plain !== undefined) return { text: plain, quoted: true, range: rangeBetween(cursor, start, previousEnd(cursor)) }
  const closeIndex = closerIndex(cursor, index)
  for (let i = index + 1; closeIndex !== undefined && i < closeIndex; i++) {
    const kind = kindAt(cursor, i)
    if (kind !== Token.interpolation && kind !== Token.directive) continue
    complain(cursor, {
      code: 'hcl/template-in-label',
      summary: 'A label is a plain string',
      detail: `Nothing can be inserted here. To write ${textOf(cursor, i)} as text, double its first character.`,
      subject: rangeAt(cursor, i),
    })
    cursor.at = closeIndex + 1
    return {
      text: cursor.text.slice(endOf(cursor, index), startOf(cursor, closeIndex)),
      quoted: true,
      range: rangeBetween(cursor, start, endOf(cursor, closeIndex)),
    }
  }
  const { parts } = parseTemplateExpression(cursor)
  const text = parts.map(part => (part.kind === 'text' ? part.text : '')).join('')
  return { text, quoted: true, range: rangeBetween(cursor, start, previousEnd(cursor)) }
}

function failAtLabel(cursor: Cursor, index: number, kind: number): void {
  if (kind === Token.equal) {
    failAt(cursor, index, {
      code: 'hcl/invalid-block-header',
      summary: 'A block is written without =',
      detail: 'An argument is name = value, a block is type "name" { … }. Remove the =, or all but one name before it.',
    })
  } else if (kind === Token.newline || kind === Token.endOfFile) {
    failAt(cursor, index, {
      code: 'hcl/invalid-block-header',
      summary: 'A { is expected on this line',
      detail: 'A block is written as type "name" { … }, with the { on the line of its type. An argument is written as name = value.',
    })
  } else {
    failAt(cursor, index, {
      code: 'hcl/invalid-block-header',
      summary: 'A label or { is expected here',
      detail: 'A block is written as type "name" { … }, and its labels are names or strings. An argument is written as name = value.',
    })
  }
}
