let segmenter: Intl.Segmenter | undefined

/** The grapheme clusters of a text, which are what a reader sees as characters: a family emoji is one. */
export function graphemeSegments(text: string): Intl.Segments {
  // Made when it is first needed: making it takes 10 ms, a tenth of a plan of nothing.
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return segmenter.segment(text)
}
