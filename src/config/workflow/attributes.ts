import { SESSION_NAMES } from '../../base/session.ts'
import { BOOL, INTEGER, listOf, NUMBER, type ObjectAttribute, type ObjectType, objectOf, STRING, type Type } from '../../hcl/type.ts'

/** What can be read of a finished node (blocks.md 4.2). */

export function given(type: Type): ObjectAttribute {
  return { type, optional: false }
}

/** May be null even where the node succeeded. */
export function maybe(type: Type): ObjectAttribute {
  return { type, optional: true }
}

const ERROR = objectOf({ code: STRING, message: STRING })

const EVERY_NODE: Readonly<Record<string, ObjectAttribute>> = {
  status: given({ kind: 'enum', values: ['succeeded', 'skipped', 'failed'] }),
  exit: given(STRING),
  error: maybe(ERROR),
  attempts: given(INTEGER),
  cost: given(NUMBER),
  duration_ms: given(NUMBER),
}

/** The attributes of one node: its own, and what every node has. */
export function nodeType(own: Readonly<Record<string, ObjectAttribute>>): ObjectType {
  return { kind: 'object', attributes: new Map(Object.entries({ ...own, ...EVERY_NODE })) }
}

export function modelAttributes(output: Type): Readonly<Record<string, ObjectAttribute>> {
  return {
    output: given(output),
    text: given(STRING),
    model: given(STRING),
    model_id: given(STRING),
    version: maybe(INTEGER),
    tried: given(listOf(STRING)),
    usage: given(objectOf({ input_tokens: INTEGER, output_tokens: INTEGER, cached_tokens: INTEGER, reasoning_tokens: INTEGER })),
    finish_reason: given(STRING),
    cached: given(BOOL),
    latency_ms: given(NUMBER),
    reasoning: maybe(STRING),
  }
}

export const GUARD_ATTRIBUTES: Readonly<Record<string, ObjectAttribute>> = {
  text: given(STRING),
  flags: given(listOf(STRING)),
  findings: given(listOf(objectOf({ detector: STRING, type: STRING, start: INTEGER, end: INTEGER, score: NUMBER }))),
}

export const ROUTER_ATTRIBUTES: Readonly<Record<string, ObjectAttribute>> = {
  route: given(STRING),
  matched: given(BOOL),
  confidence: maybe(NUMBER),
  reason: maybe(STRING),
}

export function mapAttributes(item: Type, drops: boolean): Readonly<Record<string, ObjectAttribute>> {
  return {
    output: given(listOf(item)),
    errors: given(listOf(objectOf({ index: INTEGER, key: STRING, node: STRING, code: STRING, message: STRING }))),
    succeeded: given(INTEGER),
    failed: given(INTEGER),
    ...(drops ? { indexes: given(listOf(INTEGER)) } : {}),
  }
}

export function approvalAttributes(fields: Type): Readonly<Record<string, ObjectAttribute>> {
  return {
    action: given(STRING),
    output: given(fields),
    comment: maybe(STRING),
    decided_by: maybe(STRING),
    decided_at: maybe(STRING),
    body_digest: given(STRING),
  }
}

/** What the submitter said about the session; each may be null. */
export const SESSION: ObjectType = {
  kind: 'object',
  attributes: new Map(SESSION_NAMES.map(name => [name, maybe(STRING)])),
}

/** `started_at` is the only clock. */
export const RUN: ObjectType = objectOf({ id: STRING, started_at: STRING, flow: STRING })

export function itemType(element: Type): ObjectType {
  return objectOf({ value: element, index: INTEGER, key: STRING })
}

export function loopType(state: Type): ObjectType {
  return objectOf({ state, index: INTEGER })
}
