import type { JsonValue } from '../../base/json.ts'

/** A number of tokens is whole and not less than none, whatever a server says. */
export function tokenCount(said: JsonValue | undefined): number {
  return typeof said === 'number' && Number.isSafeInteger(said) && said > 0 ? said : 0
}
