import { lineIndexAt, lineText } from '../diagnostics/source.ts'
import type { BinaryOperator, Expression, LiteralExpression, TraversalStep } from './ast.ts'
import { failInBracket } from './parser-bracket.ts'
import { parseArguments, parseObject, parseTuple } from './parser-collection.ts'
import {
  ascend,
  type Cursor,
  complain,
  descend,
  endOf,
  fail,
  failAt,
  invalidExpression,
  kindAt,
  peekIndex,
  previousEnd,
  rangeAt,
  rangeBetween,
  setHeight,
  startOf,
  take,
  takeIf,
  textOf,
} from './parser-cursor.ts'
import { parsePostfix } from './parser-postfix.ts'
import { parseTemplateExpression } from './parser-template.ts'
import { Token } from './token.ts'

interface OperatorInfo {
  readonly operator: BinaryOperator
  readonly precedence: number
}

const operators = new Map<number, OperatorInfo>([
  [Token.or, { operator: '||', precedence: 1 }],
  [Token.and, { operator: '&&', precedence: 2 }],
  [Token.equalEqual, { operator: '==', precedence: 3 }],
  [Token.bangEqual, { operator: '!=', precedence: 3 }],
  [Token.greater, { operator: '>', precedence: 4 }],
  [Token.greaterEqual, { operator: '>=', precedence: 4 }],
  [Token.less, { operator: '<', precedence: 4 }],
  [Token.lessEqual, { operator: '<=', precedence: 4 }],
  [Token.plus, { operator: '+', precedence: 5 }],
  [Token.minus, { operator: '-', precedence: 5 }],
  [Token.star, { operator: '*', precedence: 6 }],
  [Token.slash, { operator: '/', precedence: 6 }],
  [Token.percent, { operator: '%', precedence: 6 }],
])

/** Parses an expression; after an error `cursor.failed` is set, and the tree is as good as it can be. */
export function parseExpression(cursor: Cursor): Expression {
  const index = peekIndex(cursor)
  const expression = descend(cursor, index) ? parseConditional(cursor) : invalidExpression(cursor, index)
  ascend(cursor)
  return expression
}

function parseConditional(cursor: Cursor): Expression {
  const condition = parseBinary(cursor, 1)
  if (cursor.failed || !takeIf(cursor, Token.question)) return condition
  let height = cursor.height
  const whenTrue = parseExpression(cursor)
  height = Math.max(height, cursor.height)
  const index = peekIndex(cursor)
  if (!cursor.failed && !takeIf(cursor, Token.colon)) {
    failAt(cursor, index, {
      code: 'hcl/missing-colon',
      summary: 'This condition has no second value',
      detail: 'A conditional is written as condition ? value : other value.',
    })
  }
  const whenFalse = cursor.failed ? invalidExpression(cursor, index) : parseExpression(cursor)
  const end = previousEnd(cursor)
  setHeight(cursor, Math.max(height, cursor.height) + 1, condition.range.start, end)
  return { kind: 'conditional', condition, whenTrue, whenFalse, range: rangeBetween(cursor, condition.range.start, end) }
}

/** Operators of at least this precedence, those of one precedence from left to right. */
function parseBinary(cursor: Cursor, precedence: number): Expression {
  let left = parseUnary(cursor)
  for (;;) {
    const index = peekIndex(cursor)
    const info = cursor.failed ? undefined : operators.get(kindAt(cursor, index))
    if (info === undefined || info.precedence < precedence) return left
    cursor.at = index + 1
    const leftHeight = cursor.height
    const right = parseBinary(cursor, info.precedence + 1)
    const { start } = left.range
    setHeight(cursor, Math.max(leftHeight, cursor.height) + 1, start, right.range.end)
    left = { kind: 'binary', operator: info.operator, left, right, range: rangeBetween(cursor, start, right.range.end) }
  }
}

/** A sign binds tighter than any operator of two sides, and looser than what follows its operand: `-a.b`. */
function parseUnary(cursor: Cursor): Expression {
  const index = peekIndex(cursor)
  const kind = kindAt(cursor, index)
  if (kind !== Token.minus && kind !== Token.bang) return parsePostfix(cursor, parseTerm(cursor))
  cursor.at = index + 1
  const operand = descend(cursor, index) ? parseUnary(cursor) : invalidExpression(cursor, index)
  ascend(cursor)
  const start = startOf(cursor, index)
  setHeight(cursor, cursor.height + 1, start, operand.range.end)
  return { kind: 'unary', operator: kind === Token.minus ? '-' : '!', operand, range: rangeBetween(cursor, start, operand.range.end) }
}

function parseTerm(cursor: Cursor): Expression {
  const index = peekIndex(cursor)
  switch (kindAt(cursor, index)) {
    case Token.identifier:
      return parseName(cursor)
    case Token.openQuote:
    case Token.openHeredoc:
      return parseTemplateExpression(cursor)
    case Token.number:
      return parseNumber(cursor)
    case Token.openBracket:
      return parseTuple(cursor)
    case Token.openBrace:
      return parseObject(cursor)
    case Token.openParenthesis:
      return parseParentheses(cursor)
    default:
      return failAtTerm(cursor, index)
  }
}

function failAtTerm(cursor: Cursor, index: number): Expression {
  const kind = kindAt(cursor, index)
  if (kind === Token.less && kindAt(cursor, index + 1) === Token.less && startOf(cursor, index + 1) === endOf(cursor, index)) {
    failAt(cursor, index, {
      code: 'hcl/invalid-heredoc',
      summary: 'A text of several lines begins with <<-EOT at the end of a line',
      detail:
        'After << or <<- stands a name without quotes, and nothing else on the line. The text ends at a line that has this name alone.',
    })
    skipHeredoc(cursor, index)
  } else {
    failAt(cursor, index, {
      code: 'hcl/missing-expression',
      summary: kind === Token.endOfFile ? 'An expression is expected, and the text ends here' : 'An expression is expected here',
      detail: 'An expression is a string, a number, a reference such as var.name, a call, a list in [ ] or an object in { }.',
    })
  }
  return invalidExpression(cursor, index)
}

/** Goes to the end of a text of several lines whose beginning is wrong: its lines are not code. */
function skipHeredoc(cursor: Cursor, index: number): void {
  const marker = /^<<-?\s*["']?([\p{ID_Continue}-]+)/u.exec(cursor.text.slice(startOf(cursor, index), startOf(cursor, index) + 200))?.[1]
  if (marker === undefined) return
  let at = cursor.text.indexOf(marker, startOf(cursor, index))
  // A limit, since a file may have such an error on every line.
  for (let tries = 0; at >= 0 && tries < 100; tries++, at = cursor.text.indexOf(marker, at + 1)) {
    const lineIndex = lineIndexAt(cursor.source, at)
    if (lineText(cursor.source, lineIndex).trim() !== marker) continue
    while (kindAt(cursor, cursor.at) !== Token.endOfFile && startOf(cursor, cursor.at) < at + marker.length) cursor.at++
    return
  }
}

const NO_STEPS: readonly TraversalStep[] = Object.freeze([])

function parseName(cursor: Cursor): Expression {
  const index = take(cursor)
  const next = kindAt(cursor, peekIndex(cursor))
  if (next === Token.openParenthesis || next === Token.doubleColon) return parseCall(cursor, index)
  cursor.height = 1
  const root = textOf(cursor, index)
  const range = rangeAt(cursor, index)
  switch (root) {
    case 'true':
      return { kind: 'literal', value: true, range }
    case 'false':
      return { kind: 'literal', value: false, range }
    case 'null':
      return { kind: 'literal', value: null, range }
    default:
      return { kind: 'traversal', root, rootRange: range, steps: NO_STEPS, range }
  }
}

function parseCall(cursor: Cursor, nameIndex: number): Expression {
  const start = startOf(cursor, nameIndex)
  let name = textOf(cursor, nameIndex)
  while (!cursor.failed && takeIf(cursor, Token.doubleColon)) {
    const index = peekIndex(cursor)
    if (takeIf(cursor, Token.identifier)) name += `::${textOf(cursor, index)}`
    else
      failAt(cursor, index, {
        code: 'hcl/invalid-call',
        summary: `A name is expected after ${name}::`,
        detail: 'A function of a namespace is called as in core::upper("a").',
      })
  }
  const nameRange = rangeBetween(cursor, start, previousEnd(cursor))
  const index = peekIndex(cursor)
  if (!cursor.failed && kindAt(cursor, index) !== Token.openParenthesis) {
    failAt(cursor, index, {
      code: 'hcl/invalid-call',
      summary: `A ( is expected after ${name}`,
      detail: `A name with :: in it is a function: write ${name}(…).`,
    })
  }
  if (cursor.failed) return { kind: 'call', name, nameRange, arguments: [], expandFinal: false, range: nameRange }
  const { items, expandFinal } = parseArguments(cursor, name, start)
  return { kind: 'call', name, nameRange, arguments: items, expandFinal, range: rangeBetween(cursor, start, previousEnd(cursor)) }
}

const NUMBER = /^\d+(\.\d+)?([eE][+-]?\d+)?$/

/** The nearest double; whether it is exact enough is told where it is evaluated. */
function parseNumber(cursor: Cursor): LiteralExpression {
  const index = take(cursor)
  const text = textOf(cursor, index)
  const range = rangeAt(cursor, index)
  const value = Number(text)
  cursor.height = 1
  if (!NUMBER.test(text)) {
    complain(cursor, {
      code: 'hcl/invalid-number',
      summary: `${text} is not a number`,
      detail: 'A number is written as 12, 0.5 or 1.5e6.',
      subject: range,
    })
    return { kind: 'literal', value: 0, range }
  }
  return { kind: 'literal', value, range }
}

function parseParentheses(cursor: Cursor): Expression {
  const openIndex = take(cursor)
  const start = startOf(cursor, openIndex)
  const { newlines } = cursor
  cursor.newlines = false
  const expression = parseExpression(cursor)
  const index = peekIndex(cursor)
  if (!cursor.failed && !takeIf(cursor, Token.closeParenthesis)) failAtParenthesis(cursor, openIndex, index)
  cursor.newlines = newlines
  const end = previousEnd(cursor)
  setHeight(cursor, cursor.height + 1, start, end)
  return { kind: 'parentheses', expression, range: rangeBetween(cursor, start, end) }
}

function failAtParenthesis(cursor: Cursor, openIndex: number, index: number): void {
  const start = startOf(cursor, openIndex)
  const detail = 'The expression ends before this, and what was opened with ( is not closed.'
  if (kindAt(cursor, index) === Token.endOfFile) {
    const related = [{ range: rangeAt(cursor, openIndex), message: 'it opens here' }]
    fail(cursor, { code: 'hcl/unclosed-bracket', summary: 'A ) is expected here', detail, subject: rangeAt(cursor, index), related })
    return
  }
  failInBracket(cursor, { index: openIndex, name: 'parenthesis', closer: ')', start }, index, index, {
    code: 'hcl/missing-separator',
    summary: 'A ) is expected here',
    detail,
  })
}
