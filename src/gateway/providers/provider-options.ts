import { isJsonObject, type JsonObject } from '../../base/json.ts'

/** What both have as an object is merged; of anything else the second counts. */
export function merged(first: JsonObject, second: JsonObject): JsonObject {
  const result = { ...first, ...second }
  for (const [name, value] of Object.entries(second)) {
    const other = Object.hasOwn(first, name) ? first[name] : undefined
    if (isJsonObject(other) && isJsonObject(value)) result[name] = merged(other, value)
  }
  return result
}
