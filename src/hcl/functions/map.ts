import { typesEqual } from '../equality.ts'
import { type FunctionDefinition, FunctionError } from '../function.ts'
import { ANY, listOf, mapOf, STRING, type Type } from '../type.ts'
import { describeType } from '../type-text.ts'
import { unify } from '../unify.ts'
import {
  deepMarks,
  isWhollyKnown,
  listValue,
  mapValue,
  objectValue,
  sortedEntries,
  stringValue,
  tupleValue,
  typeOf,
  unknownValue,
  type Value,
  withMarks,
} from '../value.ts'
import { convertAt, defineFunction, defineMover, parameter, textAt, textParameter, valueAt } from './definition.ts'
import { identityOf } from './json-text.ts'
import { itemsAt } from './list.ts'

const map = parameter('map', ANY)
const listOfAny = listOf(ANY)

export const mapFunctions: readonly FunctionDefinition[] = [
  defineMover('keys', {
    summary: 'The keys of a map or object, in order.',
    parameters: [map],
    returns: ([map]) => (map && typeOf(map).kind === 'map' ? listOf(STRING) : ANY),
    call: keys,
  }),
  defineMover('values', {
    summary: 'The values of a map or object, in the order of their keys.',
    parameters: [map],
    returns: ([map]) => {
      const type = map ? typeOf(map) : ANY
      return type.kind === 'map' ? listOf(type.element) : ANY
    },
    call: values,
  }),
  defineMover('lookup', {
    summary: 'The value of a key, or a default where the key is missing.',
    parameters: [map, textParameter('key')],
    variadic: { name: 'default', type: ANY, nullable: true },
    returns: lookupType,
    call: lookup,
  }),
  defineFunction('matchkeys', {
    summary: 'The values whose key, at the same place in a second list, is one of those searched.',
    parameters: [parameter('values', listOfAny), parameter('keys', listOfAny), parameter('searched', listOfAny)],
    returns: ([values]) => (values ? typeOf(values) : listOfAny),
    call: matchKeys,
  }),
  defineMover('merge', {
    summary: 'All entries of the maps and objects; of equal keys the last one wins.',
    variadic: { name: 'maps', type: ANY, nullable: true },
    returns: parameters => mergeType(parameters.map(mappingType)),
    call: merge,
  }),
  defineFunction('transpose', {
    summary: 'A map of lists turned around: each element becomes a key, with the list of the keys that had it.',
    parameters: [parameter('map', mapOf(listOf(STRING)))],
    returns: mapOf(listOf(STRING)),
    call: transpose,
  }),
  defineMover('zipmap', {
    summary: 'A map from a list of keys and a list of values.',
    parameters: [parameter('keys', listOf(STRING)), parameter('values', ANY)],
    returns: ([, values]) => {
      const type = values ? typeOf(values) : ANY
      return type.kind === 'list' ? mapOf(type.element) : ANY
    },
    call: zipMap,
  }),
]

function entriesAt(parameters: readonly Value[], index: number): ReadonlyMap<string, Value> {
  const given = valueAt(parameters, index)
  if (given.kind === 'map' || given.kind === 'object') return given.entries
  throw new FunctionError(`a map or object is required, and this is ${describeType(typeOf(given))}`, index)
}

function keys(parameters: readonly Value[]): Value {
  const names = sortedEntries(entriesAt(parameters, 0)).map(([key]) => stringValue(key))
  return valueAt(parameters, 0).kind === 'map' ? listValue(STRING, names) : tupleValue(names)
}

function values(parameters: readonly Value[]): Value {
  const members = sortedEntries(entriesAt(parameters, 0)).map(([, member]) => member)
  const given = valueAt(parameters, 0)
  return given.kind === 'map' ? listValue(given.element, members) : tupleValue(members)
}

function lookupType([map, key]: readonly Value[]): Type {
  const type = map ? typeOf(map) : ANY
  if (type.kind === 'map') return type.element
  if (type.kind !== 'object' || key?.kind !== 'string') return ANY
  return type.attributes.get(key.value)?.type ?? ANY
}

function lookup(parameters: readonly Value[]): Value {
  if (parameters.length > 3) throw new FunctionError('only one default is expected', 3)
  const key = textAt(parameters, 1)
  const found = entriesAt(parameters, 0).get(key)
  if (found) return found
  const map = valueAt(parameters, 0)
  const fallback = parameters[2]
  if (fallback === undefined) throw new FunctionError(`there is no key ${JSON.stringify(key)}, and no default is given`, 1)
  return map.kind === 'map' ? convertAt(fallback, map.element, 2) : fallback
}

function matchKeys(parameters: readonly Value[]): Value {
  const list = valueAt(parameters, 0)
  const found = itemsAt(parameters, 0)
  const keys = itemsAt(parameters, 1)
  const searched = itemsAt(parameters, 2)
  if (keys.length !== found.length)
    throw new FunctionError(`as many keys as values are expected, and there are ${keys.length} and ${found.length}`, 1)
  const type = unify([...keys, ...searched].map(typeOf)) ?? ANY
  const wanted = new Set(searched.map(item => identityOf(convertAt(item, type, 2))))
  const kept = found.filter((_, index) => {
    const key = keys[index]
    return key !== undefined && wanted.has(identityOf(convertAt(key, type, 1)))
  })
  return listValue(list.kind === 'list' ? list.element : ANY, kept)
}

function mappingType(given: Value, index: number): Type {
  const type = typeOf(given)
  if (given.kind === 'null' || type.kind === 'any' || type.kind === 'map' || type.kind === 'object') return type
  throw new FunctionError(`a map or object is required, and this is ${describeType(type)}`, index)
}

/** Maps of one element type give such a map, everything else gives an object. */
function mergeType(types: readonly Type[]): Type {
  const [first] = types
  if (first?.kind === 'map' && types.every(type => typesEqual(type, first))) return first
  if (!types.every(type => type.kind === 'object')) return ANY
  return { kind: 'object', attributes: new Map(types.flatMap(type => [...type.attributes])) }
}

function merge(parameters: readonly Value[]): Value {
  const given = parameters.filter(value => value.kind !== 'null')
  const type = mergeType(parameters.map(mappingType).filter((_, index) => parameters[index]?.kind !== 'null'))
  const entries = new Map<string, Value>()
  for (const value of given) {
    if (value.kind !== 'map' && value.kind !== 'object') continue
    for (const [key, member] of value.entries) entries.set(key, member)
  }
  return type.kind === 'map' ? mapValue(type.element, entries) : objectValue(entries)
}

function transpose(parameters: readonly Value[]): Value {
  const turned = new Map<string, Value[]>()
  for (const [key, list] of sortedEntries(entriesAt(parameters, 0))) {
    for (const item of list.kind === 'list' ? list.items : []) {
      if (item.kind !== 'string') throw new FunctionError(`the list of ${JSON.stringify(key)} holds null, which cannot be a key`, 0)
      const names = turned.get(item.value) ?? []
      turned.set(item.value, [...names, stringValue(key)])
    }
  }
  return mapValue(listOf(STRING), new Map([...turned].map(([key, names]) => [key, listValue(STRING, names)])))
}

function zipMap(parameters: readonly Value[]): Value {
  const keys = valueAt(parameters, 0)
  const members = valueAt(parameters, 1)
  if (!isWhollyKnown(keys)) return unknownValue(members.kind === 'list' ? mapOf(members.element) : ANY, { marks: deepMarks(keys) })
  if (members.kind !== 'list' && members.kind !== 'tuple')
    throw new FunctionError(`a list or tuple is required, and this is ${describeType(typeOf(members))}`, 1)
  const names = itemsAt(parameters, 0)
  if (names.length !== members.items.length) {
    throw new FunctionError(`as many values as keys are expected, and there are ${members.items.length} and ${names.length}`, 1)
  }
  const entries = new Map<string, Value>()
  for (const [index, name] of names.entries()) {
    const member = members.items[index]
    if (name.kind !== 'string') throw new FunctionError(`key ${index} is null, which cannot be a key`, 0)
    if (member) entries.set(name.value, member)
  }
  const result = members.kind === 'list' ? mapValue(members.element, entries) : objectValue(entries)
  return withMarks(result, deepMarks(keys))
}
