import { MAX_NESTING_DEPTH } from '../base/limits.ts'
import { lineIndexAt, type Source } from '../diagnostics/source.ts'
import type { StripMarkers, TemplatePart } from './ast.ts'
import { type Cursor, complain, fail, rangeBetween } from './parser-cursor.ts'
import type { ForPiece, IfPiece, Piece, TextPiece } from './template-piece.ts'

/** A directive that waits for its end. */
interface OpenDirective {
  readonly piece: IfPiece | ForPiece
  readonly whenTrue: TemplatePart[]
  whenFalse: TemplatePart[] | undefined
  elseStrip?: StripMarkers | undefined
}

/**
 * Matches directives with their ends and joins neighbouring texts. `innerEnd` and `end` enclose what closes the template:
 * a message about a directive without an end points there.
 */
export function templateTree(cursor: Cursor, pieces: readonly Piece[], innerEnd: number, end: number): readonly TemplatePart[] {
  const root: TemplatePart[] = []
  const open: OpenDirective[] = []
  let target = root
  let deepest = 0
  // An unknown directive may have been the beginning of what seems to have none.
  const isSure = !pieces.some(piece => piece.kind === 'unknown')
  let text: JoinedText | undefined
  for (const piece of pieces) {
    if (piece.kind === 'text') {
      text = addText(cursor, target, text, piece)
      continue
    }
    text = undefined
    const last = open.at(-1)
    switch (piece.kind) {
      case 'interpolation':
        target.push({
          kind: 'interpolation',
          expression: piece.expression,
          ...(piece.strip ? { strip: piece.strip } : {}),
          range: rangeBetween(cursor, piece.start, piece.end),
        })
        break
      case 'if':
      case 'for':
        open.push({ piece, whenTrue: [], whenFalse: undefined })
        target = open.at(-1)?.whenTrue ?? root
        deepest = Math.max(deepest, open.length)
        checkDepth(cursor, open.length, piece)
        break
      case 'else':
        if (last?.piece.kind === 'if' && last.whenFalse === undefined) {
          last.whenFalse = []
          last.elseStrip = piece.strip
          target = last.whenFalse
        } else if (isSure) reportUnexpected(cursor, piece, last)
        break
      case 'unknown':
        break
      default:
        if (last && piece.kind === `end${last.piece.kind}`) {
          open.pop()
          target = targetOf(open, root)
          target.push(closed(cursor, last, piece.end, piece.strip))
        } else if (isSure) reportUnexpected(cursor, piece, last)
    }
  }
  const unclosed = open.at(-1)
  if (unclosed) reportUnclosed(cursor, unclosed, innerEnd, end)
  for (let last = open.pop(); last; last = open.pop()) targetOf(open, root).push(closed(cursor, last, innerEnd, undefined))
  cursor.height += deepest
  return root
}

function targetOf(open: readonly OpenDirective[], root: TemplatePart[]): TemplatePart[] {
  const last = open.at(-1)
  return last ? (last.whenFalse ?? last.whenTrue) : root
}

/** A text that grows line by line while the tree is made: a new node for each line would cost more than parsing it. */
interface JoinedText {
  readonly kind: 'text'
  text: string
  readonly strippedStart?: string
  strippedEnd?: string
  readonly range: { readonly source: Source; readonly start: number; end: number }
}

/** Adds to the text before it, or begins a new one. */
function addText(cursor: Cursor, target: TemplatePart[], before: JoinedText | undefined, piece: TextPiece): JoinedText | undefined {
  const { text, start, end, strippedStart, strippedEnd } = piece
  if (text === '' && strippedStart === undefined && strippedEnd === undefined) return before
  if (before) {
    before.text += text
    if (strippedEnd !== undefined) before.strippedEnd = strippedEnd
    before.range.end = end
    return before
  }
  const joined: JoinedText = {
    kind: 'text',
    text,
    ...(strippedStart === undefined ? {} : { strippedStart }),
    ...(strippedEnd === undefined ? {} : { strippedEnd }),
    range: { source: cursor.source, start, end },
  }
  target.push(joined)
  return joined
}

const NO_STRIP: StripMarkers = { before: false, after: false }

function closed(cursor: Cursor, open: OpenDirective, end: number, endStrip: StripMarkers | undefined): TemplatePart {
  const { piece, whenTrue, whenFalse, elseStrip } = open
  const range = rangeBetween(cursor, piece.start, end)
  const hasStrips = piece.strip !== undefined || elseStrip !== undefined || endStrip !== undefined
  const [first, middle, last] = [piece.strip ?? NO_STRIP, elseStrip ?? NO_STRIP, endStrip ?? NO_STRIP]
  if (piece.kind === 'if') {
    const strips = hasStrips ? { strips: [first, middle, last] as const } : {}
    return { kind: 'if', condition: piece.condition, whenTrue, whenFalse: whenFalse ?? [], ...strips, range }
  }
  const { keyName, valueName, collection } = piece
  const strips = hasStrips ? { strips: [first, last] as const } : {}
  return { kind: 'for', ...(keyName === undefined ? {} : { keyName }), valueName, collection, body: whenTrue, ...strips, range }
}

function checkDepth(cursor: Cursor, depth: number, piece: Piece): void {
  if (cursor.depth + depth !== MAX_NESTING_DEPTH + 1) return
  fail(cursor, {
    code: 'hcl/too-deep',
    summary: `This is nested more than ${MAX_NESTING_DEPTH} levels deep`,
    detail: 'Give an inner part a name with a local value, and refer to it.',
    subject: rangeBetween(cursor, piece.start, piece.end),
  })
}

function reportUnexpected(cursor: Cursor, piece: Piece, open: OpenDirective | undefined): void {
  complain(cursor, {
    code: 'hcl/unmatched-directive',
    summary: `This ${piece.kind} belongs to nothing`,
    detail: open
      ? openDirectiveText(cursor, open)
      : `There is no directive before it that it could ${piece.kind === 'else' ? 'continue' : 'end'}.`,
    subject: rangeBetween(cursor, piece.start, piece.end),
  })
}

function openDirectiveText(cursor: Cursor, { piece, whenFalse }: OpenDirective): string {
  const line = lineIndexAt(cursor.source, piece.start) + 1
  const had = whenFalse === undefined ? '' : ', and it has its else already'
  return `The directive that is open here is the ${piece.kind} of line ${line}${had}. It ends with %{ end${piece.kind} }.`
}

function reportUnclosed(cursor: Cursor, { piece }: OpenDirective, innerEnd: number, end: number): void {
  complain(cursor, {
    code: 'hcl/unmatched-directive',
    summary: `The template ends, and its ${piece.kind} has no end${piece.kind}`,
    detail: `Write %{ end${piece.kind} } where it should end.`,
    subject: rangeBetween(cursor, innerEnd, end),
    related: [{ range: rangeBetween(cursor, piece.start, piece.end), message: `the ${piece.kind} begins here` }],
  })
}
