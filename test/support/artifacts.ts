import type { Closure } from '../../src/artifact/closure.ts'
import { ARTIFACT_FORMAT, type Artifact } from '../../src/artifact/envelope.ts'
import type { ModelSpec } from '../../src/artifact/model.ts'
import type { PromptSpec } from '../../src/artifact/prompt.ts'
import type { ProviderSpec } from '../../src/artifact/provider.ts'
import { digestOf } from '../../src/base/digest.ts'
import type { JsonValue } from '../../src/base/json.ts'
import type { ModelTarget } from '../../src/gateway/call.ts'

/** A provider with the defaults that configuration writes out. */
export function providerSpec(spec: Partial<ProviderSpec> & Pick<ProviderSpec, 'type'>): ProviderSpec {
  return { allow_private: false, headers: {}, connect_timeout_ms: 10_000, rate_limit: { max_concurrency: 64 }, ...spec }
}

export function modelSpec(spec: Partial<ModelSpec> = {}): ModelSpec {
  return {
    provider: { $ref: 'provider.test' },
    id: 'test-model',
    kind: 'chat',
    capabilities: ['json_schema', 'streaming', 'system'],
    limits: { reserved_tokens: 0 },
    price: [],
    fallback: [],
    timeout_ms: 60_000,
    first_token_timeout_ms: 30_000,
    retry: { max_attempts: 3, initial_ms: 500, max_ms: 20_000, on: ['network', 'overloaded', 'rate_limited', 'server_error', 'timeout'] },
    circuit_breaker: { enabled: true, failure_rate: 0.5, window_ms: 30_000, min_calls: 20, cooldown_ms: 15_000 },
    sources: { capabilities: 'default', limits: 'default', price: 'default' },
    ...spec,
  }
}

export function promptSpec(spec: Partial<PromptSpec> = {}): PromptSpec {
  return {
    tiers: [{ model: { $ref: 'model.test' } }],
    messages: [{ role: 'user', text: 'Hello.' }],
    repair: 1,
    on_truncated: 'fail',
    ...spec,
  }
}

export function modelTarget(provider: ProviderSpec, model: Partial<ModelSpec> = {}): ModelTarget {
  return {
    address: 'model.test',
    spec: modelSpec(model),
    provider: { address: 'provider.test', digest: digestOf(asJson(provider)), spec: provider },
  }
}

/** `prompt.test`, `model.test` and `provider.test`, as one closure. */
export function closureOf(prompt: Partial<PromptSpec>, model: Partial<ModelSpec>, provider: ProviderSpec, version?: number): Closure {
  const artifacts: readonly (readonly [string, Artifact])[] = [
    ['prompt.test', { format: ARTIFACT_FORMAT, kind: 'prompt', refs: ['model.test'], secrets: [], spec: promptSpec(prompt) }],
    ['model.test', { format: ARTIFACT_FORMAT, kind: 'model', refs: ['provider.test'], secrets: [], spec: modelSpec(model) }],
    ['provider.test', { format: ARTIFACT_FORMAT, kind: 'provider', refs: [], secrets: [], spec: provider }],
  ]
  const members = artifacts.map(
    ([address, artifact]) =>
      [address, { digest: digestOf(asJson(artifact)), artifact, ...(version !== undefined && { version }) }] as const,
  )
  return { address: 'prompt.test', members: new Map(members) }
}

function asJson(value: object): JsonValue {
  return JSON.parse(JSON.stringify(value))
}
