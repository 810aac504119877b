import type { Expression } from './ast.ts'
import { isSpace, trimSpacesEnd, trimSpacesStart } from './character.ts'

/** One piece of a template, before directives are matched with their ends. Offsets are those of the source. */
export type Piece =
  | TextPiece
  | InterpolationPiece
  | IfPiece
  | ForPiece
  | { readonly kind: 'else' | 'endif' | 'endfor' | 'unknown'; start: number; end: number }

/** Text of at most one line, escapes resolved. */
export interface TextPiece {
  readonly kind: 'text'
  text: string
  start: number
  end: number
}

interface InterpolationPiece {
  readonly kind: 'interpolation'
  readonly expression: Expression
  start: number
  end: number
}

export interface IfPiece {
  readonly kind: 'if'
  readonly condition: Expression
  start: number
  end: number
}

export interface ForPiece {
  readonly kind: 'for'
  readonly keyName: string | undefined
  readonly valueName: string
  readonly collection: Expression
  start: number
  end: number
}

/** What `~}` does to the text after it. */
export function stripStart(piece: TextPiece): void {
  piece.text = trimSpacesStart(piece.text)
}

/** What `${~` does to the text before it. */
export function stripEnd(piece: Piece | undefined): void {
  if (piece?.kind === 'text') piece.text = trimSpacesEnd(piece.text)
}

/**
 * Takes the indentation off that all lines of a flush heredoc have; lines of white space alone do not count. It works on
 * what the strip markers left, as HCL does: a line whose start was stripped away is not the start of a line any more.
 */
export function dedent(pieces: readonly Piece[]): void {
  const starts: TextPiece[] = []
  let least = Number.POSITIVE_INFINITY
  let atLineStart = true
  for (const piece of pieces) {
    if (atLineStart) {
      atLineStart = false
      const spaces = piece.kind === 'text' ? indentation(piece.text) : 0
      if (piece.kind === 'text' && spaces < Number.POSITIVE_INFINITY) starts.push(piece)
      least = Math.min(least, spaces)
    }
    if (piece.kind === 'text' && piece.text.endsWith('\n')) atLineStart = true
  }
  for (const piece of starts) {
    piece.text = piece.text.slice(least)
    piece.start += least
  }
}

function indentation(text: string): number {
  let spaces = 0
  while (spaces < text.length && isSpace(text.charCodeAt(spaces))) spaces++
  return spaces === text.length && text.endsWith('\n') ? Number.POSITIVE_INFINITY : spaces
}
