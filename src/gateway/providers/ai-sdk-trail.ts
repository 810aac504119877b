import type {
  LanguageModelV4Content,
  LanguageModelV4ReasoningPart,
  LanguageModelV4StreamPart,
  LanguageModelV4TextPart,
  LanguageModelV4ToolCallPart,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider'
import type { JsonValue } from '../../base/json.ts'
import type { AnswerTrail, ModelTarget } from '../call.ts'

type TrailPart = LanguageModelV4ReasoningPart | LanguageModelV4TextPart | LanguageModelV4ToolCallPart

/** Collects the parts of an answer as they are to be sent back. */
export interface TrailBuilder {
  take(part: LanguageModelV4Content): void
  takePiece(piece: LanguageModelV4StreamPart): void
  /** Undefined where text and tool calls say all that there is. */
  build(): AnswerTrail | undefined
}

export function createTrail({ spec, provider }: ModelTarget): TrailBuilder {
  const parts: TrailPart[] = []
  const open = new Map<string, { text: string; metadata: SharedV4ProviderMetadata | undefined }>()
  const take: TrailBuilder['take'] = part => {
    const options = part.providerMetadata && { providerOptions: part.providerMetadata }
    if (part.type === 'text' || part.type === 'reasoning') parts.push({ type: part.type, text: part.text, ...options })
    if (part.type === 'tool-call')
      parts.push({ type: 'tool-call', toolCallId: part.toolCallId, toolName: part.toolName, input: argumentsOf(part.input), ...options })
  }
  const continued = (id: string, text: string, metadata: SharedV4ProviderMetadata | undefined) => {
    const piece = open.get(id)
    open.set(id, { text: (piece?.text ?? '') + text, metadata: mergedMetadata(piece?.metadata, metadata) })
  }
  return {
    take,
    takePiece(piece) {
      switch (piece.type) {
        case 'text-start':
        case 'reasoning-start':
          open.delete(piece.id)
          continued(piece.id, '', piece.providerMetadata)
          break
        case 'text-delta':
        case 'reasoning-delta':
          continued(piece.id, piece.delta, piece.providerMetadata)
          break
        case 'text-end':
        case 'reasoning-end': {
          continued(piece.id, '', piece.providerMetadata)
          const { text = '', metadata } = open.get(piece.id) ?? {}
          take({ type: piece.type === 'text-end' ? 'text' : 'reasoning', text, ...(metadata && { providerMetadata: metadata }) })
          break
        }
        case 'tool-call':
          take(piece)
          break
      }
    },
    build() {
      if (!parts.some(part => part.type === 'reasoning' || part.providerOptions !== undefined)) return undefined
      // Through JSON, as a run's records keep it: without keys that are not set.
      return { type: provider.spec.type, model: spec.id, parts: JSON.parse(JSON.stringify(parts)) as JsonValue[] }
    },
  }
}

/** What a model wrote as arguments, for vendors that want an object; text that is none is shown to the model as it was. */
export function argumentsOf(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text)
  } catch {
    return { arguments: text }
  }
}

function mergedMetadata(
  first: SharedV4ProviderMetadata | undefined,
  second: SharedV4ProviderMetadata | undefined,
): SharedV4ProviderMetadata | undefined {
  if (first === undefined || second === undefined) return second ?? first
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])]
  return Object.fromEntries(names.map(name => [name, { ...first[name], ...second[name] }]))
}
