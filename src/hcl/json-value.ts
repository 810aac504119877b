import { InvariantFailure, invariant } from '../base/invariant.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { MAX_VALUE_DEPTH } from '../base/limits.ts'
import {
  boolValue,
  type Capsule,
  type CapsuleValue,
  nullValue,
  numberValue,
  objectValue,
  stringValue,
  tupleValue,
  type Value,
} from './value.ts'

/** How a thing of the host is written as JSON: `{"$ref": "model.fast"}`. */
export type CapsuleToJson = (content: Capsule, value: CapsuleValue) => JsonValue

/**
 * A wholly known value as JSON: lists, sets and tuples are arrays. Marks are not looked at: whoever prints asks first.
 *
 * @param capsule is our bug to leave out where capsules may occur.
 */
export function toJson(value: Value, capsule?: CapsuleToJson): JsonValue {
  switch (value.kind) {
    case 'string':
    case 'number':
    case 'bool':
      return value.value
    case 'null':
      return null
    case 'list':
    case 'set':
    case 'tuple':
      return value.items.map(item => toJson(item, capsule))
    case 'map':
    case 'object':
      return entriesToJson(value.entries, capsule)
    case 'capsule':
      invariant(capsule, 'hcl/capsule-to-json', `${value.content.label} has no JSON form here`)
      return capsule(value.content, value)
    case 'unknown':
      throw new InvariantFailure('hcl/unknown-to-json', 'an unknown value has no JSON form')
  }
}

function entriesToJson(entries: ReadonlyMap<string, Value>, capsule: CapsuleToJson | undefined): JsonObject {
  const members = [...entries].map(([key, member]): [string, JsonValue] => [key, toJson(member, capsule)])
  // fromEntries defines own properties, so that `__proto__` is a key like others (NUM-6).
  return Object.fromEntries(members)
}

/**
 * JSON as a value: arrays are tuples and objects are objects, until a type says more.
 *
 * @throws RangeError on a lone surrogate (NUM-4), a number that is not finite, or deeper nesting than MAX_VALUE_DEPTH.
 */
export function fromJson(json: JsonValue): Value {
  return fromJsonAt(json, 0)
}

function fromJsonAt(json: JsonValue, depth: number): Value {
  if (depth > MAX_VALUE_DEPTH) throw new RangeError(`the JSON is nested deeper than ${MAX_VALUE_DEPTH} levels`)
  switch (typeof json) {
    case 'string':
      return stringValue(wellFormed(json))
    case 'number':
      if (!Number.isFinite(json)) throw new RangeError('the JSON holds a number that is too large')
      return numberValue(json)
    case 'boolean':
      return boolValue(json)
    default:
      if (json === null) return nullValue()
      if (!isJsonObject(json)) return tupleValue(json.map(item => fromJsonAt(item, depth + 1)))
      return objectValue(
        new Map(Object.entries(json).map(([key, member]) => [wellFormed(key).normalize('NFC'), fromJsonAt(member, depth + 1)])),
      )
  }
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new RangeError('the JSON holds half of a surrogate pair, which is not text')
  return text
}
