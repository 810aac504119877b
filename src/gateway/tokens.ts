import { countSimulatedTokens } from '../artifact/simulated-tokens.ts'
import type { CallFile, CallMessage } from './call.ts'

/** Of a file nobody can count tokens without the vendor; this is what a page or a picture usually takes. */
const TOKENS_PER_FILE = 1_500
/** Of base64 in audio: 32 tokens a second, as Gemini counts, of speech at 32 kbit/s, which is little. */
const AUDIO_CHARACTERS_PER_TOKEN = 160
/** Bytes of UTF-8 a token: 4 in English prose, 3 in most other text; counting too many is the safe side of a limit. */
const BYTES_PER_TOKEN = 3

/** Tokens of messages, by the simulated tokenizer: exact for it, and near for others. */
export function countTokens(messages: readonly CallMessage[]): number {
  return messages.reduce((sum, message) => sum + countSimulatedTokens(wordsOf(message)) + filesOf(message), 0)
}

/** More tokens than any tokenizer is likely to make of the messages: for limits. */
export function boundTokens(messages: readonly CallMessage[]): number {
  return messages.reduce((sum, message) => sum + Math.ceil(Buffer.byteLength(wordsOf(message)) / BYTES_PER_TOKEN) + filesOf(message), 0)
}

/** Everything of a message that is text when it is sent: calls of tools too, and what goes back to a vendor as it was. */
function wordsOf({ text, toolCalls, trail }: CallMessage): string {
  if (trail !== undefined) return text + JSON.stringify(trail.parts)
  return toolCalls === undefined ? text : text + toolCalls.map(call => ` ${call.name} ${call.arguments}`).join('')
}

function filesOf({ files = [] }: CallMessage): number {
  return files.reduce((sum, file) => sum + tokensOfFile(file), 0)
}

function tokensOfFile(file: CallFile): number {
  const isAudio = file.mediaType.startsWith('audio/') && 'data' in file
  return isAudio ? Math.max(TOKENS_PER_FILE, Math.ceil(file.data.length / AUDIO_CHARACTERS_PER_TOKEN)) : TOKENS_PER_FILE
}
