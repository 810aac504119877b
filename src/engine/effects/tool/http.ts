import type { HttpToolSpec } from '../../../artifact/tool.ts'
import { invariant } from '../../../base/invariant.ts'
import type { JsonObject, JsonValue } from '../../../base/json.ts'
import { retryAfterMs } from '../../../gateway/failure.ts'
import type { NetworkPolicy } from '../../../gateway/http.ts'
import { typedValue } from '../../typed-value.ts'
import type { ToolAnswer, ToolCall, ToolDependencies } from './call.ts'
import { cleaned } from './cleaned.ts'
import { networkFailure, ToolFailure } from './failure.ts'
import { requestOf, secretNamesOf, type ToolRequest } from './http-request.ts'

export const CONNECT_TIMEOUT_MS = 10_000
/** What may pass: too early, too many, a server that is not well. */
export const PASSING_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Calls an HTTP service. */
export async function callHttp(call: ToolCall, dependencies: ToolDependencies): Promise<ToolAnswer> {
  const spec = call.spec.http
  invariant(spec, 'tool/no-http', `${call.address} is no HTTP tool`)
  const request = await requestOf(call, spec, dependencies)
  call.began()
  const response = await followed(request, spec, call, dependencies)
  const { language, redactor, clock, secrets } = dependencies
  const body = new Uint8Array(await response.arrayBuffer())
  const headers = Object.fromEntries([...response.headers].map(([name, value]) => [name, redactor.redact(value)]))
  const { status } = response
  const seen = { status, headers, body: cleaned(bodyOf(body, response, call.address), redactor.redact, call.address) }
  const names = { input: call.input.value, response: typedResponse(seen, call.address) }
  if (language.value(spec.fail_when, names) === true) {
    // It may have been rotated meanwhile (SEC-1).
    if (status === 401) for (const name of secretNamesOf(spec.headers)) secrets.forget(name)
    const wait = retryAfterMs(headers, clock.now())
    throw new ToolFailure('tool/http-error', `${request.url.host} answered ${status}${status < 400 ? ', and fail_when holds' : ''}`, {
      status,
      retryable: PASSING_STATUS.has(status),
      ...(wait !== undefined && { retryAfterMs: wait }),
    })
  }
  return { output: language.value(spec.result, names), statusCode: status, bytes: body.length }
}

/** Sends it, and goes on where it is led to, as far as the tool allows; each address is checked as the first one was. */
async function followed(first: ToolRequest, spec: HttpToolSpec, call: ToolCall, dependencies: ToolDependencies): Promise<Response> {
  let request = first
  for (let followed = 0; ; followed++) {
    const response = await send(request, spec, call, dependencies)
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null
    if (location === null) return response
    const next = redirected(request, response.status, location)
    if (next !== undefined && followed < spec.max_redirects) request = next
    else throw redirectFailure(request, response.status, next === undefined, spec.max_redirects)
  }
}

async function send(request: ToolRequest, spec: HttpToolSpec, call: ToolCall, { http, redactor }: ToolDependencies): Promise<Response> {
  const { url, ...rest } = request
  const { max_result_bytes: maxBytes } = call.spec
  const policy: NetworkPolicy = {
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    allowPrivate: spec.allow_private,
    caller: 'tool',
    ...(spec.ca_pem !== undefined && { caPem: spec.ca_pem }),
  }
  try {
    return await http.send({ ...rest, url: url.href, signal: call.signal, policy, maxBytes })
  } catch (error) {
    throw networkFailure(error, url.host, maxBytes, redactor)
  }
}

/**
 * The request that a redirect asks for, as fetch has it. To another origin go none of the author's headers: each may be
 * a credential. @returns undefined for what must not be followed.
 */
function redirected(request: ToolRequest, status: number, location: string): ToolRequest | undefined {
  if (!URL.canParse(location, request.url)) return undefined
  const url = new URL(location, request.url)
  if (url.protocol !== 'https:' && (url.protocol !== 'http:' || request.url.protocol === 'https:')) return undefined
  const isElsewhere = url.origin !== request.url.origin
  const usual = ['accept', 'user-agent', 'content-type', 'idempotency-key']
  const headers = isElsewhere ? Object.fromEntries(usual.flatMap(name => headerIn(request, name))) : request.headers
  const becomesGet = (status === 303 && request.method !== 'HEAD') || ((status === 301 || status === 302) && request.method === 'POST')
  if (!becomesGet) return { ...request, url, headers }
  const { 'content-type': _, ...ofGet } = headers
  return { url, method: 'GET', headers: ofGet }
}

function headerIn({ headers }: ToolRequest, name: string): readonly (readonly [string, string])[] {
  const value = headers[name]
  return value === undefined ? [] : [[name, value]]
}

function redirectFailure({ url }: ToolRequest, status: number, isUnsafe: boolean, most: number): ToolFailure {
  const why = isUnsafe ? 'it leads away from https, or nowhere' : `max_redirects is ${most}`
  return new ToolFailure('tool/redirected', `${url.host} answered ${status} and leads elsewhere; ${why}`, { status })
}

const JSON_TYPE = /^application\/([\w.+-]+\+)?json\b/i

/** JSON where the other side says so, else text. An error page need not be what it says. */
function bodyOf(bytes: Uint8Array, { status, headers }: Response, address: string): JsonValue {
  if (bytes.length === 0) return null
  const type = headers.get('content-type') ?? ''
  const text = decoded(bytes, /charset="?([\w-]+)/i.exec(type)?.[1])
  const garbage = (what: string) => new ToolFailure('tool/invalid-output', `${address} was answered with ${what}`, { status })
  if (text === undefined && status < 400) throw garbage('what is not text')
  if (!JSON_TYPE.test(type)) return text ?? null
  try {
    return JSON.parse(text ?? '') as JsonValue
  } catch {
    if (status >= 400) return text ?? null
    throw garbage('what says that it is JSON, and is not')
  }
}

function decoded(bytes: Uint8Array, charset = 'utf-8'): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const RESPONSE_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['status', 'headers', 'body'],
  properties: {
    status: { type: 'number' },
    headers: { type: 'object', additionalProperties: { type: 'string' } },
    body: {},
  },
} as const

function typedResponse(response: JsonObject, address: string) {
  try {
    return typedValue(response, RESPONSE_SCHEMA)
  } catch (error) {
    if (error instanceof RangeError)
      throw new ToolFailure('tool/invalid-output', `${address} was answered with what cannot be kept: ${error.message}`)
    throw error
  }
}
