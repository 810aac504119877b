import type { Clock } from '../../base/clock.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { BudgetTarget, Layer, LayerResult, ModelCall } from '../call.ts'
import { costBound } from '../cost-bound.ts'
import { CallFailure, mayBeBilled } from '../failure.ts'
import { applies, counterOf } from '../ledger/counters.ts'
import type { Reserved, Settlement } from '../ledger/ledger.ts'
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
    let settlement: Settlement = 'unreported'
    try {
      const result = await next(call)
      settlement = settlementOf(result)
      return result
    } catch (error) {
      settlement = settlementOfFailure(error)
      throw error
    } finally {
      await settle(call, reservation, settlement, spending)
    }
  }
}

type Budgets = readonly [BudgetTarget, ...BudgetTarget[]]

/** @returns the id of the reservation; undefined where there is nothing to reserve. */
async function reserve(call: ModelCall, budgets: Budgets, { ledger, newId }: Spending, clock: Clock): Promise<string | undefined> {
  const { caller, target } = call
  const amountNano = costBound(call)
  if (amountNano === null) {
    const refusing = budgets.find(({ spec }) => spec.action !== 'warn' && spec.unknown_price === 'refuse')
    if (refusing) throw unpriced(refusing, target.address)
    return undefined
  }
  if (amountNano === 0) return undefined
  const id = newId()
  const nowMs = clock.now()
  const counters = budgets.map(budget => counterOf(budget, call, nowMs, id))
  const model = { address: target.address, id: target.spec.id, provider: target.provider.address }
  // Leave to call is waited for no longer than the answer (TIME-3).
  const expiresMs = nowMs + 2 * target.spec.timeout_ms + DEAD_AFTER_MS
  const reserved = await ask(budgets, () => ledger.reserve({ id, counters, amountNano, caller, model, expiresMs }))
  if (reserved.outcome === 'refused') throw exhausted(reserved.by, amountNano, caller, nowMs)
  return id
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
async function settle(call: ModelCall, id: string, settlement: Settlement, { ledger }: Spending): Promise<void> {
  try {
    call.history.budgetWarnings.push(...(await ledger.settle(id, settlement)))
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
  }
}
