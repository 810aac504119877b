import type { Clock } from '../../base/clock.ts'
import { invariant } from '../../base/invariant.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { BudgetTarget, BudgetWarning, Caller, Layer, LayerResult, ModelCall } from '../call.ts'
import { costBound } from '../cost-bound.ts'
import { type BudgetWait, CallFailure, extendFailure, mayBeBilled } from '../failure.ts'
import { applies, counterOf } from '../ledger/counters.ts'
import type { CounterStanding, Reserved, Settled, Settlement } from '../ledger/ledger.ts'
import { exhausted, unavailable, unpriced } from '../ledger/refusal.ts'
import type { Spending } from '../ledger/spending.ts'
import { MissingSecret } from '../secrets.ts'

export interface BudgetDependencies {
  /** Absent: what is spent is kept nowhere, and every budget refuses. */
  readonly spending?: Spending
  readonly clock: Clock
}

/** An owner that has not settled so long after its attempt had to be over is taken for dead (BUD-5). */
const DEAD_AFTER_MS = 60_000

/**
 * Reserves for each attempt what it can cost at most in every budget that applies, and settles at what it did cost (GW-1,
 * BUD-2 … BUD-5). One that was not sent settles at 0 (GW-7); one that may be billed without a report, in full.
 */
export function budgetLayer({ spending, clock }: BudgetDependencies): Layer {
  return async (call, next) => {
    const [first, ...others] = call.policy.budgets.filter(({ spec }) => applies(spec, call))
    if (first === undefined) return next(call)
    if (spending === undefined) throw unavailable(first, 'What calls spend is kept nowhere here.')
    const reservation = await reserve(call, [first, ...others], spending, clock)
    if (reservation === undefined) return next(call)
    let result: LayerResult
    try {
      result = await next(call)
    } catch (error) {
      await settle(call, { id: reservation, settlement: settlementOfFailure(error) }, spending)
      throw error
    }
    // An answer is settled with the record of its step, where there is one; a failure at once, for another attempt may follow.
    const settled = { id: reservation, settlement: settlementOf(result) }
    if (!call.bill?.settle(settled)) await settle(call, settled, spending)
    return result
  }
}

type Budgets = readonly [BudgetTarget, ...BudgetTarget[]]

/** @returns the id of the reservation; undefined where there is nothing to reserve. */
async function reserve(call: ModelCall, budgets: Budgets, { ledger }: Spending, clock: Clock): Promise<string | undefined> {
  const { caller, target, bill, history } = call
  const amountNano = costBound(call)
  if (amountNano === null) {
    const refusing = budgets.find(({ spec }) => spec.action !== 'warn' && spec.unknown_price === 'refuse')
    if (refusing) throw unpriced(refusing, target.address)
    return undefined
  }
  if (amountNano === 0) return undefined
  const { kept } = history
  invariant(kept, 'gateway/call-not-kept', 'where calls are kept, each has its id from the beginning')
  const id = `${kept.id}.${++kept.reservations}`
  const nowMs = clock.now()
  const counters = budgets.map(budget => counterOf(budget, call, nowMs, kept.id))
  const model = { address: target.address, id: target.spec.id, provider: target.provider.address }
  // Leave to call is waited for no longer than the answer (TIME-3).
  const expiresMs = nowMs + 2 * target.spec.timeout_ms + DEAD_AFTER_MS
  const before = bill?.waiting() ?? []
  const reservation = { id, calledMs: kept.atMs, counters, amountNano, caller, model, expiresMs }
  const reserved = await ask(budgets, () => ledger.reserve(reservation, before))
  bill?.forget(before)
  warn(call, reserved.warnings)
  if (reserved.outcome === 'refused') throw refusal(budgets, reserved.by, amountNano, caller, nowMs)
  return id
}

/** A run can wait for a budget that pauses. */
function refusal(budgets: Budgets, by: CounterStanding, neededNano: number, caller: Caller, nowMs: number): CallFailure {
  const pauses = budgets.some(({ address, spec }) => address === by.budget && spec.action === 'pause')
  const failure = exhausted(by, neededNano, caller, nowMs)
  return pauses ? extendFailure(failure, { waitsFor: waitFor(by) }) : failure
}

function waitFor({ budget, limitNano, run, window }: CounterStanding): BudgetWait {
  return { budget, limitNano, ...(run === undefined && { resumesAtMs: window.endMs }) }
}

/** Also budgets that only warn: what they have spent must be known. */
async function ask([budget]: Budgets, reserve: () => Promise<Reserved>): Promise<Reserved> {
  try {
    return await reserve()
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    throw unavailable(budget, `${error.diagnostic.summary}.`)
  }
}

function settlementOf({ costNano }: LayerResult): Settlement {
  return costNano === null ? 'unreported' : { costNano }
}

/** What comes from before the request, and what a provider refused, costs nothing. An error of ours says nothing about that. */
function settlementOfFailure(error: unknown): Settlement {
  if (error instanceof MissingSecret || error instanceof OperationError) return { costNano: 0 }
  if (!(error instanceof CallFailure) || mayBeBilled(error.details)) return 'unreported'
  const { usage, costNano } = error.details
  return usage !== undefined && (costNano ?? null) === null ? 'unreported' : { costNano: costNano ?? 0 }
}

/** The answer is there, whatever becomes of this: a reservation that cannot be settled counts in full when it expires. */
async function settle(call: ModelCall, { id, settlement }: Settled, { ledger }: Spending): Promise<void> {
  try {
    warn(call, await ledger.settle(id, settlement))
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
  }
}

function warn({ history, bill }: ModelCall, warnings: readonly BudgetWarning[]): void {
  history.budgetWarnings.push(...warnings)
  bill?.warn(warnings)
}
