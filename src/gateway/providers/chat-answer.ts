import { isJsonObject, type JsonValue } from '../../base/json.ts'
import type { Answer, ModelTarget } from '../call.ts'
import type { CallFailure } from '../failure.ts'
import { type ChatContent, chatContent } from './chat-content.ts'
import { assistantMessage } from './chat-messages.ts'
import { type ChatToolCall, chatToolCalls, returnedToolCall } from './chat-tool-calls.ts'
import { chatFinishReason, chatUsage } from './chat-usage.ts'

/** An answer of chat completions, read. */
export interface ChatAnswer extends ChatContent {
  readonly toolCalls: readonly ChatToolCall[]
  readonly model: JsonValue | undefined
  readonly finishReason: JsonValue | undefined
  readonly usage: JsonValue | undefined
}

/** @returns undefined where the text is no answer of the protocol. */
export function readChatAnswer(text: string): ChatAnswer | undefined {
  const body = parsed(text)
  if (!isJsonObject(body) || !Array.isArray(body.choices)) return undefined
  const [choice] = body.choices
  if (!isJsonObject(choice) || !isJsonObject(choice.message)) return undefined
  const content = chatContent(choice.message)
  const toolCalls = chatToolCalls(choice.message.tool_calls)
  if (content === undefined || toolCalls === undefined) return undefined
  return { ...content, toolCalls, model: body.model, finishReason: choice.finish_reason, usage: body.usage }
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function answerOf(read: ChatAnswer, target: ModelTarget, warnings: readonly string[], requestId: Pick<Answer, 'requestId'>): Answer {
  const { text, refusal, thoughts, model } = read
  return {
    text: text + refusal,
    toolCalls: read.toolCalls.map(({ extra: _, ...call }) => call),
    ...trailOf(read, target, thoughts),
    finishReason: chatFinishReason(read.finishReason, refusal !== ''),
    usage: chatUsage(read.usage),
    modelId: typeof model === 'string' && model !== '' ? model : target.spec.id,
    ...requestId,
    simulated: false,
    warnings,
  }
}

/** The message as it goes back, where text and tool calls do not say all of it. */
function trailOf({ text, refusal, toolCalls }: ChatAnswer, { spec, provider }: ModelTarget, thoughts: string): Pick<Answer, 'trail'> {
  if (toolCalls.length === 0 || (thoughts === '' && toolCalls.every(({ extra }) => extra === undefined))) return {}
  const message = assistantMessage(text + refusal, toolCalls.map(returnedToolCall), thoughts)
  return { trail: { type: provider.spec.type, model: spec.id, parts: [message] } }
}

/** What a server said before it broke off may be billed. */
export function usageDetail(usage: JsonValue | undefined): Pick<CallFailure['details'], 'usage'> {
  const known = chatUsage(usage)
  return known === null ? {} : { usage: known }
}
