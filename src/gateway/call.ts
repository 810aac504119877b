import type { BudgetSpec } from '../artifact/budget.ts'
import type { GuardSpec } from '../artifact/guard.ts'
import type { JsonSchema } from '../artifact/json-schema.ts'
import type { ModelSpec, ParamsSpec } from '../artifact/model.ts'
import type { ProviderSpec } from '../artifact/provider.ts'
import type { Digest } from '../base/digest.ts'
import type { JsonValue } from '../base/json.ts'
import type { BudgetWarning, Caller, FinishReason, Usage } from './call-facts.ts'
import type { FailureClass } from './failure-class.ts'
import type { Placeholders } from './guards/placeholders.ts'
import type { Bill } from './ledger/bill.ts'

export type { BudgetScope, BudgetWarning, Caller, FinishReason, Usage } from './call-facts.ts'

/** What is asked of the gateway. */
export interface CallRequest {
  /** Who may answer, in order; at least one. */
  readonly tiers: readonly CallTier[]
  readonly messages: readonly CallMessage[]
  /** What the prompt asks for; the target's own defaults are folded in when it is chosen. */
  readonly params: ParamsSpec
  /** The answer is JSON that fits this schema. Absent: text. */
  readonly output?: JsonSchema
  readonly tools?: readonly CallTool[]
  /** The messages are texts to be turned into vectors, which are the output; nothing is written. */
  readonly embedding?: Pick<EmbeddingCall, 'purpose'>
  /** The typed input that the messages were rendered from; guards look at it, and simulated providers. */
  readonly input?: JsonValue
  readonly signal: AbortSignal
  /** By the monotonic clock: no attempt lasts longer, nothing is waited for beyond it. Absent: the limits of the models alone. */
  readonly deadlineMs?: number
  /** Given: the answer is streamed. The result is complete either way. */
  readonly onEvent?: (event: CallEvent) => void
  readonly caller: Caller
  readonly policy: CallPolicy
  /** Of the step that the call is made for: what it spends is settled with the record of that step. Absent: at once. */
  readonly bill?: Bill
}

/** One model call on its way through the layers. Each layer passes on a copy with what it decided. */
export interface ModelCall extends CallRequest {
  /** The model that is asked now. */
  readonly target: ModelTarget
  /** Counts from 1 for each model and repair. */
  readonly attempt: number
  /** The model is asked again to mend its answer. */
  readonly isRepair: boolean
  /** What guards took out of this call; absent where it has none. */
  readonly placeholders?: Placeholders
  /** What happened so far: layers add to it, also where the call fails. */
  readonly history: CallHistory
}

/** A model, those that stand in for it, and when its answer is not good enough (blocks.md, tier). */
export interface CallTier {
  /** The model of the tier first, then its fallbacks; at least one. */
  readonly models: readonly ModelTarget[]
  /** Empty for the last. */
  readonly escalateOn: readonly EscalationReason[]
  /** Over a checked output. */
  readonly escalateWhen?: (output: JsonValue) => boolean
}

/** What a prompt declares about its call, resolved from references. */
export interface CallPolicy {
  /** Attempts to mend an answer that does not fit; 0 for none. */
  readonly repair: number
  readonly onTruncated: 'fail' | 'keep'
  readonly maxCostNano?: number
  /** Holds an answer against what was asked for; absent: every text fits. */
  readonly check?: (text: string) => Promise<CheckedAnswer>
  /** Renders the messages anew, for an input that guards have changed. */
  readonly render?: (input: JsonValue) => readonly CallMessage[]
  readonly inputGuards: readonly GuardTarget[]
  readonly outputGuards: readonly GuardTarget[]
  readonly cache?: CachePolicy
  /** All budgets that may apply; read anew for each call, so that a changed limit acts at once (BUD-7). */
  readonly budgets: readonly BudgetTarget[]
}

export interface CachePolicy {
  readonly ttlMs: number
  readonly scope: 'tenant' | 'environment'
  /** Of the prompt with all that it reaches, models left out (CACHE-1). */
  readonly closure: Digest
}

export interface GuardTarget {
  /** `guard.no_pii` */
  readonly address: string
  readonly digest: Digest
  readonly spec: GuardSpec
  /** The models that its judges ask, by address, each with its fallbacks. */
  readonly judges: ReadonlyMap<string, CallTier>
}

export interface BudgetTarget {
  /** `budget.team` */
  readonly address: string
  readonly spec: BudgetSpec
  /** Takes over when the budget runs low. */
  readonly degradeTo?: CallTier
}

/** An answer that fits with what it says, or why it does not. */
export type CheckedAnswer =
  | { readonly fits: true; readonly output: JsonValue }
  | { readonly fits: false; readonly violations: readonly { readonly path: string; readonly text: string }[] }

export const ESCALATION_REASONS = ['output_invalid', 'guard_blocked', 'refusal', 'truncated'] as const
export type EscalationReason = (typeof ESCALATION_REASONS)[number]

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
  /** `tool`: what came of one call that the assistant's message before asked for. */
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  /** Of a tool: its result as text, or what went wrong. */
  readonly text: string
  readonly files?: readonly CallFile[]
  /** Of an assistant: what it asked to be called; each is answered by a message of role `tool`. */
  readonly toolCalls?: readonly ToolCall[]
  /** Of an assistant: as its answer had it. */
  readonly trail?: AnswerTrail
  /** Of a tool: the call that this answers. */
  readonly result?: { readonly id: string; readonly name: string; readonly failed: boolean }
}

/**
 * An answer with tool calls in the vendor's own parts: thoughts and signatures among them. Opaque. The same model of the
 * same type of provider is sent it again instead of text and tool calls, for vendors refuse to go on without their
 * thoughts; any other model never sees it.
 */
export interface AnswerTrail {
  readonly type: ProviderSpec['type']
  /** The id of the model, as it was asked for. */
  readonly model: string
  readonly parts: readonly JsonValue[]
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

/** What a provider gives for one attempt. */
export interface Answer {
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
  /** To be handed back with the tool calls when the conversation goes on; absent where the vendor wants none. */
  readonly trail?: AnswerTrail
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

/** Texts to be turned into vectors. */
export interface EmbeddingCall {
  readonly target: ModelTarget
  readonly texts: readonly string[]
  /** What is searched in, or what is searched for: some models turn the two into vectors in different ways. */
  readonly purpose: 'document' | 'query'
  readonly signal: AbortSignal
}

export interface EmbeddingAnswer {
  /** One for each text, in their order; all of one length. */
  readonly vectors: readonly (readonly number[])[]
  /** Output and its parts are 0. Null: the provider did not say. */
  readonly usage: Usage | null
  readonly requestId?: string
  readonly simulated: boolean
}

/** An answer on its way back through the layers. */
export interface LayerResult extends Answer {
  readonly target: ModelTarget
  /** What the text says: typed where a type was asked for, else the text. */
  readonly output: JsonValue
  /** Nano-dollars of the attempt that answered; null when a price or the usage is unknown. */
  readonly costNano: number | null
  /** Set where the answer was kept for an equal call. */
  readonly cached?: { readonly storedAtMs: number }
}

/** An answer with what the layers learned. `usage` and `costNano` are those of all attempts together. */
export interface CallResult extends LayerResult {
  readonly history: CallHistory
  /** From the call to the whole answer, waiting included. */
  readonly latencyMs: number
}

/** What happened in one call, in order, for results, traces and costs. Only layers add to it. */
export interface CallHistory {
  /** By the monotonic clock. */
  readonly beganMs: number
  /** Where it is kept what calls spend: how this one is known there, and how often it has reserved. */
  readonly kept?: { readonly id: string; readonly atMs: number; reservations: number }
  /** Tries of all models, repairs included. */
  readonly attempts: Attempt[]
  /** Models that did not answer, and why the next one was asked. */
  readonly passedOver: PassedOver[]
  readonly verdicts: GuardVerdict[]
  readonly budgetWarnings: BudgetWarning[]
  /** Answers that did not fit, first one first. */
  readonly rejected: RejectedAnswer[]
  /** Set by the cache: `miss` where it was looked into. */
  cache: 'hit' | 'miss' | 'off'
  /** The stream was held back until the guards had seen it (GW-5). */
  streamHeld: boolean
}

export interface PassedOver {
  /** `model.fast` */
  readonly model: string
  readonly id: string
  /** `budget_low`: a budget has a cheaper model asked. */
  readonly reason: FailureClass | EscalationReason | 'escalate_when' | 'budget_low'
  /** For people: `12 of 20 calls failed, 503`. */
  readonly detail?: string
}

export interface GuardVerdict {
  /** `guard.no_pii` */
  readonly guard: string
  /** `pii`, `judge` */
  readonly detector: string
  readonly on: 'input' | 'output'
  readonly action: 'block' | 'redact' | 'flag'
  /** What was found, never the found text: `2 email, 1 card`. */
  readonly finding: string
  readonly score?: number
}

export interface RejectedAnswer {
  readonly text: string
  readonly model: string
  readonly violations: readonly { readonly path: string; readonly text: string }[]
}

export function newHistory(beganMs: number, kept?: { readonly id: string; readonly atMs: number }): CallHistory {
  return {
    beganMs,
    ...(kept && { kept: { ...kept, reservations: 0 } }),
    attempts: [],
    passedOver: [],
    verdicts: [],
    budgetWarnings: [],
    rejected: [],
    cache: 'off',
    streamHeld: false,
  }
}

/** One try of one model, for people, traces and costs. */
export interface Attempt {
  readonly model: string
  readonly number: number
  /** Asked again to mend an answer that does not fit. */
  readonly isRepair: boolean
  /** Since the call began. */
  readonly startedAfterMs: number
  /** Waited before this attempt. */
  readonly waitedMs: number
  readonly durationMs: number
  /** To the first streamed event; absent where nothing was streamed. */
  readonly firstEventMs?: number
  readonly outcome: 'answered' | FailureClass
  readonly status?: number
  readonly providerCode?: string
  readonly requestId?: string
  readonly retryAfterMs?: number
  readonly usage: Usage | null
  readonly costNano: number | null
  /** It gave no answer and was not refused: the provider may bill what it did without saying so. */
  readonly mayBeBilled: boolean
  /** The most that it can have cost, where nobody said what it took; absent where that is known, or no price is. */
  readonly boundNano?: number
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
  /** What was streamed so far does not count: the model is asked once more. */
  | { readonly type: 'repair'; readonly problems: readonly string[] }
  /** What was streamed so far does not count: another model is asked. */
  | { readonly type: 'escalation'; readonly from: string; readonly to: string; readonly reason: PassedOver['reason'] }

export type CallHandler = (call: ModelCall) => Promise<LayerResult>

/** One concern around a call. It may change the call, call `next` any number of times, and change what comes back. */
export type Layer = (call: ModelCall, next: CallHandler) => Promise<LayerResult>

export function addUsage(a: Usage | null, b: Usage | null): Usage | null {
  if (a === null || b === null) return a ?? b
  const audioInput = (a.audioInput ?? 0) + (b.audioInput ?? 0)
  const audioOutput = (a.audioOutput ?? 0) + (b.audioOutput ?? 0)
  return {
    input: a.input + b.input,
    cachedInput: a.cachedInput + b.cachedInput,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
    ...(audioInput > 0 && { audioInput }),
    ...(audioOutput > 0 && { audioOutput }),
  }
}

/** A sum with an unknown part is unknown. */
export function addCost(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}
