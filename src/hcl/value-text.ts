import type { SourceRange } from '../diagnostics/source.ts'
import { formatNumber, numberLiteral } from './number-text.ts'
import { printString } from './print-template.ts'
import { count, describeType, printName, printType } from './type-text.ts'
import { NO_MARKS, sortedEntries, typeOf, type Value } from './value.ts'

/** Characters of a string that a message shows. */
const SHOWN_LENGTH = 60

/** What a message says of a value: `"gpt-4o"`, `3`, `object with 2 attributes`; sensitive ones are `(sensitive)`. */
export function describeValue(value: Value): string {
  if (value.marks !== NO_MARKS) return '(sensitive)'
  switch (value.kind) {
    case 'string':
      return JSON.stringify(value.value.length > SHOWN_LENGTH ? `${value.value.slice(0, SHOWN_LENGTH)}…` : value.value)
    case 'number':
      return formatNumber(value.value)
    case 'bool':
      return String(value.value)
    case 'null':
      return 'null'
    case 'unknown':
      return value.type.kind === 'any' ? 'known only later' : `${describeType(value.type)}, known only later`
    case 'list':
    case 'set':
      return `${describeType(typeOf(value))} with ${count(value.items.length, 'element')}`
    case 'tuple':
      return `tuple with ${count(value.items.length, 'element')}`
    case 'map':
      return `${describeType(typeOf(value))} with ${count(value.entries.size, 'element')}`
    case 'object':
      return `object with ${count(value.entries.size, 'attribute')}`
    case 'capsule':
      return `a ${value.type.name}`
  }
}

/** The source text of a range on one line, for use inside of a message. */
export function textOf(range: SourceRange): string {
  const text = range.source.text.slice(range.start, range.end).replace(/\s+/g, ' ')
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}

/**
 * A value as configuration text, as the console prints it: several lines for what holds more than one thing. Sensitive
 * parts are `(sensitive)`, unknown ones `(known when a flow runs)`.
 */
export function printValue(value: Value): string {
  return printAt(value, '')
}

function printAt(value: Value, indent: string): string {
  if (value.marks !== NO_MARKS) return '(sensitive)'
  switch (value.kind) {
    case 'string':
      return printString(value.value)
    case 'number':
      return numberLiteral(value.value)
    case 'bool':
      return String(value.value)
    case 'null':
      return 'null'
    case 'unknown':
      return value.type.kind === 'any' ? '(known when a flow runs)' : `(${printType(value.type)}, known when a flow runs)`
    case 'list':
      return `tolist(${printItems(value.items, indent)})`
    case 'set':
      return `toset(${printItems(value.items, indent)})`
    case 'tuple':
      return printItems(value.items, indent)
    case 'map':
      return `tomap(${printEntries(value.entries, indent)})`
    case 'object':
      return printEntries(value.entries, indent)
    case 'capsule':
      return value.content.label
  }
}

function printItems(items: readonly Value[], indent: string): string {
  if (items.length === 0) return '[]'
  const inner = `${indent}  `
  return `[\n${items.map(item => `${inner}${printAt(item, inner)},\n`).join('')}${indent}]`
}

function printEntries(entries: ReadonlyMap<string, Value>, indent: string): string {
  if (entries.size === 0) return '{}'
  const inner = `${indent}  `
  return `{\n${sortedEntries(entries)
    .map(([key, member]) => `${inner}${printKey(key)} = ${printAt(member, inner)}\n`)
    .join('')}${indent}}`
}

function printKey(key: string): string {
  const name = printName(key)
  return name === key ? key : printString(key)
}
