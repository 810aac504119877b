import type { Expression, StripMarkers } from './ast.ts'
import { isSpace, trimSpacesEnd, trimSpacesStart } from './character.ts'

/** One piece of a template, before directives are matched with their ends. Offsets are those of the source. */
export type Piece =
  | TextPiece
  | InterpolationPiece
  | IfPiece
  | ForPiece
  | { readonly kind: 'else' | 'endif' | 'endfor' | 'unknown'; strip?: StripMarkers; start: number; end: number }

/** Text of at most one line, escapes resolved. */
export interface TextPiece {
  readonly kind: 'text'
  text: string
  strippedStart?: string
  strippedEnd?: string
  start: number
  end: number
}

interface InterpolationPiece {
  readonly kind: 'interpolation'
  readonly expression: Expression
  strip?: StripMarkers
  start: number
  end: number
}

export interface IfPiece {
  readonly kind: 'if'
  readonly condition: Expression
  strip?: StripMarkers
  start: number
  end: number
}

export interface ForPiece {
  readonly kind: 'for'
  readonly keyName: string | undefined
  readonly valueName: string
  readonly collection: Expression
  strip?: StripMarkers
  start: number
  end: number
}

/** Applies the strip markers: each takes the white space off its side of the text next to it, up to the end of that line. */
export function strip(pieces: readonly Piece[]): void {
  for (const [index, piece] of pieces.entries()) {
    if (piece.kind === 'text' || piece.strip === undefined) continue
    const [before, after] = [pieces[index - 1], pieces[index + 1]]
    if (piece.strip.after && after?.kind === 'text') {
      const kept = trimSpacesStart(after.text)
      after.strippedStart = after.text.slice(0, after.text.length - kept.length)
      after.text = kept
    }
    if (piece.strip.before && before?.kind === 'text') {
      const kept = trimSpacesEnd(before.text)
      before.strippedEnd = before.text.slice(kept.length)
      before.text = kept
    }
  }
}

/**
 * Takes the indentation off that all lines of a flush heredoc have; lines of white space alone do not count. It works
 * before the strip markers do, so that the line after `~}` loses its indentation like every other. HCL strips first, and
 * leaves it standing: a listed deviation.
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
