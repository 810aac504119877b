/** Kinds of tokens, as numbers: a file of 1.5 MB has 300,000 of them, kept in typed arrays. */
export const Token = {
  endOfFile: 0,
  newline: 1,
  /** A line comment holds its newline, and stands for it. */
  comment: 2,
  identifier: 3,
  number: 4,

  openBrace: 5,
  closeBrace: 6,
  openBracket: 7,
  closeBracket: 8,
  openParenthesis: 9,
  closeParenthesis: 10,
  openQuote: 11,
  closeQuote: 12,
  openHeredoc: 13,
  closeHeredoc: 14,
  /** `${` or `${~` */
  interpolation: 15,
  /** `%{` or `%{~` */
  directive: 16,
  /** The `}` or `~}` that ends either. */
  sequenceEnd: 17,
  quotedText: 18,
  /** Text of a heredoc or of a template file: at most one line each, with its newline. */
  plainText: 19,
  /** Empty, where a line ends inside of a quoted string. */
  missingQuote: 20,

  plus: 21,
  minus: 22,
  star: 23,
  slash: 24,
  percent: 25,
  equal: 26,
  equalEqual: 27,
  bangEqual: 28,
  less: 29,
  lessEqual: 30,
  greater: 31,
  greaterEqual: 32,
  and: 33,
  or: 34,
  bang: 35,
  question: 36,
  colon: 37,
  doubleColon: 38,
  dot: 39,
  ellipsis: 40,
  comma: 41,
  fatArrow: 42,

  /** One `&`, `|`, `^` or `~`. */
  bitwise: 43,
  apostrophe: 44,
  backtick: 45,
  semicolon: 46,
  invalid: 47,
} as const

/** All tokens of a text; the last is `endOfFile`. Token i reaches from `starts[i]` up to `ends[i]`, in UTF-16 units. */
export interface TokenList {
  readonly kinds: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly count: number
}

/** Tokens that never occur in correct text. */
export function isBadToken(kind: number): boolean {
  return kind >= Token.bitwise
}

/** +1 for what opens a bracket, -1 for what closes one, quotes and heredocs not counted. */
export function bracketChange(kind: number): number {
  switch (kind) {
    case Token.openBrace:
    case Token.openBracket:
    case Token.openParenthesis:
    case Token.interpolation:
    case Token.directive:
      return 1
    case Token.closeBrace:
    case Token.closeBracket:
    case Token.closeParenthesis:
    case Token.sequenceEnd:
      return -1
    default:
      return 0
  }
}
