import type { Closure } from '../../artifact/closure.ts'
import type { ProviderType } from '../../artifact/provider.ts'
import type { Clock } from '../../base/clock.ts'
import type { JsonValue } from '../../base/json.ts'
import type { BudgetScope, BudgetTarget, CallEvent, CallHistory, CallMessage, FinishReason, Usage } from '../../gateway/call.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import type { Bill } from '../../gateway/ledger/bill.ts'
import type { DeferredLanguage } from '../deferred.ts'
import type { SchemaValidator } from '../schema-validator.ts'
import type { BudgetReader } from './budgets.ts'

/** One run of a prompt. */
export interface PromptRequest {
  /** The prompt, its models and their providers, with the versions that this run uses. */
  readonly closure: Closure
  readonly input: JsonValue
  /** Ask this model of the closure instead of the prompt's own: a trial. */
  readonly model?: string
  readonly signal?: AbortSignal
  /** Given: the answer is streamed to it. */
  readonly onEvent?: (event: CallEvent) => void
  /** Asks a model also where an answer is kept, and keeps none. */
  readonly withoutCache?: boolean
  /** Where it runs, for budgets and costs. */
  readonly environment: string
  /** The flow for which the prompt is asked; absent: the prompt itself. */
  readonly flow?: string
  /** ULID; absent: the call belongs to no run. */
  readonly run?: string
  /** The step of the run: `answer`, `pages[17].extract`. */
  readonly node?: string
  /** By the monotonic clock; absent: the limits of the models alone. */
  readonly deadlineMs?: number
  readonly tenant?: string
  readonly user?: string
  readonly scope?: BudgetScope
  /** That hold now; absent: those of the closure. */
  readonly budgets?: readonly BudgetTarget[]
  /** Of the step that the prompt is asked for; absent: what is spent is settled at once. */
  readonly bill?: Bill
  /** A command that needs no key, for the message about a missing one. */
  readonly tryInstead?: string
}

export interface PromptDependencies {
  readonly gateway: Gateway
  readonly language: DeferredLanguage
  /** Loaded when a prompt has types to hold. */
  readonly validator: () => Promise<SchemaValidator>
  readonly clock: Clock
  /** Absent: budgets are those of the closure. */
  readonly budgets?: BudgetReader
}

export interface PromptResult {
  /** The typed answer; without an output type, the text. */
  readonly output: JsonValue
  /** As the model wrote it. */
  readonly text: string
  /** The prompt that answered; no version is the working copy. */
  readonly prompt: { readonly address: string; readonly version?: number }
  /** The model that answered; `reportedId` is the id under which the provider says it did. */
  readonly model: {
    readonly address: string
    readonly id: string
    readonly reportedId: string
    readonly provider: string
    readonly providerType: ProviderType
    readonly version?: number
  }
  readonly simulated: boolean
  readonly finishReason: FinishReason
  /** Of all calls together, repairs included; null when the provider did not say. */
  readonly usage: Usage | null
  /** Nano-dollars; null is unknown. */
  readonly costNano: number | null
  readonly latencyMs: number
  /** Tries of all models, who was passed over, what guards and budgets said. */
  readonly history: CallHistory
  /** Set where the answer was kept for an equal call: no model was asked. */
  readonly cached?: { readonly storedAtMs: number }
  readonly requestId?: string
  readonly warnings: readonly string[]
}

/** What would be sent. */
export interface RenderedPrompt {
  readonly messages: readonly CallMessage[]
  /** The input with its defaults. */
  readonly input: JsonValue
  readonly tokens: number
  /** False for every tokenizer but the simulated one: then the count is an approximation. */
  readonly tokensAreExact: boolean
}
