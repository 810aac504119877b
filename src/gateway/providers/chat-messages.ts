import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import type { CallMessage, ModelTarget, ToolCall } from '../call.ts'
import { type FilePart, requiredPart } from './chat-files.ts'

/** How a server wants its messages. */
export interface MessageForms {
  readonly systemRole: 'system' | 'developer'
  readonly filePart: FilePart
  /** What came of a tool that failed. */
  readonly failedTool: (text: string) => string
}

/** @throws CallFailure `bad_request` for a file that the server does not take. */
export function chatMessages(messages: readonly CallMessage[], target: ModelTarget, forms: MessageForms): readonly JsonValue[] {
  return messages.map(message => chatMessage(message, target, forms))
}

function chatMessage(message: CallMessage, target: ModelTarget, { systemRole, filePart, failedTool }: MessageForms): JsonValue {
  const { role, text, files = [], result } = message
  switch (role) {
    case 'system':
      return { role: systemRole, content: text }
    case 'assistant':
      return trailMessage(message, target) ?? assistantMessage(text, (message.toolCalls ?? []).map(chatToolCall))
    case 'tool':
      return { role, tool_call_id: result?.id ?? '', content: result?.failed ? failedTool(text) : text }
    case 'user':
      if (files.length === 0) return { role, content: text }
      // Files first: vendors advise to put what a question is about before the question.
      return {
        role,
        content: [
          ...files.map((file, index) => requiredPart(filePart(file, index), file)),
          ...(text === '' ? [] : [{ type: 'text', text }]),
        ],
      }
  }
}

/** An answer as it is sent back. */
export function assistantMessage(text: string, toolCalls: readonly JsonValue[], thoughts = ''): JsonObject {
  return {
    role: 'assistant',
    content: text === '' && toolCalls.length > 0 ? null : text,
    ...(thoughts !== '' && { reasoning_content: thoughts }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
  }
}

/** The message of an earlier answer of this very model, thoughts and signatures included. */
function trailMessage({ trail }: CallMessage, { spec, provider }: ModelTarget): JsonObject | undefined {
  const [part] = trail?.type === provider.spec.type && trail.model === spec.id ? trail.parts : []
  return isJsonObject(part) && part.role === 'assistant' ? part : undefined
}

export function chatToolCall({ id, name, arguments: text }: ToolCall): JsonObject {
  return { id, type: 'function', function: { name, arguments: jsonText(text) } }
}

/** Servers refuse a conversation with arguments that are no JSON: the model is shown them as a text. */
function jsonText(text: string): string {
  if (text === '') return '{}'
  try {
    JSON.parse(text)
    return text
  } catch {
    return JSON.stringify({ arguments: text })
  }
}
