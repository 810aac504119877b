import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'

/**
 * The value as its schema completes it: a field that is not given takes its default, and null for a field that need not
 * be given is as if it were not, for the language has no other word for that.
 */
export function completed(value: JsonValue, schema: JsonValue | undefined): JsonValue {
  if (!isJsonObject(schema)) return value
  if (Array.isArray(value)) {
    const { prefixItems, items } = schema
    return value.map((item, index) => completed(item, Array.isArray(prefixItems) ? prefixItems[index] : items))
  }
  return isJsonObject(value) && isJsonObject(schema.properties) ? completedObject(value, schema, schema.properties) : value
}

function completedObject(value: JsonObject, schema: JsonObject, properties: JsonObject): JsonObject {
  const required = Array.isArray(schema.required) ? schema.required : []
  const entries = new Map(Object.entries(value))
  for (const [name, property] of Object.entries(properties)) {
    const given = entries.get(name)
    if (given === null && !required.includes(name) && !allowsNull(property)) entries.delete(name)
    else if (given !== undefined) entries.set(name, completed(given, property))
    if (!entries.has(name) && isJsonObject(property) && property.default !== undefined) entries.set(name, property.default)
  }
  return Object.fromEntries(entries)
}

function allowsNull(schema: JsonValue): boolean {
  if (!isJsonObject(schema)) return true
  const { type } = schema
  return type === undefined || type === 'null' || (Array.isArray(type) && type.includes('null'))
}
