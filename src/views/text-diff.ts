import { type DiffLine, diffTexts, splitLines, type TextSpan } from '../plan/text-diff.ts'
import { formatCount } from './format-number.ts'
import type { Style } from './style.ts'
import { displayWidth, showControls } from './text-width.ts'

export const CONTEXT_LINES = 3
/** Added and removed lines of one argument. */
export const DIFF_LINES_MAX = 40
/** Lines of a text that is new or gone. */
const WHOLE_TEXT_LINES = 3
const NUMBER_WIDTH_MIN = 2

export interface TextDiffOptions {
  /** Cells before the line numbers. */
  readonly indent: number
  /** Nothing is folded. */
  readonly verbose?: boolean
  /** The command that shows what is cut: `flowrun diff prompt.answer@7`. */
  readonly moreCommand?: string
}

/** A changed text as lines: numbers of the file, the sign outside of the bar, changed words marked. */
export function textDiffLines(before: string, after: string, style: Style, options: TextDiffOptions): readonly string[] {
  const { lines } = diffTexts(before, after)
  const gutter = gutterOf(lines.length, style, options.indent)
  const endsDiffer = before.endsWith('\n') !== after.endsWith('\n')
  const shown = options.verbose ? lines.map(line => [line] as const) : foldedLines(lines)
  const output: string[] = []
  let changed = 0
  for (const entry of shown) {
    const [line] = entry
    if (typeof line === 'number') {
      output.push(`${gutter.blank} ${style.paint.secondary(`${style.glyphs.ellipsis} ${countOf(line, 'unchanged line')}`)}`)
      continue
    }
    if (line.kind !== 'same') changed++
    if (changed > DIFF_LINES_MAX && !options.verbose) break
    output.push(...diffLine(line, gutter, style, endsDiffer))
  }
  const hidden = lines.filter(line => line.kind !== 'same').length - DIFF_LINES_MAX
  if (hidden > 0 && !options.verbose) output.push(`${gutter.blank} ${moreText(hidden, style, options.moreCommand)}`)
  return output
}

function moreText(hidden: number, style: Style, command: string | undefined): string {
  const text = `${style.glyphs.ellipsis} ${countOf(hidden, 'more changed line')}`
  return style.paint.secondary(command === undefined ? text : `${text}: ${command}`)
}

/** A text that is new or gone: its first lines. */
export function wholeTextLines(text: string, sign: '+' | '-', style: Style, options: TextDiffOptions): readonly string[] {
  const lines = splitLines(text).map(line => line.replace(/\n$/, ''))
  // One line more takes no more room than saying so.
  const shown = options.verbose || lines.length <= WHOLE_TEXT_LINES + 1 ? lines : lines.slice(0, WHOLE_TEXT_LINES)
  const gutter = gutterOf(lines.length, style, options.indent)
  const kind = sign === '+' ? 'added' : 'removed'
  const output = shown.flatMap((line, index) => diffLine({ kind, text: line, number: index + 1 }, gutter, style, false))
  const hidden = lines.length - shown.length
  if (hidden > 0) output.push(`${gutter.blank} ${style.paint.secondary(`${style.glyphs.ellipsis} ${countOf(hidden, 'more line')}`)}`)
  return output
}

interface Gutter {
  readonly numbered: (number: number, sign: string) => string
  /** Up to the bar and with it, for a line without a number. */
  readonly blank: string
}

function gutterOf(lineCount: number, style: Style, indent: number): Gutter {
  const width = Math.max(NUMBER_WIDTH_MIN, String(lineCount).length)
  const { bar } = style.glyphs
  return {
    numbered: (number, sign) => `${' '.repeat(indent)}${String(number).padStart(width)} ${sign} ${bar}`,
    blank: `${' '.repeat(indent + width + 3)}${bar}`,
  }
}

const SIGNS = { same: ' ', removed: '-', added: '+' } as const

function diffLine(line: DiffLine, gutter: Gutter, style: Style, endsDiffer: boolean): readonly string[] {
  const ending = line.noNewline && endsDiffer ? ' (no newline at end)' : ''
  const head = gutter.numbered(line.number, SIGNS[line.kind])
  const marks = line.marks ?? []
  if (line.kind === 'same') return [`${head} ${visible(line.text)}${ending}`.trimEnd()]
  const paint = line.kind === 'added' ? style.paint.add : style.paint.remove
  if (style.paint.colored) return [paint(`${head} ${markedText(line.text, marks, style)}${ending}`.trimEnd())]
  const text = `${head} ${visible(line.text)}${ending}`.trimEnd()
  return marks.length === 0 ? [text] : [text, `${gutter.blank} ${markLine(line.text, marks)}`]
}

/** Trailing white space as dots, control characters as one sign, tabs as four cells, so that marks stand under their words. */
function visible(text: string): string {
  const trailing = /\s+$/.exec(text)?.[0].length ?? 0
  const body = text.slice(0, text.length - trailing).replaceAll('\t', '    ')
  return showControls(body) + '·'.repeat(trailing)
}

function markedText(text: string, marks: readonly TextSpan[], style: Style): string {
  let output = ''
  let at = 0
  for (const { start, end } of marks) {
    output += visiblePart(text, at, start) + style.paint.mark(visiblePart(text, start, end))
    at = end
  }
  return output + visiblePart(text, at, text.length)
}

function markLine(text: string, marks: readonly TextSpan[]): string {
  let output = ''
  let at = 0
  for (const { start, end } of marks) {
    output += ' '.repeat(displayWidth(visiblePart(text, at, start))) + '~'.repeat(displayWidth(visiblePart(text, start, end)))
    at = end
  }
  return output
}

/** A part of a line as `visible` shows it there. */
function visiblePart(text: string, start: number, end: number): string {
  const part = text.slice(start, end)
  return text.slice(end).trim() === '' ? visible(part) : showControls(part.replaceAll('\t', '    '))
}

export type FoldedEntry = readonly [line: DiffLine] | readonly [hidden: number]

/**
 * Keeps the lines around each change. Blank lines at the outer edges of a context say nothing and are folded too; a
 * single hidden line is shown, for saying that it is hidden takes as much room.
 */
export function foldedLines(lines: readonly DiffLine[]): readonly FoldedEntry[] {
  const kept = keptLines(lines)
  const entries: FoldedEntry[] = []
  for (let i = 0; i < lines.length; ) {
    let end = i
    while (end < lines.length && !kept[end]) end++
    if (end - i > 1) entries.push([end - i])
    const line = lines[end - i > 1 ? end : i]
    if (line !== undefined) entries.push([line])
    i = end - i > 1 ? end + 1 : i + 1
  }
  return entries
}

function keptLines(lines: readonly DiffLine[]): readonly boolean[] {
  const kept = lines.map(line => line.kind !== 'same')
  const isBlank = (index: number) => lines[index]?.text.trim() === ''
  for (const [index, line] of lines.entries()) {
    if (line.kind === 'same') continue
    for (const step of [-1, 1]) {
      let reach = CONTEXT_LINES
      while (reach > 0 && (lines[index + step * reach] === undefined || isBlank(index + step * reach))) reach--
      for (let distance = 1; distance <= reach; distance++) kept[index + step * distance] = true
    }
  }
  return kept
}

function countOf(number: number, noun: string): string {
  return `${formatCount(number)} ${noun}${number === 1 ? '' : 's'}`
}
