import type { Expression, ForExpression, ObjectExpression, ObjectItem, TupleExpression } from './ast.ts'
import { failAtMissingElement, failInBracket, type OpenBracket } from './parser-bracket.ts'
import {
  type Cursor,
  complain,
  failAt,
  isKeyword,
  kindAt,
  peek,
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
import { parseForIntroduction } from './parser-for.ts'
import { Token } from './token.ts'

/** Parses `[…]`, of which the next token is the bracket. */
export function parseTuple(cursor: Cursor): TupleExpression | ForExpression {
  const openIndex = take(cursor)
  const start = startOf(cursor, openIndex)
  const { newlines } = cursor
  cursor.newlines = false
  const isFor = isKeyword(cursor, peekIndex(cursor), 'for')
  const expression = isFor ? parseFor(cursor, openIndex, Token.closeBracket) : parseTupleItems(cursor, openIndex, start)
  cursor.newlines = newlines
  return expression
}

function parseTupleItems(cursor: Cursor, openIndex: number, start: number): TupleExpression {
  const bracket: OpenBracket = { index: openIndex, name: 'list', closer: ']', start }
  const items: Expression[] = []
  let height = 0
  while (!takeIf(cursor, Token.closeBracket) && !failAtMissingElement(cursor, bracket, items.length)) {
    const elementIndex = peekIndex(cursor)
    items.push(cursor.parseExpression(cursor))
    height = Math.max(height, cursor.height)
    if (cursor.failed) break
    const index = peekIndex(cursor)
    const kind = kindAt(cursor, index)
    if (kind === Token.comma) cursor.at = index + 1
    else if (kind !== Token.closeBracket) {
      failInBracket(cursor, bracket, index, elementIndex, {
        code: 'hcl/missing-separator',
        summary: 'A comma or ] is expected after an element of a list',
        detail: 'Elements of a list are separated by commas.',
      })
      break
    }
  }
  const end = previousEnd(cursor)
  setHeight(cursor, height + 1, start, end)
  return { kind: 'tuple', items, range: rangeBetween(cursor, start, end) }
}

/** Parses `{…}` in an expression, of which the next token is the brace. */
export function parseObject(cursor: Cursor): ObjectExpression | ForExpression {
  const openIndex = take(cursor)
  const { newlines } = cursor
  cursor.newlines = false
  const isFor = isKeyword(cursor, peekIndex(cursor), 'for')
  cursor.newlines = !isFor
  const expression = isFor ? parseFor(cursor, openIndex, Token.closeBrace) : parseObjectItems(cursor, openIndex)
  cursor.newlines = newlines
  return expression
}

function parseObjectItems(cursor: Cursor, openIndex: number): ObjectExpression {
  const start = startOf(cursor, openIndex)
  const bracket: OpenBracket = { index: openIndex, name: 'object', closer: '}', start }
  const items: ObjectItem[] = []
  let height = 0
  for (;;) {
    if (takeIf(cursor, Token.newline)) continue
    if (takeIf(cursor, Token.closeBrace) || failAtMissingElement(cursor, bracket, items.length)) break
    const elementIndex = peekIndex(cursor)
    const item = parseObjectItem(cursor, bracket)
    height = Math.max(height, cursor.height)
    if (item) items.push(item)
    if (cursor.failed) break
    const index = peekIndex(cursor)
    const kind = kindAt(cursor, index)
    if (kind === Token.comma || kind === Token.newline) cursor.at = index + 1
    else if (kind !== Token.closeBrace) {
      failInBracket(cursor, bracket, index, elementIndex, {
        code: 'hcl/missing-separator',
        summary: 'A newline, a comma or } is expected after an element of an object',
        detail: 'Elements of an object are separated by newlines or commas.',
      })
      break
    }
  }
  const end = previousEnd(cursor)
  setHeight(cursor, height + 1, start, end)
  return { kind: 'object', items, range: rangeBetween(cursor, start, end) }
}

function parseObjectItem(cursor: Cursor, bracket: OpenBracket): ObjectItem | undefined {
  const keyIndex = peekIndex(cursor)
  const expression = cursor.parseExpression(cursor)
  const keyHeight = cursor.height
  if (cursor.failed) return undefined
  const index = peekIndex(cursor)
  const kind = kindAt(cursor, index)
  if (kind !== Token.equal && kind !== Token.colon) {
    failInBracket(cursor, bracket, index, keyIndex, {
      code: 'hcl/invalid-object-element',
      summary: `The element ${shortTextOf(cursor, keyIndex, index)} has no value`,
      detail: 'Write = and a value after it. A key with a dot or a space in it is written in quotes.',
    })
    return undefined
  }
  cursor.at = index + 1
  const key = keyOf(cursor, expression)
  const value = cursor.parseExpression(cursor)
  cursor.height = Math.max(cursor.height, keyHeight)
  return { key, value }
}

/** A name alone is the key itself; to use its value it stands in parentheses. */
function keyOf(cursor: Cursor, key: Expression): Expression {
  if (key.kind === 'literal' && typeof key.value !== 'number') return { ...key, value: String(key.value) }
  if (key.kind !== 'traversal') return key
  if (key.steps.length === 0) return { kind: 'literal', value: key.root, range: key.range }
  const text = cursor.text.slice(key.range.start, key.range.end)
  complain(cursor, {
    code: 'hcl/ambiguous-key',
    summary: `The key ${text} may be a reference or a text`,
    detail: `Write (${text}) for the value that it refers to, or "${text}" for a key with these characters.`,
    subject: key.range,
  })
  return key
}

function shortTextOf(cursor: Cursor, firstIndex: number, endIndex: number): string {
  const text = cursor.text.slice(startOf(cursor, firstIndex), startOf(cursor, endIndex)).trim()
  return text.length <= 40 && !text.includes('\n') ? text : 'of this object'
}

/** Parses a for expression, of which the next token is `for`. */
function parseFor(cursor: Cursor, openIndex: number, closer: number): ForExpression {
  const start = startOf(cursor, openIndex)
  take(cursor)
  const { keyName, valueName, collection } = parseForIntroduction(cursor, 'hcl/invalid-for')
  let height = cursor.height
  const parse = () => {
    const expression = cursor.parseExpression(cursor)
    height = Math.max(height, cursor.height)
    return expression
  }
  if (!cursor.failed && !takeIf(cursor, Token.colon)) {
    failAt(cursor, peekIndex(cursor), {
      code: 'hcl/invalid-for',
      summary: 'A colon is expected after what "for" goes through',
      detail: exampleOf(closer),
    })
  }
  const first = parse()
  const hasKey = !cursor.failed && takeIf(cursor, Token.fatArrow)
  const valueResult = hasKey ? parse() : first
  const groupIndex = peekIndex(cursor)
  const group = !cursor.failed && takeIf(cursor, Token.ellipsis)
  const hasCondition = !cursor.failed && isKeyword(cursor, peekIndex(cursor), 'if')
  if (hasCondition) take(cursor)
  const condition = hasCondition ? parse() : undefined
  closeFor(cursor, closer)
  checkForResult(cursor, closer, hasKey ? first : undefined, valueResult, group ? groupIndex : undefined)
  const end = previousEnd(cursor)
  setHeight(cursor, height + 1, start, end)
  return {
    kind: 'for',
    ...(keyName === undefined ? {} : { keyName }),
    valueName,
    collection,
    ...(closer === Token.closeBrace ? { keyResult: first } : {}),
    valueResult,
    group: group && closer === Token.closeBrace,
    ...(condition === undefined ? {} : { condition }),
    range: rangeBetween(cursor, start, end),
  }
}

function closeFor(cursor: Cursor, closer: number): void {
  if (cursor.failed || takeIf(cursor, closer)) return
  failAt(cursor, peekIndex(cursor), {
    code: 'hcl/invalid-for',
    summary: `The "for" ends before this, and ${closer === Token.closeBrace ? '}' : ']'} is expected`,
    detail: exampleOf(closer),
  })
}

function exampleOf(closer: number): string {
  return closer === Token.closeBrace
    ? 'An object is made as in {for k, v in map : k => upper(v) if v != ""}.'
    : 'A list is made as in [for v in list : upper(v) if v != ""].'
}

/** A list has no keys and no groups; an object has a key for each value. */
function checkForResult(
  cursor: Cursor,
  closer: number,
  key: Expression | undefined,
  value: Expression,
  groupIndex: number | undefined,
): void {
  if (closer === Token.closeBrace) {
    if (key) return
    complain(cursor, {
      code: 'hcl/invalid-for',
      summary: 'A "for" that makes an object needs a key',
      detail: `${exampleOf(closer)} A list is made with [ ].`,
      subject: value.range,
    })
    return
  }
  if (key) {
    complain(cursor, {
      code: 'hcl/invalid-for',
      summary: 'A "for" that makes a list has no keys',
      detail: `${exampleOf(closer)} An object is made with { }.`,
      subject: key.range,
    })
  }
  if (groupIndex !== undefined) {
    complain(cursor, {
      code: 'hcl/invalid-for',
      summary: 'A "for" that makes a list cannot group',
      detail: 'The ... collects the values of one key into a list, as in {for v in list : v.kind => v.name...}.',
      subject: rangeAt(cursor, groupIndex),
    })
  }
}

/** Parses the arguments of a call from its `(`; `start` is where its name begins. */
export function parseArguments(
  cursor: Cursor,
  name: string,
  start: number,
): { readonly items: readonly Expression[]; readonly expandFinal: boolean } {
  const openIndex = take(cursor)
  const { newlines } = cursor
  cursor.newlines = false
  const bracket: OpenBracket = { index: openIndex, name: `call of ${name}`, closer: ')', start }
  const items: Expression[] = []
  let expandFinal = false
  let height = 0
  while (!takeIf(cursor, Token.closeParenthesis) && !failAtMissingElement(cursor, bracket, items.length)) {
    const elementIndex = peekIndex(cursor)
    items.push(cursor.parseExpression(cursor))
    height = Math.max(height, cursor.height)
    if (cursor.failed) break
    const index = peekIndex(cursor)
    const kind = kindAt(cursor, index)
    if (kind === Token.comma) cursor.at = index + 1
    else if (kind === Token.ellipsis) {
      cursor.at = index + 1
      expandFinal = true
      if (peek(cursor) === Token.closeParenthesis) continue
      failAt(cursor, index, {
        code: 'hcl/misplaced-ellipsis',
        summary: 'Only the last argument of a call can be expanded',
        detail: `Write ) after the ..., or leave it out: ${textOf(cursor, index)} makes the elements of the last argument into arguments.`,
      })
      break
    } else if (kind !== Token.closeParenthesis) {
      failInBracket(cursor, bracket, index, elementIndex, {
        code: 'hcl/missing-separator',
        summary: `A comma or ) is expected after an argument of ${name}`,
        detail: 'Arguments of a call are separated by commas.',
      })
      break
    }
  }
  cursor.newlines = newlines
  setHeight(cursor, height + 1, start, previousEnd(cursor))
  return { items, expandFinal }
}
