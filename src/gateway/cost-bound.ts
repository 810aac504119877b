import type { PriceSpec } from '../artifact/model.ts'
import type { ModelCall, ModelTarget } from './call.ts'
import { boundTokens } from './tokens.ts'

/** Taken where neither the prompt nor the model limits the answer: the longest that any model writes today. */
const LONGEST_ANSWER_TOKENS = 128_000
/** On top of counted input: the tokenizer is not the provider's (BUD-3). */
const INPUT_MARGIN = 1.1
const MILLION = 1_000_000n

type BoundedCall = Pick<ModelCall, 'params' | 'target' | 'messages' | 'tools' | 'output'>

/** Output tokens that an attempt can take at most, reasoning included. */
export function outputBound({ params, target }: Pick<ModelCall, 'params' | 'target'>): number {
  return params.max_output_tokens ?? target.spec.limits.max_output_tokens ?? LONGEST_ANSWER_TOKENS
}

/** Input tokens that an attempt can take at most: schemas and tools are sent beside the messages. */
function inputBound({ messages, output, tools }: BoundedCall): number {
  const beside = [output, tools].flatMap(part => (part === undefined ? [] : [{ role: 'user' as const, text: JSON.stringify(part) }]))
  return Math.ceil(boundTokens([...messages, ...beside]) * INPUT_MARGIN)
}

/**
 * Nano-dollars that an attempt can cost at most (BUD-3): every token at the dearest price that it may get, so neither a
 * cache write nor a threshold nor reasoning nor audio costs more. Null when a price is unknown.
 */
export function costBound(call: BoundedCall): number | null {
  if (isUnpricedSimulation(call.target)) return 0
  const input = inputBound(call)
  const prices = call.target.spec.price.filter(({ above_input_tokens: above }) => above === 0 || input > above)
  const output = call.target.spec.kind === 'embedding' ? 0 : outputBound(call)
  const bounds = prices.map(price => boundAt(price, input, output, hasAudio(call)))
  if (bounds.length === 0 || bounds.includes(null)) return null
  return Math.max(...bounds.filter(bound => bound !== null))
}

/** A simulated model without prices costs nothing. */
export function isUnpricedSimulation({ spec, provider }: ModelTarget): boolean {
  return provider.spec.type === 'simulated' && spec.price.length === 0
}

function hasAudio({ messages }: BoundedCall): boolean {
  return messages.some(({ files = [] }) => files.some(({ mediaType }) => mediaType.startsWith('audio/')))
}

function boundAt(price: PriceSpec, input: number, output: number, withAudio: boolean): number | null {
  const { input_nano_per_m: perInput, output_nano_per_m: perOutput } = price
  if (perInput === undefined || (perOutput === undefined && output > 0)) return null
  if (withAudio && price.audio_input_nano_per_m === undefined) return null
  const perAudio = withAudio ? (price.audio_input_nano_per_m ?? 0) : 0
  const dearestInput = Math.max(perInput, price.cached_input_nano_per_m ?? 0, price.cache_write_nano_per_m ?? 0, perAudio)
  const dearestOutput = Math.max(perOutput ?? 0, price.reasoning_nano_per_m ?? 0, price.audio_output_nano_per_m ?? 0)
  const millionths = BigInt(input) * BigInt(dearestInput) + BigInt(output) * BigInt(dearestOutput)
  return Number((millionths + MILLION - 1n) / MILLION) + (price.request_nano ?? 0)
}
