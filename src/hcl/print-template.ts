import type { Expression, StripMarkers, TemplatePart, TemplateText } from './ast.ts'
import { isSpace } from './character.ts'

/** A quoted string with this value. */
export function printString(value: string): string {
  return `"${escapeSequences(value).replace(/[\\"\x00-\x1f\x7f]/g, escapeCharacter)}"`
}

function escapeCharacter(character: string): string {
  switch (character) {
    case '\n':
      return '\\n'
    case '\r':
      return '\\r'
    case '\t':
      return '\\t'
    case '"':
    case '\\':
      return `\\${character}`
    default:
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  }
}

/** `${` and `%{` as text. */
function escapeSequences(text: string): string {
  return text.includes('{') ? text.replaceAll('${', '$$${').replaceAll('%{', '%%{') : text
}

/**
 * The inside of a template.
 *
 * @param quoted the text is inside of quotes, so its newlines and quotes are escaped. Its strip markers are applied and
 * left out: in quotes they would take more than a line. Elsewhere they stand as they were written, where they still do
 * the same.
 * @param isWrap a single interpolation keeps its type; otherwise it is printed so that it does not.
 */
export function printParts(
  parts: readonly TemplatePart[],
  printExpression: (expression: Expression) => string,
  quoted: boolean,
  isWrap: boolean,
): string {
  const [only, more] = parts.filter(part => part.kind !== 'text' || part.text !== '')
  if (only?.kind === 'interpolation' && more === undefined && !isWrap) return `\${${spaced(printExpression(only.expression))}~} `
  const tokens: Token[] = []
  flatten(parts, printExpression, tokens)
  const printText = (text: string) => (quoted ? printString(text).slice(1, -1) : escapeSequences(text))
  let printed = ''
  for (const [index, token] of tokens.entries()) {
    const [previous, next] = [tokens[index - 1], tokens[index + 1]]
    if (token.kind === 'text') {
      const start = !quoted && previous?.kind === 'sequence' && keepsMarkerAfter(previous, token) ? (token.strippedStart ?? '') : ''
      const end = !quoted && next?.kind === 'sequence' && keepsMarkerBefore(next, token) ? (token.strippedEnd ?? '') : ''
      printed += printText(start + token.text + end)
    } else {
      const before = !quoted && keepsMarkerBefore(token, previous)
      const after = !quoted && keepsMarkerAfter(token, next)
      printed = join(printed, `${token.sign}{${before ? '~' : ''}${spaced(token.code)}${after ? '~' : ''}}`)
    }
  }
  return printed
}

/** A template as the row of texts and sequences that it is written as. */
type Token = TemplateText | SequenceToken

interface SequenceToken {
  readonly kind: 'sequence'
  readonly sign: '$' | '%'
  /** Between the braces. */
  readonly code: string
  readonly strip: StripMarkers | undefined
}

function flatten(parts: readonly TemplatePart[], print: (expression: Expression) => string, into: Token[]): void {
  const directive = (code: string, strip: StripMarkers | undefined) => into.push({ kind: 'sequence', sign: '%', code, strip })
  for (const part of parts) {
    switch (part.kind) {
      case 'text':
        into.push(part)
        break
      case 'interpolation':
        into.push({ kind: 'sequence', sign: '$', code: print(part.expression), strip: part.strip })
        break
      case 'if':
        directive(`if ${print(part.condition)}`, part.strips?.[0])
        flatten(part.whenTrue, print, into)
        if (part.whenFalse.length > 0) directive('else', part.strips?.[1])
        flatten(part.whenFalse, print, into)
        directive('endif', part.strips?.[2])
        break
      case 'for': {
        const names = part.keyName === undefined ? part.valueName : `${part.keyName}, ${part.valueName}`
        directive(`for ${names} in ${print(part.collection)}`, part.strips?.[0])
        flatten(part.body, print, into)
        directive('endfor', part.strips?.[1])
      }
    }
  }
}

/** Whether `~}` may be printed: reading it back takes off exactly what it took off before. */
function keepsMarkerAfter({ strip }: SequenceToken, next: Token | undefined): boolean {
  if (!strip?.after) return false
  if (next?.kind !== 'text') return true
  const { strippedStart: stripped, text } = next
  if (stripped === undefined || !isWithinLine(stripped)) return false
  return stripped.endsWith('\n') || text === '' || !isSpace(text.charCodeAt(0))
}

function keepsMarkerBefore({ strip }: SequenceToken, previous: Token | undefined): boolean {
  if (!strip?.before) return false
  if (previous?.kind !== 'text') return true
  const { strippedEnd: stripped, text } = previous
  if (stripped === undefined || !isWithinLine(stripped)) return false
  return text === '' || text.endsWith('\n') || !isSpace(text.charCodeAt(text.length - 1))
}

/** A marker reaches to the end of one line: a newline may only be the last thing that it took. */
function isWithinLine(stripped: string): boolean {
  const newline = stripped.indexOf('\n')
  return newline < 0 || newline === stripped.length - 1
}

/** Braces of an object and of the interpolation around it stand apart, as the formatter has them. */
function spaced(text: string): string {
  const start = text.startsWith('{') ? ' ' : ''
  const end = text.endsWith('}') ? ' ' : ''
  return start + text + end
}

/** A `$` before `${` would escape it: a blank that a strip marker removes keeps them apart. The same for `%{`. */
function join(printed: string, sequence: string): string {
  const sign = sequence.charAt(0)
  if (!printed.endsWith(sign)) return printed + sequence
  return `${printed} ${sign}{~${sequence.charAt(2) === '~' ? sequence.slice(3) : sequence.slice(2)}`
}
