import type { Digest } from '../base/digest.ts'

/** For whom a call is made: who pays, and by what costs are summed. */
export interface Caller {
  readonly environment: string
  /** What was asked to run: `prompt.answer`, `workflow.support`. */
  readonly flow: string
  /** The prompt of this call, with its version where it is published; absent: a judge or another call of flowrun's own. */
  readonly prompt?: { readonly address: string; readonly version?: number; readonly digest: Digest }
  readonly run?: string
  /** Of a run that another one began. */
  readonly scope?: BudgetScope
  readonly node?: string
  readonly tenant?: string
  readonly user?: string
  /** Of the prompt, for reports. */
  readonly labels?: Readonly<Record<string, string>>
}

/** A run is in the budgets of the run that began it (RUN-6). */
export interface BudgetScope {
  /** The first one, which nobody began. */
  readonly run: string
  /** From that one on, itself last. */
  readonly flows: readonly string[]
}

export type FinishReason = 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'other'

/** Tokens as the provider counted them. `cachedInput`, `cacheWrite` and `audioInput` are parts of `input`, `reasoning` and `audioOutput` of `output`. */
export interface Usage {
  readonly input: number
  readonly cachedInput: number
  readonly cacheWrite: number
  readonly output: number
  readonly reasoning: number
  /** Absent: none. What came from the cache is not in it. */
  readonly audioInput?: number
  readonly audioOutput?: number
}

export interface BudgetWarning {
  readonly budget: string
  /** Of the limit, 0 to 1: the mark that was passed. */
  readonly mark: number
  readonly spentNano: number
  readonly limitNano: number
}
