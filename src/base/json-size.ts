import type { JsonValue } from './json.ts'

/**
 * About how many UTF-16 units the JSON of a value has. Found without making it, for values are measured at each step.
 *
 * @param enough what is measured no further: the result is above it then.
 */
export function jsonSize(value: JsonValue, enough = Number.POSITIVE_INFINITY): number {
  let size = 0
  const rest: JsonValue[] = [value]
  for (let next = rest.pop(); next !== undefined && size <= enough; next = rest.pop()) {
    if (typeof next === 'string') size += next.length + 3
    else if (typeof next !== 'object' || next === null) size += 6
    else {
      size += 2
      for (const [key, member] of Object.entries(next)) {
        if (!Array.isArray(next)) size += key.length + 3
        rest.push(member)
      }
    }
  }
  return size
}
