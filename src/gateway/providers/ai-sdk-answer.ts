import type { LanguageModelV4, LanguageModelV4FinishReason, LanguageModelV4Usage, SharedV4Warning } from '@ai-sdk/provider'
import type { Answer, FinishReason, ModelCall, ToolCall, Usage } from '../call.ts'
import { CallFailure } from '../failure.ts'
import { createTrail, type TrailBuilder } from './ai-sdk-trail.ts'
import { requestIdOf } from './answer-failure.ts'
import { audioUsage } from './audio-usage.ts'
import { ENDED_EARLY } from './network-failure.ts'

type CallOptions = Parameters<LanguageModelV4['doGenerate']>[0]

/** The whole answer at once. */
export async function generated(model: LanguageModelV4, options: CallOptions, call: ModelCall): Promise<Answer> {
  const result = await model.doGenerate(options)
  const texts: string[] = []
  const toolCalls: ToolCall[] = []
  const trail = createTrail(call.target)
  for (const part of result.content) {
    if (part.type === 'text') texts.push(part.text)
    if (part.type === 'tool-call') toolCalls.push({ id: part.toolCallId, name: part.toolName, arguments: part.input })
    trail.take(part)
  }
  return {
    text: texts.join(''),
    toolCalls,
    ...trailOf(trail, toolCalls),
    finishReason: finishReasonOf(result.finishReason),
    usage: usageOf(result.usage),
    modelId: result.response?.modelId ?? model.modelId,
    ...requestIdOf(result.response?.headers),
    simulated: false,
    warnings: result.warnings.map(warningText),
  }
}

interface Collected {
  readonly toolCalls: ToolCall[]
  readonly trail: TrailBuilder
  text: string
  modelId: string
  warnings: readonly SharedV4Warning[]
  end?: { readonly finishReason: LanguageModelV4FinishReason; readonly usage: LanguageModelV4Usage }
  error?: unknown
}

type StreamPart = Awaited<ReturnType<LanguageModelV4['doStream']>>['stream'] extends ReadableStream<infer Part> ? Part : never

/** The answer piece by piece, told to the watcher of the call as it comes. */
export async function streamed(model: LanguageModelV4, options: CallOptions, call: ModelCall): Promise<Answer> {
  const { stream, response } = await model.doStream(options)
  const all: Collected = { toolCalls: [], trail: createTrail(call.target), text: '', modelId: model.modelId, warnings: [] }
  for await (const part of stream) collect(part, all, call)
  const requestId = requestIdOf(response?.headers)
  // One of the packages reports an end without a finish reason as data that is not valid, others as no reason at all.
  const endedEarly = all.error instanceof Error && all.error.name === 'AI_InvalidResponseDataError'
  if (all.error !== undefined && !endedEarly) throw all.error
  if (all.end === undefined || endedEarly || isNoEnd(all.end.finishReason)) {
    throw new CallFailure({ ...ENDED_EARLY, ...requestId, ...usageDetail(all.end?.usage) })
  }
  return {
    text: all.text,
    toolCalls: all.toolCalls,
    ...trailOf(all.trail, all.toolCalls),
    finishReason: finishReasonOf(all.end.finishReason),
    usage: usageOf(all.end.usage),
    modelId: all.modelId,
    ...requestId,
    simulated: false,
    warnings: all.warnings.map(warningText),
  }
}

function collect(part: StreamPart, all: Collected, { onEvent: emit = () => {} }: ModelCall): void {
  all.trail.takePiece(part)
  switch (part.type) {
    case 'text-start':
    case 'text-end':
      emit({ type: part.type })
      return
    case 'text-delta':
      all.text += part.delta
      if (part.delta !== '') emit({ type: 'text-delta', text: part.delta })
      return
    case 'reasoning-delta':
      if (part.delta !== '') emit({ type: 'reasoning-delta', text: part.delta })
      return
    case 'tool-input-start':
      emit({ type: 'tool-call', name: part.toolName })
      return
    case 'tool-call':
      all.toolCalls.push({ id: part.toolCallId, name: part.toolName, arguments: part.input })
      return
    case 'response-metadata':
      all.modelId = part.modelId ?? all.modelId
      return
    case 'stream-start':
      all.warnings = part.warnings
      return
    case 'finish':
      all.end = part
      return
    case 'error':
      all.error ??= part.error
      return
  }
}

function isNoEnd({ unified, raw }: LanguageModelV4FinishReason): boolean {
  return unified === 'interrupted' || (unified === 'other' && raw === undefined)
}

function trailOf(trail: TrailBuilder, toolCalls: readonly ToolCall[]): Pick<Answer, 'trail'> {
  const built = toolCalls.length > 0 ? trail.build() : undefined
  return built ? { trail: built } : {}
}

function usageDetail(reported: LanguageModelV4Usage | undefined): { readonly usage?: Usage } {
  const usage = reported && usageOf(reported)
  return usage ? { usage } : {}
}

function usageOf({ inputTokens, outputTokens, raw }: LanguageModelV4Usage): Usage | null {
  if (inputTokens.total === undefined || outputTokens.total === undefined) return null
  return {
    input: inputTokens.total,
    cachedInput: inputTokens.cacheRead ?? 0,
    cacheWrite: inputTokens.cacheWrite ?? 0,
    output: outputTokens.total,
    reasoning: outputTokens.reasoning ?? 0,
    ...audioUsage(raw),
  }
}

function finishReasonOf({ unified, raw }: LanguageModelV4FinishReason): FinishReason {
  switch (unified) {
    case 'stop':
    case 'length':
      return unified
    case 'content-filter':
      return 'content_filter'
    case 'tool-calls':
      return 'tool_calls'
    default:
      // Claude's word for it, which Bedrock passes on and its package does not know.
      return raw === 'refusal' ? 'content_filter' : 'other'
  }
}

/** Parameters as the SDK calls them, and as they are called here. */
const OUR_WORDS: ReadonlyMap<string, string> = new Map([
  ['topK', 'top_k'],
  ['topP', 'top_p'],
  ['frequencyPenalty', 'frequency_penalty'],
  ['presencePenalty', 'presence_penalty'],
  ['stopSequences', 'stop'],
  ['maxOutputTokens', 'max_output_tokens'],
  ['reasoning', 'reasoning_effort'],
])

function warningText(warning: SharedV4Warning): string {
  if (!('feature' in warning)) return warning.message
  const feature = OUR_WORDS.get(warning.feature) ?? warning.feature
  return warning.details?.replaceAll(/\b(topK|topP)\b/g, name => OUR_WORDS.get(name) ?? name) ?? `${feature} is not supported`
}
