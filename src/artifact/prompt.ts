import type { Deferred, DeferredText, Reference } from './deferred.ts'
import type { JsonSchema } from './json-schema.ts'
import type { ParamsSpec } from './model.ts'

/** Versioned instructions with typed input and output (blocks.md, prompt). */
export interface PromptSpec {
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Tried in order; one without a rule is the last. A prompt with `model` has one. */
  readonly tiers: readonly TierSpec[]
  /** Absent: the prompt takes no input. */
  readonly input?: JsonSchema
  readonly input_validation?: readonly ValidationSpec[]
  /** In order: system, messages; `history` says where earlier turns go (after system). */
  readonly messages: readonly MessageSpec[]
  readonly history?: Deferred
  /** Absent: text. */
  readonly output?: JsonSchema
  readonly output_validation?: readonly ValidationSpec[]
  readonly params?: ParamsSpec
  readonly repair: number
  readonly on_truncated: 'fail' | 'keep'
  readonly max_cost_nano?: number
  /** On each inserted value; absent when empty. */
  readonly input_guards?: readonly Reference[]
  /** On the answer; absent when empty. */
  readonly output_guards?: readonly Reference[]
  readonly cache?: { readonly ttl_ms: number; readonly scope: 'tenant' | 'environment' }
}

export interface TierSpec {
  readonly model: Reference
  readonly escalate_on?: readonly string[]
  readonly escalate_when?: Deferred
}

export interface MessageSpec {
  readonly role: 'system' | 'user' | 'assistant'
  readonly text?: DeferredText
  /** Each gives a file of the input. */
  readonly attachments?: readonly Deferred[]
}

export interface ValidationSpec {
  readonly condition: Deferred
  readonly error_message: DeferredText
}
