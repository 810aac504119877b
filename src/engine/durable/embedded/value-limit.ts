import type { JsonValue } from '../../../base/json.ts'
import { OperationError } from '../../../diagnostics/operation-error.ts'
import { sizeError } from '../../interpreter/value-size.ts'

/** What comes from outside is held to the limit before any of it is recorded (RUN-8). @throws OperationError `run/value-too-large` */
export function refuseLarge(what: 'input' | 'signal' | 'decision', value: JsonValue): void {
  const error = sizeError(value)
  if (error === undefined) return
  throw new OperationError({
    code: 'run/value-too-large',
    summary: `The ${what} is too large`,
    notes: [error.message],
    detail: 'Send a reference to it, or a part. Nothing was recorded.',
  })
}
