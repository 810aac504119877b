import type { PromptSpec } from '../../artifact/prompt.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { CallMessage, ModelTarget } from '../../gateway/call.ts'
import { costNano } from '../../gateway/price.ts'
import { boundTokens } from './tokens.ts'

/** Taken where neither the prompt nor the model limits the answer: the longest that any model writes today. */
const LONGEST_ANSWER_TOKENS = 128_000

/**
 * Refuses a call that could bring a run over `max_cost`.
 *
 * @param spentNano what earlier calls of the same run cost; null is unknown, and refuses too.
 * @throws OperationError `gateway/max-cost` or `gateway/unknown-price`
 */
export function holdCostLimit(
  prompt: PromptSpec,
  address: string,
  target: ModelTarget,
  messages: readonly CallMessage[],
  spentNano: number | null,
): void {
  const limitNano = prompt.max_cost_nano
  if (limitNano === undefined) return
  if (target.provider.spec.type === 'simulated' && target.spec.price.length === 0) return
  const output =
    prompt.params?.max_output_tokens ??
    target.spec.params?.max_output_tokens ??
    target.spec.limits.max_output_tokens ??
    LONGEST_ANSWER_TOKENS
  const estimateNano = costNano({ input: boundTokens(messages), cachedInput: 0, cacheWrite: 0, output, reasoning: 0 }, target.spec.price)
  if (estimateNano === null || spentNano === null) {
    throw new OperationError({
      code: 'gateway/unknown-price',
      summary: `The price of ${target.address} is unknown, and ${address} has a max_cost`,
      address: target.address,
      argument: 'price',
      detail:
        'A limit that cannot be checked refuses. Write the price into the model, or take max_cost out of the prompt. The call was not made.',
    })
  }
  if (spentNano + estimateNano <= limitNano) return
  throw new OperationError({
    code: 'gateway/max-cost',
    summary: `A call of ${address} could cost more than its max_cost`,
    address,
    argument: 'max_cost',
    notes: [
      `max_cost  ${dollars(limitNano)}`,
      ...(spentNano > 0 ? [`spent     ${dollars(spentNano)}`] : []),
      `needed    at most ${dollars(estimateNano)}, with ${output.toLocaleString('en')} output tokens`,
    ],
    detail: 'Allow fewer output tokens, send less, or raise max_cost. The call was not made.',
  })
}

/** Six decimals: enough for every price of a single call. */
function dollars(nano: number): string {
  return `$${(nano / 1e9).toFixed(6)}`
}
