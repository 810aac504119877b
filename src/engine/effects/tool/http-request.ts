import type { Deferred, DeferredText, SecretText } from '../../../artifact/deferred.ts'
import type { HttpToolSpec } from '../../../artifact/tool.ts'
import { isJsonObject, type JsonValue } from '../../../base/json.ts'
import { flowrunVersion } from '../../../base/version.ts'
import { resolveSecretText } from '../../../gateway/secrets.ts'
import type { ToolCall, ToolDependencies } from './call.ts'
import { ToolFailure } from './failure.ts'

export interface ToolRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** The request that a tool makes of its input. @throws ToolFailure `tool/invalid-input`; MissingSecret. */
export async function requestOf(call: ToolCall, spec: HttpToolSpec, dependencies: ToolDependencies): Promise<ToolRequest> {
  const names = { input: call.input.value }
  const { language } = dependencies
  const url = urlOf(language.encodedText(asText(spec.url), names, percentEncoded), call.address)
  for (const [name, value] of Object.entries(spec.query ?? {})) addQuery(url, name, language.value(value, names), call.address)
  const body = spec.body === undefined ? undefined : language.value(spec.body, names)
  const isText = typeof body === 'string'
  const headers = new Map<string, string>([
    ['accept', 'application/json, text/*;q=0.9, */*;q=0.1'],
    ['user-agent', `flowrun/${flowrunVersion}`],
    ...(body === undefined ? [] : [['content-type', isText ? 'text/plain; charset=utf-8' : 'application/json'] as const]),
    ...(call.spec.replay === 'idempotent' ? [['idempotency-key', call.effectKey] as const] : []),
  ])
  for (const [name, value] of Object.entries(spec.headers ?? {}))
    headers.set(name.toLowerCase(), sendable(name, await headerText(value, call, dependencies), call.address))
  return {
    url,
    method: spec.method,
    headers: Object.fromEntries(headers),
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
  }
}

/** The names of the secrets in headers: a refused one is looked up again the next time. */
export function secretNamesOf(headers: HttpToolSpec['headers'] = {}): readonly string[] {
  return Object.values(headers).flatMap(value => {
    if (!isSecret(value)) return []
    return ('$secret' in value ? [value] : value.$join).flatMap(part => (typeof part === 'string' ? [] : [part.$secret]))
  })
}

async function headerText(value: Deferred, { input }: ToolCall, { language, secrets }: ToolDependencies): Promise<string> {
  return isSecret(value) ? resolveSecretText(value, secrets) : language.text(asText(value), { input: input.value })
}

function isSecret(value: Deferred): value is SecretText {
  return isJsonObject(value) && ('$secret' in value || '$join' in value)
}

/** Texts of an artifact have these shapes, though the interface allows more. */
function asText(value: Deferred): DeferredText {
  return value as DeferredText
}

/** One line of printable characters: a line break in an input would add headers of its own. */
function sendable(name: string, text: string, address: string): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) return text
  throw new ToolFailure('tool/invalid-input', `${address} cannot send the header "${name}": it has characters that no header may have`)
}

/** Also what encodeURIComponent leaves, but for what has no meaning in any part of a URL (RFC 3986, section 2.3). */
function percentEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, mark => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** A segment that is "." or "..", also written with %2e, leads to another path than the one that was written. */
const DOTS = /^(\.|%2e){1,2}$/i

function urlOf(text: string, address: string): URL {
  const [path = ''] = text.replace(/^[a-z]+:\/\/[^/?#]*/, '').split(/[?#]/, 1)
  const hasDots = path.split('/').some(segment => DOTS.test(segment))
  if (hasDots || !URL.canParse(text)) {
    const why = hasDots ? 'a part of its path is "." or "..", which leads elsewhere' : 'it is no URL'
    throw new ToolFailure('tool/invalid-input', `The address that ${address} makes of its input cannot be called: ${why}`)
  }
  return new URL(text)
}

/** Null is left out, and of a list each element is sent. */
function addQuery(url: URL, name: string, value: JsonValue, address: string): void {
  if (value === null) return
  if (Array.isArray(value)) {
    for (const item of value) addQuery(url, name, item, address)
    return
  }
  if (typeof value === 'object')
    throw new ToolFailure('tool/invalid-input', `${address} cannot send "${name}" in the query: it is an object`)
  url.searchParams.append(name, String(value))
}
