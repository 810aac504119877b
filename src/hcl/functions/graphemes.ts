import { graphemeSegments } from '../../base/graphemes.ts'

/** What a reader sees as characters: a family emoji is one. */
export function graphemesOf(text: string): readonly string[] {
  // ASCII without CR has one grapheme cluster a character; segmenting is 100 times slower.
  if (/^[\x00-\x0c\x0e-\x7f]*$/.test(text)) return text.split('')
  return Array.from(graphemeSegments(text), ({ segment }) => segment)
}
