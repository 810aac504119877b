import type { JsonValue } from '../base/json.ts'
import { OperationError } from '../diagnostics/operation-error.ts'

/**
 * JSON that was typed.
 *
 * @param what begins the message: `--input`.
 * @param ending ends it: `No run was made.`
 * @throws OperationError cli/bad-flag-value
 */
export function parseJson(source: string, what: string, ending: string): JsonValue {
  try {
    return JSON.parse(source)
  } catch (error) {
    // It quotes the text, line breaks and all.
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ')
    throw new OperationError({ code: 'cli/bad-flag-value', summary: `${what} is not JSON`, detail: `${reason}.\n${ending}` })
  }
}
