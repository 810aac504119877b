import type { Deferred, DeferredText, Reference, SecretText } from '../../artifact/deferred.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import { Report } from '../../diagnostics/report.ts'
import { isIdentifier, isSpace } from '../../hcl/character.ts'
import { numberLiteral } from '../../hcl/number-text.ts'
import { parseExpression, parseTemplate } from '../../hcl/parser.ts'
import { printExpression, printString, printTemplateText } from '../../hcl/print.ts'
import { LINE_LENGTH_MAX } from './body.ts'

/** Values of an artifact as the configuration that gives them again. */

/** Text of a message: quoted where it is one line, else a heredoc. */
export function deferredText(text: DeferredText): string {
  if (typeof text === 'string') return isOneLine(text) ? printString(text) : heredoc(escapeSequences(text))
  return '$expr' in text ? text.$expr : template(text.$template)
}

/** A deferred value: known JSON with expressions, templates and references at its leaves (blocks.md 7.1). */
export function deferredValue(value: Deferred): string {
  if (isArray(value)) return itemsText(value.map(deferredValue))
  if (!isJsonObject(value as JsonValue)) return jsonText(value as JsonValue)
  const object = value as JsonObject
  if (typeof object.$expr === 'string') return object.$expr
  if (typeof object.$template === 'string') return template(object.$template)
  if (typeof object.$ref === 'string') return referenceText(value as Reference)
  // An author's own `$` was doubled.
  return entriesText(Object.entries(object).map(([key, member]) => [key.replace(/^\$\$/, '$'), deferredValue(member)]))
}

/** Plain JSON. */
export function jsonText(value: JsonValue): string {
  if (isArray(value)) return itemsText(value.map(jsonText))
  if (isJsonObject(value)) return entriesText(Object.entries(value).map(([key, member]) => [key, jsonText(member)]))
  if (typeof value === 'string') return printString(value)
  return typeof value === 'number' ? numberLiteral(value) : String(value)
}

/** `model.fast`, `pin(model.fast, 3)`. */
export function referenceText({ $ref, version, digest }: Reference): string {
  const pinned = version ?? digest
  return pinned === undefined ? $ref : `pin(${$ref}, ${jsonText(pinned)})`
}

/** `secret("KEY")`, or a text with secrets in it. */
export function secretText(text: string | SecretText): string {
  if (typeof text === 'string') return printString(text)
  if ('$secret' in text) return secretCall(text)
  const parts = text.$join.map(part => (typeof part === 'string' ? printString(part).slice(1, -1) : `\${${secretCall(part)}}`))
  return `"${parts.join('')}"`
}

/** Headers and the like. */
export function secretMapText(map: Readonly<Record<string, string | SecretText>>): string {
  return entriesText(Object.entries(map).map(([key, text]) => [key, secretText(text)]))
}

function secretCall({ $secret }: { readonly $secret: string }): string {
  return `secret(${printString($secret)})`
}

function isArray(value: Deferred): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** A list of elements that are text already. */
export function itemsText(texts: readonly string[]): string {
  const line = `[${texts.join(', ')}]`
  return isShort(line) ? line : `[\n${texts.map(text => `${text}${text.startsWith('<<') ? '\n' : ''},\n`).join('')}]`
}

/** An object of members that are text already. */
export function entriesText(members: readonly (readonly [string, string])[]): string {
  if (members.length === 0) return '{}'
  const written = members.map(([key, text]) => `${isIdentifier(key) && key !== 'for' ? key : printString(key)} = ${text}`)
  const line = `{ ${written.join(', ')} }`
  return isShort(line) ? line : `{\n${written.join('\n')}\n}`
}

function isShort(line: string): boolean {
  return !line.includes('\n') && line.length <= LINE_LENGTH_MAX
}

/** Escapes other than of a newline and a tab are easier to see in quotes. */
function isOneLine(text: string): boolean {
  return !text.replace(/\n$/, '').includes('\n') || /[^\P{Cc}\n\t]/u.test(text)
}

/** In quotes a template loses its strip markers, and with them its digest: one that has some stands in a heredoc. */
function template(text: string): string {
  const quoted = printExpression(parseTemplate({ name: 'template', text }, new Report()))
  const again = parseExpression({ name: 'template', text: quoted }, new Report())
  const isSame = again.kind === 'template' && printTemplateText(again.parts) === text
  return isSame && isOneLine(text) ? quoted : heredoc(text)
}

/**
 * A heredoc with this text. One that does not end in a newline ends in an empty interpolation that takes the last newline
 * off: `chomp` would make another artifact of a template.
 */
function heredoc(text: string): string {
  const lines = (text.endsWith('\n') ? text : withoutNewline(text)).split('\n').slice(0, -1)
  const word = endingWord(lines)
  // Indentation is taken off again only as far as every line has it.
  const isFlush = lines.some(line => line !== '' && !isSpace(line.charCodeAt(0)))
  if (!isFlush) return `<<${word}\n${lines.join('\n')}\n${word}`
  const indented = lines.map(line => ([...line].every(character => isSpace(character.charCodeAt(0))) ? line : `${INDENT}${line}`))
  return `<<-${word}\n${indented.join('\n')}\n  ${word}`
}

/** A `$` before `${` would escape it, so it stands inside. */
function withoutNewline(text: string): string {
  const [dollars = ''] = /\$*$/.exec(text) ?? []
  return `${text.slice(0, text.length - dollars.length)}\${${printString(dollars)}~}\n`
}

/** Deeper than the argument of a block; the formatter leaves texts as they are. */
const INDENT = '    '

function endingWord(lines: readonly string[]): string {
  for (let number = 1; ; number++) {
    const word = number === 1 ? 'EOT' : `EOT${number}`
    if (!lines.some(line => line.trim() === word)) return word
  }
}

/** `${` and `%{` as text. */
function escapeSequences(text: string): string {
  return text.replaceAll('${', '$$${').replaceAll('%{', '%%{')
}
