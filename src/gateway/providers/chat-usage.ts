import { isJsonObject, type JsonValue } from '../../base/json.ts'
import type { FinishReason, Usage } from '../call.ts'
import { audioUsage } from './audio-usage.ts'
import { tokenCount } from './token-count.ts'

/** Null where the server does not say. Tokens of cache and thoughts are parts of the two sums. */
export function chatUsage(said: JsonValue | undefined): Usage | null {
  if (!isJsonObject(said) || (said.prompt_tokens === undefined && said.completion_tokens === undefined)) return null
  const { prompt_tokens_details: input, completion_tokens_details: output } = said
  return {
    input: tokenCount(said.prompt_tokens),
    cachedInput: isJsonObject(input) ? tokenCount(input.cached_tokens) : 0,
    cacheWrite: isJsonObject(input) ? tokenCount(input.cache_write_tokens) : 0,
    output: tokenCount(said.completion_tokens),
    reasoning: isJsonObject(output) ? tokenCount(output.reasoning_tokens) : 0,
    ...audioUsage(said),
  }
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
