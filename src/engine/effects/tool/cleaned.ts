import { isJsonObject, type JsonValue } from '../../../base/json.ts'
import { MAX_VALUE_DEPTH } from '../../../base/limits.ts'
import { ToolFailure } from './failure.ts'

/**
 * What another side gave, without the secrets that it repeats.
 *
 * @throws ToolFailure `tool/invalid-output` where it is nested deeper than any value may be.
 */
export function cleaned(value: JsonValue, redact: (text: string) => string, address: string, depth = 0): JsonValue {
  if (typeof value === 'string') return redact(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_VALUE_DEPTH)
    throw new ToolFailure('tool/invalid-output', `${address} was answered with more than ${MAX_VALUE_DEPTH} levels`)
  const inner = (item: JsonValue) => cleaned(item, redact, address, depth + 1)
  if (!isJsonObject(value)) return value.map(inner)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [redact(key), inner(item)]))
}
