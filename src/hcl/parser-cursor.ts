import { MAX_EXPRESSION_HEIGHT, MAX_NESTING_DEPTH } from '../base/limits.ts'
import type { DiagnosticInput } from '../diagnostics/diagnostic.ts'
import type { Report } from '../diagnostics/report.ts'
import type { Source, SourceRange } from '../diagnostics/source.ts'
import type { BlockLabel, Expression, InvalidExpression } from './ast.ts'
import { badTokenDiagnostic } from './parser-bad-token.ts'
import { Token, type TokenList } from './token.ts'

/** Where the parser stands. The functions of the parser-*.ts files move it forward. */
export interface Cursor {
  readonly source: Source
  readonly text: string
  readonly tokens: TokenList
  readonly report: Report
  /** Parses one expression. A field, because templates are in expressions and expressions in templates: imports cannot be in a circle. */
  readonly parseExpression: (cursor: Cursor) => Expression
  /** Index of the next token; newlines and comments are skipped only when it is looked at. */
  at: number
  /** Newlines end things here: so in bodies and objects, not inside of parentheses, lists and interpolations. */
  newlines: boolean
  /** Nesting at this point. */
  depth: number
  /** Height of the expression that was parsed last. */
  height: number
  /** An error was reported, and what follows up to the next safe place would only follow from it. */
  failed: boolean
  /** A string had no end on its line: what follows may be the rest of it, up to its quote. */
  openString: boolean
  /** Something without an end took the rest of the text: what is missing there only follows from it. */
  cutOff: boolean
  /** The top-level block that is being parsed, for messages; nested ones are seen on the lines around. */
  where: BlockName | undefined
}

export interface BlockName {
  readonly type: string
  readonly labels: readonly BlockLabel[]
}

export function createCursor(source: Source, tokens: TokenList, report: Report, parseExpression: Cursor['parseExpression']): Cursor {
  return {
    source,
    text: source.text,
    tokens,
    report,
    parseExpression,
    at: 0,
    newlines: false,
    depth: 0,
    height: 0,
    failed: false,
    openString: false,
    cutOff: false,
    where: undefined,
  }
}

const LINE_FEED = 0x0a

/** A line comment ends its line. */
export function isLineComment(cursor: Cursor, index: number): boolean {
  return cursor.text.charCodeAt((cursor.tokens.ends[index] ?? 0) - 1) === LINE_FEED
}

/** Index of the next token that means something here. */
export function peekIndex(cursor: Cursor): number {
  const { kinds } = cursor.tokens
  let index = cursor.at
  for (;;) {
    const kind = kinds[index]
    if (kind === Token.newline) {
      if (cursor.newlines) return index
    } else if (kind === Token.comment) {
      if (cursor.newlines && isLineComment(cursor, index)) return index
    } else return index
    index++
  }
}

/** Kind of the next token; a line comment counts as a newline. */
export function peek(cursor: Cursor): number {
  return kindAt(cursor, peekIndex(cursor))
}

export function kindAt(cursor: Cursor, index: number): number {
  const kind = cursor.tokens.kinds[index] ?? Token.endOfFile
  return kind === Token.comment ? Token.newline : kind
}

/** Takes the next token; answers with its index. The end of the file is never passed. */
export function take(cursor: Cursor): number {
  const index = peekIndex(cursor)
  cursor.at = kindAt(cursor, index) === Token.endOfFile ? index : index + 1
  return index
}

/** Takes the next token when it is of this kind. */
export function takeIf(cursor: Cursor, kind: number): boolean {
  const index = peekIndex(cursor)
  if (kindAt(cursor, index) !== kind) return false
  cursor.at = index + 1
  return true
}

export function startOf(cursor: Cursor, index: number): number {
  return cursor.tokens.starts[index] ?? cursor.text.length
}

export function endOf(cursor: Cursor, index: number): number {
  return cursor.tokens.ends[index] ?? cursor.text.length
}

export function textOf(cursor: Cursor, index: number): string {
  return cursor.text.slice(startOf(cursor, index), endOf(cursor, index))
}

/** Whether the next token is this word; no word of the language is reserved. */
export function isKeyword(cursor: Cursor, index: number, word: string): boolean {
  const start = startOf(cursor, index)
  return kindAt(cursor, index) === Token.identifier && endOf(cursor, index) - start === word.length && cursor.text.startsWith(word, start)
}

/** End of the last token that was taken. */
export function previousEnd(cursor: Cursor): number {
  return cursor.at === 0 ? 0 : endOf(cursor, cursor.at - 1)
}

export function rangeBetween(cursor: Cursor, start: number, end: number): SourceRange {
  return { source: cursor.source, start, end }
}

/** A line comment that stands for a newline has the range of its newline. */
export function rangeAt(cursor: Cursor, index: number): SourceRange {
  const end = endOf(cursor, index)
  const start = cursor.tokens.kinds[index] === Token.comment && isLineComment(cursor, index) ? end - 1 : startOf(cursor, index)
  return rangeBetween(cursor, start, end)
}

/** Reports an error after which parsing goes on as if nothing had been. */
export function complain(cursor: Cursor, diagnostic: DiagnosticInput): void {
  if (cursor.failed || cursor.cutOff) return
  cursor.report.error(cursor.where === undefined ? diagnostic : { where: whereText(cursor.where), ...diagnostic })
}

function whereText({ type, labels }: BlockName): string {
  return `in ${[type, ...labels.map(label => `"${label.text}"`)].join(' ')}`
}

/** Reports an error, and no further one until somebody has found a safe place and says so (`failed = false`). */
export function fail(cursor: Cursor, diagnostic: DiagnosticInput): void {
  complain(cursor, diagnostic)
  cursor.failed = true
}

/** Fails at a token; when the token itself is not of the language, that is what the message says. */
export function failAt(cursor: Cursor, index: number, diagnostic: Omit<DiagnosticInput, 'subject'>): void {
  const subject = rangeAt(cursor, index)
  const bad = badTokenDiagnostic(kindAt(cursor, index), textOf(cursor, index), subject)
  fail(cursor, bad ?? { ...diagnostic, subject })
  cursor.cutOff ||= bad?.code === 'hcl/unterminated-comment'
}

/** Goes one level down; says so and answers false where the nesting is too deep. Each `descend` has its `ascend`. */
export function descend(cursor: Cursor, index: number): boolean {
  cursor.depth++
  if (cursor.depth <= MAX_NESTING_DEPTH) return true
  fail(cursor, {
    code: 'hcl/too-deep',
    summary: `This is nested more than ${MAX_NESTING_DEPTH} levels deep`,
    detail: 'Give an inner part a name with a local value, and refer to it.',
    subject: rangeAt(cursor, index),
  })
  return false
}

export function ascend(cursor: Cursor): void {
  cursor.depth--
}

/** Notes that an expression of this height was made, and fails where it is too high for those who walk over it. */
export function setHeight(cursor: Cursor, height: number, start: number, end: number): void {
  cursor.height = height
  if (height <= MAX_EXPRESSION_HEIGHT) return
  fail(cursor, {
    code: 'hcl/too-deep',
    summary: `This expression has more than ${MAX_EXPRESSION_HEIGHT} operations inside each other`,
    detail: 'Give a part of it a name with a local value, and refer to it.',
    subject: rangeBetween(cursor, start, end),
  })
}

export function invalidExpression(cursor: Cursor, index: number): InvalidExpression {
  cursor.height = 1
  return { kind: 'invalid', range: rangeAt(cursor, index) }
}
