import type { DetectorSpec } from '../../artifact/guard.ts'
import { countSimulatedTokens } from '../../artifact/simulated-tokens.ts'
import { type Detection, type Detector, NOTHING, wholeText } from './detector.ts'

type LengthSpec = Extract<DetectorSpec, { type: 'length' }>

/** Texts that are too short or too long. Tokens are those of the simulated tokenizer: near to a vendor's, and the same everywhere. */
export const length: Detector<'length'> = {
  type: 'length',
  summary: 'characters and tokens of a text',
  placeholder: () => 'TEXT',
  async look(texts, spec) {
    return texts.map(text => lengthOf(text, spec))
  },
  // A text that is too long is so from some place on; one that is too short is known at its end.
  stream: async spec =>
    spec.min_chars === undefined
      ? { reach: 0, look: text => lengthOf(text, spec).findings.map(finding => ({ ...finding, start: 0 })) }
      : undefined,
}

function lengthOf(text: string, { min_chars: min, max_chars: max, max_tokens: maxTokens }: LengthSpec): Detection {
  const characters = countCharacters(text)
  if (min !== undefined && characters < min) return tooLong(text, `${characters} of at least ${min} characters`)
  if (max !== undefined && characters > max) return tooLong(text, `${characters} of at most ${max} characters`)
  if (maxTokens === undefined) return NOTHING
  const tokens = countSimulatedTokens(text)
  return tokens > maxTokens ? tooLong(text, `${tokens} of at most ${maxTokens} tokens`) : NOTHING
}

function tooLong(text: string, summary: string): Detection {
  return { findings: [wholeText('length', text)], summary }
}

/** Code points: a sign beyond the basic plane is one. */
function countCharacters(text: string): number {
  let count = text.length
  for (let index = 0; index < text.length; index++) if ((text.charCodeAt(index) & 0xfc00) === 0xdc00) count--
  return count
}
