import type { Caller, FinishReason, Usage } from '../call-facts.ts'
import type { FailureClass } from '../failure-class.ts'

/** What one call used, for costs; never what was said in it. */
export interface UsageRecord {
  /** ULID. */
  readonly id: string
  /** When the call began, in milliseconds since 1970. */
  readonly atMs: number
  readonly caller: Caller
  /** Of the model that was asked first, and of the prompt, whose word counts. */
  readonly labels?: Readonly<Record<string, string>>
  /** The model that was asked first: `model.fast`. */
  readonly asked: string
  /** One for each model that was tried, in order; the last is the one that answered, or failed last. */
  readonly parts: readonly [UsagePart, ...UsagePart[]]
  readonly cache: 'hit' | 'miss' | 'off'
  /** How many verdicts of guards led to each action. */
  readonly verdicts: Readonly<Record<'block' | 'redact' | 'flag', number>>
  /** `lost`: its process died, and what it cost is estimated (BUD-5). */
  readonly outcome: FinishReason | FailureClass | 'lost'
  /** To the first streamed event; absent where nothing was streamed. */
  readonly firstTokenMs?: number
  readonly latencyMs: number
  /** It has reserved: whoever keeps the record closes its reservations. */
  readonly isReserved?: true
}

/** What one model took in a call. */
export interface UsagePart {
  /** `model.fast` */
  readonly model: string
  readonly modelId: string
  /** The id under which the provider says it answered. */
  readonly reportedId?: string
  /** `provider.openai` */
  readonly provider: string
  readonly attempts: number
  /** Nothing where the provider did not say, and where the answer came from the cache. */
  readonly usage: Usage
  /** Nano-dollars; null: no price is known. */
  readonly costNano: number | null
  /** The cost has an upper bound in it, for an attempt that the provider may bill without having said so. */
  readonly isEstimated: boolean
}

export const USAGE_KEYS = ['model', 'flow', 'prompt', 'environment', 'day', 'tenant'] as const
export type UsageKey = (typeof USAGE_KEYS)[number]

/** Calls that began in a stretch of time. */
export interface UsageQuery {
  readonly sinceMs: number
  /** Up to and without. */
  readonly untilMs: number
  /** Absent: all. */
  readonly environment?: string
}

/** Sums of many calls. */
export interface UsageSum {
  /** What its calls have in common, in the order that was asked for; of a model the id stands beside the address. */
  readonly keys: readonly { readonly key: UsageKey | 'id'; readonly value: string }[]
  readonly calls: number
  /** Of them answered from the cache. */
  readonly cached: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Of the calls that have a price; null when none has. */
  readonly costNano: number | null
  /** The part of `costNano` that is in records with an estimate in them. */
  readonly estimatedNano: number
  /** Calls without a known price. */
  readonly unpriced: number
}

/** Takes what calls used, and never makes one wait. */
export interface UsageLog {
  record(record: UsageRecord): void
  /** Writes what is not written yet. Never fails: what could not be kept was told. */
  flush(): Promise<void>
}

/** What was used, for reports. */
export interface UsageReport {
  /** The most expensive first; unknown costs last. No keys: one sum of all. */
  sums(query: UsageQuery, by: readonly UsageKey[]): Promise<readonly UsageSum[]>
  /** Models whose calls have no known price: `model.local`. */
  unpricedModels(query: UsageQuery): Promise<readonly string[]>
  /** Records with an estimate in them, newest first. */
  estimated(query: UsageQuery): Promise<readonly UsageRecord[]>
}
