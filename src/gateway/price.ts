import type { PriceSpec } from '../artifact/model.ts'
import type { Usage } from './call.ts'

const MILLION = 1_000_000n

/**
 * What a usage costs, in whole nano-dollars, rounded half up. Counted in BigInt: a million tokens at $75 a million
 * pass 2^53 on the way.
 *
 * Reasoning tokens are output tokens, and cost the same where they have no price of their own: so every vendor bills them.
 * Audio costs up to twenty times as much as text, so without a price of its own its cost is unknown.
 *
 * @param prices one per threshold, lowest first; the last whose `above_input_tokens` is passed counts for the whole call.
 * @returns null when a kind of token that was used has no known price.
 */
export function costNano(usage: Usage, prices: readonly PriceSpec[]): number | null {
  const price = prices.findLast(tier => tier.above_input_tokens === 0 || usage.input > tier.above_input_tokens)
  if (price === undefined) return null
  const { audioInput = 0, audioOutput = 0 } = usage
  const parts: readonly (readonly [tokens: number, nanoPerMillion: number | undefined])[] = [
    [usage.input - usage.cachedInput - usage.cacheWrite - audioInput, price.input_nano_per_m],
    [usage.cachedInput, price.cached_input_nano_per_m],
    [usage.cacheWrite, price.cache_write_nano_per_m],
    [usage.output - usage.reasoning - audioOutput, price.output_nano_per_m],
    [usage.reasoning, price.reasoning_nano_per_m ?? price.output_nano_per_m],
    [audioInput, price.audio_input_nano_per_m],
    [audioOutput, price.audio_output_nano_per_m],
  ]
  let millionths = BigInt(price.request_nano ?? 0) * MILLION
  for (const [tokens, nanoPerMillion] of parts) {
    if (tokens <= 0) continue
    if (nanoPerMillion === undefined) return null
    millionths += BigInt(tokens) * BigInt(nanoPerMillion)
  }
  return Number((millionths + MILLION / 2n) / MILLION)
}
