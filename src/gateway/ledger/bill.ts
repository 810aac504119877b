import type { BudgetWarning } from '../call-facts.ts'
import type { Settled } from './ledger.ts'
import type { UsageRecord } from './usage.ts'

/** What calls of a step have spent: kept by the commit of its record, or by none (BUD-4). */
export interface Spent {
  readonly settlements: readonly Settled[]
  readonly records: readonly UsageRecord[]
  /** Of what was settled before. */
  readonly warnings: readonly BudgetWarning[]
}

/**
 * Gathers what the calls of one step spend, so that it is settled with the record of the step. It is closed with that
 * record: what comes later, of a call that was left behind, is settled by itself.
 */
export interface Bill {
  /** @returns false: it is closed. */
  settle(settled: Settled): boolean
  /** @returns false: it is closed. */
  record(record: UsageRecord): boolean
  warn(warnings: readonly BudgetWarning[]): void
  /** What is not settled yet: the next reservation of the step settles it first, so that it does not stand in its own way. */
  waiting(): readonly Settled[]
  /** These were settled. */
  forget(settled: readonly Settled[]): void
  /** Nano-dollars of what was recorded so far, estimates included; null: of one call it is unknown. */
  costNano(): number | null
  close(): Spent
}

export function createBill(): Bill {
  let isOpen = true
  const settlements = new Map<string, Settled>()
  const records: UsageRecord[] = []
  const warnings: BudgetWarning[] = []
  return {
    settle(settled) {
      if (isOpen) settlements.set(settled.id, settled)
      return isOpen
    },
    record(record) {
      if (isOpen) records.push(record)
      return isOpen
    },
    warn: passed => void warnings.push(...passed),
    waiting: () => (isOpen ? [...settlements.values()] : []),
    forget(settled) {
      for (const { id } of settled) settlements.delete(id)
    },
    costNano: () => costOf(records),
    close() {
      isOpen = false
      return { settlements: [...settlements.values()], records: [...records], warnings: [...warnings] }
    },
  }
}

export function isEmpty({ settlements, records, warnings }: Spent): boolean {
  return settlements.length + records.length + warnings.length === 0
}

function costOf(records: readonly UsageRecord[]): number | null {
  const costs = records.flatMap(({ parts }) => parts.map(({ costNano }) => costNano))
  return costs.reduce<number | null>((sum, cost) => (sum === null || cost === null ? null : sum + cost), 0)
}
