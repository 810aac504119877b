import type { Deferred, SecretText } from './deferred.ts'

export const PROVIDER_TYPES = [
  'openai',
  'openai_compatible',
  'anthropic',
  'google',
  'azure',
  'amazon_bedrock',
  'mistral',
  'simulated',
] as const
export type ProviderType = (typeof PROVIDER_TYPES)[number]

/** The two interfaces of OpenAI's protocol for text. */
export const PROVIDER_APIS = ['chat', 'responses'] as const
export type ProviderApi = (typeof PROVIDER_APIS)[number]

/** An account at a model vendor (blocks.md, provider). Durations in milliseconds; unset keys are absent. */
export interface ProviderSpec {
  readonly type: ProviderType
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly api_key?: SecretText
  readonly base_url?: string
  readonly allow_private: boolean
  readonly organization?: string
  readonly project?: string
  /** Of Amazon Bedrock: `eu-central-1`. */
  readonly region?: string
  /** Of Azure: `2025-04-01-preview`; absent: its v1 API. */
  readonly api_version?: string
  /** Of openai and azure; absent: chat. */
  readonly api?: ProviderApi
  readonly headers: Readonly<Record<string, string | SecretText>>
  readonly connect_timeout_ms: number
  readonly rate_limit: RateLimitSpec
  readonly simulation?: SimulationSpec
}

export interface RateLimitSpec {
  readonly requests_per_minute?: number
  readonly tokens_per_minute?: number
  readonly max_concurrency?: number
}

/** Of a simulated provider: scripted answers and faults, the same for the same seed and calls. */
export interface SimulationSpec {
  readonly latency_ms: number
  readonly seed: number
  readonly answers: readonly SimulatedAnswer[]
  readonly faults: readonly SimulatedFault[]
}

export interface SimulatedAnswer {
  /** true, or a deferred expression over `request`. */
  readonly when: Deferred
  readonly text?: Deferred
  readonly json?: Deferred
  readonly tool_calls?: readonly { readonly name: string; readonly arguments: Deferred }[]
  readonly error?: FaultKind
  readonly latency_ms?: number
  readonly tokens_per_second?: number
  readonly finish_reason: string
}

export const FAULT_KINDS = [
  'rate_limited',
  'overloaded',
  'server_error',
  'timeout',
  'bad_request',
  'refused_key',
  'content_filter',
  'stall',
  'garbage',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface SimulatedFault {
  readonly error: FaultKind
  readonly rate?: number
  readonly first?: number
  readonly when: Deferred
  readonly retry_after_ms?: number
}
