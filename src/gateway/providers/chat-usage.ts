import { isJsonObject, type JsonValue } from '../../base/json.ts'
import type { FinishReason, Usage } from '../call.ts'

/** Null where the server does not say. Tokens of cache and thoughts are parts of the two sums. */
export function chatUsage(said: JsonValue | undefined): Usage | null {
  if (!isJsonObject(said) || (said.prompt_tokens === undefined && said.completion_tokens === undefined)) return null
  const { prompt_tokens_details: input, completion_tokens_details: output } = said
  return {
    input: tokensOf(said.prompt_tokens),
    cachedInput: isJsonObject(input) ? tokensOf(input.cached_tokens) : 0,
    cacheWrite: isJsonObject(input) ? tokensOf(input.cache_write_tokens) : 0,
    output: tokensOf(said.completion_tokens),
    reasoning: isJsonObject(output) ? tokensOf(output.reasoning_tokens) : 0,
  }
}

/** A number of tokens is whole and not less than none, whatever a server says. */
function tokensOf(said: JsonValue | undefined): number {
  return typeof said === 'number' && Number.isSafeInteger(said) && said > 0 ? said : 0
}

/** @param refused the model said that it refuses: servers report that as an ordinary end. */
export function chatFinishReason(said: JsonValue | undefined, refused: boolean): FinishReason {
  switch (said) {
    case 'stop':
      return refused ? 'content_filter' : 'stop'
    case 'length':
    case 'content_filter':
    case 'tool_calls':
      return said
    case 'function_call':
      return 'tool_calls'
    default:
      return 'other'
  }
}
