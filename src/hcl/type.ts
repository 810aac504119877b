import type { JsonValue } from '../base/json.ts'

/**
 * The types of the language. Values have only the plain ones; `integer`, `enum` and `described` occur in declarations,
 * where they say more about a number or a string, and go into the JSON Schema.
 */
export type Type =
  | { readonly kind: 'string' }
  | { readonly kind: 'number' }
  | { readonly kind: 'integer' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'any' }
  | { readonly kind: 'list'; readonly element: Type }
  | { readonly kind: 'set'; readonly element: Type }
  | { readonly kind: 'map'; readonly element: Type }
  | { readonly kind: 'tuple'; readonly elements: readonly Type[] }
  | ObjectType
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'described'; readonly type: Type; readonly description: string }
  | CapsuleType

export interface ObjectType {
  readonly kind: 'object'
  /** In source order: a model writes fields in the order of the schema. */
  readonly attributes: ReadonlyMap<string, ObjectAttribute>
  /** A type that has a name of its own in the language (`file`, `message`): printed by it. */
  readonly name?: string
}

export interface ObjectAttribute {
  readonly type: Type
  readonly optional: boolean
  /** Given by `optional(T, default)`: a plan-time constant that fits the type. */
  readonly default?: JsonValue
}

/** An opaque thing of the host, such as a reference to a published block. The language moves it around and looks not inside. */
export interface CapsuleType {
  readonly kind: 'capsule'
  readonly name: string
}

export const STRING: Type = Object.freeze({ kind: 'string' })
export const NUMBER: Type = Object.freeze({ kind: 'number' })
export const INTEGER: Type = Object.freeze({ kind: 'integer' })
export const BOOL: Type = Object.freeze({ kind: 'bool' })
export const ANY: Type = Object.freeze({ kind: 'any' })

export function listOf(element: Type): Type {
  return { kind: 'list', element }
}

export function setOf(element: Type): Type {
  return { kind: 'set', element }
}

export function mapOf(element: Type): Type {
  return { kind: 'map', element }
}

export function tupleOf(elements: readonly Type[]): Type {
  return { kind: 'tuple', elements }
}

/** An object type whose attributes are all required. */
export function objectOf(attributes: Readonly<Record<string, Type>> | ReadonlyMap<string, Type>): ObjectType {
  const entries = attributes instanceof Map ? attributes.entries() : Object.entries(attributes)
  return { kind: 'object', attributes: new Map([...entries].map(([name, type]) => [name, { type, optional: false }])) }
}

/** What a value of the declared type is at run time: `integer` is a number, `enum` a string, a description falls away. One level deep. */
export function plainType(type: Type): Exclude<Type, { kind: 'integer' } | { kind: 'enum' } | { kind: 'described' }> {
  switch (type.kind) {
    case 'integer':
      return { kind: 'number' }
    case 'enum':
      return { kind: 'string' }
    case 'described':
      return plainType(type.type)
    default:
      return type
  }
}
