import { OperationError } from '../../../diagnostics/operation-error.ts'

/** No answer, or one that says "not now": worth asking again. */
export class NoAnswer extends Error {
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined

  /** @param reason a clause: `nothing listens there`. */
  constructor(reason: string, retryAfterMs?: number) {
    super(reason)
    this.retryAfterMs = retryAfterMs
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'the name server did not answer',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  ETIMEDOUT: 'no connection was made in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection was made in time',
}

/** Of TLS: asking again changes nothing. */
const UNTRUSTED = /^(CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_)/

/** What a request ran into: worth another attempt, or told at once. */
export function requestFailure(name: string, error: unknown): NoAnswer | OperationError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return unexpected(name, 'The answer is longer than any state.')
  const said = error instanceof Error ? error.message : String(error)
  if (UNTRUSTED.test(code)) return unreachable(name, `No trusted connection could be made: ${said} (${code}).`)
  // A header that cannot be sent, and the like: nothing left this machine.
  if (code === 'UND_ERR_INVALID_ARG') return unreachable(name, `The request cannot be sent: ${said}.`)
  if (error instanceof Error && error.name === 'TimeoutError') return new NoAnswer('no whole answer came in time')
  return new NoAnswer(REASONS[code] ?? said)
}

export function unreachable(name: string, detail: string): OperationError {
  return new OperationError(
    { code: 'state/unreachable', summary: `The state at ${name} cannot be reached`, detail: `${detail} Nothing was changed.` },
    { retryable: true },
  )
}

/** @param gave whether credentials of any kind were sent. */
export function unauthorized(name: string, status: number, gave: boolean): OperationError {
  const why =
    status === 403
      ? 'The server knows who asks, and does not allow it (403).'
      : gave
        ? 'The server does not take the credentials that it was given (401).'
        : 'The server asks who is there (401), and the environment gives no credentials.'
  return new OperationError({
    code: 'state/unauthorized',
    summary: `The state at ${name} is not open to us`,
    detail: `${why} Check username and password, the headers or the client certificate of the state. Nothing was changed.`,
  })
}

/** An answer that the protocol does not have. */
export function unexpected(name: string, detail: string): OperationError {
  return new OperationError({
    code: 'state/unexpected-answer',
    summary: `What answers at ${name} does not speak the protocol of states`,
    detail: `${detail} Check the address and the methods of the state. Nothing was changed.`,
  })
}

/** @param whose a clause with its own subject: `Terraform 1.11.4 wrote it`. */
export function foreign(name: string, detail: string): OperationError {
  return new OperationError({
    code: 'state/foreign',
    summary: `The state at ${name} belongs to something else`,
    detail: `${detail} Give this environment an address of its own. Nothing was changed.`,
  })
}
