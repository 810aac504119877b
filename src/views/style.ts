import { Chalk } from 'chalk'

/** How text looks on one stream: its colours by role, its glyphs, its width in cells. */
export interface Style {
  readonly paint: Paint
  readonly glyphs: Glyphs
  readonly width: number
}

type Painter = (text: string) => string

/** Colour never carries meaning alone: the sign, word or caret is there without it. */
export interface Paint {
  readonly colored: boolean
  readonly add: Painter
  readonly change: Painter
  readonly remove: Painter
  readonly error: Painter
  readonly warning: Painter
  readonly address: Painter
  readonly suggestion: Painter
  readonly secondary: Painter
  /** A changed word inside a changed line; the colour is the line's. */
  readonly mark: Painter
}

export interface Glyphs {
  readonly ascii: boolean
  readonly ok: string
  readonly fail: string
  readonly full: string
  readonly empty: string
  readonly half: string
  readonly dash: string
  readonly bar: string
  readonly branch: string
  readonly corner: string
  readonly line: string
  readonly arrow: string
  readonly ellipsis: string
  readonly dot: string
}

const unicodeGlyphs: Glyphs = Object.freeze({
  ascii: false,
  ok: '✓',
  fail: '✗',
  full: '●',
  empty: '○',
  half: '◇',
  dash: '–',
  bar: '│',
  branch: '├',
  corner: '└',
  line: '─',
  arrow: '→',
  ellipsis: '…',
  dot: '·',
})

const asciiGlyphs: Glyphs = Object.freeze({
  ascii: true,
  ok: 'ok',
  fail: 'x',
  full: '*',
  empty: '.',
  half: '?',
  dash: '-',
  bar: '|',
  branch: '|',
  corner: '`',
  line: '-',
  arrow: '->',
  ellipsis: '...',
  dot: '.',
})

const plain: Painter = text => text

const plainPaint: Paint = Object.freeze({
  colored: false,
  add: plain,
  change: plain,
  remove: plain,
  error: plain,
  warning: plain,
  address: plain,
  suggestion: plain,
  secondary: plain,
  mark: plain,
})

/** Only the 16 base colours, bold, dim and underline: every terminal theme knows how to show them. */
function colorPaint(): Paint {
  const chalk = new Chalk({ level: 1 })
  return Object.freeze({
    colored: true,
    add: chalk.green,
    change: chalk.yellow,
    remove: chalk.red,
    error: chalk.red.bold,
    warning: chalk.yellow.bold,
    address: chalk.bold,
    suggestion: chalk.cyan,
    secondary: chalk.dim,
    mark: chalk.underline,
  })
}

export function createStyle(choice: { readonly colored: boolean; readonly ascii: boolean; readonly width: number }): Style {
  return Object.freeze({
    paint: choice.colored ? colorPaint() : plainPaint,
    glyphs: choice.ascii ? asciiGlyphs : unicodeGlyphs,
    width: choice.width,
  })
}

/** What a pipe or a file gets. */
export const plainStyle: Style = createStyle({ colored: false, ascii: false, width: 80 })
