import type { FailureDetails } from '../failure.ts'
import { classOfStatus, type FailureClass } from '../failure-class.ts'
import type { Redactor } from '../redactor.ts'
import { oneLine } from './excerpt.ts'

/** What a vendor says in a stream that has begun. */
export interface StreamError {
  readonly message: string
  readonly type?: unknown
  readonly code?: unknown
  readonly statusCode?: unknown
}

export function isStreamError(error: unknown): error is StreamError {
  return (
    typeof error === 'object' &&
    error !== null &&
    'message' in error &&
    typeof error.message === 'string' &&
    ('type' in error || 'statusCode' in error)
  )
}

const BY_STREAM_TYPE: Readonly<Record<string, FailureClass>> = {
  overloaded_error: 'overloaded',
  rate_limit_error: 'rate_limited',
  rate_limit_exceeded: 'rate_limited',
  invalid_request_error: 'bad_request',
  timeout_error: 'timeout',
  // Of Amazon:
  throttlingException: 'rate_limited',
  serviceUnavailableException: 'overloaded',
  validationException: 'bad_request',
  internalServerException: 'server_error',
  modelStreamErrorException: 'server_error',
}

/** An error after status 200, by its own words; by its status where it has one and its words are not known. */
export function streamDetails({ message, type, code, statusCode }: StreamError, redact: Redactor['redact']): FailureDetails {
  const said = [code, type].find(text => typeof text === 'string' && text !== '')
  const providerCode = typeof said === 'string' ? said : undefined
  const known = [code, type].map(text => (typeof text === 'string' ? BY_STREAM_TYPE[text] : undefined)).find(text => text !== undefined)
  const status = typeof statusCode === 'number' ? statusCode : undefined
  return {
    class: known ?? (status === undefined ? 'server_error' : classOfStatus(status, `${providerCode} ${message}`)),
    message: oneLine(redact(message)),
    ...(providerCode !== undefined && { providerCode }),
  }
}
