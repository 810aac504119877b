import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import type { CallEvent } from '../call.ts'
import { CallFailure, extendFailure } from '../failure.ts'
import type { Redactor } from '../redactor.ts'
import { type ChatAnswer, parsed, usageDetail } from './chat-answer.ts'
import { chatContent } from './chat-content.ts'
import { createToolCallPieces } from './chat-tool-calls.ts'
import { excerpt } from './excerpt.ts'
import { ENDED_EARLY, misreadDetails } from './network-failure.ts'
import { streamDetails } from './stream-failure.ts'

/** Puts an answer together that comes piece by piece, and tells a watcher of each. */
export interface ChatStream {
  /** @param data of one event. @throws CallFailure for an error of the server, and for what is none of its protocol. */
  take(data: string): void
  /** @throws CallFailure `network` where the server never said that it is complete. */
  answer(): ChatAnswer
}

type Heard = { -readonly [Key in Exclude<keyof ChatAnswer, 'toolCalls'>]: ChatAnswer[Key] }

export function createChatStream(emit: (event: CallEvent) => void, redact: Redactor['redact']): ChatStream {
  const tools = createToolCallPieces()
  const all: Heard = { text: '', refusal: '', thoughts: '', model: undefined, finishReason: undefined, usage: undefined }
  let isTextOpen = false
  const closeText = () => {
    if (isTextOpen) emit({ type: 'text-end' })
    isTextOpen = false
  }
  const addText = (text: string) => {
    if (text === '') return
    if (!isTextOpen) emit({ type: 'text-start' })
    isTextOpen = true
    emit({ type: 'text-delta', text })
  }
  const takeDelta = (delta: JsonObject, data: string) => {
    const content = chatContent(delta)
    if (content === undefined) throw misread(data, redact)
    const { text, refusal, thoughts } = content
    if (thoughts !== '') {
      closeText()
      emit({ type: 'reasoning-delta', text: thoughts })
    }
    addText(text)
    addText(refusal)
    all.text += text
    all.refusal += refusal
    all.thoughts += thoughts
    for (const piece of Array.isArray(delta.tool_calls) ? delta.tool_calls.filter(isJsonObject) : []) {
      const name = tools.take(piece)
      if (name !== undefined) emit({ type: 'tool-call', name })
    }
  }
  return {
    take(data) {
      if (data === '[DONE]') return
      const chunk = parsed(data)
      if (isJsonObject(chunk) && chunk.error !== undefined && chunk.error !== null)
        throw extendFailure(serverFailure(chunk.error, data, redact), usageDetail(chunk.usage ?? all.usage))
      if (!isJsonObject(chunk) || !Array.isArray(chunk.choices)) throw misread(data, redact)
      all.model ??= chunk.model || undefined
      all.usage = chunk.usage ?? all.usage
      const [choice] = chunk.choices
      if (!isJsonObject(choice)) return
      all.finishReason = choice.finish_reason ?? all.finishReason
      if (isJsonObject(choice.delta)) takeDelta(choice.delta, data)
    },
    answer() {
      closeText()
      const { finishReason, usage } = all
      if (finishReason === undefined) throw new CallFailure({ ...ENDED_EARLY, ...usageDetail(usage) })
      const toolCalls = tools.whole()
      if (toolCalls === undefined) throw new CallFailure({ ...misreadDetails('a tool call without a name'), ...usageDetail(usage) })
      return { ...all, toolCalls }
    },
  }
}

function misread(data: string, redact: Redactor['redact']): CallFailure {
  return new CallFailure(misreadDetails(excerpt(redact(data))))
}

/** What the server says went wrong, by a status where it names one, else by its words. */
function serverFailure(error: JsonValue, data: string, redact: Redactor['redact']): CallFailure {
  if (typeof error === 'string') return new CallFailure(streamDetails({ message: error }, redact))
  if (!isJsonObject(error) || typeof error.message !== 'string') return misread(data, redact)
  const { message, type, code } = error
  return new CallFailure(streamDetails({ message, type, code, statusCode: statusOf(code, type) }, redact))
}

/** Statuses by what codes and types of errors say, first one first. */
const STATUS_WORDS: readonly (readonly [words: RegExp, status: number])[] = [
  [/insufficient_quota/, 403],
  [/rate_limit/, 429],
  [/authentication/, 401],
  [/permission/, 403],
  [/not_found/, 404],
  [/invalid|bad_request|context_length/, 400],
  [/overload/, 503],
  [/timeout/, 504],
]

function statusOf(code: JsonValue | undefined, type: JsonValue | undefined): number {
  const number = Number(code)
  if (Number.isInteger(number) && number >= 400 && number < 600) return number
  const said = `${code} ${type}`.toLowerCase()
  return STATUS_WORDS.find(([words]) => words.test(said))?.[1] ?? 500
}
