import type { DeferredText } from '../artifact/deferred.ts'
import type { MessageSpec, PromptSpec } from '../artifact/prompt.ts'
import type { ProviderType } from '../artifact/provider.ts'
import { countSimulatedTokens } from '../artifact/simulated-tokens.ts'
import { scan } from '../hcl/scanner.ts'
import { Token } from '../hcl/token.ts'
import type { TokenCount } from './plan.ts'

export interface Tokenizer {
  /** It is not the provider's own, so figures are shown with `~`. */
  readonly approximate: boolean
  readonly count: (text: string) => number
}

export const simulatedTokenizer: Tokenizer = Object.freeze({ approximate: false, count: countSimulatedTokens })

/** Model families of OpenAI that read o200k_base; older ones, and all other vendors, read something else. */
const O200K = /^(ft:)?(chatgpt-4o|gpt-4o|gpt-4\.[15]|gpt-[56]|o[134])/

/** The tokenizer for a model. Loads the encoding on first use: 220 ms and 176 MB, so ask only for what a plan shows. */
export async function loadTokenizer(providerType: ProviderType, modelId: string): Promise<Tokenizer> {
  if (providerType === 'simulated') return simulatedTokenizer
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base')
  // Text like `<|endoftext|>` in a prompt is text; by default the library refuses it.
  const count = (text: string) => countTokens(text, { disallowedSpecial: new Set() })
  return { approximate: !(providerType === 'openai' && O200K.test(modelId)), count }
}

/** Tokens of the fixed text of a prompt, without what is inserted when a flow runs. */
export function countFixedTokens(spec: PromptSpec, tokenizer: Tokenizer, textFiles: Readonly<Record<string, string>> = {}): TokenCount {
  const parts = messageNames(spec.messages).map(({ name, message }) => ({
    name: textFiles[name] ?? name,
    tokens: fixedTexts(message.text).reduce((sum, text) => sum + tokenizer.count(text), 0),
  }))
  return {
    fixed: parts.reduce((sum, part) => sum + part.tokens, 0),
    approximate: tokenizer.approximate,
    parts: parts.filter(part => part.tokens > 0).sort((a, b) => b.tokens - a.tokens),
  }
}

/** Whether the fixed text fits into so many tokens for sure: no byte-level tokenizer makes more tokens than UTF-8 bytes. */
export function fitsSurely(spec: PromptSpec, tokens: number): boolean {
  let bytes = 0
  for (const { text } of spec.messages) for (const fixed of fixedTexts(text)) bytes += Buffer.byteLength(fixed)
  return bytes <= tokens
}

export interface NamedMessage {
  /** As the argument is written: `system`, `user` for the last message, else `message[1]` counted from 0. */
  readonly name: string
  readonly message: MessageSpec
}

export function messageNames(messages: readonly MessageSpec[]): readonly NamedMessage[] {
  const others = messages.filter(message => message.role !== 'system')
  return messages.map(message => {
    if (message.role === 'system') return { name: 'system', message }
    const index = others.indexOf(message)
    const isUser = index === others.length - 1 && message.role === 'user' && message.attachments === undefined
    return { name: isUser ? 'user' : `message[${index}]`, message }
  })
}

/** The pieces of a text that are sent as they stand, each between two insertions. Both branches of a condition count: an upper bound. */
export function fixedTexts(text: DeferredText | undefined): readonly string[] {
  if (text === undefined) return []
  if (typeof text === 'string') return [text]
  return '$template' in text ? templateTexts(text.$template) : []
}

function templateTexts(template: string): readonly string[] {
  const tokens = scan(template, 'template')
  const pieces: string[] = []
  let depth = 0
  let piece = ''
  for (let i = 0; i < tokens.count; i++) {
    const kind = tokens.kinds[i]
    if (kind === Token.interpolation || kind === Token.directive) {
      if (piece !== '') pieces.push(piece)
      piece = ''
      depth++
    } else if (kind === Token.sequenceEnd) {
      depth--
    } else if (kind === Token.plainText && depth === 0) {
      piece += template.slice(tokens.starts[i], tokens.ends[i]).replaceAll('$${', '${').replaceAll('%%{', '%{')
    }
  }
  return piece === '' ? pieces : [...pieces, piece]
}
