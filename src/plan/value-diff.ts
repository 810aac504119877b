import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { fieldType, type SchemaField, schemaFields, schemaType } from './schema-type.ts'

/** One difference of two values, at the deepest path where it can be told. An absent side was not there. */
export interface ValueChange {
  /** As a person writes it: `retry.max_attempts`, `price[1].input_nano_per_m`, `output.sources`, `headers["x-team"]`. */
  readonly path: string
  readonly before?: JsonValue
  readonly after?: JsonValue
  /** The sides are types in the words of the language, and not values. */
  readonly isType?: true
}

/** Differences in the order of the keys after, then of those that are gone. Schemas are compared by `diffSchemas`. */
export function diffValues(before: JsonValue | undefined, after: JsonValue | undefined, path = ''): readonly ValueChange[] {
  if (isSame(before, after)) return []
  if (isPlainObject(before) && isPlainObject(after)) return diffObjects(before, after, path)
  if (isListOfObjects(before) && isListOfObjects(after)) return diffLists(before, after, path)
  return [changeOf(path, before, after)]
}

function diffObjects(before: JsonObject, after: JsonObject, path: string): readonly ValueChange[] {
  const keys = [...Object.keys(after), ...Object.keys(before).filter(key => !Object.hasOwn(after, key))]
  return keys.flatMap(key => diffValues(own(before, key), own(after, key), memberPath(path, key)))
}

function diffLists(before: readonly JsonValue[], after: readonly JsonValue[], path: string): readonly ValueChange[] {
  const changes: ValueChange[] = []
  const only = before.length === 1 && after.length === 1
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    changes.push(...diffValues(before[i], after[i], only ? path : `${path}[${i}]`))
  }
  return changes
}

/** Keywords of a schema that its type, fields and order already tell. */
const TOLD = new Set(['type', 'properties', 'required', 'items', 'x-order', 'additionalProperties', 'enum', 'uniqueItems'])

/** Differences of two schemas as differences of types and fields; other keywords by their path. */
export function diffSchemas(before: JsonObject | undefined, after: JsonObject | undefined, path: string): readonly ValueChange[] {
  if (isSame(before, after)) return []
  if (before === undefined || after === undefined) {
    return [{ ...changeOf(path, before && schemaType(before), after && schemaType(after)), isType: true }]
  }
  const types = [schemaType(before), schemaType(after)] as const
  if (types[0] !== types[1]) return [{ path, before: types[0], after: types[1], isType: true }]
  return [...diffFields(before, after, path), ...diffElements(before, after, path), ...diffKeywords(before, after, path)]
}

function diffFields(before: JsonObject, after: JsonObject, path: string): readonly ValueChange[] {
  const fieldsBefore = new Map(schemaFields(before).map(field => [field.name, field]))
  const fieldsAfter = new Map(schemaFields(after).map(field => [field.name, field]))
  const changes = [...new Set([...fieldsAfter.keys(), ...fieldsBefore.keys()])].flatMap(name =>
    diffField(fieldsBefore.get(name), fieldsAfter.get(name), memberPath(path, name)),
  )
  return changes
}

function diffField(before: SchemaField | undefined, after: SchemaField | undefined, path: string): readonly ValueChange[] {
  const types = [before && fieldType(before), after && fieldType(after)] as const
  if (types[0] !== types[1]) return [{ ...changeOf(path, types[0], types[1]), isType: true }]
  return diffSchemas(before?.schema, after?.schema, path)
}

function diffElements(before: JsonObject, after: JsonObject, path: string): readonly ValueChange[] {
  const elements = (schema: JsonObject) =>
    isJsonObject(schema.items) ? schema.items : isJsonObject(schema.additionalProperties) ? schema.additionalProperties : undefined
  const [elementBefore, elementAfter] = [elements(before), elements(after)]
  return elementBefore && elementAfter ? diffSchemas(elementBefore, elementAfter, `${path}[]`) : []
}

function diffKeywords(before: JsonObject, after: JsonObject, path: string): readonly ValueChange[] {
  const others = (schema: JsonObject) => Object.fromEntries(Object.entries(schema).filter(([key]) => !TOLD.has(key)))
  const changes = diffObjects(others(before), others(after), path)
  // What is left differs in the order of fields alone, which changes the digest, so it is said.
  const sameKeywords = changes.length === 0 && !isSame(before['x-order'], after['x-order'])
  return sameKeywords && isSame(without(before, 'x-order'), without(after, 'x-order'))
    ? [changeOf(`${path} order`, before['x-order'], after['x-order'])]
    : changes
}

function without(schema: JsonObject, keyword: string): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== keyword))
}

function changeOf(path: string, before: JsonValue | undefined, after: JsonValue | undefined): ValueChange {
  return { path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }
}

/** Deep equality of JSON, whatever the order of keys. */
export function isSame(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => isSame(item, b[index]))
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && isSame(a[key], b[key]))
}

/** A deferred value or a reference is one thing, not an object of keys. */
export function isDeferred(value: JsonValue | undefined): boolean {
  return isJsonObject(value) && Object.keys(value).some(key => /^\$(?!\$)/.test(key))
}

function isPlainObject(value: JsonValue | undefined): value is JsonObject {
  return isJsonObject(value) && !isDeferred(value)
}

function isListOfObjects(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value) && value.length > 0 && value.every(isPlainObject)
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function memberPath(path: string, key: string): string {
  const isName = /^[a-z_][a-z0-9_-]*$/i.test(key)
  if (!isName) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}
