import { type PriceSpec, RETRYABLE_CLASSES } from '../../artifact/model.ts'
import { compact } from '../../base/compact.ts'
import { bool, duration, integer, money, number, oneOf, strings, wordsOf } from '../decode/argument.ts'
import { type BodySpec, type Decoded, defaulted, optional } from '../decode/body.ts'

/** Sub-blocks that models share with providers and prompts. */
export const rateLimitBody = {
  arguments: {
    requests_per_minute: optional(integer(1)),
    tokens_per_minute: optional(integer(1)),
    max_concurrency: optional(integer(1)),
  },
} as const satisfies BodySpec

export const limitsBody = {
  arguments: {
    context_window: optional(integer(1)),
    max_output_tokens: optional(integer(1)),
    reserved_tokens: defaulted(integer(0), 0),
  },
} as const satisfies BodySpec

export const retryBody = {
  arguments: {
    max_attempts: defaulted(integer(1, 10), 3),
    initial: defaulted(duration, 500),
    max: defaulted(duration, 20_000),
    on: optional(wordsOf(RETRYABLE_CLASSES)),
  },
} as const satisfies BodySpec

export const circuitBreakerBody = {
  arguments: {
    enabled: defaulted(bool, true),
    failure_rate: defaulted(number({ min: 0, max: 1 }), 0.5),
    window: defaulted(duration, 30_000),
    min_calls: defaulted(integer(1), 20),
    cooldown: defaulted(duration, 15_000),
  },
} as const satisfies BodySpec

/** What providers take. */
const MAX_STOPS = 4

export const paramsBody = {
  arguments: {
    temperature: optional(number({ min: 0, max: 2 })),
    top_p: optional(number({ min: 0, max: 1 })),
    top_k: optional(integer(1)),
    max_output_tokens: optional(integer(1)),
    stop: optional(strings(MAX_STOPS)),
    seed: optional(integer()),
    frequency_penalty: optional(number({ min: -2, max: 2 })),
    presence_penalty: optional(number({ min: -2, max: 2 })),
    reasoning_effort: optional(oneOf(['none', 'low', 'medium', 'high'])),
  },
} as const satisfies BodySpec

export const priceBody = {
  arguments: {
    per: defaulted(oneOf(['1M', '1K']), '1M'),
    input: optional(money),
    output: optional(money),
    cached_input: optional(money),
    cache_write: optional(money),
    reasoning: optional(money),
    image: optional(money),
    audio_input: optional(money),
    audio_output: optional(money),
    batch_input: optional(money),
    batch_output: optional(money),
    request: optional(money),
    above_input_tokens: defaulted(integer(0), 0),
  },
} as const satisfies BodySpec

/** Prices per million units, lowest threshold first. A price per request is per request, whatever `per` says. */
export function toPriceSpecs(prices: readonly Decoded<typeof priceBody>[]): readonly PriceSpec[] {
  return prices
    .map(({ per, above_input_tokens, request, ...kinds }) => {
      const scale = per === '1K' ? 1_000 : 1
      const perMillion = Object.entries(kinds).flatMap(([kind, nano]) =>
        nano === undefined ? [] : [[`${kind}_nano_per_m`, nano * scale] as const],
      )
      return compact({ above_input_tokens, ...Object.fromEntries(perMillion), request_nano: request })
    })
    .sort((a, b) => a.above_input_tokens - b.above_input_tokens)
}
