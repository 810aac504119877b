import type { BudgetWarning, Caller } from '../call-facts.ts'
import type { Window } from './window.ts'

/** One counter of one budget: of a value of its `by`, in a window. */
export interface BudgetCounter {
  readonly environment: string
  /** `budget.daily` */
  readonly budget: string
  /** Of `by`: a tenant, a model; empty for the one counter of a budget without it, and for a caller without the key. */
  readonly value: string
  /** Absent: the window is a stretch of time. */
  readonly run?: string
  readonly window: Window
  readonly limitNano: number
  /** False: it counts, and refuses nothing. */
  readonly blocks: boolean
  /** Parts of the limit, ascending, that are told when they are passed. */
  readonly marks: readonly number[]
}

/** How a counter stands. */
export interface CounterStanding extends Pick<BudgetCounter, 'environment' | 'budget' | 'value' | 'run' | 'window' | 'limitNano'> {
  readonly spentNano: number
  /** Of attempts that are under way. */
  readonly reservedNano: number
  /** Runs that counted in it; calls without a run are left out. */
  readonly runs: number
}

/** What an attempt may cost, and who pays. */
export interface Reservation {
  /** Of the attempt: `ID.1`, `ID.2` are those of one call, whose usage record is ID, a ULID. */
  readonly id: string
  /** When the call began, in milliseconds since 1970: as in its usage record. */
  readonly calledMs: number
  readonly counters: readonly BudgetCounter[]
  /** Upper bound in nano-dollars. */
  readonly amountNano: number
  readonly caller: Caller
  readonly model: { readonly address: string; readonly id: string; readonly provider: string }
  /** In milliseconds since 1970: an owner that has not settled by then is taken for dead. */
  readonly expiresMs: number
}

/** With the marks that were passed by what was settled before. */
export type Reserved = { readonly warnings: readonly BudgetWarning[] } & (
  | { readonly outcome: 'reserved' }
  | { readonly outcome: 'refused'; readonly by: CounterStanding }
)

/** `unreported`: the provider may bill it and did not say how much, so it counts in full. */
export type Settlement = { readonly costNano: number } | 'unreported'

/** What became of a reservation. */
export interface Settled {
  /** Of the reservation. */
  readonly id: string
  readonly settlement: Settlement
}

/**
 * What budgets have spent, kept so that it survives every process (BUD-1 … BUD-6).
 *
 * Every function rejects when the store cannot be reached: then no call may be made (BUD-7).
 */
export interface SpendingLedger {
  /**
   * Reserves in all counters or in none (BUD-2). Reservations whose owners died are settled in full before (BUD-5).
   *
   * @param before is settled first, whatever becomes of the reservation.
   */
  reserve(reservation: Reservation, before?: readonly Settled[]): Promise<Reserved>
  /**
   * Puts what was spent in the place of what was reserved; a second time it does nothing (BUD-4). One that was taken for
   * lost, and is settled after all, is corrected.
   *
   * @returns marks that were passed with it and were not told before.
   */
  settle(id: string, settlement: Settlement): Promise<readonly BudgetWarning[]>
  /** Closes what attempts of a run left behind, in full where nobody knows better: its process died, and another has claimed it (BUD-5). */
  settleRun(run: string): Promise<void>
  /** How a counter stands; the window is made by the first reservation. */
  standing(counter: BudgetCounter): Promise<CounterStanding>
  /** Counters whose window is not over, by address; of single runs those that spend now. */
  windows(environment: string): Promise<readonly CounterStanding[]>
}
