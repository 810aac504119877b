import { randomUUID } from 'node:crypto'
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import type { ToolCall } from '../call.ts'
import { chatToolCall } from './chat-messages.ts'

/** A tool call, and what the server wants back with it: signatures of thoughts. */
export interface ChatToolCall extends ToolCall {
  readonly extra?: JsonValue
}

/** Puts the pieces of tool calls together. */
export interface ToolCallPieces {
  /** @returns the name of a call that begins with this piece. */
  take(piece: JsonObject): string | undefined
  /** In their order; undefined where one has no name. */
  whole(): readonly ChatToolCall[] | undefined
}

interface Open {
  id: string | undefined
  name: string | undefined
  arguments: string
  extra: JsonValue | undefined
  readonly place: number
}

/**
 * Pieces belong together by their index. Some servers leave it out, or give one index to all calls, or repeat the name
 * with each piece: a piece then begins a call where it can continue none.
 */
export function createToolCallPieces(): ToolCallPieces {
  const calls: Open[] = []
  const openFor = (index: JsonValue | undefined, id: string | undefined) =>
    typeof index === 'number'
      ? calls.findLast(({ place }) => place === index)
      : (calls.findLast(call => id !== undefined && call.id === id) ?? (id === undefined ? calls.at(-1) : undefined))
  return {
    take({ index, id: saidId, function: said, extra_content: extra }) {
      const { name: saidName, arguments: saidText } = isJsonObject(said) ? said : {}
      const [id, name, text] = [wordOf(saidId), wordOf(saidName), typeof saidText === 'string' ? saidText : '']
      const before = openFor(index, id)
      const isNew = before === undefined || (name !== undefined && before.name !== undefined && beginsAnew(before, id, name, text))
      const call = isNew
        ? { id, name: undefined, arguments: '', extra: undefined, place: typeof index === 'number' ? index : calls.length }
        : before
      if (isNew) calls.push(call)
      const begins = call.name === undefined ? name : undefined
      call.id ??= id
      call.name ??= name
      call.arguments += text
      call.extra ??= extra
      return begins
    },
    whole() {
      const whole = calls.toSorted((a, b) => a.place - b.place).map(({ id, name, arguments: text, extra }) => named(id, name, text, extra))
      return whole.every(call => call !== undefined) ? whole : undefined
    },
  }
}

function beginsAnew(before: Open, id: string | undefined, name: string, text: string): boolean {
  if (name !== before.name) return true
  const isOther = id !== undefined && id !== before.id
  return (isOther && text.trimStart().startsWith('{')) || ((isOther || text !== '') && isComplete(before.arguments))
}

function isComplete(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The tool calls of a whole answer; undefined where they are none of the protocol. */
export function chatToolCalls(said: JsonValue | undefined): readonly ChatToolCall[] | undefined {
  if (said === undefined || said === null) return []
  if (!Array.isArray(said)) return undefined
  const calls = said.map(call => {
    if (!isJsonObject(call) || !isJsonObject(call.function)) return undefined
    const { name, arguments: text } = call.function
    return typeof text === 'string' ? named(wordOf(call.id), wordOf(name), text, call.extra_content) : undefined
  })
  return calls.every(call => call !== undefined) ? calls : undefined
}

/** Without an id no result could be given back: one is made up. */
function named(id: string | undefined, name: string | undefined, text: string, extra: JsonValue | undefined): ChatToolCall | undefined {
  if (name === undefined) return undefined
  return { id: id ?? `call_${randomUUID()}`, name, arguments: text, ...(extra !== undefined && extra !== null && { extra }) }
}

/** As it is sent back to the model that made it. */
export function returnedToolCall({ extra, ...call }: ChatToolCall): JsonObject {
  return { ...chatToolCall(call), ...(extra !== undefined && { extra_content: extra }) }
}

function wordOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}
