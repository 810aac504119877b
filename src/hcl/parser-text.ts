import { type Cursor, complain, endOf, rangeBetween, startOf } from './parser-cursor.ts'

/** What the text of a quoted string says: its escapes are resolved, wrong ones are reported and left as they stand. */
export function decodeQuotedText(cursor: Cursor, index: number): string {
  const start = startOf(cursor, index)
  const end = endOf(cursor, index)
  const text = cursor.text.slice(start, end)
  if (text === '$${' || text === '%%{') return text.slice(1)
  let at = text.indexOf('\\')
  if (at < 0) return text
  let decoded = ''
  let from = 0
  while (at >= 0) {
    const width = escapeWidth(text, at)
    decoded += text.slice(from, at) + decodeEscape(cursor, text.slice(at, at + width), start + at)
    from = at + width
    at = text.indexOf('\\', from)
  }
  return decoded + text.slice(from)
}

/** What the text of a heredoc or of a template file says: only `$${` and `%%{` are special. */
export function decodePlainText(cursor: Cursor, index: number): string {
  const text = cursor.text.slice(startOf(cursor, index), endOf(cursor, index))
  return text.includes('{') ? text.replaceAll('$${', '${').replaceAll('%%{', '%{') : text
}

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['\\n', '\n'],
  ['\\r', '\r'],
  ['\\t', '\t'],
  ['\\"', '"'],
  ['\\\\', '\\'],
])

const HEX_DIGITS = { u: 4, U: 8 } as const

/** Width in UTF-16 units of the escape at `at`, whether it is a right one or not. */
function escapeWidth(text: string, at: number): number {
  const selector = text.charAt(at + 1)
  if (selector !== 'u' && selector !== 'U') return 1 + ((text.codePointAt(at + 1) ?? 0) > 0xffff ? 2 : 1)
  let width = 2
  while (width < 2 + HEX_DIGITS[selector] && /[0-9A-Fa-f]/.test(text.charAt(at + width))) width++
  return width
}

function decodeEscape(cursor: Cursor, sequence: string, start: number): string {
  const simple = simpleEscapes.get(sequence)
  if (simple !== undefined) return simple
  const subject = rangeBetween(cursor, start, start + sequence.length)
  const selector = sequence.charAt(1)
  if (selector !== 'u' && selector !== 'U') {
    complain(cursor, {
      code: 'hcl/invalid-escape',
      summary: `There is no escape ${sequence}`,
      detail:
        sequence.length === 1
          ? 'A backslash is written as \\\\.'
          : 'The escapes are \\n, \\r, \\t, \\", \\\\, \\uNNNN and \\UNNNNNNNN. A backslash itself is written as \\\\.',
      subject,
    })
    return sequence
  }
  const digits = HEX_DIGITS[selector]
  const code = Number.parseInt(sequence.slice(2), 16)
  if (sequence.length !== 2 + digits) {
    complain(cursor, {
      code: 'hcl/invalid-escape',
      summary: `\\${selector} needs ${digits} hexadecimal digits`,
      detail: 'A character is written by its number in Unicode, as in \\u00e9 or \\U0001F600.',
      subject,
    })
    return sequence
  }
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    complain(cursor, {
      code: 'hcl/invalid-escape',
      summary: `${sequence} is not a character of Unicode`,
      detail: 'Characters are numbered from 0000 to D7FF and from E000 to 10FFFF. One beyond FFFF is written whole, as in \\U0001F600.',
      subject,
    })
    return sequence
  }
  return String.fromCodePoint(code)
}
