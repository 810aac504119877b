import { isJsonObject } from '../../base/json.ts'
import type { ModelCall } from '../call.ts'
import { abortedFailure, CallFailure, type FailureDetails, retryAfterMs } from '../failure.ts'
import { classOfStatus, type FailureClass } from '../failure-class.ts'
import { AddressRefused } from '../http.ts'
import { MissingSecret } from '../secrets.ts'
import type { ProviderDependencies } from './definition.ts'

/**
 * What the SDK or the network threw, as a failure of ours with every secret taken out. Errors that are not about the
 * call (a missing secret, one of ours) come back as they are.
 */
export async function failureOf(
  error: unknown,
  call: Pick<ModelCall, 'signal'>,
  { redactor, clock }: Pick<ProviderDependencies, 'redactor' | 'clock'>,
): Promise<unknown> {
  if (call.signal.aborted) return abortedFailure()
  if (error instanceof MissingSecret) return error
  const details = await detailsOf(error, clock.now(), redactor.redact)
  return new CallFailure({
    ...details,
    message: redactor.redact(details.message),
    ...(details.providerCode !== undefined && { providerCode: redactor.redact(details.providerCode) }),
    ...(details.requestId !== undefined && { requestId: redactor.redact(details.requestId) }),
  })
}

/** Takes secrets out of a text: before it is cut, for half of a secret is not known any more. */
type Redact = (text: string) => string

async function detailsOf(error: unknown, nowMs: number, redact: Redact): Promise<FailureDetails> {
  if (error instanceof CallFailure) return error.details
  // Loaded by now: whatever threw came through the vendor's package.
  const { APICallError } = await import('@ai-sdk/provider')
  if (APICallError.isInstance(error)) {
    return error.statusCode === undefined || isNetworkCode(codeIn(error.cause))
      ? { ...networkDetails(error.cause ?? error), url: error.url }
      : apiDetails(error, nowMs, redact)
  }
  const inStream = streamErrorIn(error)
  if (inStream) return streamDetails(inStream, redact)
  if (!(error instanceof Error)) return { class: 'invalid_response', message: excerpt(redact(String(error))) }
  // A frame of Amazon's that was cut in two.
  if (error.message.startsWith('Incomplete Amazon Bedrock'))
    return { class: 'network', message: 'the connection ended before the answer did' }
  if (error instanceof AddressRefused || codeIn(error) !== undefined) return networkDetails(error)
  if (
    error.name === 'AI_UnsupportedFunctionalityError' ||
    error.name === 'AI_InvalidArgumentError' ||
    error.name === 'AI_InvalidPromptError'
  ) {
    return { class: 'bad_request', message: error.message }
  }
  return { class: 'invalid_response', message: `sent something that is not of its protocol: ${misread(error, redact)}` }
}

/** What the SDK could not read, rather than how it complains. */
function misread(error: Error, redact: Redact): string {
  if (error.name === 'AI_JSONParseError' && 'text' in error) return excerpt(redact(String(error.text)))
  if (error.name === 'AI_TypeValidationError' && 'value' in error) return excerpt(redact(JSON.stringify(error.value) ?? ''))
  return oneLine(redact(error.message))
}

/** What an HTTP answer that is not a success says, as the SDK and we have it. */
interface ApiError {
  readonly message: string
  readonly url: string
  readonly statusCode?: number | undefined
  readonly responseHeaders?: Record<string, string> | undefined
  readonly responseBody?: string | undefined
}

/** An HTTP answer that is not what it should be, as a failure. */
export function answerFailure(error: ApiError, nowMs: number, redact: Redact): CallFailure {
  return new CallFailure(apiDetails(error, nowMs, redact))
}

function apiDetails(error: ApiError, nowMs: number, redact: Redact): FailureDetails {
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

interface StreamError {
  readonly message: string
  readonly type?: unknown
  readonly code?: unknown
  readonly statusCode?: unknown
}

/** An error that a vendor put into the stream, after status 200; some of a form that their package does not know. */
function streamErrorIn(error: unknown): StreamError | undefined {
  if (isStreamError(error)) return error
  if (!(error instanceof Error) || error.name !== 'AI_TypeValidationError' || !('value' in error)) return undefined
  const { value } = error
  if (!isJsonObject(value)) return undefined
  if (isStreamError(value.error)) return value.error
  return (value.type === 'error' || value.object === 'error') && isStreamError(value) ? value : undefined
}

function isStreamError(error: unknown): error is StreamError {
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

function streamDetails({ message, type, code, statusCode }: StreamError, redact: Redact): FailureDetails {
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

function networkDetails(error: unknown): FailureDetails {
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

function isNetworkCode(code: string | undefined): boolean {
  return code !== undefined && /^(E[A-Z_]+|UND_ERR_.*|CERT_.*|ERR_TLS.*|ERR_SSL.*)$/.test(code)
}

/** The first code along the causes; several addresses that were all refused are one error with many inside. */
function codeIn(error: unknown): string | undefined {
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

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 500 ? `${line.slice(0, 500)}…` : line
}

function withoutUserInfo(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//')
}

/** The first words of a body that is not what it should be, on one line. */
export function excerpt(body: string): string {
  const line = body.replace(/\s+/g, ' ').trim()
  return JSON.stringify(line.length > 120 ? `${line.slice(0, 120)}…` : line)
}

const REQUEST_ID_HEADERS = ['x-request-id', 'request-id', 'apim-request-id', 'x-amzn-requestid', 'mistral-correlation-id']

export function requestIdOf(headers: Readonly<Record<string, string>> | undefined): { readonly requestId?: string } {
  for (const name of REQUEST_ID_HEADERS) {
    const requestId = headers?.[name]
    if (requestId !== undefined) return { requestId }
  }
  return {}
}
