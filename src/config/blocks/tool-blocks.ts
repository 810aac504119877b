import type { Deferred, DeferredText } from '../../artifact/deferred.ts'
import type { HttpToolSpec, McpToolSpec } from '../../artifact/tool.ts'
import { compact } from '../../base/compact.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { ANY, mapOf, NUMBER, objectOf, STRING } from '../../hcl/type.ts'
import { deepMarks, SECRET } from '../../hcl/value.ts'
import { bool, integer, oneOf, strings, text } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, type Decoded, defaulted, optional, required } from '../decode/body.ts'
import { certificates } from '../decode/certificates.ts'
import { deferredBool, deferredJson, deferredText, escapeKey, secretMap, secretText } from '../decode/deferred.ts'
import { plainUrl, refuseCredentials } from '../decode/safe-url.ts'
import { placeOf } from '../decode/value.ts'
import { createDeferredScope, type DeferredRoot } from '../deferred-scope.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** The raw answer of the other side. */
const RESPONSE: DeferredRoot = {
  label: 'The response',
  code: 'config/unknown-attribute',
  type: objectOf({ status: NUMBER, headers: mapOf(STRING), body: ANY }),
}

/** Arguments that speak of the answer. */
function ofResponse<T>(decode: ArgumentDecoder<T>): ArgumentDecoder<T> {
  return site => {
    const around = site.deferred ?? site.evaluation
    const scope = createDeferredScope(around.scope, { roots: new Map([['response', RESPONSE]]), used: new Set() })
    return decode({ ...site, deferred: { ...around, scope } })
  }
}

/** Scheme, host and port stand there; what is inserted comes after them, so nobody chooses where credentials go. */
const fixedHost: ArgumentDecoder<DeferredText> = site => {
  const written = deferredText(site)
  if (written === undefined) return undefined
  const isWhole = typeof written === 'string'
  const [known = ''] = isWhole ? [written] : '$template' in written ? written.$template.split(/[$%]\{/, 1) : []
  // Of a template only what a delimiter ends is whole: "https://api.${input.x}" goes on.
  const [, authority] = (isWhole ? /^https?:\/\/([^/?#\s\\]+)/ : /^https?:\/\/([^/?#\s\\]+)[/?#]/).exec(known) ?? []
  if (authority?.includes('@')) return refuseCredentials(site)
  if (authority !== undefined && URL.canParse(known)) return written
  site.report.error({
    code: isWhole ? 'config/wrong-type' : 'tool/dynamic-host',
    summary: isWhole ? `"${written}" is not the address of a service` : 'Scheme, host and port of "url" must be known when you plan',
    detail: isWhole
      ? 'Write an address that begins with https:// or http://.'
      : 'Write them out, and insert into the path or the query: url = "https://api.example.com/v1/${input.id}".',
    ...placeOf(site, site.attribute.expression),
  })
  return undefined
}

/** An object whose values are decoded one by one; its keys are known. */
function entriesOf<T>(decode: ArgumentDecoder<T>): ArgumentDecoder<Readonly<Record<string, T>>> {
  return site => {
    const { expression } = site.attribute
    if (expression.kind !== 'object') {
      site.report.error({
        code: 'config/wrong-type',
        summary: `The argument "${site.attribute.name}" has the wrong type`,
        detail: `Write one key for each: ${site.attribute.name} = { NAME = VALUE }.`,
        ...placeOf(site, expression),
      })
      return undefined
    }
    const entries: [string, T][] = []
    for (const { key, value } of expression.items) {
      const name = evaluate(key, site.evaluation)
      const decoded = decode({ ...site, attribute: { ...site.attribute, expression: value } })
      if (name.kind === 'string' && decoded !== undefined) entries.push([escapeKey(name.value), decoded])
    }
    return Object.fromEntries(entries)
  }
}

/** A text that depends on the input, or one that holds a secret. */
const headerText: ArgumentDecoder<Deferred> = site => {
  const value = evaluate(site.attribute.expression, { ...(site.deferred ?? site.evaluation), report: site.report.muted() })
  return deepMarks(value) & SECRET ? secretText({ plainAllowed: true })(site) : deferredText(site)
}

/** Each word of a command by itself: no shell ever reads them. */
const words: ArgumentDecoder<readonly Deferred[]> = site => {
  const { expression } = site.attribute
  const items = expression.kind === 'tuple' ? expression.items : []
  if (items.length === 0) {
    site.report.error({
      code: 'config/wrong-type',
      summary: `The argument "${site.attribute.name}" has the wrong type`,
      detail: `Write the command and its arguments as a list: ${site.attribute.name} = ["python3", "tool.py"].`,
      ...placeOf(site, expression),
    })
    return undefined
  }
  return items.flatMap(item => deferredText({ ...site, attribute: { ...site.attribute, expression: item } }) ?? [])
}

export const httpBody = {
  arguments: {
    method: defaulted(oneOf(METHODS), 'GET'),
    url: required(fixedHost),
    query: optional(entriesOf(deferredJson)),
    headers: optional(entriesOf(headerText)),
    body: optional(deferredJson),
    result: optional(ofResponse(deferredJson)),
    fail_when: optional(ofResponse(deferredBool)),
    allow_private: defaulted(bool, false),
    max_redirects: defaulted(integer(0, 10), 0),
    ca_file: optional(certificates),
  },
} as const satisfies BodySpec

export const mcpBody = {
  arguments: {
    url: optional(plainUrl),
    command: optional(strings()),
    tool: required(text()),
    headers: optional(secretMap),
    env: optional(secretMap),
    allow_private: defaulted(bool, false),
  },
} as const satisfies BodySpec

export const commandBody = {
  arguments: { argv: required(words), env: optional(secretMap) },
} as const satisfies BodySpec

export function toHttpSpec({ ca_file, ...http }: Decoded<typeof httpBody>): HttpToolSpec {
  return compact({
    ...http,
    ca_pem: ca_file,
    result: http.result ?? { $expr: 'response.body' },
    fail_when: http.fail_when ?? { $expr: 'response.status >= 400' },
  })
}

export function toMcpSpec({ allow_private, ...mcp }: Decoded<typeof mcpBody>): McpToolSpec {
  return compact({ ...mcp, allow_private: allow_private || undefined })
}
