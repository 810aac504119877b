import { addCost, type CallHistory, type Layer, type ModelCall } from '../call.ts'
import { costBound, outputBound } from '../cost-bound.ts'
import { CallFailure } from '../failure.ts'

/** Refuses an attempt that could bring a call over the `max_cost` of its prompt; what earlier attempts took counts. */
export function costLimitLayer(): Layer {
  return (call, next) => {
    const limitNano = call.policy.maxCostNano
    if (limitNano !== undefined) holdLimit(call, limitNano)
    return next(call)
  }
}

function holdLimit(call: ModelCall, limitNano: number): void {
  const neededNano = costBound(call)
  const spentNano = spentOf(call.history)
  const by = { refusedBy: call.caller.prompt?.address ?? call.caller.flow }
  if (neededNano === null || spentNano === null)
    throw new CallFailure({ class: 'unknown_price', message: `the price of ${call.target.address} is unknown`, ...by })
  if (spentNano + neededNano <= limitNano) return
  throw new CallFailure({
    class: 'max_cost',
    message: 'the call could cost more than its max_cost',
    ...by,
    notes: [
      `max_cost  ${dollars(limitNano)}`,
      ...(spentNano > 0 ? [`spent     ${dollars(spentNano)}`] : []),
      `needed    at most ${dollars(neededNano)}, with ${outputBound(call).toLocaleString('en')} output tokens`,
    ],
  })
}

function spentOf({ attempts }: CallHistory): number | null {
  return attempts.reduce<number | null>((sum, { costNano: cost }) => addCost(sum, cost), 0)
}

/** Six decimals: enough for every price of a single call. */
function dollars(nano: number): string {
  return `$${(nano / 1e9).toFixed(6)}`
}
