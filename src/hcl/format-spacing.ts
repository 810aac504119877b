import { bracketChange, Token, type TokenList } from './token.ts'

/** Index of no token: before the first of a line. */
const NONE = -1

/** Whether a blank stands between the tokens `left` and `right` of one line; `before` is the one before `left`, or -1. */
export function spaceBetween(text: string, tokens: TokenList, before: number, left: number, right: number): boolean {
  const { kinds } = tokens
  const leftKind = kinds[left] ?? 0
  const rightKind = kinds[right] ?? 0
  const beforeKind = before === NONE ? undefined : kinds[before]
  if (leftKind === Token.number && rightKind === Token.dot) return wouldBeOneNumber(text, tokens, right)
  if (isTight(leftKind, rightKind)) return false
  if (leftKind === Token.comma) return true
  if (isTemplateEdge(leftKind, rightKind)) return false
  // In `for x in [y]` the word is not what is indexed.
  if (beforeKind === Token.identifier && leftKind === Token.identifier && text.slice(tokens.starts[left], tokens.ends[left]) === 'in')
    return true
  if (rightKind === Token.openBracket && canBeIndexed(leftKind)) return false
  if (leftKind === Token.bang) return false
  if (leftKind === Token.minus) return !isSignAfter(beforeKind)
  return spaceAtBracket(leftKind, rightKind)
}

/** In `rows.0 .1` the blank keeps two indexes from being one number. terraform fmt takes it away, and the text is wrong then. */
function wouldBeOneNumber(text: string, { starts }: TokenList, dot: number): boolean {
  return /^(\d|[eE]\d)/.test(text.slice(starts[dot + 1], (starts[dot + 1] ?? 0) + 2))
}

/** Newlines, dots, commas, the ellipsis, and the name of a call. */
function isTight(left: number, right: number): boolean {
  switch (right) {
    case Token.newline:
    case Token.dot:
    case Token.comma:
    case Token.ellipsis:
      return true
    case Token.openParenthesis:
    case Token.doubleColon:
      return left === Token.identifier || left === Token.dot
    case Token.identifier:
      return left === Token.doubleColon || left === Token.dot
    default:
      return left === Token.dot
  }
}

/** Blanks inside of a text would be a part of it. */
function isTemplateEdge(left: number, right: number): boolean {
  switch (left) {
    case Token.quotedText:
    case Token.plainText:
    case Token.openQuote:
    case Token.openHeredoc:
      return true
  }
  switch (right) {
    case Token.quotedText:
    case Token.plainText:
    case Token.closeQuote:
    case Token.closeHeredoc:
    case Token.missingQuote:
      return true
    default:
      return false
  }
}

function canBeIndexed(kind: number): boolean {
  return kind === Token.identifier || kind === Token.number || bracketChange(kind) < 0
}

/** Whether a minus after this token is a sign, as far as can be told without parsing. */
function isSignAfter(kind: number | undefined): boolean {
  switch (kind) {
    case undefined:
    case Token.openParenthesis:
    case Token.openBrace:
    case Token.openBracket:
    case Token.equal:
    case Token.colon:
    case Token.comma:
    case Token.question:
    case Token.plus:
    case Token.star:
    case Token.slash:
    case Token.percent:
    case Token.minus:
    case Token.equalEqual:
    case Token.bangEqual:
    case Token.greater:
    case Token.greaterEqual:
    case Token.less:
    case Token.lessEqual:
    case Token.and:
    case Token.or:
    case Token.bang:
      return true
    default:
      return false
  }
}

/** Braces have blanks inside, other brackets have none; `${ {` keeps two braces apart. */
function spaceAtBracket(left: number, right: number): boolean {
  if (left === Token.openBrace || right === Token.closeBrace) return !(left === Token.openBrace && right === Token.closeBrace)
  const opensSequence = left === Token.interpolation || left === Token.directive
  if (opensSequence && right === Token.openBrace) return true
  if (left === Token.closeBrace && right === Token.sequenceEnd) return true
  if (left === Token.sequenceEnd && (right === Token.interpolation || right === Token.directive)) return false
  return bracketChange(left) <= 0 && bracketChange(right) >= 0
}
