import type { FailureDetails } from '../failure.ts'
import type { Redactor } from '../redactor.ts'
import { excerpt, oneLine } from './excerpt.ts'

/** An error of the network, or one whose kind nobody knows: then what came was not of the protocol. */
export function foreignDetails(error: unknown, redact: Redactor['redact']): FailureDetails {
  if (codeIn(error) !== undefined) return networkDetails(error)
  if (!(error instanceof Error)) return { class: 'invalid_response', message: excerpt(redact(String(error))) }
  return misreadDetails(oneLine(redact(error.message)))
}

/** @param what came instead, for people. */
export function misreadDetails(what: string): FailureDetails {
  return { class: 'invalid_response', message: `sent something that is not of its protocol: ${what}` }
}

/** The connection ended, and an answer that comes in pieces had not said that it is complete. */
export const ENDED_EARLY = Object.freeze<FailureDetails>({ class: 'network', message: 'the connection ended before the answer did' })

export function networkDetails(error: unknown): FailureDetails {
  const code = codeIn(error)
  if (code === 'ADDRESS_REFUSED') return { class: 'bad_request', providerCode: code, message: messageIn(error) }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return { class: 'invalid_response', providerCode: code, message: 'the answer is longer than 32 MiB' }
  return {
    ...(code === 'UND_ERR_CONNECT_TIMEOUT' ? { class: 'timeout', exceeded: 'connect_timeout' } : { class: 'network' }),
    message: messageIn(error),
    ...(code !== undefined && { providerCode: code }),
  }
}

export function isNetworkCode(code: string | undefined): boolean {
  return code !== undefined && /^(E[A-Z_]+|UND_ERR_.*|CERT_.*|ERR_TLS.*|ERR_SSL.*)$/.test(code)
}

/** The first code along the causes; several addresses that were all refused are one error with many inside. */
export function codeIn(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string') return at.code
    if (at instanceof AggregateError) return codeIn(at.errors[0])
  }
  return undefined
}

function messageIn(error: unknown): string {
  let deepest = error
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause
  if (deepest instanceof AggregateError && deepest.errors.length > 0) return messageIn(deepest.errors[0])
  return deepest instanceof Error ? oneLine(deepest.message) : String(deepest)
}
