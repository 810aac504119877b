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
  readonly object: ObjectEnd
  extra: JsonValue | undefined
  readonly place: number
}

/** Looks for the end of an object in JSON that comes in pieces, each looked at once: to read all of it with each would take minutes of a long one. */
interface ObjectEnd {
  take(text: string): void
  isFound(): boolean
}

function createObjectEnd(): ObjectEnd {
  let depth = 0
  let isFound = false
  let isInText = false
  let isEscaped = false
  const takeCharacter = (character: string) => {
    if (isEscaped) isEscaped = false
    else if (character === '"') isInText = !isInText
    else if (isInText) isEscaped = character === '\\'
    else if (character === '{') depth++
    else if (character === '}') isFound = --depth === 0
  }
  return {
    take(text) {
      for (const character of text) takeCharacter(character)
    },
    isFound: () => isFound,
  }
}

/**
 * Pieces belong together by their index. Some servers leave it out, or give one index to all calls, or repeat the name
 * with each piece: a piece then begins a call where it can continue none.
 */
export function createToolCallPieces(): ToolCallPieces {
  const calls: Open[] = []
  const byPlace = new Map<number, Open>()
  const byId = new Map<string, Open>()
  const openFor = (index: JsonValue | undefined, id: string | undefined) => {
    if (typeof index === 'number') return byPlace.get(index)
    return id === undefined ? calls.at(-1) : byId.get(id)
  }
  return {
    take({ index, id: saidId, function: said, extra_content: extra }) {
      const { name: saidName, arguments: saidText } = isJsonObject(said) ? said : {}
      const [id, name, text] = [wordOf(saidId), wordOf(saidName), typeof saidText === 'string' ? saidText : '']
      const before = openFor(index, id)
      const isNew = before === undefined || (name !== undefined && before.name !== undefined && beginsAnew(before, id, name, text))
      const call = isNew
        ? {
            id,
            name: undefined,
            arguments: '',
            object: createObjectEnd(),
            extra: undefined,
            place: typeof index === 'number' ? index : calls.length,
          }
        : before
      if (isNew) calls.push(call)
      byPlace.set(call.place, call)
      if (id !== undefined) byId.set(id, call)
      const begins = call.name === undefined ? name : undefined
      call.id ??= id
      call.name ??= name
      call.arguments += text
      call.object.take(text)
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
  return (isOther && text.trimStart().startsWith('{')) || ((isOther || text !== '') && before.object.isFound())
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
