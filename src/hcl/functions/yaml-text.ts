import { invariant } from '../../base/invariant.ts'
import { FunctionError } from '../function.ts'
import { formatNumber } from '../number-text.ts'
import { sortedEntries, type Value } from '../value.ts'

/** Columns after which a quoted string goes on in the next line. */
const LINE_WIDTH = 80
/** Longest key, in UTF-8 bytes, that stands before its colon in one line. */
const MAX_SIMPLE_KEY = 128

/** What has been written: the emitter of Terraform's YAML is a state machine over the column, and so is this. */
interface Output {
  text: string
  column: number
}

/** A wholly known value as the YAML that Terraform writes: strings quoted or literal, lists not indented below their key. */
export function yamlText(value: Value): string {
  const output: Output = { text: '', column: 0 }
  writeNode(output, value, -2, 'line start')
  const isPlain = value.kind === 'number' || value.kind === 'bool' || value.kind === 'null'
  const ended = output.text.endsWith('\n') ? output.text : `${output.text}\n`
  return isPlain ? `${ended}...\n` : ended
}

/** Where a node stands: a collection starts a new line after `key:`, and goes on in the line after `- ` and `: `. */
type Place = 'line start' | 'after key' | 'in line'

/** @param indent of the collection that holds the node; -2 at the top. */
function writeNode(output: Output, value: Value, indent: number, place: Place): void {
  if (value.kind === 'string') {
    write(output, place === 'line start' ? '' : ' ')
    writeString(output, value.value, Math.max(indent, 0) + 2)
  } else if ('items' in value && value.items.length > 0) {
    writeItems(output, value.items, indent, place)
  } else if ('entries' in value && value.entries.size > 0) {
    writeEntries(output, value.entries, indent, place)
  } else {
    write(output, (place === 'line start' ? '' : ' ') + plainText(value))
  }
}

function plainText(value: Value): string {
  switch (value.kind) {
    case 'number':
      return formatNumber(value.value)
    case 'bool':
      return String(value.value)
    case 'null':
      return 'null'
    case 'list':
    case 'set':
    case 'tuple':
      return '[]'
    case 'map':
    case 'object':
      return '{}'
    case 'capsule':
      throw new FunctionError(`${value.content.label} is a reference, which has no YAML form; use one of its attributes`)
    default:
      invariant(false, 'hcl/no-yaml-text', `${value.kind} is not a plain value`)
  }
}

function writeItems(output: Output, items: readonly Value[], indent: number, place: Place): void {
  const inner = place === 'after key' ? indent : indent + 2
  for (const [index, item] of items.entries()) {
    startEntry(output, inner, index === 0 && place !== 'after key', place)
    write(output, '-')
    writeNode(output, item, inner, 'in line')
  }
}

function writeEntries(output: Output, entries: ReadonlyMap<string, Value>, indent: number, place: Place): void {
  const inner = indent + 2
  for (const [index, [key, member]] of sortedEntries(entries).entries()) {
    startEntry(output, inner, index === 0 && place !== 'after key', place)
    if (isSimpleKey(key)) {
      write(output, `${doubleQuoted(key)}:`)
      writeNode(output, member, inner, 'after key')
      continue
    }
    write(output, '? ')
    writeString(output, key, inner + 2)
    newLine(output, inner)
    write(output, ':')
    writeNode(output, member, inner, 'in line')
  }
}

/** The first entry of a collection stands where its collection does, the others each on a line. */
function startEntry(output: Output, indent: number, isFirstInPlace: boolean, place: Place): void {
  if (!isFirstInPlace) newLine(output, indent)
  else if (place === 'in line') write(output, ' ')
}

function isSimpleKey(key: string): boolean {
  return !/[\n\r\x85\u2028\u2029]/.test(key) && Buffer.byteLength(key) <= MAX_SIMPLE_KEY
}

function write(output: Output, text: string): void {
  output.text += text
  output.column += text.length
}

function newLine(output: Output, indent: number): void {
  if (output.text !== '' && !output.text.endsWith('\n')) output.text += '\n'
  output.text += ' '.repeat(indent)
  output.column = indent
}

function writeString(output: Output, text: string, indent: number): void {
  if (isLiteral(text)) writeLiteral(output, text, indent)
  else writeQuoted(output, text, indent)
}

/** A text of several lines stands as it is, unless blanks at the ends of lines or special characters would be lost. */
function isLiteral(text: string): boolean {
  return text.includes('\n') && !/ (?:\n|$)/.test(text) && ![...text].some(character => character !== '\n' && isSpecial(character))
}

function writeLiteral(output: Output, text: string, indent: number): void {
  const start = /^[ \n]/.test(text) ? '2' : ''
  const end = text.endsWith('\n') ? (text === '\n' || text.endsWith('\n\n') ? '+' : '') : '-'
  const lines = text.split('\n').map(line => (line === '' ? '' : ' '.repeat(indent) + line))
  write(output, `|${start}${end}\n${lines.join('\n')}`)
}

/** Folds at blanks beyond the width, never at the first or last character, nor after another blank. */
function writeQuoted(output: Output, text: string, indent: number): void {
  const characters = [...text]
  write(output, '"')
  for (const [index, character] of characters.entries()) {
    const inside = index > 0 && index < characters.length - 1
    if (character === ' ' && output.column > LINE_WIDTH && inside && characters[index - 1] !== ' ') {
      newLine(output, indent)
      if (characters[index + 1] === ' ') write(output, '\\')
      continue
    }
    write(output, escaped(character))
  }
  write(output, '"')
}

function doubleQuoted(text: string): string {
  return `"${[...text].map(escaped).join('')}"`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\x85': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
}

function escaped(character: string): string {
  const short = ESCAPES[character]
  if (short !== undefined) return short
  if (!isSpecial(character)) return character
  const code = character.codePointAt(0) ?? 0
  const hex = (length: number) => code.toString(16).toUpperCase().padStart(length, '0')
  return code <= 0xff ? `\\x${hex(2)}` : code <= 0xffff ? `\\u${hex(4)}` : `\\U${hex(8)}`
}

/** What the emitter calls not printable: controls, the line separators, and everything beyond the basic plane. */
function isSpecial(character: string): boolean {
  return !/^[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]$/.test(character)
}
