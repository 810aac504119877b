import type { JsonSchema } from '../artifact/json-schema.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'

/** The field that carries an answer whose type is no object: vendors accept objects alone at the root. */
export const WRAPPED_FIELD = 'value'

/** The schema as a model should see it: fields in the author's order, without keywords of our own. */
export function schemaToSend(schema: JsonSchema): JsonSchema {
  const ordered = inOrder(schema)
  if (isObjectSchema(schema)) return ordered
  return { type: 'object', properties: { [WRAPPED_FIELD]: ordered }, required: [WRAPPED_FIELD], additionalProperties: false }
}

export function isObjectSchema(schema: JsonSchema): boolean {
  return schema.type === 'object' || schema.properties !== undefined
}

/** Takes the answer out of its wrapping; text that is not so wrapped stays, and validation speaks about it. */
export function unwrapAnswer(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    if (isJsonObject(value) && WRAPPED_FIELD in value) return JSON.stringify(value[WRAPPED_FIELD])
  } catch {
    // Not JSON: it is passed on as it is.
  }
  return text
}

/**
 * Whether the vendors' strict modes take the schema: every field required and no others allowed, everywhere (as of
 * 2026-11). A schema that is not strict is sent all the same, and the answer validated here.
 */
export function isStrict(schema: JsonValue): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict)
  if (!isJsonObject(schema)) return true
  if (schema.type === 'object' || schema.properties !== undefined) {
    const names = isJsonObject(schema.properties) ? Object.keys(schema.properties) : []
    const required = Array.isArray(schema.required) ? schema.required : []
    if (schema.additionalProperties !== false || !names.every(name => required.includes(name))) return false
  }
  return Object.entries(schema).every(([keyword, value]) => DATA_KEYWORDS.has(keyword) || isStrict(value))
}

/** Added to the instructions when the model cannot be given the schema in another way. */
export function schemaInstructions(schema: JsonSchema): string {
  return `Answer with one JSON value and nothing else. It must fit this JSON Schema:\n${JSON.stringify(inOrder(schema))}`
}

/** Keywords whose values are data, and not schemas. */
const DATA_KEYWORDS: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples', 'required', 'x-order'])

function inOrder(schema: JsonSchema): JsonObject {
  const order = Array.isArray(schema['x-order']) ? schema['x-order'] : []
  const entries = Object.entries(schema)
    .filter(([keyword]) => !keyword.startsWith('x-') && keyword !== 'default')
    .map(([keyword, value]): [string, JsonValue] => {
      if (keyword === 'properties' && isJsonObject(value)) return [keyword, orderedFields(value, order)]
      return [keyword, DATA_KEYWORDS.has(keyword) ? value : inOrderDeep(value)]
    })
  return Object.fromEntries(entries)
}

function inOrderDeep(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(inOrderDeep)
  return isJsonObject(value) ? inOrder(value) : value
}

function orderedFields(fields: JsonObject, order: readonly JsonValue[]): JsonObject {
  const rank = new Map(order.map((name, index) => [name, index]))
  const names = Object.keys(fields).sort((a, b) => (rank.get(a) ?? order.length) - (rank.get(b) ?? order.length))
  return Object.fromEntries(names.map(name => [name, inOrderDeep(fields[name] ?? {})]))
}
