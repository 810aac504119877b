import type { Clock } from '../../base/clock.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { BudgetTarget, CallTier, Layer, ModelCall } from '../call.ts'
import { costBound } from '../cost-bound.ts'
import { applies, counterOf } from '../ledger/counters.ts'
import type { CounterStanding, SpendingLedger } from '../ledger/ledger.ts'
import type { BudgetDependencies } from './budget.ts'

/** The part of the limit from which on a cheaper model is asked (BUD-8). */
const DEGRADE_AT = 0.8

/** Asks the cheaper model of a budget that runs low, or does not pay for the dear one any more, instead of the models of the call. */
export function degradeLayer({ spending, clock }: BudgetDependencies): Layer {
  return async (call, next) => {
    for (const budget of call.policy.budgets) {
      const { degradeTo, spec } = budget
      // A call without a run is one by itself: nothing was spent before it.
      if (degradeTo === undefined || (spec.per === 'run' && call.caller.run === undefined)) continue
      if (!applies(spec, call) || isAsked(degradeTo, call)) continue
      const standing = spending && (await standingOf(budget, call, spending.ledger, clock))
      if (standing && isLow(standing, call)) return next(degraded(call, degradeTo, budget, standing))
    }
    return next(call)
  }
}

function isLow({ spentNano, reservedNano, limitNano }: CounterStanding, call: ModelCall): boolean {
  const takenNano = spentNano + reservedNano
  const neededNano = costBound({ ...call, params: { ...call.target.spec.params, ...call.params } }) ?? 0
  return takenNano >= limitNano * DEGRADE_AT || takenNano + neededNano > limitNano
}

function isAsked({ models: [first] }: CallTier, { target }: ModelCall): boolean {
  return first?.address === target.address
}

/** A budget that cannot be read refuses where it reserves; an answer from the cache needs none (GW-2). */
async function standingOf(
  budget: BudgetTarget,
  call: ModelCall,
  ledger: SpendingLedger,
  clock: Clock,
): Promise<CounterStanding | undefined> {
  try {
    return await ledger.standing(counterOf(budget, call, clock.now(), ''))
  } catch (error) {
    if (error instanceof OperationError) return undefined
    throw error
  }
}

function degraded(
  call: ModelCall,
  tier: CallTier,
  { address, spec }: BudgetTarget,
  { spentNano, reservedNano }: CounterStanding,
): ModelCall {
  const { target, history } = call
  const percent = Math.floor(((spentNano + reservedNano) / spec.limit_nano) * 100)
  history.passedOver.push({
    model: target.address,
    id: target.spec.id,
    reason: 'budget_low',
    detail: `${address} is at ${percent}% of its limit`,
  })
  return { ...call, tiers: [{ ...tier, escalateOn: [] }], target: tier.models[0] ?? target }
}
