import type { Detector } from './detector.ts'
import { withoutOverlaps } from './finding.ts'
import { decodedTexts } from './injection/encoded.ts'
import { markerSignals } from './injection/marker.ts'
import { type NormalText, normalText, spacedWords, taggedTexts } from './injection/normal-text.ts'
import { sentenceSignals } from './injection/sentences.ts'
import { combinedScore, type Signal } from './injection/signal.ts'
import { PHRASES } from './injection/words.ts'

/** Attempts to give a model other instructions than its prompt's: by signs that are weighed together. */
export const injection: Detector<'injection'> = {
  type: 'injection',
  summary: 'instructions to a model in a text that should have none',
  placeholder: () => 'INJECTION',
  async look(texts, { threshold }) {
    return texts.map(text => {
      const { signals, score } = findInjection(text)
      if (signals.length === 0 || score < threshold) return { findings: [] }
      return { findings: withoutOverlaps(signals.map(({ weight, ...signal }) => ({ ...signal, score: weight }))), score }
    })
  },
}

/** All signs in a text, and what they amount to, 0 to 1. */
export function findInjection(text: string): { readonly signals: readonly Signal[]; readonly score: number } {
  const signals = [...plainSignals(text), ...hiddenSignals(text)]
  return { signals, score: combinedScore(signals) }
}

function plainSignals(original: string): readonly Signal[] {
  const normal = normalText(original)
  const phrases = PHRASES.flatMap(([weight, pattern]) =>
    [...normal.text.matchAll(pattern)].map(({ index, 0: match }) => ({ type: 'phrase', weight, start: index, end: index + match.length })),
  )
  const said = [...sentenceSignals(normal.text), ...phrases].map(signal => inOriginal(signal, normal, original))
  const more = said.length > 0 && normal.hidden > 1 ? [{ type: 'hidden_signs', weight: 0.2, start: 0, end: 0 }] : []
  return [...said, ...more.map(signal => ({ ...signal, end: original.length })), ...markerSignals(original)]
}

/** What is written so that people do not see it, and models do. */
function hiddenSignals(text: string): readonly Signal[] {
  const tags = taggedTexts(text).map(({ start, end }) => ({ type: 'invisible_text', weight: 0.9, start, end }))
  const inner = [...decodedTexts(text), ...spacedWords(text)].flatMap(({ start, end, text: hidden }) => {
    const score = combinedScore(plainSignals(hidden))
    return score >= 0.3 ? [{ type: 'encoded_text', weight: Math.min(0.95, score + 0.1), start, end }] : []
  })
  return [...tags, ...inner]
}

function inOriginal(signal: Signal, { from }: NormalText, original: string): Signal {
  return {
    ...signal,
    start: from[signal.start] ?? 0,
    end: signal.end < from.length ? (from[signal.end] ?? original.length) : original.length,
  }
}
