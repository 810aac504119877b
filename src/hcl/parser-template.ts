import type { TemplateExpression, TemplatePart } from './ast.ts'
import {
  type Cursor,
  endOf,
  fail,
  failAt,
  kindAt,
  peekIndex,
  previousEnd,
  rangeAt,
  rangeBetween,
  startOf,
  take,
  textOf,
} from './parser-cursor.ts'
import { parseDirective } from './parser-directive.ts'
import { boundaryOf } from './parser-recovery.ts'
import { decodePlainText, decodeQuotedText } from './parser-text.ts'
import { dedent, type Piece, strip } from './template-piece.ts'
import { templateTree } from './template-tree.ts'
import { Token } from './token.ts'

/** Parses a quoted string or a heredoc, of which the next token is the opening. */
export function parseTemplateExpression(cursor: Cursor): TemplateExpression {
  const openIndex = take(cursor)
  return kindAt(cursor, openIndex) === Token.openQuote ? parseQuoted(cursor, openIndex) : parseHeredoc(cursor, openIndex)
}

function parseQuoted(cursor: Cursor, openIndex: number): TemplateExpression {
  const start = startOf(cursor, openIndex)
  const plain = parsePlainString(cursor, openIndex)
  if (plain !== undefined) return plainTemplate(cursor, openIndex, plain)
  const pieces = parsePieces(cursor, Token.closeQuote)
  // The quote may be missed because the code of an interpolation swallowed it: then that was reported.
  if (kindAt(cursor, cursor.at) === Token.closeQuote) cursor.at++
  else reportMissingQuote(cursor, start)
  const end = previousEnd(cursor)
  return templateOf(cursor, 'quoted', pieces, start, end, end - 1)
}

/** The value of a string without escapes and sequences, the most common one; otherwise nothing is taken. */
export function parsePlainString(cursor: Cursor, openIndex: number): string | undefined {
  const { kinds } = cursor.tokens
  const isText = kinds[openIndex + 1] === Token.quotedText
  const closeIndex = isText ? openIndex + 2 : openIndex + 1
  if (kinds[closeIndex] !== Token.closeQuote) return undefined
  const text = isText ? textOf(cursor, openIndex + 1) : ''
  if (text.includes('\\') || text === '$${' || text === '%%{') return undefined
  cursor.at = closeIndex + 1
  return text
}

function plainTemplate(cursor: Cursor, openIndex: number, text: string): TemplateExpression {
  const start = startOf(cursor, openIndex)
  const end = previousEnd(cursor)
  const parts: readonly TemplatePart[] = text === '' ? [] : [{ kind: 'text', text, range: rangeAt(cursor, openIndex + 1) }]
  cursor.height = 1
  return { kind: 'template', form: 'quoted', parts, isWrap: false, range: rangeBetween(cursor, start, end) }
}

function reportMissingQuote(cursor: Cursor, start: number): void {
  const index = cursor.at
  const isFirst = !cursor.failed
  fail(cursor, {
    code: 'hcl/unterminated-string',
    summary: 'This string has no closing quote',
    detail: 'Add " at the end of the string. A text of several lines is written as <<-EOT … EOT.',
    subject: rangeBetween(cursor, start, startOf(cursor, index)),
    label: 'it opens here',
  })
  if (kindAt(cursor, index) !== Token.missingQuote) return
  cursor.at++
  cursor.openString = isFirst
}

function parseHeredoc(cursor: Cursor, openIndex: number): TemplateExpression {
  const start = startOf(cursor, openIndex)
  const pieces = parsePieces(cursor, Token.closeHeredoc)
  const closeIndex = cursor.at
  if (kindAt(cursor, closeIndex) === Token.closeHeredoc) cursor.at++
  else reportMissingMarker(cursor, openIndex)
  const flush = cursor.text.charAt(start + 2) === '-'
  if (flush) dedent(pieces)
  return templateOf(cursor, 'heredoc', pieces, start, previousEnd(cursor), startOf(cursor, closeIndex))
}

function reportMissingMarker(cursor: Cursor, openIndex: number): void {
  const opening = textOf(cursor, openIndex).trimEnd()
  const marker = opening.replace(/^<<-?/, '')
  const start = startOf(cursor, openIndex)
  fail(cursor, {
    code: 'hcl/unterminated-heredoc',
    summary: `This text has no closing ${marker}`,
    detail: `Write ${marker} alone on a line where the text ends, with a newline after it.`,
    subject: rangeBetween(cursor, start, start + opening.length),
    label: 'it opens here',
  })
  cursor.cutOff = true
}

/** Parses a text that is a template from its first character to its last. */
export function parseTemplateText(cursor: Cursor): TemplateExpression {
  const pieces = parsePieces(cursor, Token.endOfFile)
  return templateOf(cursor, 'file', pieces, 0, cursor.text.length, cursor.text.length)
}

function templateOf(
  cursor: Cursor,
  form: TemplateExpression['form'],
  pieces: readonly Piece[],
  start: number,
  end: number,
  innerEnd: number,
): TemplateExpression {
  strip(pieces)
  const isWrap = pieces.length === 1 && pieces[0]?.kind === 'interpolation'
  const parts = templateTree(cursor, pieces, innerEnd, end)
  cursor.height++
  return { kind: 'template', form, parts, isWrap, range: rangeBetween(cursor, start, end) }
}

/** The sequences and the texts between them, up to a token of the kind `end`, which is not taken. */
function parsePieces(cursor: Cursor, end: number): Piece[] {
  const pieces: Piece[] = []
  let height = 0
  for (;;) {
    const index = cursor.at
    const kind = kindAt(cursor, index)
    if (kind === end || kind === Token.endOfFile || kind === Token.missingQuote) break
    if (kind === Token.quotedText || kind === Token.plainText) {
      cursor.at++
      const text = kind === Token.quotedText ? decodeQuotedText(cursor, index) : decodePlainText(cursor, index)
      pieces.push({ kind: 'text', text, start: startOf(cursor, index), end: endOf(cursor, index) })
    } else if (kind === Token.interpolation || kind === Token.directive) {
      const before = endOf(cursor, index) - startOf(cursor, index) === '${~'.length
      const piece = parseSequence(cursor, kind)
      pieces.push(piece)
      height = Math.max(height, cursor.height)
      const last = cursor.at - 1
      const after = kindAt(cursor, last) === Token.sequenceEnd && endOf(cursor, last) - startOf(cursor, last) === '~}'.length
      if (before || after) piece.strip = { before, after }
    } else break
  }
  cursor.height = height
  return pieces
}

function parseSequence(cursor: Cursor, kind: number): Exclude<Piece, { kind: 'text' }> {
  const openIndex = cursor.at
  const start = startOf(cursor, openIndex)
  const { newlines } = cursor
  const wasFailed = cursor.failed
  cursor.at++
  cursor.newlines = false
  const piece = kind === Token.interpolation ? parseInterpolation(cursor, start) : parseDirective(cursor, start)
  closeSequence(cursor, openIndex)
  cursor.newlines = newlines
  if (cursor.failed && !wasFailed) leaveSequence(cursor, openIndex)
  piece.end = previousEnd(cursor)
  return piece
}

function parseInterpolation(cursor: Cursor, start: number): Exclude<Piece, { kind: 'text' }> {
  return { kind: 'interpolation', expression: cursor.parseExpression(cursor), start, end: start }
}

function closeSequence(cursor: Cursor, openIndex: number): void {
  const index = peekIndex(cursor)
  const kind = kindAt(cursor, index)
  if (kind === Token.sequenceEnd) {
    cursor.at = index + 1
    return
  }
  const opening = textOf(cursor, openIndex)
  const hint = `To write ${opening} as text, double its first character: ${opening.charAt(0)}${opening}`
  if (endsTemplate(kind) || isOnLaterLine(cursor, index) || !boundaryOf(cursor, openIndex).isClosed) {
    fail(cursor, {
      code: 'hcl/unclosed-sequence',
      summary: `This ${opening} is not closed`,
      detail: `Add } where it should end. ${hint}`,
      subject: rangeAt(cursor, openIndex),
    })
    cursor.cutOff ||= kind === Token.endOfFile
    return
  }
  failAt(cursor, index, {
    code: 'hcl/extra-characters',
    summary: `Only one expression can stand in ${opening} … }`,
    detail: `The expression ends before this, and } is expected. ${hint}`,
  })
}

/** After an expression these belong to the template around it, and the brace is missing. */
function endsTemplate(kind: number): boolean {
  switch (kind) {
    case Token.endOfFile:
    case Token.openQuote:
    case Token.closeQuote:
    case Token.missingQuote:
    case Token.closeHeredoc:
      return true
    default:
      return false
  }
}

function isOnLaterLine(cursor: Cursor, index: number): boolean {
  return cursor.text.slice(previousEnd(cursor), startOf(cursor, index)).includes('\n')
}

/** Goes on behind the sequence, or at the end of the template around it: one wrong sequence costs no other. */
function leaveSequence(cursor: Cursor, openIndex: number): void {
  const { index, isClosed } = boundaryOf(cursor, openIndex)
  const next = isClosed ? index + 1 : index
  if (next < cursor.at) return
  cursor.at = next
  if (isClosed || kindAt(cursor, index) === Token.closeHeredoc) cursor.failed = false
}
