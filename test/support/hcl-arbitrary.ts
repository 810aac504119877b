import fc from 'fast-check'
import type {
  AnonymousExpression,
  BinaryOperator,
  Expression,
  ObjectItem,
  SplatExpression,
  TemplateExpression,
  TemplatePart,
  TraversalStep,
} from '../../src/hcl/ast.ts'

const range = { source: { name: 'generated', text: '' }, start: 0, end: 0 }
const item: AnonymousExpression = { kind: 'anonymous', range }

/** Names, words of the grammar among them: none is reserved. */
export const nameArbitrary = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b1', 'input', 'snake_case', 'kebab-case', 'é', '名前', '_') },
  { weight: 1, arbitrary: fc.constantFrom('for', 'in', 'if', 'else', 'endif', 'endfor') },
)

/** Text with all that templates give a meaning to. */
export const textArbitrary = fc
  .array(
    fc.oneof(
      fc.constantFrom('$', '%', '{', '}', '${', '%{', '~', '"', '\\', '\n', '\r\n', '\t', ' ', 'E', 'für', '👩‍💻', '\u0000'),
      fc.string({ maxLength: 4 }),
    ),
    {
      maxLength: 5,
    },
  )
  .map(parts => parts.join(''))

const numberArbitrary = fc
  .oneof(fc.nat(), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }))
  .map(value => (value === 0 ? 0 : value))

const attributeStep = nameArbitrary.map((key): TraversalStep => ({ kind: 'attribute', key, range }))
const indexStep = fc.oneof(fc.nat(20), textArbitrary).map((key): TraversalStep => ({ kind: 'index', key, range }))
const stepsArbitrary = fc.array(fc.oneof(attributeStep, indexStep), { maxLength: 3 })
const someSteps = fc.array(fc.oneof(attributeStep, indexStep), { minLength: 1, maxLength: 3 })
/** After `.*` a number is written with a dot as well. */
const splatSteps = fc.array(
  fc.oneof(
    attributeStep,
    fc.nat(20).map((key): TraversalStep => ({ kind: 'index', key, range })),
  ),
  { maxLength: 3 },
)

const operators: readonly BinaryOperator[] = ['+', '-', '*', '/', '%', '==', '!=', '<', '>', '<=', '>=', '&&', '||']

interface Tied {
  readonly expression: Expression
  readonly parts: readonly TemplatePart[]
}

/** Trees as the parser makes them: texts are joined and not empty, keys of steps are literals and others are not. */
const { expression, parts } = fc.letrec<Tied>(tie => {
  const inner = tie('expression') as fc.Arbitrary<Expression>
  const innerParts = tie('parts') as fc.Arbitrary<readonly TemplatePart[]>
  const name = nameArbitrary
  const keyName = fc.option(name, { nil: undefined })
  const withKey = (key: string | undefined) => (key === undefined ? {} : { keyName: key })
  const traversal = fc
    .tuple(name, stepsArbitrary)
    .map(([root, steps]): Expression => ({ kind: 'traversal', root, rootRange: range, steps, range }))
  const literal = fc
    .oneof(numberArbitrary, fc.boolean(), fc.constant(null), textArbitrary)
    .map((value): Expression => ({ kind: 'literal', value, range }))
  const key = fc.oneof(
    name.map((value): Expression => ({ kind: 'literal', value, range })),
    textArbitrary.map((value): Expression => ({ kind: 'literal', value, range })),
    fc.nat().map((value): Expression => ({ kind: 'literal', value, range })),
    inner.map((expression): Expression => ({ kind: 'parentheses', expression, range })),
  )
  const part = fc.oneof(
    { maxDepth: 4 },
    textArbitrary.map((text): TemplatePart => ({ kind: 'text', text, range })),
    inner.map((expression): TemplatePart => ({ kind: 'interpolation', expression, range })),
    fc
      .tuple(inner, innerParts, innerParts)
      .map(([condition, whenTrue, whenFalse]): TemplatePart => ({ kind: 'if', condition, whenTrue, whenFalse, range })),
    fc
      .tuple(keyName, name, inner, innerParts)
      .map(([key, valueName, collection, body]): TemplatePart => ({ kind: 'for', ...withKey(key), valueName, collection, body, range })),
  )
  const nonLiteral = inner.filter(
    expression => expression.kind !== 'literal' && expression.kind !== 'template' && expression.kind !== 'parentheses',
  )
  const each = fc
    .tuple(stepsArbitrary, fc.option(nonLiteral, { nil: undefined }), stepsArbitrary)
    .map(([before, indexKey, after]): Expression => {
      const first = relative(item, before)
      return indexKey ? relative({ kind: 'index', collection: first, key: indexKey, range }, after) : first
    })
  const splat = fc.oneof(
    fc.tuple(inner, each).map(([source, each]): SplatExpression => ({ kind: 'splat', form: 'full', source, each, item, range })),
    fc
      .tuple(inner, splatSteps)
      .map(([source, steps]): SplatExpression => ({ kind: 'splat', form: 'attribute', source, each: relative(item, steps), item, range })),
  )
  return {
    parts: fc.array(part, { maxLength: 4 }).map(join),
    expression: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(literal, traversal),
      fc.tuple(innerParts, fc.boolean()).map(([parts, wrap]): TemplateExpression => templateOf(parts, wrap)),
      fc.tuple(inner, someSteps).map(([source, steps]): Expression => relative(source, steps)),
      fc.tuple(inner, nonLiteral).map(([collection, key]): Expression => ({ kind: 'index', collection, key, range })),
      splat,
      fc.tuple(fc.oneof(name, fc.constant('core::f')), fc.array(inner, { maxLength: 3 }), fc.boolean()).map(
        ([name, args, expand]): Expression => ({
          kind: 'call',
          name,
          nameRange: range,
          arguments: args,
          expandFinal: expand && args.length > 0,
          range,
        }),
      ),
      fc
        .tuple(inner, inner, inner)
        .map(([condition, whenTrue, whenFalse]): Expression => ({ kind: 'conditional', condition, whenTrue, whenFalse, range })),
      fc
        .tuple(fc.constantFrom(...operators), inner, inner)
        .map(([operator, left, right]): Expression => ({ kind: 'binary', operator, left, right, range })),
      fc
        .tuple(fc.constantFrom('-' as const, '!' as const), inner)
        .map(([operator, operand]): Expression => ({ kind: 'unary', operator, operand, range })),
      fc.array(inner, { maxLength: 3 }).map((items): Expression => ({ kind: 'tuple', items, range })),
      fc
        .array(
          fc.tuple(key, inner).map(([key, value]): ObjectItem => ({ key, value })),
          { maxLength: 3 },
        )
        .map((items): Expression => ({ kind: 'object', items, range })),
      fc.tuple(keyName, name, inner, inner, fc.option(inner, { nil: undefined }), fc.option(inner, { nil: undefined }), fc.boolean()).map(
        ([key, valueName, collection, valueResult, keyResult, condition, group]): Expression => ({
          kind: 'for',
          ...withKey(key),
          valueName,
          collection,
          ...(keyResult ? { keyResult } : {}),
          valueResult,
          group: group && keyResult !== undefined,
          ...(condition ? { condition } : {}),
          range,
        }),
      ),
    ),
  }
})

function relative(source: Expression, steps: readonly TraversalStep[]): Expression {
  if (steps.length === 0) return source
  if (source.kind === 'relative-traversal') return { ...source, steps: [...source.steps, ...steps] }
  return { kind: 'relative-traversal', source, steps, range }
}

function join(parts: readonly TemplatePart[]): readonly TemplatePart[] {
  const joined: TemplatePart[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (part.kind === 'text' && last?.kind === 'text') joined[joined.length - 1] = { ...last, text: last.text + part.text }
    else if (part.kind !== 'text' || part.text !== '') joined.push(part)
  }
  return joined
}

function templateOf(parts: readonly TemplatePart[], wrap: boolean): TemplateExpression {
  return { kind: 'template', form: 'quoted', parts, isWrap: wrap && parts.length === 1 && parts[0]?.kind === 'interpolation', range }
}

export const expressionArbitrary: fc.Arbitrary<Expression> = expression
export const templatePartsArbitrary: fc.Arbitrary<readonly TemplatePart[]> = parts

/** The tree without what its text does not say: ranges, parentheses, strip markers that were applied, and how a plain text is written. */
export function essence(node: unknown): unknown {
  if (Array.isArray(node)) return node.filter(member => !(member?.kind === 'text' && member.text === '')).map(essence)
  if (typeof node !== 'object' || node === null) return node
  const { kind, expression, parts, isWrap, value } = node as {
    kind?: string
    expression?: unknown
    parts?: TemplatePart[]
    isWrap?: boolean
    value?: unknown
  }
  if (kind === 'parentheses') return essence(expression)
  if (kind === 'literal') return { kind, value }
  if (kind === 'template' && parts) {
    const [part] = parts
    if (isWrap && part?.kind === 'interpolation') return { wrap: essence(part.expression) }
    if (part === undefined) return { kind: 'literal', value: '' }
    if (parts.length === 1 && part.kind === 'text') return { kind: 'literal', value: part.text }
    return { kind, parts: essence(parts), isWrap }
  }
  return Object.fromEntries(
    Object.entries(node).flatMap(([name, member]) => (/range$|^strip/i.test(name) ? [] : [[name, essence(member)]])),
  )
}
