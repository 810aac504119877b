import type { JsonValue } from '../base/json.ts'
import type { Reference } from './deferred.ts'
import type { RateLimitSpec } from './provider.ts'

export const CAPABILITIES = [
  'streaming',
  'json_mode',
  'json_schema',
  'tools',
  'parallel_tools',
  'images',
  'files',
  'audio',
  'reasoning',
  'system',
  'seed',
] as const
export type Capability = (typeof CAPABILITIES)[number]

export const RETRYABLE_CLASSES = ['network', 'overloaded', 'rate_limited', 'server_error', 'timeout'] as const
export type RetryableClass = (typeof RETRYABLE_CLASSES)[number]

/** A model with its limits, price and behaviour under failure (blocks.md, model). */
export interface ModelSpec {
  readonly provider: Reference
  readonly id: string
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly kind: 'chat' | 'embedding'
  readonly dimensions?: number
  /** Sorted. */
  readonly capabilities: readonly Capability[]
  readonly limits: LimitsSpec
  /** One per threshold, lowest first. Empty: the price is unknown. */
  readonly price: readonly PriceSpec[]
  readonly fallback: readonly Reference[]
  readonly timeout_ms: number
  readonly first_token_timeout_ms: number
  readonly params?: ParamsSpec
  readonly provider_options?: Readonly<Record<string, JsonValue>>
  readonly retry: RetrySpec
  readonly circuit_breaker: CircuitBreakerSpec
  readonly rate_limit?: RateLimitSpec
  /** Where each fact came from: `block`, `catalogue 2026-11`, `default`. */
  readonly sources: { readonly capabilities: string; readonly limits: string; readonly price: string }
}

export interface LimitsSpec {
  readonly context_window?: number
  readonly max_output_tokens?: number
  readonly reserved_tokens: number
}

/** Integer nano-dollars per million units; an absent kind has no known price, which is never 0. */
export interface PriceSpec {
  readonly above_input_tokens: number
  readonly input_nano_per_m?: number
  readonly output_nano_per_m?: number
  readonly cached_input_nano_per_m?: number
  readonly cache_write_nano_per_m?: number
  readonly reasoning_nano_per_m?: number
  readonly image_nano_per_m?: number
  readonly audio_input_nano_per_m?: number
  readonly audio_output_nano_per_m?: number
  /** Of calls that may wait, up to a day. */
  readonly batch_input_nano_per_m?: number
  readonly batch_output_nano_per_m?: number
  /** Per request, in nano-dollars. */
  readonly request_nano?: number
}

export interface RetrySpec {
  /** Attempts in all, the first included. */
  readonly max_attempts: number
  readonly initial_ms: number
  readonly max_ms: number
  /** Sorted. */
  readonly on: readonly RetryableClass[]
}

export interface CircuitBreakerSpec {
  readonly enabled: boolean
  readonly failure_rate: number
  readonly window_ms: number
  readonly min_calls: number
  readonly cooldown_ms: number
}

export interface ParamsSpec {
  readonly temperature?: number
  readonly top_p?: number
  readonly top_k?: number
  readonly max_output_tokens?: number
  readonly stop?: readonly string[]
  readonly seed?: number
  readonly frequency_penalty?: number
  readonly presence_penalty?: number
  readonly reasoning_effort?: 'none' | 'low' | 'medium' | 'high'
}
