import { type ObjectAttribute, type ObjectType, STRING, type Type } from '../../hcl/type.ts'
import { parseAttributeType, parseType } from '../../hcl/type-expression.ts'
import type { ArgumentDecoder } from './body.ts'

const attribute = (type: Type, optional = false): ObjectAttribute => ({ type, optional })

/** A file as data or by URL; exactly one of the two is given (blocks.md 1.5). */
export const FILE: ObjectType = {
  kind: 'object',
  name: 'file',
  attributes: new Map([
    ['media_type', attribute(STRING)],
    ['name', attribute(STRING, true)],
    ['data', attribute(STRING, true)],
    ['url', attribute(STRING, true)],
  ]),
}

/** A turn of an earlier conversation. */
export const MESSAGE: ObjectType = {
  kind: 'object',
  name: 'message',
  attributes: new Map([
    ['role', attribute({ kind: 'enum', values: ['user', 'assistant'] })],
    ['text', attribute(STRING)],
  ]),
}

export const HOST_TYPES: ReadonlyMap<string, Type> = new Map([
  ['file', FILE],
  ['message', MESSAGE],
])

/** A type as it is written. */
export const declaredType: ArgumentDecoder<Type> = site => parseType(site.attribute.expression, site.evaluation, site.report, HOST_TYPES)

/** The type of a field, which may be written `optional(T, default)`. */
export const declaredAttribute: ArgumentDecoder<ObjectAttribute> = site =>
  parseAttributeType(site.attribute.expression, site.evaluation, site.report, HOST_TYPES)
