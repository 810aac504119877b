import type { JsonSchema } from '../../artifact/json-schema.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts'

/** Deeper than this a sample takes the shortest way out: empty lists, no optional fields. */
const MAX_SAMPLE_DEPTH = 12

/**
 * A value that fits the schema, the same for the same seed. It covers what types of the language compile to; of a
 * foreign schema with `pattern`, `allOf` or `not` it gives the first value that its other keywords suggest.
 */
export function sampleOf(schema: JsonSchema, seed: number): JsonValue {
  return sample(schema, { root: schema, seed, name: 'answer', depth: 0 })
}

interface Place {
  readonly root: JsonSchema
  readonly seed: number
  /** Of the field that the value is for: a string without more to go on names it. */
  readonly name: string
  readonly depth: number
}

function sample(schema: JsonValue | undefined, place: Place): JsonValue {
  if (!isJsonObject(schema)) return `simulated ${place.name}`
  const given = givenValue(schema, place)
  if (given !== undefined) return given
  const inner = { ...place, depth: place.depth + 1 }
  const reference = schema.$ref
  if (typeof reference === 'string') return place.depth > MAX_SAMPLE_DEPTH ? null : sample(resolve(place.root, reference), inner)
  const branch = schema.oneOf ?? schema.anyOf
  if (Array.isArray(branch)) return sample(branch.find(one => !isNullSchema(one)) ?? branch[0], inner)
  if (Array.isArray(schema.allOf)) return sample(mergeAll(schema, schema.allOf), inner)
  switch (typeNameOf(schema)) {
    case 'object':
      return sampleObject(schema, inner)
    case 'array':
      return sampleArray(schema, inner)
    case 'integer':
    case 'number':
      return sampleNumber(schema, place.seed)
    case 'boolean':
      return place.seed % 2 === 1
    case 'null':
      return null
    default:
      return sampleString(schema, place.name)
  }
}

/** What the author wrote down as a value. */
function givenValue(schema: JsonObject, { seed }: Place): JsonValue | undefined {
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[Math.abs(seed - 1) % schema.enum.length]
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0]
  return schema.default
}

function typeNameOf(schema: JsonObject): string {
  const { type } = schema
  const names = Array.isArray(type) ? type : [type]
  const named = names.find(name => typeof name === 'string' && name !== 'null') ?? names[0]
  if (typeof named === 'string') return named
  if (schema.properties !== undefined) return 'object'
  if (schema.items !== undefined || schema.prefixItems !== undefined) return 'array'
  return 'string'
}

function sampleObject(schema: JsonObject, place: Place): JsonObject {
  const properties = isJsonObject(schema.properties) ? schema.properties : {}
  const required = new Set(Array.isArray(schema.required) ? schema.required : [])
  const names = place.depth > MAX_SAMPLE_DEPTH ? Object.keys(properties).filter(name => required.has(name)) : fieldNames(schema, properties)
  return Object.fromEntries(names.map(name => [name, sample(properties[name], { ...place, name })]))
}

function fieldNames(schema: JsonObject, properties: JsonObject): readonly string[] {
  const order = schema['x-order']
  return Array.isArray(order) ? order.filter(name => typeof name === 'string') : Object.keys(properties)
}

function sampleArray(schema: JsonObject, place: Place): JsonValue {
  if (Array.isArray(schema.prefixItems)) return schema.prefixItems.map(item => sample(item, place))
  const least = numberOr(schema.minItems, 0)
  const count = place.depth > MAX_SAMPLE_DEPTH ? least : Math.min(Math.max(least, 1), numberOr(schema.maxItems, Number.POSITIVE_INFINITY))
  const items = Array.from({ length: count }, () => sample(schema.items, place))
  // A set with several members: number them, so that they differ.
  return schema.uniqueItems === true
    ? items.map((item, index) =>
        typeof item === 'string' && index > 0 ? `${item} ${index + 1}` : typeof item === 'number' ? item + index : item,
      )
    : items
}

function sampleNumber(schema: JsonObject, seed: number): number {
  const step = schema.type === 'integer' ? 1 : 0.5
  const low = Math.max(
    numberOr(schema.minimum, Number.NEGATIVE_INFINITY),
    numberOr(schema.exclusiveMinimum, Number.NEGATIVE_INFINITY) + step,
  )
  const high = Math.min(
    numberOr(schema.maximum, Number.POSITIVE_INFINITY),
    numberOr(schema.exclusiveMaximum, Number.POSITIVE_INFINITY) - step,
  )
  const multiple = numberOr(schema.multipleOf, 0)
  const wanted = Math.min(Math.max(Math.abs(seed) % 10, low), high)
  const rounded = schema.type === 'integer' ? Math.ceil(wanted) : wanted
  return multiple > 0 ? Math.ceil(rounded / multiple) * multiple : rounded
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '09:30:00Z',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
}

function sampleString(schema: JsonObject, name: string): string {
  const text = (typeof schema.format === 'string' ? FORMATS[schema.format] : undefined) ?? `simulated ${name}`
  return text.padEnd(numberOr(schema.minLength, 0), '.').slice(0, numberOr(schema.maxLength, Number.POSITIVE_INFINITY))
}

function resolve(root: JsonSchema, reference: string): JsonValue | undefined {
  let found: JsonValue | undefined = root
  for (const step of reference.split('/').slice(1)) {
    found = isJsonObject(found) ? found[decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  }
  return reference.startsWith('#') ? found : undefined
}

function mergeAll(schema: JsonObject, parts: readonly JsonValue[]): JsonObject {
  const { allOf: _, ...rest } = schema
  const all = [rest, ...parts.filter(isJsonObject)]
  const properties = Object.assign({}, ...all.map(part => objectOr(part.properties)))
  const required = all.flatMap(part => arrayOr(part.required))
  return Object.assign({}, ...all, Object.keys(properties).length > 0 ? { properties, required } : {})
}

function isNullSchema(schema: JsonValue): boolean {
  return isJsonObject(schema) && schema.type === 'null'
}

function numberOr(value: JsonValue | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

function objectOr(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function arrayOr(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}
