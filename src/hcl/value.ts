import { ANY, type CapsuleType, type Type } from './type.ts'

/**
 * What must not be shown (`SENSITIVE`) or must not leave the process that calls (`SECRET`). Bits: a result carries
 * the marks of all that it was made from.
 */
export type Marks = number
export const NO_MARKS: Marks = 0
export const SENSITIVE: Marks = 1
export const SECRET: Marks = 2

/** A value of the language: plain frozen data, looked up by own keys only. */
export type Value =
  | StringValue
  | NumberValue
  | BoolValue
  | NullValue
  | UnknownValue
  | ListValue
  | SetValue
  | MapValue
  | TupleValue
  | ObjectValue
  | CapsuleValue

export interface StringValue {
  readonly kind: 'string'
  /** NFC, well-formed (NUM-4). */
  readonly value: string
  readonly marks: Marks
}

export interface NumberValue {
  readonly kind: 'number'
  /** A finite double; −0 is 0. */
  readonly value: number
  readonly marks: Marks
}

export interface BoolValue {
  readonly kind: 'bool'
  readonly value: boolean
  readonly marks: Marks
}

export interface NullValue {
  readonly kind: 'null'
  readonly type: Type
  readonly marks: Marks
}

/** Known only later: a deferred name, a secret, or what follows from one. */
export interface UnknownValue {
  readonly kind: 'unknown'
  readonly type: Type
  /** It may turn out to be null. */
  readonly nullable: boolean
  /** It stands where an error was already reported: nothing that follows from it is reported again. */
  readonly invalid: boolean
  readonly marks: Marks
}

export interface ListValue {
  readonly kind: 'list'
  readonly element: Type
  readonly items: readonly Value[]
  readonly marks: Marks
}

export interface SetValue {
  readonly kind: 'set'
  readonly element: Type
  /** Without duplicates, in the order of `compareForSet`. */
  readonly items: readonly Value[]
  readonly marks: Marks
}

export interface MapValue {
  readonly kind: 'map'
  readonly element: Type
  /** Iterated through `sortedEntries`: insertion order means nothing. */
  readonly entries: ReadonlyMap<string, Value>
  readonly marks: Marks
}

export interface TupleValue {
  readonly kind: 'tuple'
  readonly items: readonly Value[]
  readonly marks: Marks
}

export interface ObjectValue {
  readonly kind: 'object'
  readonly entries: ReadonlyMap<string, Value>
  readonly marks: Marks
}

/** A thing of the host. `attribute` answers `value.name`; the type's name is in messages. */
export interface CapsuleValue {
  readonly kind: 'capsule'
  readonly type: CapsuleType
  readonly content: Capsule
  readonly marks: Marks
}

export interface Capsule {
  /** As it is written in configuration, for messages: `model.fast`. */
  readonly label: string
  attribute(name: string): Value | undefined
  attributeNames(): readonly string[]
}

export const TRUE: BoolValue = Object.freeze({ kind: 'bool', value: true, marks: NO_MARKS })
export const FALSE: BoolValue = Object.freeze({ kind: 'bool', value: false, marks: NO_MARKS })
/** What an expression with a reported error gives. */
export const INVALID: UnknownValue = Object.freeze({ kind: 'unknown', type: ANY, nullable: true, invalid: true, marks: NO_MARKS })
const NULL_ANY: NullValue = Object.freeze({ kind: 'null', type: ANY, marks: NO_MARKS })

/** @param value is brought to NFC here, and nowhere else. */
export function stringValue(value: string, marks: Marks = NO_MARKS): StringValue {
  return { kind: 'string', value: isAscii(value) ? value : value.normalize('NFC'), marks }
}

export function numberValue(value: number, marks: Marks = NO_MARKS): NumberValue {
  return { kind: 'number', value: value === 0 ? 0 : value, marks }
}

export function boolValue(value: boolean, marks: Marks = NO_MARKS): BoolValue {
  return marks === NO_MARKS ? (value ? TRUE : FALSE) : { kind: 'bool', value, marks }
}

export function nullValue(type?: Type, marks: Marks = NO_MARKS): NullValue {
  return type === undefined && marks === NO_MARKS ? NULL_ANY : { kind: 'null', type: type ?? ANY, marks }
}

export function unknownValue(type: Type, options: { readonly nullable?: boolean; readonly marks?: Marks } = {}): UnknownValue {
  return { kind: 'unknown', type, nullable: options.nullable ?? false, invalid: false, marks: options.marks ?? NO_MARKS }
}

export function listValue(element: Type, items: readonly Value[], marks: Marks = NO_MARKS): ListValue {
  return { kind: 'list', element, items, marks }
}

export function mapValue(element: Type, entries: ReadonlyMap<string, Value>, marks: Marks = NO_MARKS): MapValue {
  return { kind: 'map', element, entries, marks }
}

export function tupleValue(items: readonly Value[], marks: Marks = NO_MARKS): TupleValue {
  return { kind: 'tuple', items, marks }
}

export function objectValue(entries: ReadonlyMap<string, Value> | Readonly<Record<string, Value>>, marks: Marks = NO_MARKS): ObjectValue {
  return { kind: 'object', entries: entries instanceof Map ? entries : new Map(Object.entries(entries)), marks }
}

/** The same value with further marks. */
export function withMarks<V extends Value>(value: V, marks: Marks): V {
  return (value.marks | marks) === value.marks ? value : { ...value, marks: value.marks | marks }
}

/** The same value with exactly these marks. */
export function setMarks<V extends Value>(value: V, marks: Marks): V {
  return value.marks === marks ? value : { ...value, marks }
}

/** All marks of a value and of everything inside it. */
export function deepMarks(value: Value): Marks {
  let marks = value.marks
  for (const item of children(value)) marks |= deepMarks(item)
  return marks
}

/** Neither unknown nor holding anything unknown. */
export function isWhollyKnown(value: Value): boolean {
  if (value.kind === 'unknown') return false
  for (const item of children(value)) if (!isWhollyKnown(item)) return false
  return true
}

/** The values directly inside a collection; nothing for the others. */
export function children(value: Value): Iterable<Value> {
  switch (value.kind) {
    case 'list':
    case 'set':
    case 'tuple':
      return value.items
    case 'map':
    case 'object':
      return value.entries.values()
    default:
      return []
  }
}

/** The type of a value, exact: an object literal has an object type, a tuple a tuple type. */
export function typeOf(value: Value): Type {
  switch (value.kind) {
    case 'string':
    case 'number':
    case 'bool':
      return { kind: value.kind }
    case 'null':
    case 'unknown':
    case 'capsule':
      return value.type
    case 'list':
    case 'set':
    case 'map':
      return { kind: value.kind, element: value.element }
    case 'tuple':
      return { kind: 'tuple', elements: value.items.map(typeOf) }
    case 'object':
      return {
        kind: 'object',
        attributes: new Map([...value.entries].map(([name, member]) => [name, { type: typeOf(member), optional: false }])),
      }
  }
}

/** Entries in the order of the language: by code point of the key (NUM-5). */
export function sortedEntries(entries: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] {
  return [...entries].sort(([a], [b]) => byCodePoint(a, b))
}

/** Compares by code point; JavaScript's `<` compares UTF-16 code units, which differs beyond U+FFFF. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return codePointRank(x) - codePointRank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above all of the basic plane: move them past U+FFFF. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
