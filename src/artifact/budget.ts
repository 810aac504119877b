import type { Reference } from './deferred.ts'

export const BUDGET_PERIODS = ['run', 'hour', 'day', 'week', 'month'] as const
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number]

/** What a budget does with a call that it does not pay; `warn` lets it pass. */
export const BUDGET_ACTIONS = ['block', 'warn', 'degrade', 'pause'] as const

export const BUDGET_KEYS = ['tenant', 'user', 'flow', 'model'] as const
export type BudgetKey = (typeof BUDGET_KEYS)[number]

/** A limit on money (blocks.md, budget). */
export interface BudgetSpec {
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Nano-dollars, more than 0. */
  readonly limit_nano: number
  readonly per: BudgetPeriod
  /** One counter for each value; absent: one in all. */
  readonly by?: BudgetKey
  /** Workflows, prompts, agents, models and providers; empty: all calls. */
  readonly applies_to: readonly Reference[]
  readonly action: (typeof BUDGET_ACTIONS)[number]
  /** With `degrade` alone. */
  readonly degrade_to?: Reference
  /** Parts of the limit, 0 to 1, ascending. */
  readonly warn_at: readonly number[]
  /** An IANA name: periods are those of its calendar. */
  readonly timezone: string
  readonly unknown_price: 'refuse' | 'ignore'
}
