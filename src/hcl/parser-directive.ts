import { suggest } from '../base/suggest.ts'
import { type Cursor, failAt, isKeyword, kindAt, peekIndex, takeIf, textOf } from './parser-cursor.ts'
import { parseForIntroduction } from './parser-for.ts'
import type { Piece } from './template-piece.ts'
import { Token } from './token.ts'

const keywords = ['if', 'else', 'endif', 'for', 'endfor'] as const

/** Parses what stands in `%{ … }` up to its end. */
export function parseDirective(cursor: Cursor, start: number): Exclude<Piece, { kind: 'text' }> {
  const index = peekIndex(cursor)
  const keyword = keywords.find(word => isKeyword(cursor, index, word))
  const position = { start, end: start }
  if (keyword === undefined) {
    reportUnknown(cursor, index)
    return { kind: 'unknown', ...position }
  }
  cursor.at = index + 1
  if (keyword === 'if') return { kind: 'if', condition: cursor.parseExpression(cursor), ...position }
  if (keyword === 'for') return { kind: 'for', ...parseForIntroduction(cursor, 'hcl/invalid-directive'), ...position }
  cursor.height = 0
  return { kind: keyword, ...position }
}

function reportUnknown(cursor: Cursor, index: number): void {
  const isName = kindAt(cursor, index) === Token.identifier
  const word = textOf(cursor, index)
  const near = isName ? suggest(word, keywords) : []
  failAt(cursor, index, {
    code: 'hcl/invalid-directive',
    summary: isName ? `There is no template directive "${word}"` : 'A template directive begins with a keyword',
    detail: 'The directives are %{ if … }, %{ else }, %{ endif }, %{ for … in … } and %{ endfor }. To write %{ as text, write %%{.',
    ...(near.length > 0 ? { suggestions: near } : {}),
  })
  takeIf(cursor, Token.identifier)
}
