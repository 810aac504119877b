import { setValue } from '../../src/hcl/equality.ts'
import { ANY, BOOL, listOf, mapOf, NUMBER, type ObjectAttribute, STRING, setOf, type Type, tupleOf } from '../../src/hcl/type.ts'
import { unify } from '../../src/hcl/unify.ts'
import {
  boolValue,
  listValue,
  mapValue,
  nullValue,
  numberValue,
  objectValue,
  stringValue,
  tupleValue,
  typeOf,
  unknownValue,
  type Value,
} from '../../src/hcl/value.ts'

/** A type as the corpus writes it: `"string"`, `{"list": …}`, `{"object": {…}, "optional": […]}`. */
export type TaggedType =
  | string
  | {
      list?: TaggedType
      set?: TaggedType
      map?: TaggedType
      tuple?: TaggedType[]
      object?: Record<string, TaggedType>
      optional?: string[]
    }

/** A value as the corpus writes it; numbers are decimal text. */
export interface TaggedValue {
  t: TaggedType
  v?: string | boolean | TaggedValue[] | Record<string, TaggedValue>
  et?: TaggedType
  null?: boolean
  unknown?: boolean
}

export function decodeType(tagged: TaggedType): Type {
  switch (tagged) {
    case 'string':
      return STRING
    case 'number':
      return NUMBER
    case 'bool':
      return BOOL
    case 'any':
      return ANY
  }
  if (typeof tagged === 'string') throw new Error(`unknown type ${tagged}`)
  if (tagged.list) return listOf(decodeType(tagged.list))
  if (tagged.set) return setOf(decodeType(tagged.set))
  if (tagged.map) return mapOf(decodeType(tagged.map))
  if (tagged.tuple) return tupleOf(tagged.tuple.map(decodeType))
  const attributes = Object.entries(tagged.object ?? {}).map(([name, type]): [string, ObjectAttribute] => [
    name,
    { type: decodeType(type), optional: tagged.optional?.includes(name) ?? false },
  ])
  return { kind: 'object', attributes: new Map(attributes) }
}

/** @param nullable whether unknown values may turn out to be null, which the corpus does not say. */
export function decodeValue(tagged: TaggedValue, nullable: boolean): Value {
  if (tagged.unknown) return unknownValue(decodeType(tagged.t), { nullable })
  if (tagged.null) return nullValue(decodeType(tagged.t))
  const { v } = tagged
  if (typeof v === 'boolean') return boolValue(v)
  if (typeof v === 'string') return tagged.t === 'number' ? numberValue(Number(v)) : stringValue(v)
  if (Array.isArray(v))
    return decodeItems(
      tagged,
      v.map(item => decodeValue(item, nullable)),
    )
  const entries = new Map(Object.entries(v ?? {}).map(([name, member]) => [name, decodeValue(member, nullable)]))
  return tagged.t === 'map' ? mapValue(elementType(tagged, [...entries.values()]), entries) : objectValue(entries)
}

function decodeItems(tagged: TaggedValue, items: readonly Value[]): Value {
  if (tagged.t === 'tuple') return tupleValue(items)
  const element = elementType(tagged, items)
  return tagged.t === 'set' ? setValue(element, items) : listValue(element, items)
}

function elementType(tagged: TaggedValue, items: readonly Value[]): Type {
  return tagged.et ? decodeType(tagged.et) : (unify(items.map(typeOf)) ?? ANY)
}
