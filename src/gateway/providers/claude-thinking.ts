import { isJsonObject, type JsonObject } from '../../base/json.ts'

/** Claude thinks with at least so many tokens, or not at all. */
const LEAST_BUDGET = 1024
/** Of the limit, as a part in ten: the rest is for the answer. */
const SHARE_OF_THOUGHTS = 8

/**
 * Keeps thoughts within the limit of an answer. The packages add the budget of thoughts on top of `max_output_tokens`, and
 * budgets would be reserved for 500 tokens where 38,900 may be billed.
 *
 * @param thinking as it would be sent: `{ type: "enabled", budget_tokens }`.
 * @returns what to send instead; undefined: there is no room for thoughts.
 */
function boundThinking(thinking: JsonObject, limit: number): JsonObject | undefined {
  const { budget_tokens: budget } = thinking
  if (typeof budget !== 'number') return thinking
  const most = Math.floor((limit * SHARE_OF_THOUGHTS) / 10)
  return most < LEAST_BUDGET ? undefined : { ...thinking, budget_tokens: Math.min(budget, most) }
}

/** The same body with a bounded `thinking`, where it has one. */
export function withBoundThinking(body: JsonObject, limit: number): JsonObject {
  const { thinking, ...rest } = body
  if (!isJsonObject(thinking)) return body
  const bound = boundThinking(thinking, limit)
  return bound ? { ...rest, thinking: bound } : rest
}
