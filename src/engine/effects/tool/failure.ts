import type { DiagnosticCode } from '../../../diagnostics/codes/index.ts'
import type { Redactor } from '../../../gateway/redactor.ts'

export type ToolCode = DiagnosticCode & `tool/${string}`

export interface ToolFailureDetails {
  /** Another attempt may go better. */
  readonly retryable?: boolean
  /** The other side asks for this much patience. */
  readonly retryAfterMs?: number
  /** The call may have been done, for all that is known here. */
  readonly isUnanswered?: boolean
  /** Of HTTP. */
  readonly status?: number
}

/** A call of a tool that gave nothing. The message is kept and shown: it holds no content and no secret. */
export class ToolFailure extends Error {
  readonly code: ToolCode
  readonly details: ToolFailureDetails

  constructor(code: ToolCode, message: string, details: ToolFailureDetails = {}) {
    super(message)
    this.name = 'ToolFailure'
    this.code = code
    this.details = details
  }
}

/** Nothing was sent with these: the connection was never there. */
const UNSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])
/** Certificates that do not fit: no patience helps. */
const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/

/** Why a request got no answer, or one that must not be read. */
export function networkFailure(error: unknown, host: string, maxBytes: number, redactor: Redactor): ToolFailure {
  const { code, message } = deepest(error)
  const reason = `${host}: ${shortText(message, redactor)}`
  if (code === 'ADDRESS_REFUSED') return new ToolFailure('tool/private-address', `${host} leads to ${message}`)
  if (code === 'ANSWER_TOO_LONG' || code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return tooLarge(host, maxBytes)
  if (code === 'UND_ERR_INVALID_ARG') return new ToolFailure('tool/invalid-input', `The request cannot be sent to ${reason}`)
  if (TLS_CODE.test(code)) return new ToolFailure('tool/unreachable', reason)
  return new ToolFailure('tool/unreachable', reason, { retryable: true, isUnanswered: !UNSENT.has(code) })
}

export function tooLarge(who: string, maxBytes: number): ToolFailure {
  return new ToolFailure('tool/result-too-large', `${who} answered with more than ${maxBytes} bytes`)
}

/** The first code along the causes; several addresses that were all refused are one error with many inside. */
function deepest(error: unknown): { readonly code: string; readonly message: string } {
  let found = { code: '', message: String(error) }
  for (let at = error, depth = 0; at instanceof Error && depth < 8; depth++) {
    found = { code: 'code' in at && typeof at.code === 'string' ? at.code : found.code, message: at.message || found.message }
    at = at instanceof AggregateError ? at.errors[0] : at.cause
  }
  return found
}

const MAX_SHOWN = 300

/** Text of another side as an error may hold it: one line, short, without secrets. */
export function shortText(text: string, redactor: Redactor): string {
  // Cut after the secrets are out: half of one would not be recognised.
  const line = redactor.redact(text).replace(/\s+/g, ' ').trim()
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line
}
