import { addCost, type CallHistory, type Layer, type ModelCall } from '../call.ts'
import { CallFailure } from '../failure.ts'
import { costNano } from '../price.ts'
import { boundTokens } from '../tokens.ts'

/** Taken where neither the prompt nor the model limits the answer: the longest that any model writes today. */
const LONGEST_ANSWER_TOKENS = 128_000

/** Refuses an attempt that could bring a call over the `max_cost` of its prompt; what earlier attempts took counts. */
export function costLimitLayer(): Layer {
  return (call, next) => {
    const limitNano = call.policy.maxCostNano
    if (limitNano !== undefined) holdLimit(call, limitNano)
    return next(call)
  }
}

/** Output tokens that an attempt can take at most. */
export function outputBound({ params, target }: Pick<ModelCall, 'params' | 'target'>): number {
  return params.max_output_tokens ?? target.spec.limits.max_output_tokens ?? LONGEST_ANSWER_TOKENS
}

/** Nano-dollars that an attempt can cost at most; null when a price is unknown, 0 for a simulated model without prices. */
export function costBound(call: Pick<ModelCall, 'params' | 'target' | 'messages'>): number | null {
  const { spec, provider } = call.target
  if (provider.spec.type === 'simulated' && spec.price.length === 0) return 0
  return costNano({ input: boundTokens(call.messages), cachedInput: 0, cacheWrite: 0, output: outputBound(call), reasoning: 0 }, spec.price)
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
