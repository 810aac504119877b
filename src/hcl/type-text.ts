import { enumerate } from '../base/enumerate.ts'
import type { ObjectAttribute, ObjectType, Type } from './type.ts'

/** A type in words, for messages: `list of string`, `object with attributes a and b`. */
export function describeType(type: Type): string {
  switch (type.kind) {
    case 'list':
    case 'set':
    case 'map':
      return type.element.kind === 'any' ? type.kind : `${type.kind} of ${describeType(type.element)}`
    case 'tuple':
      return `tuple of ${count(type.elements.length, 'element')}`
    case 'object':
      return type.name ?? describeObject(type)
    case 'enum':
      return `one of ${type.values.map(value => JSON.stringify(value)).join(', ')}`
    case 'described':
      return describeType(type.type)
    case 'capsule':
      return type.name
    case 'any':
      return 'any value'
    case 'integer':
      return 'whole number'
    default:
      return type.kind
  }
}

/** Names shown of an object with many attributes. */
const NAMES_SHOWN = 4

function describeObject(type: ObjectType): string {
  const names = [...type.attributes.keys()]
  if (names.length === 0) return 'object without attributes'
  if (names.length > NAMES_SHOWN) return `object with ${names.length} attributes`
  return `object with ${names.length === 1 ? 'attribute' : 'attributes'} ${enumerate(names)}`
}

/** `1 element`, `2 elements`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** A type as configuration writes it: `object({ a = string, b = optional(number, 3) })`. */
export function printType(type: Type): string {
  switch (type.kind) {
    case 'list':
    case 'set':
    case 'map':
      return `${type.kind}(${printType(type.element)})`
    case 'tuple':
      return `tuple([${type.elements.map(printType).join(', ')}])`
    case 'object':
      return type.name ?? printObjectType(type)
    case 'enum':
      return `enum([${type.values.map(value => JSON.stringify(value)).join(', ')}])`
    case 'described':
      return `describe(${printType(type.type)}, ${JSON.stringify(type.description)})`
    case 'capsule':
      return type.name
    default:
      return type.kind
  }
}

function printObjectType(type: ObjectType): string {
  if (type.attributes.size === 0) return 'object({})'
  return `object({ ${[...type.attributes].map(([name, attribute]) => `${printName(name)} = ${printAttribute(attribute)}`).join(', ')} })`
}

function printAttribute(attribute: ObjectAttribute): string {
  const type = printType(attribute.type)
  if (!attribute.optional) return type
  return attribute.default === undefined ? `optional(${type})` : `optional(${type}, ${JSON.stringify(attribute.default)})`
}

/** A key as it may be written: bare where it is an identifier, else quoted. */
export function printName(name: string): string {
  return isIdentifier(name) ? name : JSON.stringify(name)
}

export function isIdentifier(name: string): boolean {
  return /^[\p{ID_Start}_][\p{ID_Continue}-]*$/u.test(name)
}
