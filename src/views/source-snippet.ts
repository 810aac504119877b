import { lineIndexAt, lineStarts, lineText, type SourceRange } from '../diagnostics/source.ts'
import type { Style } from './style.ts'
import { displayWidth, showControls, takeCells } from './text-width.ts'

/** Cells of the line number; ` │ ` follows it. */
const NUMBER_WIDTH = 5
const TAB = '    '

export interface SnippetOptions {
  /** Printed after the caret. */
  readonly label?: string
  /** Shows the line above as well, where it tells what the line is in. */
  readonly context?: boolean
}

/** The source line of a range with carets under it, as lines; a line that is too wide is windowed around the carets. */
export function sourceSnippet(range: SourceRange, style: Style, options: SnippetOptions = {}): string[] {
  const lineIndex = lineIndexAt(range.source, range.start)
  const lineStart = lineStarts(range.source)[lineIndex] ?? 0
  const text = lineText(range.source, lineIndex)
  // A range of several lines is underlined to the end of its first.
  const end = Math.min(Math.max(range.end, range.start), lineStart + text.length)
  const before = shown(text.slice(0, range.start - lineStart))
  const marked = shown(text.slice(range.start - lineStart, end - lineStart))
  const after = shown(text.slice(Math.max(range.start, end) - lineStart))
  const window = windowed({ before, marked, after }, style.width - NUMBER_WIDTH - 3, style.glyphs.ellipsis)
  const carets = '^'.repeat(Math.max(1, displayWidth(window.marked)))
  const label = options.label === undefined ? '' : ` ${options.label}`
  return [
    ...(options.context && lineIndex > 0 ? [numbered(lineIndex, shown(lineText(range.source, lineIndex - 1)), style)] : []),
    numbered(lineIndex + 1, window.before + window.marked + window.after, style),
    `${gutter('', style)} ${' '.repeat(displayWidth(window.before))}${style.paint.remove(carets + label)}`,
  ]
}

function numbered(line: number, text: string, style: Style): string {
  const cut = takeCells(text, style.width - NUMBER_WIDTH - 3)
  return `${gutter(String(line), style)} ${cut}`.trimEnd()
}

function gutter(label: string, style: Style): string {
  return style.paint.secondary(`${label.padStart(NUMBER_WIDTH)} ${style.glyphs.bar}`)
}

function shown(text: string): string {
  return showControls(text.replaceAll('\t', TAB))
}

interface Parts {
  readonly before: string
  readonly marked: string
  readonly after: string
}

/** Cuts what is left and right of the marked part until the whole fits, and puts an ellipsis where it cut. */
function windowed(parts: Parts, width: number, ellipsis: string): Parts {
  const whole = displayWidth(parts.before) + displayWidth(parts.marked) + displayWidth(parts.after)
  if (whole <= width) return parts
  const marked = takeCells(parts.marked, width - 2 * ellipsis.length)
  const cutMark = marked.length < parts.marked.length
  const room = width - displayWidth(marked)
  const afterWidth = displayWidth(parts.after)
  const beforeWidth = displayWidth(parts.before)
  // The left side gets half of the room, and what the right side does not need.
  const left = Math.min(beforeWidth, Math.max(room >> 1, room - afterWidth))
  const before = left === beforeWidth ? parts.before : ellipsis + lastCells(parts.before, left - ellipsis.length)
  const right = room - displayWidth(before)
  const after = cutMark ? ellipsis : afterWidth <= right ? parts.after : takeCells(parts.after, right - ellipsis.length) + ellipsis
  return { before, marked, after }
}

function lastCells(text: string, width: number): string {
  let kept = text
  while (kept !== '' && displayWidth(kept) > width) kept = kept.slice(String.fromCodePoint(kept.codePointAt(0) ?? 0).length)
  return kept
}
