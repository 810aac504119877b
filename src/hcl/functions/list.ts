import { countGraphemes } from '../../diagnostics/source.ts'
import { equals } from '../equality.ts'
import { type FunctionDefinition, FunctionError } from '../function.ts'
import { ANY, BOOL, listOf, NUMBER, STRING, type Type } from '../type.ts'
import { describeType } from '../type-text.ts'
import { unify } from '../unify.ts'
import {
  boolValue,
  byCodePoint,
  listValue,
  type Marks,
  NO_MARKS,
  nullValue,
  numberValue,
  stringValue,
  tupleValue,
  typeOf,
  type UnknownValue,
  unknownValue,
  type Value,
  withMarks,
} from '../value.ts'
import {
  checkSize,
  convertAt,
  defineFunction,
  defineMover,
  elementsOf,
  integerAt,
  numberParameter,
  parameter,
  valueAt,
} from './definition.ts'
import { identityOf } from './json-text.ts'

const list = parameter('list', ANY)
const value = parameter('value', ANY)

export const listFunctions: readonly FunctionDefinition[] = [
  ofBools('alltrue', 'Whether all elements are true; also when there are none.', items => items.every(isTrue)),
  ofBools('anytrue', 'Whether any element is true.', items => items.some(isTrue)),
  defineMover('chunklist', {
    summary: 'The list in parts of a size; the last may be shorter. Size 0 gives one part.',
    parameters: [parameter('list', listOf(ANY)), numberParameter('size')],
    returns: ([list]) => listOf(list ? typeOf(list) : ANY),
    call: chunks,
  }),
  defineFunction('compact', {
    summary: 'The strings of a list that are neither empty nor null.',
    parameters: [parameter('list', listOf(STRING))],
    returns: listOf(STRING),
    call: parameters =>
      listValue(
        STRING,
        itemsAt(parameters, 0).filter(item => item.kind === 'string' && item.value !== ''),
      ),
  }),
  defineMover('concat', {
    summary: 'The elements of all lists, one list after the other.',
    parameters: [parameter('lists', ANY)],
    variadic: parameter('lists', ANY),
    returns: parameters => concatType(parameters.map(sequenceType)),
    call: concat,
  }),
  defineFunction('contains', {
    summary: 'Whether a list or set has an element that equals a value, type included.',
    parameters: [list, value],
    returns: BOOL,
    call: parameters => boolValue(itemsAt(parameters, 0).some(item => equals(item, valueAt(parameters, 1)) === true)),
  }),
  defineFunction('distinct', {
    summary: 'The list without what occurred before.',
    parameters: [parameter('list', listOf(ANY))],
    returns: ([list]) => (list ? typeOf(list) : listOf(ANY)),
    call: distinct,
  }),
  defineMover('element', {
    summary: 'The element at an index, which starts again at 0 after the last.',
    parameters: [list, numberParameter('index')],
    returns: ([list]) => elementType(list),
    call: elementAt,
  }),
  defineMover('flatten', {
    summary: 'The elements of a list, with lists inside of it replaced by their elements.',
    parameters: [list],
    returns: ANY,
    call: flatten,
  }),
  defineFunction('index', {
    summary: 'The index of the first element that equals a value.',
    parameters: [list, value],
    returns: NUMBER,
    call: indexOf,
  }),
  defineMover('length', {
    summary: 'The number of elements of a collection, or of characters of a string.',
    parameters: [value],
    returns: NUMBER,
    call: length,
  }),
  defineMover('one', {
    summary: 'The only element of a list or set, or null when there is none.',
    parameters: [list],
    returns: ([list]) => elementType(list),
    call: one,
  }),
  defineMover('reverse', {
    summary: 'The elements in reverse order.',
    parameters: [list],
    returns: ([list]) => reversedType(list ? typeOf(list) : ANY),
    call: parameters => reverse(valueAt(parameters, 0), itemsAt(parameters, 0).toReversed()),
  }),
  defineMover('slice', {
    summary: 'The elements from a start index up to, and without, an end index.',
    parameters: [list, numberParameter('start'), numberParameter('end')],
    returns: ([list]) => (list?.kind === 'list' || (list?.kind === 'unknown' && list.type.kind === 'list') ? typeOf(list) : ANY),
    call: slice,
  }),
  defineFunction('sort', {
    summary: 'The strings of a list, ordered by code point.',
    parameters: [parameter('list', listOf(STRING))],
    returns: listOf(STRING),
    call: sort,
  }),
  defineFunction('coalesce', {
    summary: 'The first value that is neither null nor an empty string.',
    parameters: [{ name: 'value', type: ANY, nullable: true, unknown: true }],
    variadic: { name: 'values', type: ANY, nullable: true, unknown: true },
    returns: ANY,
    call: coalesce,
  }),
  defineMover('coalescelist', {
    summary: 'The first list that has elements.',
    parameters: [{ name: 'list', type: ANY, nullable: true }],
    variadic: { name: 'lists', type: ANY, nullable: true },
    returns: ANY,
    call: coalesceList,
  }),
]

/** @throws FunctionError when the argument is no list, set or tuple. */
export function itemsAt(parameters: readonly Value[], index: number): readonly Value[] {
  const given = valueAt(parameters, index)
  const items = elementsOf(given)
  if (items === undefined) throw new FunctionError(`a list, set or tuple is required, and this is ${describeType(typeOf(given))}`, index)
  return items
}

function isTrue(item: Value): boolean {
  return item.kind === 'bool' && item.value
}

function ofBools(name: string, summary: string, test: (items: readonly Value[]) => boolean): FunctionDefinition {
  return defineFunction(name, {
    summary,
    parameters: [parameter('list', listOf(BOOL))],
    returns: BOOL,
    call: parameters => boolValue(test(itemsAt(parameters, 0))),
  })
}

function elementType(list: Value | undefined): Type {
  const type = list ? typeOf(list) : ANY
  return type.kind === 'list' || type.kind === 'set' ? type.element : ANY
}

function chunks(parameters: readonly Value[]): Value {
  const list = valueAt(parameters, 0)
  const items = itemsAt(parameters, 0)
  const size = integerAt(parameters, 1) || Math.max(items.length, 1)
  if (size < 0) throw new FunctionError('the size must not be negative', 1)
  const type = typeOf(list)
  const parts: Value[] = []
  for (let at = 0; at < items.length; at += size) parts.push(listValue(elementType(list), items.slice(at, at + size)))
  return listValue(type, parts)
}

function sequenceType(given: Value, index: number): Type {
  const type = typeOf(given)
  if (type.kind === 'list' || type.kind === 'tuple' || type.kind === 'any') return type
  const cure = type.kind === 'set' ? '; write tolist(…) to give it an order' : ''
  throw new FunctionError(`a list or tuple is required, and this is ${describeType(type)}${cure}`, index)
}

function concatType(types: readonly Type[]): Type {
  const elements = types.flatMap(type => (type.kind === 'list' ? [type.element] : []))
  const common = elements.length === types.length ? unify(elements) : undefined
  if (common) return listOf(common)
  const members = types.map(type => (type.kind === 'tuple' ? type.elements : undefined))
  return members.every(member => member !== undefined) ? { kind: 'tuple', elements: members.flat() } : ANY
}

function concat(parameters: readonly Value[]): Value {
  const type = concatType(parameters.map(sequenceType))
  const items = parameters.flatMap(given => elementsOf(given) ?? [])
  checkSize(items.length)
  return type.kind === 'list'
    ? listValue(
        type.element,
        items.map(item => convertAt(item, type.element, 0)),
      )
    : tupleValue(items)
}

function distinct(parameters: readonly Value[]): Value {
  const seen = new Set<string>()
  const items = itemsAt(parameters, 0).filter(item => {
    const identity = identityOf(item)
    return !seen.has(identity) && seen.add(identity)
  })
  return listValue(elementType(valueAt(parameters, 0)), items)
}

function elementAt(parameters: readonly Value[]): Value {
  const list = valueAt(parameters, 0)
  const items = list.kind === 'set' ? undefined : elementsOf(list)
  if (items === undefined) throw new FunctionError(`a list or tuple is required, and this is ${describeType(typeOf(list))}`, 0)
  const index = integerAt(parameters, 1)
  if (items.length === 0) throw new FunctionError('an empty list has no elements', 0)
  if (index < 0) throw new FunctionError('the index must not be negative', 1)
  return items[index % items.length] ?? nullValue()
}

function flatten(parameters: readonly Value[]): Value {
  const items: Value[] = []
  return flattenInto(items, itemsAt(parameters, 0), NO_MARKS) ? tupleValue(items) : unknownValue(ANY)
}

/** @returns false when a list inside is not known yet: it may have any number of elements. */
function flattenInto(items: Value[], given: readonly Value[], marks: Marks): boolean {
  for (const item of given) {
    if (item.kind === 'unknown' && ['any', 'list', 'set', 'tuple'].includes(item.type.kind)) return false
    const inner = elementsOf(item)
    if (inner === undefined) items.push(withMarks(item, marks))
    else if (!flattenInto(items, inner, marks | item.marks)) return false
    checkSize(items.length)
  }
  return true
}

function indexOf(parameters: readonly Value[]): Value {
  const list = valueAt(parameters, 0)
  const items = list.kind === 'set' ? undefined : elementsOf(list)
  if (items === undefined) throw new FunctionError(`a list or tuple is required, and this is ${describeType(typeOf(list))}`, 0)
  const index = items.findIndex(item => equals(item, valueAt(parameters, 1)) === true)
  if (index < 0) throw new FunctionError('the list has no element that equals this', 1)
  return numberValue(index)
}

function length(parameters: readonly Value[]): Value {
  const given = valueAt(parameters, 0)
  if (given.kind === 'string') return numberValue(countGraphemes(given.value))
  if (given.kind === 'map' || given.kind === 'object') return numberValue(given.entries.size)
  const items = elementsOf(given)
  if (items === undefined) throw new FunctionError(`a string or a collection is required, and this is ${describeType(typeOf(given))}`, 0)
  return numberValue(items.length)
}

function one(parameters: readonly Value[]): Value {
  const items = itemsAt(parameters, 0)
  if (items.length > 1) throw new FunctionError(`at most one element is expected, and there are ${items.length}`, 0)
  return items[0] ?? nullValue(elementType(valueAt(parameters, 0)))
}

function reversedType(type: Type): Type {
  if (type.kind === 'set') return listOf(type.element)
  return type.kind === 'tuple' ? { kind: 'tuple', elements: type.elements.toReversed() } : type.kind === 'list' ? type : ANY
}

function reverse(list: Value, items: readonly Value[]): Value {
  return list.kind === 'tuple' ? tupleValue(items) : listValue(elementType(list), items)
}

function slice(parameters: readonly Value[]): Value {
  const list = valueAt(parameters, 0)
  if (list.kind !== 'list' && list.kind !== 'tuple') {
    const cure = list.kind === 'set' ? '; write tolist(…) to give it an order' : ''
    throw new FunctionError(`a list or tuple is required, and this is ${describeType(typeOf(list))}${cure}`, 0)
  }
  const start = integerAt(parameters, 1)
  const end = integerAt(parameters, 2)
  if (start < 0) throw new FunctionError('the start must not be negative', 1)
  if (end > list.items.length) throw new FunctionError(`the end must be at most ${list.items.length}, the length of the list`, 2)
  if (start > end) throw new FunctionError('the start must not be after the end', 1)
  const items = list.items.slice(start, end)
  return list.kind === 'list' ? listValue(list.element, items) : tupleValue(items)
}

function sort(parameters: readonly Value[]): Value {
  const texts = itemsAt(parameters, 0).map((item, index) => {
    if (item.kind === 'string') return item.value
    throw new FunctionError(`element ${index} is null, which has no place in an order`, 0)
  })
  return listValue(
    STRING,
    texts.sort(byCodePoint).map(text => stringValue(text)),
  )
}

/** What is unknown may turn out to be null or empty: then nobody knows yet which value is the first. */
function coalesce(parameters: readonly Value[]): Value {
  const open = parameters.filter(given => !(given.kind === 'null' && given.type.kind === 'any'))
  const type = unify(open.map(typeOf))
  if (type === undefined) throw new FunctionError('all values must have one type')
  for (const [index, given] of parameters.entries()) {
    if (given.kind === 'unknown') return mayBeSkipped(given) ? unknownValue(type) : convertAt(given, type, index)
    if (given.kind !== 'null' && !(given.kind === 'string' && given.value === '')) return convertAt(given, type, index)
  }
  throw new FunctionError('every value is null or an empty string', undefined, {
    code: 'hcl/no-value',
    summary: 'coalesce() finds no value',
  })
}

function mayBeSkipped(given: UnknownValue): boolean {
  return given.nullable || given.type.kind === 'any' || given.type.kind === 'string'
}

function coalesceList(parameters: readonly Value[]): Value {
  for (const [index, given] of parameters.entries()) {
    if (given.kind === 'null') continue
    sequenceType(given, index)
    if ((elementsOf(given) ?? []).length > 0) return given
  }
  throw new FunctionError('every list is null or empty')
}
