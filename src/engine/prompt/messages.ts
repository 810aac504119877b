import type { MessageSpec, PromptSpec } from '../../artifact/prompt.ts'
import { isJsonObject, type JsonValue } from '../../base/json.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { CallFile, CallMessage } from '../../gateway/call.ts'
import type { DeferredLanguage, Names } from '../deferred.ts'

/** The messages of a prompt for one input: system, then earlier turns, then the others in source order. */
export function renderMessages(prompt: PromptSpec, names: Names, language: DeferredLanguage): readonly CallMessage[] {
  const system = prompt.messages.filter(message => message.role === 'system')
  const others = prompt.messages.filter(message => message.role !== 'system')
  const rendered = (message: MessageSpec) => renderMessage(message, names, language)
  const history = prompt.history === undefined ? [] : turnsOf(language.value(prompt.history, names))
  return [...system.flatMap(rendered), ...history, ...others.flatMap(rendered)]
}

/** Nothing, when neither text nor file is left: providers refuse an empty message. */
function renderMessage(message: MessageSpec, names: Names, language: DeferredLanguage): readonly CallMessage[] {
  const text = message.text === undefined ? '' : language.text(message.text, names)
  const files = (message.attachments ?? []).flatMap(attachment => filesOf(language.value(attachment, names)))
  if (text.trim() === '' && files.length === 0) return []
  return [{ role: message.role, text, ...(files.length > 0 && { files }) }]
}

/** Earlier turns, as `list(message)` has them. */
function turnsOf(history: JsonValue): readonly CallMessage[] {
  if (history === null) return []
  if (!Array.isArray(history)) throw misuse('The history is not a list of messages')
  return history.map((turn: JsonValue): CallMessage => {
    if (!isJsonObject(turn) || (turn.role !== 'user' && turn.role !== 'assistant') || typeof turn.text !== 'string') {
      throw misuse('A turn of the history is not a message', 'Each has a role, "user" or "assistant", and a text.')
    }
    return { role: turn.role, text: turn.text }
  })
}

/** A file, a list of files, or null where one was optional. */
function filesOf(value: JsonValue): readonly CallFile[] {
  if (value === null) return []
  if (Array.isArray(value)) return value.flatMap(filesOf)
  if (!isJsonObject(value) || typeof value.media_type !== 'string')
    throw misuse('An attachment is not a file', 'A file has a media_type, and data in base64 or a url.')
  const { media_type: mediaType, name, data, url } = value
  const named = { mediaType, ...(typeof name === 'string' && { name }) }
  if (typeof data === 'string' && typeof url !== 'string') return [{ ...named, data }]
  if (typeof url === 'string' && typeof data !== 'string' && URL.canParse(url)) return [{ ...named, url }]
  throw misuse('An attachment has no content', 'A file has exactly one of data, in base64, and url.')
}

function misuse(summary: string, detail?: string): OperationError {
  return new OperationError({ code: 'run/invalid-input', summary, ...(detail !== undefined && { detail }) })
}
