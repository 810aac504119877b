import { Token } from './token.ts'

/** Signs, the longer ones first where one begins another. Those that switch the scanner's mode are its own. */
const signs = [
  ['...', Token.ellipsis],
  ['\r\n', Token.newline],
  ['==', Token.equalEqual],
  ['=>', Token.fatArrow],
  ['!=', Token.bangEqual],
  ['>=', Token.greaterEqual],
  ['&&', Token.and],
  ['||', Token.or],
  ['::', Token.doubleColon],
  ['\n', Token.newline],
  ['=', Token.equal],
  ['!', Token.bang],
  ['>', Token.greater],
  [':', Token.colon],
  ['.', Token.dot],
  ['[', Token.openBracket],
  [']', Token.closeBracket],
  ['(', Token.openParenthesis],
  [')', Token.closeParenthesis],
  ['+', Token.plus],
  ['-', Token.minus],
  ['*', Token.star],
  ['%', Token.percent],
  ['?', Token.question],
  [',', Token.comma],
  ['&', Token.bitwise],
  ['|', Token.bitwise],
  ['^', Token.bitwise],
  ['~', Token.bitwise],
  ["'", Token.apostrophe],
  ['`', Token.backtick],
  [';', Token.semicolon],
] as const

export interface Sign {
  readonly kind: number
  readonly text: string
}

const byFirst: readonly (readonly Sign[] | undefined)[] = groupSigns()

function groupSigns(): readonly (readonly Sign[] | undefined)[] {
  const groups: Sign[][] = []
  for (const [text, kind] of signs) {
    const code = text.charCodeAt(0)
    groups[code] ??= []
    groups[code]?.push({ kind, text })
  }
  return groups
}

/** The longest sign at `at`; undefined where none is. */
export function signAt(text: string, at: number): Sign | undefined {
  const candidates = byFirst[text.charCodeAt(at)]
  if (candidates === undefined) return undefined
  for (const sign of candidates) if (sign.text.length === 1 || text.startsWith(sign.text, at)) return sign
  return undefined
}
