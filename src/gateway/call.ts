import type { JsonSchema } from '../artifact/json-schema.ts'
import type { ModelSpec, ParamsSpec } from '../artifact/model.ts'
import type { ProviderSpec } from '../artifact/provider.ts'
import type { Digest } from '../base/digest.ts'
import type { JsonValue } from '../base/json.ts'
import type { FailureClass } from './failure-class.ts'

/** One model call on its way through the layers. Each layer passes on a copy with what it decided. */
export interface ModelCall {
  /** Models in the order in which they may answer; at least one. */
  readonly chain: readonly ModelTarget[]
  /** The model of the chain that is asked now. */
  readonly target: ModelTarget
  /** Counts from 1 for each model of the chain. */
  readonly attempt: number
  readonly messages: readonly CallMessage[]
  /** What the prompt asks for; the target's own defaults are folded in when it is chosen. */
  readonly params: ParamsSpec
  /** The answer is JSON that fits this schema. Absent: text. */
  readonly output?: JsonSchema
  readonly tools?: readonly CallTool[]
  /** The typed input that the messages were rendered from; only a simulated provider looks at it. */
  readonly input?: JsonValue
  readonly signal: AbortSignal
  /** Given: the answer is streamed. The result is complete either way. */
  readonly onEvent?: (event: CallEvent) => void
}

/** A model with its provider, resolved from references once, when the run started. */
export interface ModelTarget {
  /** `model.fast` */
  readonly address: string
  readonly spec: ModelSpec
  readonly provider: ProviderTarget
}

export interface ProviderTarget {
  /** `provider.openai` */
  readonly address: string
  readonly digest: Digest
  readonly spec: ProviderSpec
}

export interface CallMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly text: string
  readonly files?: readonly CallFile[]
}

/** A file of a message: its content in base64, or where the provider can fetch it. */
export type CallFile = { readonly mediaType: string; readonly name?: string } & ({ readonly data: string } | { readonly url: string })

export interface CallTool {
  readonly name: string
  readonly description?: string
  readonly input: JsonSchema
}

export interface ToolCall {
  readonly id: string
  readonly name: string
  /** JSON text, as the model wrote it. */
  readonly arguments: string
}

export type FinishReason = 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'other'

/** Tokens as the provider counted them. `cachedInput` and `cacheWrite` are part of `input`, `reasoning` is part of `output`. */
export interface Usage {
  readonly input: number
  readonly cachedInput: number
  readonly cacheWrite: number
  readonly output: number
  readonly reasoning: number
}

/** What a provider gives for one attempt. */
export interface Answer {
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
  readonly finishReason: FinishReason
  /** Null: the provider did not say. */
  readonly usage: Usage | null
  /** The id under which the provider says it answered; may be a dated form of the one that was asked. */
  readonly modelId: string
  readonly requestId?: string
  /** No model was asked: the answer was made up here. */
  readonly simulated: boolean
  /** What the provider could not do as asked: `temperature is not supported for reasoning models`. */
  readonly warnings: readonly string[]
}

/** An answer with what the layers learned. */
export interface CallResult extends Answer {
  readonly target: ModelTarget
  /** Nano-dollars of all attempts together; null when a price or the usage is unknown. */
  readonly costNano: number | null
  /** All attempts, the answering one last. */
  readonly attempts: readonly Attempt[]
  /** From the call to the whole answer, waiting included. */
  readonly latencyMs: number
}

/** One try of one model, for people, traces and costs. */
export interface Attempt {
  readonly model: string
  readonly number: number
  /** Since the call began. */
  readonly startedAfterMs: number
  /** Waited before this attempt. */
  readonly waitedMs: number
  readonly durationMs: number
  readonly outcome: 'answered' | FailureClass
  readonly status?: number
  readonly providerCode?: string
  readonly requestId?: string
  readonly retryAfterMs?: number
  readonly usage: Usage | null
  readonly costNano: number | null
}

/** What a watcher of a streamed answer sees. The text of the result counts, whatever was streamed. */
export type CallEvent =
  | { readonly type: 'text-start' }
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'text-end' }
  /** The model thinks: not part of the answer. */
  | { readonly type: 'reasoning-delta'; readonly text: string }
  /** A tool call begins; its arguments are in the result. */
  | { readonly type: 'tool-call'; readonly name: string }

export type CallHandler = (call: ModelCall) => Promise<CallResult>

/** One concern around a call. It may change the call, call `next` any number of times, and change what comes back. */
export type Layer = (call: ModelCall, next: CallHandler) => Promise<CallResult>

/** The same call, asked of another model: the model's defaults stand where the prompt says nothing. */
export function withTarget(call: ModelCall, target: ModelTarget, params: ParamsSpec): ModelCall {
  return { ...call, target, attempt: 1, params: { ...target.spec.params, ...params } }
}

export function addUsage(a: Usage | null, b: Usage | null): Usage | null {
  if (a === null || b === null) return a ?? b
  return {
    input: a.input + b.input,
    cachedInput: a.cachedInput + b.cachedInput,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
  }
}

/** A sum with an unknown part is unknown. */
export function addCost(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}
