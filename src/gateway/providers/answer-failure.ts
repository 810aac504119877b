import { isJsonObject } from '../../base/json.ts'
import { CallFailure, type FailureDetails, retryAfterMs } from '../failure.ts'
import { classOfStatus, type FailureClass } from '../failure-class.ts'
import type { Redactor } from '../redactor.ts'
import { excerpt, oneLine } from './excerpt.ts'

/** What an HTTP answer that is not a success says, as the SDK and we have it. */
export interface ApiError {
  readonly message: string
  readonly url: string
  readonly statusCode?: number | undefined
  readonly responseHeaders?: Record<string, string> | undefined
  readonly responseBody?: string | undefined
}

/** An HTTP answer that is not what it should be, as a failure. */
export function answerFailure(error: ApiError, nowMs: number, redact: Redactor['redact']): CallFailure {
  return new CallFailure(apiDetails(error, nowMs, redact))
}

export function apiDetails(error: ApiError, nowMs: number, redact: Redactor['redact']): FailureDetails {
  // One of the packages puts a parsed body there, whatever its types say.
  const body = redact(typeof error.responseBody === 'string' ? error.responseBody : JSON.stringify(error.responseBody ?? ''))
  // One of the packages makes up a status for a success without an answer.
  const status = error.message.startsWith('Responses API returned no output') ? 200 : (error.statusCode ?? 0)
  const headers = error.responseHeaders ?? {}
  const said = { ...amazonCode(headers), ...saidIn(body) }
  const wait = retryAfterMs(headers, nowMs) ?? said.retryAfterMs
  const perMinute = Number(headers['x-ratelimit-limit-requests'] ?? headers['anthropic-ratelimit-requests-limit'])
  return {
    class: status < 300 ? 'invalid_response' : classOf(status, said),
    message: said.message ?? unreadable(status, headers, body),
    status,
    ...(said.code !== undefined && { providerCode: said.code }),
    ...requestIdOf(headers),
    url: withoutUserInfo(error.url),
    ...(wait !== undefined && { retryAfterMs: wait }),
    ...(perMinute > 0 && { requestsPerMinute: perMinute }),
  }
}

function classOf(status: number, { code = '', message = '' }: Said): FailureClass {
  // OpenAI answers 429 to an account without money, and Anthropic 400: waiting does not fill it, nor does another call.
  if (status === 429 && code === 'insufficient_quota') return 'forbidden'
  if (status === 400 && /credit balance is too low/i.test(message)) return 'forbidden'
  // Mistral's word for a model that it does not have.
  if (status === 400 && code === 'invalid_model') return 'not_found'
  // Google answers 400 to a key that it does not know, and Amazon 403 to one that is none or is too old.
  if (status === 400 && code === 'API_KEY_INVALID') return 'unauthorized'
  if (status === 403 && REFUSED_IDENTITY.has(code)) return 'unauthorized'
  // Amazon's word for a model that failed.
  if (status === 424) return 'server_error'
  return classOfStatus(status, `${code} ${message}`)
}

const REFUSED_IDENTITY: ReadonlySet<string> = new Set([
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'ExpiredTokenException',
  'IncompleteSignatureException',
])

interface Said {
  readonly code?: string
  readonly message?: string
  readonly retryAfterMs?: number
}

/** The code and message in a body, as vendors put them; some say only a message or a detail. */
function saidIn(body: string): Said {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return {}
  }
  // Google puts an error into a list where a stream was asked for.
  const root = Array.isArray(json) ? json[0] : json
  if (!isJsonObject(root)) return {}
  const error = isJsonObject(root.error) ? root.error : root
  const message = [error.message, root.error, root.detail, detailIn(error.message), detailIn(root)].find(text => typeof text === 'string')
  const google = googleDetails(error.details)
  const codes = [google.reason, error.code, error.status, error.type].filter(
    text => (typeof text === 'string' && text !== '' && text !== 'error') || typeof text === 'number',
  )
  // A number repeats the status: a word says more.
  const code = codes.find(text => typeof text === 'string' && !/^\d+$/.test(text)) ?? codes[0]
  return {
    ...(code !== undefined && { code: String(code) }),
    ...(typeof message === 'string' && { message: oneLine(message) }),
    ...(google.retryAfterMs !== undefined && { retryAfterMs: google.retryAfterMs }),
  }
}

/** What servers built with FastAPI, Mistral's among them, say of an argument: `{ detail: [{ loc, msg }] }`. */
function detailIn(value: unknown): string | undefined {
  const [first] = isJsonObject(value) && Array.isArray(value.detail) ? value.detail : []
  if (!isJsonObject(first) || typeof first.msg !== 'string') return undefined
  const place = Array.isArray(first.loc) ? first.loc.filter(step => step !== 'body').join('.') : ''
  return place === '' ? first.msg : `${place}: ${first.msg}`
}

/** Google's `ErrorInfo` with a reason, and `RetryInfo` with a delay of seconds: `"34.07s"`. */
function googleDetails(details: unknown): { readonly reason?: string; readonly retryAfterMs?: number } {
  const list = Array.isArray(details) ? details.filter(isJsonObject) : []
  const reason = list.find(detail => typeof detail.reason === 'string')?.reason
  const delay = list.find(detail => typeof detail.retryDelay === 'string')?.retryDelay
  const seconds = typeof delay === 'string' && /^\d+(\.\d+)?s$/.test(delay) ? Number(delay.slice(0, -1)) : undefined
  return {
    ...(typeof reason === 'string' && { reason }),
    ...(seconds !== undefined && { retryAfterMs: Math.ceil(seconds * 1000) }),
  }
}

/** Amazon's name of an error, without the address that may follow it. */
function amazonCode(headers: Readonly<Record<string, string>>): Said {
  const code = headers['x-amzn-errortype']?.split(':')[0]
  return code ? { code } : {}
}

function unreadable(status: number, headers: Readonly<Record<string, string>>, body: string): string {
  if (status >= 300 && status < 400) return `redirected to ${headers.location ?? 'nowhere'}; redirects are not followed`
  if (body.trim() === '') return 'an empty answer'
  return `answered with ${headers['content-type'] ?? 'no content type'}: ${excerpt(body)}`
}

/** An address may carry a name and a password. */
export function withoutUserInfo(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//')
}

const REQUEST_ID_HEADERS = ['x-request-id', 'request-id', 'apim-request-id', 'x-amzn-requestid', 'mistral-correlation-id']

export function requestIdOf(headers: Readonly<Record<string, string>> | undefined): { readonly requestId?: string } {
  for (const name of REQUEST_ID_HEADERS) {
    const requestId = headers?.[name]
    if (requestId !== undefined) return { requestId }
  }
  return {}
}
