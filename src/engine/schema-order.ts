import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'

/**
 * The value with the fields of its objects in the order in which they were declared: published artifacts are canonical
 * JSON, whose keys are sorted, and `x-order` remembers. What is not declared follows as it came.
 */
export function inDeclaredOrder(value: JsonValue, schema: JsonValue | undefined): JsonValue {
  if (!isJsonObject(schema)) return value
  if (Array.isArray(value)) {
    const { prefixItems, items } = schema
    return value.map((item, index) => inDeclaredOrder(item, Array.isArray(prefixItems) ? prefixItems[index] : items))
  }
  return isJsonObject(value) ? ordered(value, schema) : value
}

function ordered(value: JsonObject, { properties, additionalProperties, 'x-order': order }: JsonObject): JsonObject {
  const declared = Array.isArray(order) ? order.filter(name => typeof name === 'string' && Object.hasOwn(value, name)).map(String) : []
  const schemaOf = (name: string) => (isJsonObject(properties) && Object.hasOwn(properties, name) ? properties[name] : additionalProperties)
  const names = new Set([...declared, ...Object.keys(value)])
  // fromEntries defines own properties, so that `__proto__` is a key like others.
  return Object.fromEntries([...names].map(name => [name, inDeclaredOrder(value[name] ?? null, schemaOf(name))]))
}
