import type { ModelSpec, PriceSpec } from '../artifact/model.ts'
import type { PromptSpec } from '../artifact/prompt.ts'
import type { ProviderType } from '../artifact/provider.ts'
import type { CostForecast, TokenCount } from './plan.ts'

const CALLS = 1000n
const MILLION = 1_000_000n

/** Medians of the calls that an environment recorded of a prompt. */
export interface RecordedCalls {
  readonly calls: number
  readonly days: number
  readonly inputTokens: number
  readonly outputTokens: number
}

export interface ForecastSubject {
  readonly prompt: PromptSpec
  readonly tokens: TokenCount
  readonly modelAddress: string
  readonly model: ModelSpec
  readonly providerType: ProviderType
  readonly recorded?: RecordedCalls
  /** Tokens of fixed text when the calls were recorded: the medians move by the difference. */
  readonly recordedFixedTokens?: number
}

/**
 * What 1,000 calls of a prompt cost. The basis is, in order: a simulated provider, no price, recorded calls, else fixed
 * text with the output limit, which is an upper bound for an empty input.
 */
export function forecastCost(subject: ForecastSubject): CostForecast {
  const { model, modelAddress } = subject
  const of = { modelAddress, modelId: model.id }
  if (subject.providerType === 'simulated') return { ...of, nanoPerThousandCalls: 0, basis: { kind: 'simulated' } }
  const tokens = subject.recorded === undefined ? tokensAtLimit(subject) : tokensAsRecorded(subject, subject.recorded)
  const nano = tokens === undefined ? null : costOfCalls(model.price, tokens.inputTokens, tokens.outputTokens)
  if (tokens === undefined || nano === null) return { ...of, nanoPerThousandCalls: null, basis: { kind: 'no-price' } }
  return { ...of, nanoPerThousandCalls: nano, basis: tokens }
}

type TokenBasis = Extract<CostForecast['basis'], { readonly inputTokens: number }>

function tokensAtLimit({ prompt, model, tokens }: ForecastSubject): TokenBasis | undefined {
  const outputTokens = prompt.params?.max_output_tokens ?? model.params?.max_output_tokens ?? model.limits.max_output_tokens
  return outputTokens === undefined ? undefined : { kind: 'limit', inputTokens: tokens.fixed, outputTokens }
}

function tokensAsRecorded({ tokens, recordedFixedTokens }: ForecastSubject, recorded: RecordedCalls): TokenBasis {
  const moved = recordedFixedTokens === undefined ? 0 : tokens.fixed - recordedFixedTokens
  return { kind: 'recorded', ...recorded, inputTokens: Math.max(0, recorded.inputTokens + moved) }
}

/** Nano-dollars of 1,000 calls, rounded half up; null when a price that counts is unknown. */
function costOfCalls(prices: readonly PriceSpec[], inputTokens: number, outputTokens: number): number | null {
  const price = prices.findLast(tier => tier.above_input_tokens === 0 || inputTokens > tier.above_input_tokens)
  if (price === undefined) return null
  let millionths = BigInt(price.request_nano ?? 0) * MILLION
  for (const [tokens, nano] of [
    [inputTokens, price.input_nano_per_m],
    [outputTokens, price.output_nano_per_m],
  ] as const) {
    if (tokens === 0) continue
    if (nano === undefined) return null
    millionths += BigInt(tokens) * BigInt(nano)
  }
  return Number((millionths * CALLS + MILLION / 2n) / MILLION)
}
