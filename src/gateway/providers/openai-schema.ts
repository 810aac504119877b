import type { JsonSchema } from '../../artifact/json-schema.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import { CallFailure } from '../failure.ts'

/** A schema as OpenAI takes it, and what it does not hold the answer to; that is left to the validation here. */
export interface OpenAiSchema {
  readonly schema: JsonSchema
  readonly warnings: readonly string[]
}

const NAMES_LEFT_OUT = 'propertyNames of the schema is not sent: OpenAI does not take it'
const PATTERN_LEFT_OUT = 'a pattern of the schema that looks ahead or behind is not sent: OpenAI does not take it'

/** Keywords that hold one schema or a list of them, and those that hold schemas by name. */
const NESTED = ['additionalProperties', 'additionalItems', 'items', 'contains', 'not', 'allOf', 'anyOf', 'oneOf', 'if', 'then', 'else']
const NAMED = ['properties', 'patternProperties', 'definitions', '$defs', 'dependencies']

const known = new WeakMap<JsonSchema, OpenAiSchema>()

/** @throws CallFailure `bad_request` where names of properties shall be no texts, which OpenAI can neither hold nor leave out. */
export function openaiSchema(schema: JsonSchema): OpenAiSchema {
  const before = known.get(schema)
  if (before !== undefined) return before
  const warnings = new Set<string>()
  const result = { schema: expandedRoot(normal(schema, warnings)), warnings: [...warnings] }
  known.set(schema, result)
  return result
}

function normal(schema: JsonSchema, warnings: Set<string>): JsonSchema {
  const { propertyNames, pattern, ...rest } = schema
  if (propertyNames !== undefined) {
    if (!isJsonObject(propertyNames) || (propertyNames.type ?? 'string') !== 'string')
      throw new CallFailure({ class: 'bad_request', message: 'propertyNames of the schema says something else than a text' })
    warnings.add(NAMES_LEFT_OUT)
  }
  const isLooking = typeof pattern === 'string' && looksAround(pattern)
  if (isLooking) warnings.add(PATTERN_LEFT_OUT)
  const inside = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(inside)
    return isJsonObject(value) ? singleReference(normal(value, warnings)) : value
  }
  const entries = Object.entries(rest).map(([keyword, value]): [string, JsonValue] => {
    if (NESTED.includes(keyword)) return [keyword, inside(value)]
    return [keyword, NAMED.includes(keyword) && isJsonObject(value) ? eachOf(value, inside) : value]
  })
  return { ...Object.fromEntries(entries), ...(pattern !== undefined && !isLooking && { pattern }) }
}

function eachOf(schemas: JsonObject, change: (value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(schemas).map(([name, value]) => [name, change(value)]))
}

/** `allOf` with nothing but one reference says the same as the reference, and OpenAI takes that alone. */
function referenceIn({ allOf }: JsonSchema): string | undefined {
  const only = Array.isArray(allOf) && allOf.length === 1 ? allOf[0] : undefined
  return isJsonObject(only) && typeof only.$ref === 'string' && Object.keys(only).length === 1 ? only.$ref : undefined
}

function singleReference(schema: JsonSchema): JsonSchema {
  const $ref = referenceIn(schema)
  const { allOf: _, ...rest } = schema
  return $ref === undefined ? schema : { ...rest, $ref }
}

/** At the root OpenAI wants an object: what a reference there names is written out. */
function expandedRoot(schema: JsonSchema): JsonSchema {
  const [, keyword = '', name = ''] = /^#\/(definitions|\$defs)\/(.+)$/.exec(referenceIn(schema) ?? '') ?? []
  const { allOf: _, ...rest } = schema
  const definitions = schema[keyword]
  const named = isJsonObject(definitions) ? definitions[name.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  return isJsonObject(named) ? { ...named, ...rest } : schema
}

/** Escaped characters and classes are skipped: there `(?=` is text. */
function looksAround(pattern: string): boolean {
  return /\(\?<?[=!]/.test(pattern.replaceAll(/\\./gs, '').replaceAll(/\[[^\]]*\]/g, ''))
}
