import type { Deferred } from '../../artifact/deferred.ts'
import { compact } from '../../base/compact.ts'
import { parseDuration } from '../../base/duration.ts'
import { enumerate } from '../../base/enumerate.ts'
import type { Block } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { toJsonSchema } from '../../hcl/json-schema.ts'
import { ANY, STRING } from '../../hcl/type.ts'
import { LABEL } from '../address.ts'
import { text } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, type Decoded, decodeBody, optional } from '../decode/body.ts'
import { deferredJson, deferredText } from '../decode/deferred.ts'
import { declaredType } from '../decode/type.ts'
import { placeOf } from '../decode/value.ts'
import { findAttribute } from '../instances.ts'
import { given } from './attributes.ts'
import { DONE, type Exits, type NodeDefinition, type NodeSite } from './definition.ts'
import { NODE_ARGUMENTS, NODE_BLOCKS } from './settings-body.ts'

/** RFC 3339, with an offset: a local time is another instant in every place. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/
const LONGEST_MS = 366 * 24 * 60 * 60_000

/** A duration in milliseconds where it is known: a text with units, or a number of seconds. */
const waitingTime: ArgumentDecoder<{ readonly duration_ms: number } | { readonly duration: Deferred }> = site => {
  const value = evaluate(site.attribute.expression, site.deferred ?? site.evaluation)
  if (value.kind === 'number' && value.value >= 0 && value.value * 1_000 <= LONGEST_MS)
    return { duration_ms: Math.round(value.value * 1_000) }
  const parsed = value.kind === 'string' ? parseDuration(value.value) : undefined
  if (parsed?.ok) return { duration_ms: parsed.value }
  if (value.kind === 'string' || value.kind === 'number') {
    site.report.error({
      code: 'config/bad-duration',
      summary: `${value.kind === 'string' ? `"${value.value}"` : value.value} is not a duration`,
      detail: 'Write it like "15s" or "1h30m", or as a number of seconds, at most 366d.',
      ...placeOf(site, site.attribute.expression),
    })
    return undefined
  }
  const deferred = deferredJson(site)
  return deferred === undefined ? undefined : { duration: deferred }
}

const body = {
  arguments: {
    ...NODE_ARGUMENTS,
    duration: optional(waitingTime),
    until: optional(deferredText),
    signal: optional(text({ pattern: LABEL })),
    type: optional(declaredType),
  },
  blocks: NODE_BLOCKS,
} as const satisfies BodySpec

type Wait = Decoded<typeof body>
const WAYS = ['duration', 'until', 'signal'] as const

/** Waits for a time or a signal. Holds no worker. */
export const wait: NodeDefinition = {
  type: 'wait',
  summary: 'waits for a time or a signal',
  body,
  compile(block, site) {
    const before = site.report.errorCount
    const decoded = decodeBody(block.body, body, site, block)
    if (decoded === undefined) return undefined
    checkWays(block, site)
    checkUntil(block, decoded, site)
    checkSignal(block, decoded, site)
    if (site.report.errorCount > before) return undefined
    const { duration, until, signal, type } = decoded
    return {
      settings: decoded,
      arguments: compact({ ...duration, until, signal, type: type && toJsonSchema(type) }),
      exits: exitsOf(decoded),
      attributes: signal === undefined ? {} : { output: given(type ?? ANY), received_at: given(STRING) },
      hasEffect: true,
      isCacheable: false,
    }
  },
}

function exitsOf({ signal }: Wait): Exits {
  return signal === undefined ? DONE : { ordinary: ['received'], exceptional: ['expired'] }
}

function checkWays(block: Block, site: NodeSite): void {
  const found = WAYS.filter(way => findAttribute(block, way))
  if (found.length === 1) return
  site.report.error({
    code: found.length === 0 ? 'config/missing-argument' : 'config/conflicting-arguments',
    summary:
      found.length === 0
        ? 'This node waits for nothing'
        : `${enumerate(
            found.map(way => `"${way}"`),
            'and',
          )} exclude each other`,
    detail: 'Write one of duration = "15s", until = "2026-12-01T09:00:00Z" and signal = "NAME".',
    subject: block.headerRange,
    where: site.where,
    address: site.address,
  })
}

function checkUntil(block: Block, { until }: Wait, site: NodeSite): void {
  if (typeof until !== 'string' || (INSTANT.test(until) && !Number.isNaN(Date.parse(until)))) return
  site.report.error({
    code: 'config/wrong-type',
    summary: `"${until}" is not an instant`,
    detail: 'Write a date and a time with an offset: "2026-12-01T09:00:00Z".',
    subject: findAttribute(block, 'until')?.expression.range ?? block.headerRange,
    where: site.where,
    address: site.address,
  })
}

/** A signal may never come, so its wait has an end; a time comes by itself, and has no type. */
function checkSignal(block: Block, { signal }: Wait, site: NodeSite): void {
  const place = { where: site.where, address: site.address }
  if (signal !== undefined && findAttribute(block, 'timeout') === undefined) {
    site.report.error({
      code: 'config/missing-argument',
      summary: 'The argument "timeout" is missing',
      detail: 'A signal may never come: write timeout = "3d". After it the node leaves by its exit "expired".',
      subject: block.headerRange,
      ...place,
    })
  }
  if (signal !== undefined) return
  for (const name of ['type', 'timeout']) {
    const attribute = findAttribute(block, name)
    if (attribute === undefined) continue
    site.report.error({
      code: 'config/unsupported-argument',
      summary: `"${name}" is for waiting for a signal`,
      detail: 'Remove it, or write signal = "NAME".',
      subject: attribute.nameRange,
      ...place,
    })
  }
}
