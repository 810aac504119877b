import { lineIndexAt } from '../diagnostics/source.ts'
import type { Attribute, Block, Body } from './ast.ts'
import { parseAttribute } from './parser-attribute.ts'
import {
  ascend,
  type BlockName,
  type Cursor,
  complain,
  descend,
  fail,
  failAt,
  kindAt,
  peekIndex,
  previousEnd,
  rangeAt,
  rangeBetween,
  startOf,
  takeIf,
  textOf,
} from './parser-cursor.ts'
import { parseLabels } from './parser-label.ts'
import { parseOneLineBody } from './parser-one-line-body.ts'
import { recoverAfterItem, skipRestOfString } from './parser-recovery.ts'
import { reportUnclosedBlock } from './parser-unclosed-block.ts'
import { isBadToken, Token } from './token.ts'

type Item = Attribute | Block

/** Parses a whole file. */
export function parseFile(cursor: Cursor): Body {
  cursor.newlines = true
  const items = parseItems(cursor, Token.endOfFile)
  return { kind: 'body', items, range: rangeBetween(cursor, 0, cursor.text.length) }
}

/** Items up to a token of the kind `end`, or the end of the file; it is not taken. */
function parseItems(cursor: Cursor, end: number): readonly Item[] {
  const items: Item[] = []
  for (;;) {
    const index = peekIndex(cursor)
    const kind = kindAt(cursor, index)
    if (kind === end || kind === Token.endOfFile) {
      checkDuplicates(cursor, items)
      return items
    }
    if (kind === Token.newline) {
      cursor.at = index + 1
      continue
    }
    if (skipRestOfString(cursor, index)) continue
    const item = parseItem(cursor, index)
    if (cursor.failed) recoverAfterItem(cursor, index)
    if (!item) continue
    items.push(item)
  }
}

const SMALL_BODY = 16

/** Reports arguments that are given twice. Comparing few names is several times cheaper than a map of them. */
function checkDuplicates(cursor: Cursor, items: readonly Item[]): void {
  const names = items.length > SMALL_BODY ? new Map<string, Attribute>() : undefined
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    if (item?.kind !== 'attribute') continue
    const first = names ? names.get(item.name) : firstNamed(items, item.name)
    if (first && first !== item) reportDuplicate(cursor, item, first)
    else names?.set(item.name, item)
  }
}

function firstNamed(items: readonly Item[], name: string): Attribute | undefined {
  for (const item of items) if (item.kind === 'attribute' && item.name === name) return item
  return undefined
}

function reportDuplicate(cursor: Cursor, attribute: Attribute, first: Attribute): void {
  complain(cursor, {
    code: 'hcl/duplicate-argument',
    summary: `The argument "${attribute.name}" is given twice`,
    detail: `An argument is given once in a block. Remove one of them: the first is on line ${lineIndexAt(cursor.source, first.nameRange.start) + 1}.`,
    subject: attribute.nameRange,
    related: [{ range: first.nameRange, message: 'it is given here first' }],
  })
}

function parseItem(cursor: Cursor, index: number): Item | undefined {
  if (kindAt(cursor, index) !== Token.identifier) {
    failAtItem(cursor, index)
    return undefined
  }
  cursor.at = index + 1
  const next = peekIndex(cursor)
  switch (kindAt(cursor, next)) {
    case Token.equal:
      return parseLineOfAttribute(cursor, index)
    case Token.openQuote:
    case Token.openBrace:
    case Token.identifier:
      return parseBlock(cursor, index)
    default:
      failAtName(cursor, index, next)
      return undefined
  }
}

function failAtItem(cursor: Cursor, index: number): void {
  const kind = kindAt(cursor, index)
  if (kind === Token.openQuote) {
    failAt(cursor, index, {
      code: 'hcl/quoted-name',
      summary: 'The name of an argument is written without quotes',
      detail: 'Remove the quotes. In an object they may stand: { "a b" = 1 }.',
    })
  } else if (kind === Token.closeBrace) {
    failAt(cursor, index, {
      code: 'hcl/unmatched-brace',
      summary: 'This } closes nothing',
      detail: 'Remove it, or add the { that it belongs to.',
    })
    cursor.at = index + 1
  } else {
    failAt(cursor, index, {
      code: 'hcl/invalid-item',
      summary: 'An argument or a block is expected here',
      detail: 'An argument is written as name = value, a block as type "name" { … }.',
    })
  }
}

/** A name that neither `=` nor a block follows. What is not of the language at all is told instead. */
function failAtName(cursor: Cursor, index: number, next: number): void {
  const name = textOf(cursor, index)
  const kind = kindAt(cursor, next)
  const isLineEnd = kind === Token.newline || kind === Token.endOfFile
  const diagnostic = {
    code: 'hcl/invalid-item',
    summary: isLineEnd ? `The name ${name} stands alone here` : `After the name ${name} an = or a block is expected`,
    detail: `An argument is written as ${name} = value, a block as ${name} "name" { … }.`,
  } as const
  if (isBadToken(kind)) failAt(cursor, next, diagnostic)
  else fail(cursor, { ...diagnostic, subject: rangeAt(cursor, index) })
}

function parseLineOfAttribute(cursor: Cursor, nameIndex: number): Attribute {
  const attribute = parseAttribute(cursor, nameIndex)
  if (cursor.failed) return attribute
  const index = peekIndex(cursor)
  const kind = kindAt(cursor, index)
  if (kind === Token.newline) cursor.at = index + 1
  else if (kind === Token.comma) {
    failAt(cursor, index, {
      code: 'hcl/missing-newline',
      summary: 'Arguments are separated by newlines, not by commas',
      detail: 'Write each argument on a line of its own, without the comma.',
    })
  } else if (kind !== Token.endOfFile) {
    failAt(cursor, index, {
      code: 'hcl/missing-newline',
      summary: `The argument "${attribute.name}" ends before this, and a newline is expected`,
      detail: 'Write each argument on a line of its own. Text stands in double quotes.',
    })
  }
  return attribute
}

function parseBlock(cursor: Cursor, typeIndex: number): Block {
  const type = textOf(cursor, typeIndex)
  const typeRange = rangeAt(cursor, typeIndex)
  const { where } = cursor
  const labels = parseLabels(cursor)
  const lastLabel = labels.at(-1)
  const headerRange = lastLabel ? rangeBetween(cursor, typeRange.start, lastLabel.range.end) : typeRange
  const body = cursor.failed ? emptyBody(cursor) : parseBraces(cursor, typeIndex, cursor.where ?? { type, labels })
  cursor.where = where
  return {
    kind: 'block',
    type,
    typeRange,
    labels,
    body,
    headerRange,
    range: rangeBetween(cursor, typeRange.start, Math.max(headerRange.end, body.range.end)),
  }
}

function emptyBody(cursor: Cursor): Body {
  return { kind: 'body', items: [], range: rangeBetween(cursor, previousEnd(cursor), previousEnd(cursor)) }
}

function parseBraces(cursor: Cursor, typeIndex: number, where: BlockName): Body {
  const { where: outerWhere } = cursor
  const openIndex = peekIndex(cursor)
  const start = startOf(cursor, openIndex)
  cursor.at = openIndex + 1
  cursor.where = where
  const body = descend(cursor, typeIndex) ? parseBodyAfterBrace(cursor, openIndex, outerWhere) : []
  ascend(cursor)
  cursor.where = outerWhere
  const end = previousEnd(cursor)
  if (!cursor.failed) endBlock(cursor)
  return { kind: 'body', items: body, range: rangeBetween(cursor, start, end) }
}

function parseBodyAfterBrace(cursor: Cursor, openIndex: number, where: BlockName | undefined): readonly Item[] {
  const next = kindAt(cursor, peekIndex(cursor))
  const oneLine = next !== Token.newline && next !== Token.closeBrace && next !== Token.endOfFile
  const items = oneLine ? parseOneLineBody(cursor) : parseItems(cursor, Token.closeBrace)
  if (cursor.failed || takeIf(cursor, Token.closeBrace)) return items
  cursor.where = where
  reportUnclosedBlock(cursor, openIndex)
  return items
}

/** After `}` comes the end of the line. */
function endBlock(cursor: Cursor): void {
  const index = peekIndex(cursor)
  const kind = kindAt(cursor, index)
  if (kind === Token.newline) cursor.at = index + 1
  else if (kind !== Token.endOfFile) {
    failAt(cursor, index, {
      code: 'hcl/missing-newline',
      summary: 'A newline is expected after a block',
      detail: 'Write what follows the } on a line of its own.',
    })
  }
}
