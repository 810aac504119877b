import { countSimulatedTokens } from '../artifact/simulated-tokens.ts'
import type { CallMessage } from './call.ts'

/** Of a file nobody can count tokens without the vendor; this is what a page or a picture usually takes. */
const TOKENS_PER_FILE = 1_500
/** Bytes of UTF-8 a token: 4 in English prose, 3 in most other text; counting too many is the safe side of a limit. */
const BYTES_PER_TOKEN = 3

/** Tokens of messages, by the simulated tokenizer: exact for it, and near for others. */
export function countTokens(messages: readonly CallMessage[]): number {
  return messages.reduce((sum, { text, files = [] }) => sum + countSimulatedTokens(text) + files.length * TOKENS_PER_FILE, 0)
}

/** More tokens than any tokenizer is likely to make of the messages: for limits. */
export function boundTokens(messages: readonly CallMessage[]): number {
  return messages.reduce(
    (sum, { text, files = [] }) => sum + Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN) + files.length * TOKENS_PER_FILE,
    0,
  )
}
