import type { JsonValue } from '../base/json.ts'
import { setValue } from './equality.ts'
import { fromJson } from './json-value.ts'
import { formatNumber, parseNumber } from './number-text.ts'
import { ANY, type ObjectType, STRING, type Type } from './type.ts'
import { describeType } from './type-text.ts'
import { convertedType, mismatch, unify, type ValuePath } from './unify.ts'
import { boolValue, isWhollyKnown, nullValue, numberValue, stringValue, typeOf, unknownValue, type Value } from './value.ts'

/** A value does not fit a type. Its message holds no value, so that nothing sensitive gets out. */
export class ConversionFailure extends Error {
  /** Where inside the value: `['items', 0]`. */
  readonly path: ValuePath
  /** A clause without full stop and without the path: `expected list of string, got number`. */
  readonly reason: string
  /** The target, where it was an enum: for suggestions. */
  readonly choices: readonly string[]

  constructor(reason: string, path: ValuePath = [], choices: readonly string[] = []) {
    super(path.length === 0 ? reason : `${printPath(path)}: ${reason}`)
    this.name = 'ConversionFailure'
    this.reason = reason
    this.path = path
    this.choices = choices
  }
}

function printPath(path: ValuePath): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('')
}

/**
 * A value as a value of the type, by HCL's rules: "10" and 10 become each other, a tuple becomes a list, an object a
 * map, attributes that the type does not name are dropped, absent optional ones become their default or null. An
 * unknown value stays unknown, with the type that it will have.
 *
 * @throws ConversionFailure
 */
export function convert(value: Value, type: Type): Value {
  if (type.kind === 'any' || value.kind === type.kind) {
    if (type.kind === 'any' || type.kind === 'string' || type.kind === 'number' || type.kind === 'bool') return value
  }
  if (type.kind === 'described') return convert(value, type.type)
  if (value.kind === 'unknown') return convertUnknown(value, type)
  if (value.kind === 'null') return nullValue(type, value.marks)
  switch (type.kind) {
    case 'string':
    case 'number':
    case 'integer':
    case 'bool':
    case 'enum':
      return convertScalar(value, type)
    case 'list':
    case 'set':
      return convertItems(value, type)
    case 'map':
      return convertEntries(value, type)
    case 'tuple':
      if (value.kind !== 'tuple' || value.items.length !== type.elements.length) throw refusal(value, type)
      return { ...value, items: value.items.map((item, index) => convertInside(item, type.elements[index] ?? ANY, index)) }
    case 'object':
      return convertObject(value, type)
    case 'capsule':
      if (value.kind !== 'capsule' || value.type.name !== type.name) throw refusal(value, type)
      return value
  }
}

function refusal(value: Value, type: Type): ConversionFailure {
  return new ConversionFailure(`expected ${describeType(type)}, got ${describeType(typeOf(value))}`)
}

function convertInside(value: Value, type: Type, key: string | number): Value {
  try {
    return convert(value, type)
  } catch (failure) {
    if (!(failure instanceof ConversionFailure)) throw failure
    throw new ConversionFailure(failure.reason, [key, ...failure.path], failure.choices)
  }
}

function convertUnknown(value: Value & { kind: 'unknown' }, type: Type): Value {
  if (value.invalid) return value
  const problem = mismatch(value.type, type)
  if (problem) throw new ConversionFailure(problem.reason, problem.path)
  return unknownValue(convertedType(value.type, type), { nullable: value.nullable, marks: value.marks })
}

type ScalarType = Extract<Type, { kind: 'string' | 'number' | 'integer' | 'bool' | 'enum' }>

function convertScalar(value: Value, type: ScalarType): Value {
  switch (type.kind) {
    case 'string':
      if (value.kind === 'number') return stringValue(formatNumber(value.value), value.marks)
      if (value.kind === 'bool') return stringValue(String(value.value), value.marks)
      break
    case 'bool':
      if (value.kind === 'string') return boolValue(parseBool(value.value), value.marks)
      break
    case 'enum': {
      const text = convert(value, STRING)
      if (text.kind === 'string' && type.values.includes(text.value)) return text
      throw new ConversionFailure(`expected ${describeType(type)}`, [], type.values)
    }
    default: {
      const number = value.kind === 'string' ? numberValue(numberOf(value.value), value.marks) : value
      if (number.kind !== 'number') break
      if (type.kind === 'integer' && !Number.isInteger(number.value)) throw new ConversionFailure('expected a whole number, got a fraction')
      return number
    }
  }
  if (value.kind === type.kind) return value
  throw refusal(value, type)
}

function parseBool(text: string): boolean {
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  throw new ConversionFailure('expected bool, got a string that is neither "true" nor "false"')
}

function numberOf(text: string): number {
  const number = parseNumber(text)
  if (number === undefined) throw new ConversionFailure('expected number, got a string that is not a decimal number')
  if (number === 'inexact')
    throw new ConversionFailure('expected a number between -9007199254740991 and 9007199254740991, which is what can be kept exactly')
  return number
}

function convertItems(value: Value, type: Type & { kind: 'list' | 'set' }): Value {
  if (value.kind !== 'list' && value.kind !== 'set' && value.kind !== 'tuple') throw refusal(value, type)
  const element = type.element.kind === 'any' ? commonType(value, type) : type.element
  if (value.kind === type.kind && value.element === element) return value
  const items = value.items.map((item, index) => convertInside(item, element, index))
  const exact = exactElement(element, items)
  if (type.kind === 'list') return { kind: 'list', element: exact, items, marks: value.marks }
  // What is unknown now may turn out to equal another element, so not even the size of the set is known.
  if (!items.every(isWhollyKnown)) return unknownValue({ kind: 'set', element: exact }, { marks: value.marks })
  return setValue(exact, items, value.marks)
}

/** `list(any)`: the one type that all elements can have. */
function commonType(value: Value, type: Type & { readonly element: Type }): Type {
  if ('element' in value) return value.element
  const members = value.kind === 'tuple' ? value.items : value.kind === 'object' ? [...value.entries.values()] : []
  const known = members.filter(member => !(member.kind === 'null' && member.type.kind === 'any'))
  const common = unify(known.map(typeOf))
  if (common === undefined)
    throw new ConversionFailure(`the ${type.kind === 'map' ? 'values' : 'elements'} of a ${type.kind} must all have one type`)
  return common
}

/** What the elements are, where the target left it open further down: `list(map(any))`. */
function exactElement(element: Type, items: readonly Value[]): Type {
  if (!hasAny(element)) return element
  const [first] = items
  return first === undefined ? element : (unify(items.map(typeOf)) ?? element)
}

function hasAny(type: Type): boolean {
  switch (type.kind) {
    case 'any':
      return true
    case 'list':
    case 'set':
    case 'map':
      return hasAny(type.element)
    case 'described':
      return hasAny(type.type)
    default:
      return false
  }
}

function convertEntries(value: Value, type: Type & { kind: 'map' }): Value {
  if (value.kind !== 'map' && value.kind !== 'object') throw refusal(value, type)
  const element = type.element.kind === 'any' ? commonType(value, type) : type.element
  if (value.kind === 'map' && value.element === element) return value
  const entries = new Map<string, Value>()
  for (const [key, member] of value.entries) entries.set(key, convertInside(member, element, key))
  return { kind: 'map', element: exactElement(element, [...entries.values()]), entries, marks: value.marks }
}

function convertObject(value: Value, type: ObjectType): Value {
  if (value.kind !== 'map' && value.kind !== 'object') throw refusal(value, type)
  const entries = new Map<string, Value>()
  for (const [name, attribute] of type.attributes) {
    const given = value.entries.get(name)
    if (given === undefined && !attribute.optional) throw new ConversionFailure(`attribute ${JSON.stringify(name)} is missing`)
    const absent = given === undefined || given.kind === 'null'
    if (absent && attribute.default !== undefined) entries.set(name, defaultValue(attribute.default, attribute.type, name))
    else entries.set(name, given === undefined ? nullValue(attribute.type) : convertInside(given, attribute.type, name))
  }
  return { kind: 'object', entries, marks: value.marks }
}

function defaultValue(value: JsonValue, type: Type, name: string): Value {
  return convertInside(fromJson(value), type, name)
}
