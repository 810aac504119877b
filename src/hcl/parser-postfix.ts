import type { AnonymousExpression, Expression, IndexExpression, SplatExpression, TraversalStep } from './ast.ts'
import { failInBracket } from './parser-bracket.ts'
import {
  ascend,
  type Cursor,
  complain,
  descend,
  endOf,
  failAt,
  kindAt,
  peekIndex,
  previousEnd,
  rangeBetween,
  setHeight,
  startOf,
  takeIf,
  textOf,
} from './parser-cursor.ts'
import { Token } from './token.ts'

/** Parses what may follow a term: `.name`, `.0`, `[key]`, `.*`, `[*]`. */
export function parsePostfix(cursor: Cursor, term: Expression): Expression {
  let expression = term
  let steps: TraversalStep[] | undefined
  while (!cursor.failed) {
    const index = peekIndex(cursor)
    const kind = kindAt(cursor, index)
    if (kind !== Token.dot && kind !== Token.openBracket) break
    cursor.at = index + 1
    const isSplat = kindAt(cursor, peekIndex(cursor)) === Token.star
    const step = isSplat ? undefined : kind === Token.dot ? parseDotStep(cursor, index) : parseBracketStep(cursor, index)
    if (step && step.kind !== 'dynamic') {
      if (steps) steps.push(step)
      else steps = [step]
      continue
    }
    expression = withSteps(cursor, expression, steps)
    steps = undefined
    if (step) expression = indexOf(cursor, expression, step)
    else if (isSplat)
      expression = kind === Token.dot ? parseAttributeSplat(cursor, expression, index) : parseFullSplat(cursor, expression, index)
  }
  return withSteps(cursor, expression, steps)
}

/** `[key]` with a key that is not a literal. */
interface DynamicStep {
  readonly kind: 'dynamic'
  readonly key: Expression
  readonly end: number
}

function withSteps(cursor: Cursor, source: Expression, steps: readonly TraversalStep[] | undefined): Expression {
  const last = steps?.at(-1)
  if (!steps || !last) return source
  const range = rangeBetween(cursor, source.range.start, last.range.end)
  if (source.kind === 'traversal') return { kind: 'traversal', root: source.root, rootRange: source.rootRange, steps, range }
  setHeight(cursor, cursor.height + 1, range.start, range.end)
  return { kind: 'relative-traversal', source, steps, range }
}

function indexOf(cursor: Cursor, collection: Expression, step: DynamicStep): IndexExpression {
  const { start } = collection.range
  setHeight(cursor, cursor.height + 1, start, step.end)
  return { kind: 'index', collection, key: step.key, range: rangeBetween(cursor, start, step.end) }
}

/** The step after a dot that was taken; undefined after an error. */
function parseDotStep(cursor: Cursor, dotIndex: number): TraversalStep | undefined {
  const index = peekIndex(cursor)
  const kind = kindAt(cursor, index)
  const text = textOf(cursor, index)
  const range = rangeBetween(cursor, startOf(cursor, dotIndex), endOf(cursor, index))
  if (kind === Token.identifier) {
    cursor.at = index + 1
    return { kind: 'attribute', key: text, range }
  }
  if (kind === Token.number) {
    cursor.at = index + 1
    if (!/^\d+$/.test(text)) {
      complain(cursor, {
        code: 'hcl/legacy-index',
        summary: `.${text} is not an index`,
        detail: `Write each index in brackets: ${text
          .split('.')
          .map(part => `[${part}]`)
          .join('')}.`,
        subject: range,
      })
    }
    return { kind: 'index', key: Number.parseInt(text, 10), range }
  }
  failAt(cursor, index, {
    code: 'hcl/missing-name',
    summary: 'A name is expected after the dot',
    detail:
      'An attribute is read as in model.fast.id. A name with other characters than letters, digits, _ and - stands in brackets: labels["a b"].',
  })
  return undefined
}

/** `.*` and the attributes after it; an index ends it, and is one of the result. */
function parseAttributeSplat(cursor: Cursor, source: Expression, dotIndex: number): SplatExpression {
  const height = cursor.height
  takeIf(cursor, Token.star)
  const item: AnonymousExpression = { kind: 'anonymous', range: rangeBetween(cursor, startOf(cursor, dotIndex), previousEnd(cursor)) }
  const steps: TraversalStep[] = []
  while (!cursor.failed) {
    const index = peekIndex(cursor)
    if (!takeIf(cursor, Token.dot)) break
    const starIndex = peekIndex(cursor)
    if (kindAt(cursor, starIndex) === Token.star) {
      failAt(cursor, starIndex, {
        code: 'hcl/nested-splat',
        summary: 'A .* cannot stand inside of another',
        detail: 'Write [*], which goes through lists inside of lists, or a for expression.',
      })
      break
    }
    const step = parseDotStep(cursor, index)
    if (step) steps.push(step)
  }
  const end = previousEnd(cursor)
  const each: Expression =
    steps.length === 0 ? item : { kind: 'relative-traversal', source: item, steps, range: rangeBetween(cursor, item.range.start, end) }
  const { start } = source.range
  setHeight(cursor, height + 2, start, end)
  return { kind: 'splat', form: 'attribute', source, each, item, range: rangeBetween(cursor, start, end) }
}

/** The step after a bracket that was taken. The height becomes that of the higher of what is indexed and the key. */
function parseBracketStep(cursor: Cursor, openIndex: number): TraversalStep | DynamicStep {
  const { newlines, height } = cursor
  cursor.newlines = false
  const key = cursor.parseExpression(cursor)
  if (!cursor.failed) closeBracket(cursor, openIndex)
  cursor.newlines = newlines
  cursor.height = Math.max(height, cursor.height)
  const end = previousEnd(cursor)
  const literal = literalKey(key)
  if (literal === undefined) return { kind: 'dynamic', key, end }
  return { kind: 'index', key: literal, range: rangeBetween(cursor, startOf(cursor, openIndex), end) }
}

function literalKey(key: Expression): string | number | undefined {
  if (key.kind === 'literal') return typeof key.value === 'number' ? key.value : undefined
  if (key.kind !== 'template') return undefined
  const [part] = key.parts
  if (part === undefined) return ''
  return key.parts.length === 1 && part.kind === 'text' ? part.text : undefined
}

/** `[*]` and all that follows: it is done for each element. */
function parseFullSplat(cursor: Cursor, source: Expression, openIndex: number): SplatExpression {
  const { newlines, height: sourceHeight } = cursor
  cursor.newlines = false
  takeIf(cursor, Token.star)
  closeBracket(cursor, openIndex)
  cursor.newlines = newlines
  const item: AnonymousExpression = { kind: 'anonymous', range: rangeBetween(cursor, startOf(cursor, openIndex), previousEnd(cursor)) }
  cursor.height = 1
  const each = descend(cursor, openIndex) ? parsePostfix(cursor, item) : item
  ascend(cursor)
  const { start } = source.range
  const { end } = each.range
  setHeight(cursor, Math.max(sourceHeight, cursor.height) + 1, start, end)
  return { kind: 'splat', form: 'full', source, each, item, range: rangeBetween(cursor, start, end) }
}

function closeBracket(cursor: Cursor, openIndex: number): void {
  const index = peekIndex(cursor)
  if (takeIf(cursor, Token.closeBracket)) return
  failInBracket(cursor, { index: openIndex, name: 'index', closer: ']', start: startOf(cursor, openIndex) }, index, index, {
    code: 'hcl/missing-separator',
    summary: 'A ] is expected here',
    detail: 'An index is one expression in brackets, as in list[0] or map["key"]; [*] reads from all elements.',
  })
}
