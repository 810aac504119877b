import type { TraversalExpression, TraversalStep } from './ast.ts'
import { type Cursor, failAt, kindAt, peekIndex, previousEnd, rangeAt, rangeBetween, startOf, take, textOf } from './parser-cursor.ts'
import { parseTemplateExpression } from './parser-template.ts'
import { Token } from './token.ts'

/** Parses a whole text as an address; after an error the steps up to it. */
export function parseAddress(cursor: Cursor): TraversalExpression | undefined {
  const rootIndex = peekIndex(cursor)
  if (kindAt(cursor, rootIndex) !== Token.identifier) {
    failAt(cursor, rootIndex, {
      code: 'hcl/invalid-address',
      summary: 'An address begins with a name',
      detail: 'An address is written as prompt.answer or prompt.greet["de"].',
    })
    return undefined
  }
  take(cursor)
  const rootRange = rangeAt(cursor, rootIndex)
  const steps: TraversalStep[] = []
  while (!cursor.failed && kindAt(cursor, peekIndex(cursor)) !== Token.endOfFile) {
    const step = parseStep(cursor)
    if (step) steps.push(step)
  }
  const end = steps.at(-1)?.range.end ?? rootRange.end
  return { kind: 'traversal', root: textOf(cursor, rootIndex), rootRange, steps, range: rangeBetween(cursor, rootRange.start, end) }
}

function parseStep(cursor: Cursor): TraversalStep | undefined {
  const index = take(cursor)
  const kind = kindAt(cursor, index)
  if (kind === Token.openBracket) return parseKey(cursor, index)
  if (kind !== Token.dot) {
    failAt(cursor, index, {
      code: 'hcl/invalid-address',
      summary: 'A dot or [ is expected here',
      detail: 'An address is written as prompt.answer or prompt.greet["de"].',
    })
    return undefined
  }
  const nameIndex = peekIndex(cursor)
  if (kindAt(cursor, nameIndex) !== Token.identifier) {
    failAt(cursor, nameIndex, {
      code: 'hcl/invalid-address',
      summary: 'A name is expected after the dot',
      detail: 'A number or a text stands in brackets: prompt.greet[0], prompt.greet["de"].',
    })
    return undefined
  }
  take(cursor)
  return { kind: 'attribute', key: textOf(cursor, nameIndex), range: rangeBetween(cursor, startOf(cursor, index), previousEnd(cursor)) }
}

function parseKey(cursor: Cursor, openIndex: number): TraversalStep | undefined {
  const keyIndex = peekIndex(cursor)
  const key = parseKeyValue(cursor, keyIndex)
  if (key === undefined) {
    failAt(cursor, keyIndex, {
      code: 'hcl/invalid-address',
      summary: 'A number or a string is expected in the brackets',
      detail: 'The key of a block is written as prompt.greet[0] or prompt.greet["de"].',
    })
    return undefined
  }
  const closeIndex = peekIndex(cursor)
  if (kindAt(cursor, closeIndex) === Token.closeBracket) take(cursor)
  else if (!cursor.failed)
    failAt(cursor, closeIndex, {
      code: 'hcl/invalid-address',
      summary: 'A ] is expected after the key',
      detail: 'The key of a block is written as prompt.greet[0] or prompt.greet["de"].',
    })
  return { kind: 'index', key, range: rangeBetween(cursor, startOf(cursor, openIndex), previousEnd(cursor)) }
}

function parseKeyValue(cursor: Cursor, index: number): string | number | undefined {
  const kind = kindAt(cursor, index)
  if (kind === Token.number && /^\d+$/.test(textOf(cursor, index))) {
    take(cursor)
    return Number(textOf(cursor, index))
  }
  if (kind !== Token.openQuote) return undefined
  const { parts } = parseTemplateExpression(cursor)
  const [part] = parts
  if (part === undefined) return ''
  return parts.length === 1 && part.kind === 'text' ? part.text : undefined
}
