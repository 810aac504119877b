import type { RE2JS } from 're2js'
import type { DetectorSpec } from '../../artifact/guard.ts'
import { type Detection, type Detector, NOTHING, wholeText } from './detector.ts'
import { type Finding, withoutOverlaps } from './finding.ts'
import { longestMatch } from './pattern-length.ts'

type PatternSpec = Extract<DetectorSpec, { type: 'pattern' }>

interface Compiled {
  readonly allow: readonly RE2JS[]
  readonly deny: readonly RE2JS[]
}

/**
 * Characters that a pattern may read in one text beyond reading it once: one that repeats without limit inside of a choice
 * may read to the end for each match, as `.*b|a` does on a long run of "a".
 */
const CHARACTERS_READ_MAX = 10_000_000

/** Patterns of the author (RE2: they match in linear time). */
export const pattern: Detector<'pattern'> = {
  type: 'pattern',
  summary: 'patterns that a text must have, or must not',
  placeholder: () => 'PATTERN',
  async look(texts, spec) {
    const compiled = await compile(spec)
    return texts.map(text => detectionOf(text, compiled))
  },
  async stream(spec) {
    const lengths = spec.deny.map(longestMatch)
    const known = lengths.filter(length => length !== undefined)
    if (spec.allow.length > 0 || known.length < lengths.length) return undefined
    const compiled = await compile(spec)
    // One that overlaps the next may be displaced by it, as often as there are patterns.
    return { reach: known.reduce((sum, length) => sum + length, 0), look: text => detectionOf(text, compiled).findings }
  },
}

const cache = new WeakMap<PatternSpec, Compiled>()

async function compile(spec: PatternSpec): Promise<Compiled> {
  const known = cache.get(spec)
  if (known) return known
  const { RE2JS } = await import('re2js')
  const compiled = { allow: spec.allow.map(text => RE2JS.compile(text)), deny: spec.deny.map(text => RE2JS.compile(text)) }
  cache.set(spec, compiled)
  return compiled
}

function detectionOf(text: string, { allow, deny }: Compiled): Detection {
  const denied = withoutOverlaps(deny.flatMap(expression => matchesOf(expression, text)))
  if (denied.length > 0) return { findings: denied }
  if (allow.length === 0 || allow.some(expression => expression.matcher(text).find())) return NOTHING
  return { findings: [wholeText('pattern', text)], summary: 'no allowed pattern' }
}

/** All matches. Where finding them takes too long, what is left of the text counts as one. */
function matchesOf(expression: RE2JS, text: string): readonly Finding[] {
  const found: Finding[] = []
  const matcher = expression.matcher(text)
  let read = 0
  for (let from = 0; from <= text.length; ) {
    read += found.length === 0 ? 0 : text.length - from
    if (read > CHARACTERS_READ_MAX) return [...found, { type: 'pattern', start: from, end: text.length, score: 1 }]
    if (!matcher.find(from)) break
    const [start, end] = [matcher.start(), matcher.end()]
    found.push({ type: 'pattern', start, end, score: 1 })
    from = end > start ? end : start + ((text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1)
  }
  return found
}
