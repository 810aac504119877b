import type { Type } from './type.ts'
import { byCodePoint, children, type Marks, NO_MARKS, type SetValue, sortedEntries, type Value } from './value.ts'

/** True, false, or not yet known. */
export type Verdict = boolean | 'unknown'

/**
 * `a == b`: values of different types are never equal, `"1" == 1` and `tolist([1]) == [1]` are false, two nulls are
 * equal whatever their types. Marks say nothing here.
 */
export function equals(a: Value, b: Value): Verdict {
  if (a.kind === 'unknown' || b.kind === 'unknown') return 'unknown'
  if (a.kind === 'null' || b.kind === 'null') return a.kind === b.kind
  switch (a.kind) {
    case 'string':
    case 'number':
    case 'bool':
      return b.kind === a.kind && a.value === b.value
    case 'capsule':
      return b.kind === 'capsule' && (a.content === b.content || (a.type.name === b.type.name && a.content.label === b.content.label))
    case 'tuple':
      return b.kind === 'tuple' ? equalItems(a.items, b.items) : false
    case 'list':
    case 'set':
      return b.kind === a.kind && comparable(a.element, b.element) ? equalItems(a.items, b.items) : false
    case 'map':
      return b.kind === 'map' && comparable(a.element, b.element) ? equalEntries(a.entries, b.entries) : false
    case 'object':
      return b.kind === 'object' ? equalEntries(a.entries, b.entries) : false
  }
}

function equalItems(a: readonly Value[], b: readonly Value[]): Verdict {
  if (a.length !== b.length) return false
  return every(a.map((item, index) => [item, b[index]]))
}

function equalEntries(a: ReadonlyMap<string, Value>, b: ReadonlyMap<string, Value>): Verdict {
  if (a.size !== b.size) return false
  return every([...a].map(([key, value]) => [value, b.get(key)]))
}

/** One false makes it false, also beside something unknown. */
function every(pairs: readonly (readonly [Value, Value | undefined])[]): Verdict {
  let verdict: Verdict = true
  for (const [a, b] of pairs) {
    const one = b === undefined ? false : equals(a, b)
    if (one === false) return false
    if (one === 'unknown') verdict = 'unknown'
  }
  return verdict
}

function comparable(a: Type, b: Type): boolean {
  return a.kind === 'any' || b.kind === 'any' || typesEqual(a, b)
}

/** The same type in every part; attribute order means nothing, descriptions and defaults do. */
export function typesEqual(a: Type, b: Type): boolean {
  if (a === b) return true
  switch (a.kind) {
    case 'list':
    case 'set':
    case 'map':
      return b.kind === a.kind && typesEqual(a.element, b.element)
    case 'tuple':
      return (
        b.kind === 'tuple' &&
        a.elements.length === b.elements.length &&
        a.elements.every((element, index) => sameType(element, b.elements[index]))
      )
    case 'object':
      return (
        b.kind === 'object' &&
        a.attributes.size === b.attributes.size &&
        [...a.attributes].every(([name, attribute]) => {
          const other = b.attributes.get(name)
          return (
            other !== undefined &&
            other.optional === attribute.optional &&
            JSON.stringify(other.default) === JSON.stringify(attribute.default) &&
            typesEqual(attribute.type, other.type)
          )
        })
      )
    case 'enum':
      return b.kind === 'enum' && a.values.length === b.values.length && a.values.every((value, index) => value === b.values[index])
    case 'described':
      return b.kind === 'described' && a.description === b.description && typesEqual(a.type, b.type)
    case 'capsule':
      return b.kind === 'capsule' && a.name === b.name
    default:
      return a.kind === b.kind
  }
}

function sameType(a: Type, b: Type | undefined): boolean {
  return b !== undefined && typesEqual(a, b)
}

const RANKS = { null: 0, bool: 1, number: 2, string: 3, tuple: 4, list: 4, set: 4, map: 5, object: 5, capsule: 6, unknown: 7 }

/** The order of the elements of a set: strings by code point (NUM-5), numbers by size, false before true, collections element by element. */
export function compareForSet(a: Value, b: Value): number {
  if (a.kind === 'string' && b.kind === 'string') return byCodePoint(a.value, b.value)
  if (a.kind === 'number' && b.kind === 'number') return a.value - b.value
  if (a.kind === 'bool' && b.kind === 'bool') return Number(a.value) - Number(b.value)
  if (a.kind === 'capsule' && b.kind === 'capsule') return byCodePoint(a.content.label, b.content.label)
  if (RANKS[a.kind] !== RANKS[b.kind]) return RANKS[a.kind] - RANKS[b.kind]
  const keys = compareKeys(a, b)
  return keys !== 0 ? keys : compareItems(orderedChildren(a), orderedChildren(b))
}

function compareKeys(a: Value, b: Value): number {
  if ((a.kind !== 'map' && a.kind !== 'object') || (b.kind !== 'map' && b.kind !== 'object')) return 0
  const others = [...b.entries.keys()].sort(byCodePoint)
  for (const [index, key] of [...a.entries.keys()].sort(byCodePoint).entries()) {
    const other = others[index]
    if (other === undefined) return 1
    if (other !== key) return byCodePoint(key, other)
  }
  return a.entries.size - b.entries.size
}

function orderedChildren(value: Value): readonly Value[] {
  return value.kind === 'map' || value.kind === 'object' ? sortedEntries(value.entries).map(([, member]) => member) : [...children(value)]
}

function compareItems(a: readonly Value[], b: readonly Value[]): number {
  for (const [index, item] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    const order = compareForSet(item, other)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** A set of known values of one type: sorted, each once. Marks of the elements move to the set, because equal elements become one. */
export function setValue(element: Type, items: readonly Value[], marks: Marks = NO_MARKS): SetValue {
  const sorted = [...items].sort(compareForSet)
  const unique = sorted.filter((item, index) => index === 0 || compareForSet(sorted[index - 1] ?? item, item) !== 0)
  return { kind: 'set', element, items: unique, marks }
}
