import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import type { CallFile, CallMessage } from '../call.ts'

/** The texts in something, and the same thing with other texts in their place, in the same order. */
export interface TextsOf<T> {
  readonly texts: readonly string[]
  readonly withTexts: (texts: readonly string[]) => T
}

/** A place of a text: what it says, and how it is written back. */
type Visitor = (text: string) => string

/** Every text of a value: strings at the leaves, names and readable contents of files; keys are the author's own. */
export function textsOfValue(value: JsonValue): TextsOf<JsonValue> {
  return textsOf(value, mapValue)
}

/** What others than the author have put into a conversation: all messages but those of the system. */
export function textsOfMessages(messages: readonly CallMessage[]): TextsOf<readonly CallMessage[]> {
  return textsOf(messages, (all, visit) =>
    all.map(message => {
      if (message.role === 'system') return message
      const { files } = message
      return { ...message, text: visit(message.text), ...(files && { files: files.map(file => mapCallFile(file, visit)) }) }
    }),
  )
}

/** Walks twice, in the same order: to read the texts, and to put others in their place. */
function textsOf<T>(thing: T, map: (thing: T, visit: Visitor) => T): TextsOf<T> {
  const texts: string[] = []
  map(thing, text => {
    texts.push(text)
    return text
  })
  return {
    texts,
    withTexts(changed) {
      let index = 0
      return map(thing, text => changed[index++] ?? text)
    },
  }
}

function mapValue(value: JsonValue, visit: Visitor): JsonValue {
  if (typeof value === 'string') return visit(value)
  if (Array.isArray(value)) return value.map(item => mapValue(item, visit))
  if (!isJsonObject(value)) return value
  const { media_type: mediaType, data } = value
  if (isFile(value) && typeof mediaType === 'string' && typeof data === 'string') {
    const { name } = value
    const named = typeof name === 'string' ? { ...value, name: visit(name) } : value
    const content = mapContent({ data, mediaType }, visit)
    return { ...named, media_type: content.mediaType, data: content.data }
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapValue(member, visit)]))
}

const FILE_KEYS: ReadonlySet<string> = new Set(['media_type', 'name', 'data', 'url'])

function isFile(value: JsonObject): boolean {
  return Object.keys(value).every(key => FILE_KEYS.has(key))
}

function mapCallFile(file: CallFile, visit: Visitor): CallFile {
  const named = file.name === undefined ? file : { ...file, name: visit(file.name) }
  return 'data' in named ? { ...named, ...mapContent(named, visit) } : { ...named, url: visit(named.url) }
}

const READABLE = /^text\/|^application\/(?:json|xml|yaml|x-yaml|csv|x-ndjson|jsonl|javascript|sql|x-sh)$|\+(?:json|xml|yaml)$/i
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

interface Content {
  readonly data: string
  readonly mediaType: string
}

/** Pictures and the like are not looked at; what is no base64 at all is a text, whatever it is said to be. What was changed is UTF-8 after it. */
function mapContent({ data, mediaType }: Content, visit: Visitor): Content {
  if (!BASE64.test(data)) return { mediaType, data: visit(data) }
  if (!READABLE.test(mediaType.split(';')[0]?.trim() ?? '')) return { mediaType, data }
  const text = decoded(Buffer.from(data, 'base64'), mediaType)
  const changed = visit(text)
  if (changed === text) return { mediaType, data }
  return { mediaType: mediaType.replace(CHARSET, 'charset=utf-8'), data: Buffer.from(changed, 'utf8').toString('base64') }
}

const CHARSET = /charset ?= ?"?([\w.:-]{1,40})"?/i

/** As whoever reads the file would: by its byte order mark, else by what the type says, else as UTF-8. */
function decoded(bytes: Buffer, mediaType: string): string {
  const mark = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined
  try {
    return new TextDecoder(mark ?? CHARSET.exec(mediaType)?.[1] ?? 'utf-8').decode(bytes)
  } catch {
    // A name of a character set that nobody knows.
    return bytes.toString('utf8')
  }
}
