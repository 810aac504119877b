import { invariant } from '../../base/invariant.ts'
import { FunctionError } from '../function.ts'
import { formatNumber } from '../number-text.ts'
import { type Capsule, sortedEntries, type Value } from '../value.ts'

/** A wholly known value as Terraform writes JSON: without blanks, keys in order, and safe to stand inside HTML. */
export function jsonText(value: Value): string {
  return textOf(value, content => {
    throw new FunctionError(`${content.label} is a reference, which has no JSON form; use one of its attributes`)
  })
}

/** A text that two wholly known values of one type share when they are equal, and only then. */
export function identityOf(value: Value): string {
  return textOf(value, content => `ref ${content.label}`)
}

function textOf(value: Value, ofCapsule: (content: Capsule) => string): string {
  switch (value.kind) {
    case 'string':
      return quoted(value.value)
    case 'number':
      return formatNumber(value.value)
    case 'bool':
      return String(value.value)
    case 'null':
      return 'null'
    case 'list':
    case 'set':
    case 'tuple':
      return `[${value.items.map(item => textOf(item, ofCapsule)).join(',')}]`
    case 'map':
    case 'object':
      return `{${sortedEntries(value.entries)
        .map(([key, member]) => `${quoted(key)}:${textOf(member, ofCapsule)}`)
        .join(',')}}`
    case 'capsule':
      return ofCapsule(value.content)
    case 'unknown':
      invariant(false, 'hcl/unknown-to-json', 'an unknown value has no JSON form')
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, character => ESCAPES[character] ?? character)
}
