import type { JsonValue } from '../../base/json.ts'
import { jsonSize } from '../../base/json-size.ts'
import { NodeFailure } from './behaviour.ts'
import type { StepError } from './command.ts'

/** Of one value, as JSON, wherever it comes from (RUN-8). */
export const MAX_VALUE_SIZE = 8 * 1024 * 1024

const MOST = `${MAX_VALUE_SIZE / 1024 / 1024} MB are the most that a run keeps of one`

/** What is wrong with a value that is too large; undefined: it is not. */
export function sizeError(value: JsonValue): StepError | undefined {
  if (jsonSize(value, MAX_VALUE_SIZE) <= MAX_VALUE_SIZE) return undefined
  const megabytes = Math.ceil(jsonSize(value) / 1024 / 1024)
  return { code: 'run/value-too-large', message: `The value has ${megabytes} MB, and ${MOST}`, retryable: false }
}

/** A value that was computed: it is read again by what follows, and again at each replay. @throws NodeFailure */
export function bounded(value: JsonValue): JsonValue {
  const error = sizeError(value)
  if (error) throw new NodeFailure('run/value-too-large', error.message)
  return value
}
