import { graphemeSegments } from '../base/graphemes.ts'

/** East Asian wide and fullwidth ranges of Unicode 16 (UAX 11), merged; emoji are told by their property. */
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}|\ufe0f/u
/** Latin, punctuation, arrows, boxes and our glyphs: one cell each, told without segmenting, which takes 10 ms to load. */
const NARROW = /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2500-\u25f0\u2713\u2717]*$/
const INVISIBLE = /^[\p{Mark}\p{Format}]+$/u

/** Terminal cells of one grapheme cluster: 2 for wide characters and emoji, 0 for a lone mark, else 1. */
function graphemeWidth(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2
  return INVISIBLE.test(grapheme) ? 0 : 1
}

/** Terminal cells that the text takes. It must hold no escape sequences. */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemeSegments(text)) width += graphemeWidth(segment)
  return width
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text
}

/** Cuts the text to at most `width` cells; the ellipsis is part of them. */
export function truncate(text: string, width: number, ellipsis = '…'): string {
  if (displayWidth(text) <= width) return text
  return takeCells(text, width - displayWidth(ellipsis)) + ellipsis
}

/** The longest start of the text that fits into `width` cells. */
export function takeCells(text: string, width: number): string {
  let taken = ''
  let used = 0
  for (const { segment } of graphemeSegments(text)) {
    used += graphemeWidth(segment)
    if (used > width) break
    taken += segment
  }
  return taken
}

/** Control characters of foreign text must not reach a terminal: each becomes `␛`; newlines and tabs stay. */
export function showControls(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '␛')
}

/**
 * Wraps prose to `width` cells. Each line is wrapped by itself; one with two spaces in a row is a command, a table or a
 * column and is left whole, and so is a word that is longer than the width.
 */
export function wrapProse(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap(line => (line.includes('  ') || displayWidth(line) <= width ? [line] : wrapLine(line, width)))
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`
    if (current !== '' && displayWidth(longer) > width) {
      lines.push(current.trimEnd())
      current = word
    } else {
      current = longer
    }
  }
  lines.push(current)
  return lines
}
