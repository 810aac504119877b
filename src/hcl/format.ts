import { MAX_NESTING_DEPTH } from '../base/limits.ts'
import { countGraphemes } from '../diagnostics/source.ts'
import { cleanUp } from './format-cleanup.ts'
import { spaceBetween } from './format-spacing.ts'
import { scan } from './scanner.ts'
import { bracketChange, Token, type TokenList } from './token.ts'

/**
 * The canonical layout of a text: two blanks for each open bracket, one blank between most tokens, `=` and comments
 * aligned on neighbouring lines. Comments and newlines stay, and tokens, but for what `cleanUp` changes. The result is that of
 * `terraform fmt`, byte for byte.
 */
export function formatSource(source: string): string {
  const text = cleanUp(source)
  const tokens = scan(text, 'normal')
  const spaces = new Int32Array(tokens.count)
  const layout: Layout = { text, tokens, spaces, lines: linesOf(text, tokens) }
  indent(layout)
  space(layout)
  align(layout, 'assign')
  align(layout, 'comment')
  return write(layout)
}

interface Layout {
  readonly text: string
  readonly tokens: TokenList
  /** Blanks before each token. */
  readonly spaces: Int32Array
  readonly lines: readonly Line[]
}

/** A line has up to three cells, each beginning where the one before ends. An empty cell has no width. */
interface Line {
  readonly lead: number
  /** From the `=` of an argument whose value ends on the line. */
  readonly assign: number
  /** A comment after something else. */
  readonly comment: number
  readonly end: number
}

const LINE_FEED = 0x0a

function endsLine(text: string, tokens: TokenList, index: number): boolean {
  const kind = tokens.kinds[index]
  return kind === Token.newline || (kind === Token.comment && text.charCodeAt((tokens.ends[index] ?? 0) - 1) === LINE_FEED)
}

/** A text of several lines is one token of its line here, so a line of the layout may be many of the text. */
function linesOf(text: string, tokens: TokenList): readonly Line[] {
  const lines: Line[] = []
  let start = 0
  for (let i = 0; i < tokens.count - 1; i++) {
    if (!endsLine(text, tokens, i)) continue
    lines.push(lineOf(tokens, start, i + 1))
    start = i + 1
  }
  if (start < tokens.count - 1) lines.push(lineOf(tokens, start, tokens.count - 1))
  return lines
}

function lineOf({ kinds }: TokenList, start: number, end: number): Line {
  const comment = end - start > 1 && kinds[end - 1] === Token.comment ? end - 1 : end
  for (let i = start + 1; i < comment; i++) {
    if (kinds[i] !== Token.equal) continue
    // Brackets that stay open begin a value of several lines, which is not aligned.
    let change = 0
    for (let j = i; j < comment; j++) change += bracketChange(kinds[j] ?? 0)
    return { lead: start, assign: change === 0 ? i : comment, comment, end }
  }
  return { lead: start, assign: comment, comment, end }
}

/**
 * A line that opens more brackets than it closes indents what follows by one level, however many they are; the level
 * ends when as many are closed.
 */
function indent({ tokens, spaces, lines }: Layout): void {
  const levels: number[] = []
  for (const line of lines) {
    if (tokens.kinds[line.lead] === Token.newline) continue
    let change = leadChange(tokens, line)
    for (let i = line.assign; i < line.comment; i++) change += bracketChange(tokens.kinds[i] ?? 0)
    if (change < 0) closeLevels(levels, -change)
    // More levels are an error anyway, and would make the text grow with their square.
    spaces[line.lead] = 2 * Math.min(levels.length, MAX_NESTING_DEPTH)
    if (change > 0) levels.push(change)
  }
}

/** Brackets in the text of a heredoc do not indent. */
function leadChange({ kinds }: TokenList, line: Line): number {
  let change = 0
  for (let i = line.lead; i < line.assign; i++) {
    const kind = kinds[i] ?? 0
    change += bracketChange(kind)
    if (kind === Token.openHeredoc) break
  }
  return change
}

function closeLevels(levels: number[], brackets: number): void {
  let rest = brackets
  while (rest > 0) {
    const level = levels.pop()
    if (level === undefined) return
    if (level > rest) levels.push(level - rest)
    rest -= level
  }
}

function space({ text, tokens, spaces, lines }: Layout): void {
  for (const { lead, assign, comment } of lines) {
    for (let i = lead + 1; i < comment; i++) {
      // Cells are apart: what stands before the first token of one does not matter.
      if (i === assign) continue
      const cell = i > assign ? assign : lead
      spaces[i] = spaceBetween(text, tokens, i - 2 >= cell ? i - 2 : -1, i - 1, i) ? 1 : 0
    }
  }
}

/** Aligns the cells of neighbouring lines that have them. */
function align(layout: Layout, cell: 'assign' | 'comment'): void {
  const { lines, spaces } = layout
  let first = 0
  while (first < lines.length) {
    let last = first
    let widest = 0
    const widths: number[] = []
    for (let line = lines[last]; line && hasCell(line, cell); line = lines[++last]) {
      const width = widthOf(layout, line.lead, line[cell])
      widths.push(width)
      widest = Math.max(widest, width)
    }
    widths.forEach((width, i) => {
      const line = lines[first + i]
      if (line) spaces[line[cell]] = widest - width + 1
    })
    first = last + 1
  }
}

function hasCell(line: Line, cell: 'assign' | 'comment'): boolean {
  return cell === 'assign' ? line.assign < line.comment : line.comment < line.end
}

function widthOf({ text, tokens, spaces }: Layout, from: number, to: number): number {
  let width = 0
  for (let i = from; i < to; i++) width += (spaces[i] ?? 0) + countGraphemes(text.slice(tokens.starts[i], tokens.ends[i]))
  return width
}

function write({ text, tokens, spaces }: Layout): string {
  let written = ''
  for (let i = 0; i < tokens.count; i++) written += ' '.repeat(spaces[i] ?? 0) + text.slice(tokens.starts[i], tokens.ends[i])
  return written
}
