/** Why an attempt failed, in the terms in which a decision is made: try again, ask another model, or stop. */
export type FailureClass =
  | 'rate_limited'
  | 'overloaded'
  | 'server_error'
  | 'timeout'
  | 'network'
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'content_filter'
  | 'context_overflow'
  | 'invalid_response'
  | 'aborted'
  // Of our own layers, where no request was sent:
  | 'breaker_open'
  | 'permit_timeout'
  | 'budget_exhausted'
  | 'budget_unavailable'
  | 'unknown_price'
  | 'max_cost'
  | 'deadline'
  // Of our own layers, about an answer:
  | 'output_invalid'
  | 'truncated'
  | 'guard_blocked'

const BY_STATUS: ReadonlyMap<number, FailureClass> = new Map([
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [408, 'timeout'],
  [429, 'rate_limited'],
  [503, 'overloaded'],
  [504, 'timeout'],
  [529, 'overloaded'],
])

const CONTEXT_OVERFLOW =
  /context_length_exceeded|exceed_context_size|context length|context window|maximum context|prompt is too long|too many tokens|input is too long|input token count.*exceeds/i
const CONTENT_FILTER = /content_filter|content_policy|content management policy/i

/**
 * The class of an HTTP answer that is not a success.
 *
 * @param text the provider's code and message: 400 covers a window that is too small and a refused content too.
 */
export function classOfStatus(status: number, text: string): FailureClass {
  const known = BY_STATUS.get(status)
  if (known) return known
  if (status >= 500) return /overloaded/i.test(text) ? 'overloaded' : 'server_error'
  // A provider's API never redirects: whatever answered is not the provider.
  if (status < 400) return 'invalid_response'
  if (status === 400 || status === 413 || status === 422) {
    if (CONTEXT_OVERFLOW.test(text)) return 'context_overflow'
    if (CONTENT_FILTER.test(text)) return 'content_filter'
  }
  return 'bad_request'
}
