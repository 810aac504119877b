import { isJsonObject, type JsonValue } from '../../base/json.ts'
import type { Usage } from '../call.ts'
import { tokenCount } from './token-count.ts'

/**
 * Tokens of audio in what a vendor reports: OpenAI's `prompt_tokens_details`, and Gemini's lists of modalities. Audio from
 * the cache is cached input like any other.
 *
 * @param said usage in the vendor's own words.
 * @returns nothing where none is reported.
 */
export function audioUsage(said: unknown): Pick<Usage, 'audioInput' | 'audioOutput'> {
  if (!isJsonObject(said)) return {}
  const cached = ofModality(said.cacheTokensDetails)
  const input = audioTokens(said.prompt_tokens_details) + Math.max(0, ofModality(said.promptTokensDetails) - cached)
  const output = audioTokens(said.completion_tokens_details) + ofModality(said.candidatesTokensDetails)
  return { ...(input > 0 && { audioInput: input }), ...(output > 0 && { audioOutput: output }) }
}

function audioTokens(details: JsonValue | undefined): number {
  return isJsonObject(details) ? tokenCount(details.audio_tokens) : 0
}

function ofModality(details: JsonValue | undefined): number {
  if (!Array.isArray(details)) return 0
  return details
    .filter(isJsonObject)
    .reduce((sum, { modality, tokenCount: counted }) => sum + (modality === 'AUDIO' ? tokenCount(counted) : 0), 0)
}
