import { graphemeSegments } from '../base/graphemes.ts'

/** One text that was read: a file, a variable's value from a flag, an expression typed at the console. */
export interface Source {
  /** As a person would name it: a path relative to the project, `-var`, `<console>`. */
  readonly name: string
  readonly text: string
}

/** Half-open range of UTF-16 offsets into a source. Lines and columns are counted only when somebody looks. */
export interface SourceRange {
  readonly source: Source
  readonly start: number
  readonly end: number
}

/** Line and column count from 1; columns count grapheme clusters; `byte` counts UTF-8 bytes from 0. */
export interface Position {
  readonly line: number
  readonly column: number
  readonly byte: number
}

const lineStartsOf = new WeakMap<Source, readonly number[]>()

/** Offsets at which lines start; the first is 0. A CRLF belongs to the line that it ends. */
export function lineStarts(source: Source): readonly number[] {
  const known = lineStartsOf.get(source)
  if (known) return known
  const starts = [0]
  for (let at = source.text.indexOf('\n'); at >= 0; at = source.text.indexOf('\n', at + 1)) starts.push(at + 1)
  lineStartsOf.set(source, starts)
  return starts
}

/** Index of the line, from 0, that holds the offset. */
export function lineIndexAt(source: Source, offset: number): number {
  const starts = lineStarts(source)
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return low
}

export function positionAt(source: Source, offset: number): Position {
  const lineIndex = lineIndexAt(source, offset)
  const lineStart = lineStarts(source)[lineIndex] ?? 0
  return {
    line: lineIndex + 1,
    // A byte order mark has no width.
    column: countGraphemes(source.text.slice(lineStart, offset).replace(/^\ufeff/, '')) + 1,
    byte: Buffer.byteLength(source.text.slice(0, offset), 'utf8'),
  }
}

/** The text of a line, from 0, without its line ending. */
export function lineText(source: Source, lineIndex: number): string {
  const starts = lineStarts(source)
  const end = starts[lineIndex + 1] ?? source.text.length + 1
  return source.text.slice(starts[lineIndex], end - 1).replace(/\r$/, '')
}

export function countGraphemes(text: string): number {
  // ASCII without CR has one grapheme cluster a character; segmenting is 100 times slower.
  if (/^[\x00-\x0c\x0e-\x7f]*$/.test(text)) return text.length
  let count = 0
  for (const _ of graphemeSegments(text)) count++
  return count
}
