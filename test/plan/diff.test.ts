import fc from 'fast-check'
import t from 'tap'
import { schemaSummary } from '../../src/plan/schema-type.ts'
import { diffTexts, patchText, type TextDiff } from '../../src/plan/text-diff.ts'
import { diffSchemas, diffValues } from '../../src/plan/value-diff.ts'
import { threadCpuMs } from '../support/thread-cpu-time.ts'

const lineText = fc.oneof(fc.constantFrom('', 'a', 'b', 'Give a brief answer.', '- x', '🙂 ok'), fc.string({ maxLength: 12 }))
const text = fc.array(lineText, { maxLength: 12 }).chain(lines => fc.constantFrom(lines.join('\n'), `${lines.join('\n')}\n`))

function textBefore(diff: TextDiff): string {
  const kept = diff.lines.filter(line => line.kind !== 'added')
  return kept.map((line, index) => line.text + (index === kept.length - 1 && line.noNewline ? '' : '\n')).join('')
}

t.test('a diff, applied, gives the other text, and undone the first', async () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const diff = diffTexts(before, after)
      return patchText(diff) === after && textBefore(diff) === before
    }),
    { numRuns: 500 },
  )
})

t.test('equal texts differ in nothing', async () => {
  fc.assert(fc.property(text, same => diffTexts(same, same).lines.every(line => line.kind === 'same')))
})

t.test('marks cover exactly what two similar lines do not share', async t => {
  const { lines } = diffTexts('Give a brief answer.\n', 'Give a step-by-step answer.\n')
  t.same(lines, [
    { kind: 'removed', text: 'Give a brief answer.', number: 1, marks: [{ start: 7, end: 12 }] },
    { kind: 'added', text: 'Give a step-by-step answer.', number: 1, marks: [{ start: 7, end: 19 }] },
  ])
})

t.test('lines that share less than half are whole lines', async t => {
  t.ok(diffTexts('one two three', 'four five six').lines.every(line => line.marks === undefined))
})

t.test('a lost last newline is a difference of the last line', async t => {
  const { lines, added, removed } = diffTexts('a\nb\n', 'a\nb')
  t.same([added, removed], [1, 1])
  t.same(
    lines.map(line => [line.kind, line.text, line.noNewline ?? false]),
    [
      ['same', 'a', false],
      ['removed', 'b', false],
      ['added', 'b', true],
    ],
  )
})

t.test('large texts without a common line are compared in bounded time', async t => {
  const long = (word: string) => Array.from({ length: 20_000 }, (_, i) => `${word} ${i}`).join('\n')
  const started = threadCpuMs()
  const before = `same\n${long('left')}\nend\n`
  const after = `same\n${long('right')}\nend\n`
  const diff = diffTexts(before, after)
  t.equal(patchText(diff), after)
  t.equal(diff.lines[0]?.kind, 'same')
  t.equal(diff.lines.at(-1)?.kind, 'same')
  t.ok(threadCpuMs() - started < 10_000)
})

t.test('values are compared by path', async t => {
  const before = {
    id: 'gpt-4o-mini',
    retry: { max_attempts: 3, on: ['timeout'] },
    price: [{ input_nano_per_m: 1 }],
    headers: { 'x team': 'a' },
    gone: 1,
  }
  const after = {
    id: 'gpt-4.1-mini',
    retry: { max_attempts: 4, on: ['network', 'timeout'] },
    price: [{ input_nano_per_m: 2 }],
    headers: { 'x team': 'b' },
  }
  t.same(diffValues(before, after), [
    { path: 'id', before: 'gpt-4o-mini', after: 'gpt-4.1-mini' },
    { path: 'retry.max_attempts', before: 3, after: 4 },
    { path: 'retry.on', before: ['timeout'], after: ['network', 'timeout'] },
    { path: 'price.input_nano_per_m', before: 1, after: 2 },
    { path: 'headers["x team"]', before: 'a', after: 'b' },
    { path: 'gone', before: 1 },
  ])
})

t.test('a reference or an expression is one value', async t => {
  t.same(diffValues({ model: { $ref: 'model.a' } }, { model: { $ref: 'model.b' } }), [
    { path: 'model', before: { $ref: 'model.a' }, after: { $ref: 'model.b' } },
  ])
})

t.test('objects with keys of the prototype are compared like others', async t => {
  const evil = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}')
  t.equal(diffValues({}, evil).length, 2)
  t.equal(diffValues(evil, {}).length, 2)
})

t.test('equal values differ in nothing, and different ones in something', async () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const [left, right] = [JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))]
      const equal = diffValues(left, right).length === 0
      return diffValues(left, left).length === 0 && (equal || JSON.stringify(left) !== JSON.stringify(right))
    }),
  )
})

const listOf = (items: object) => ({ type: 'array', items })
const schema = (fields: Record<string, object>, required = Object.keys(fields)) => ({
  type: 'object' as const,
  additionalProperties: false,
  'x-order': Object.keys(fields),
  required,
  properties: fields,
})

t.test('schemas are compared as types and fields', async t => {
  const before = schema({ answer: { type: 'string' }, sources: listOf({ type: 'string' }), old: { type: 'number' } }) as never
  const after = schema(
    { answer: { type: 'string', description: 'short' }, sources: listOf(schema({ url: { type: 'string' } })), sure: { type: 'boolean' } },
    ['answer', 'sources'],
  ) as never
  t.same(diffSchemas(before, after, 'output'), [
    { path: 'output.answer.description', after: 'short' },
    { path: 'output.sources', before: 'list(string)', after: 'list(object)', isType: true },
    { path: 'output.sure', after: 'optional(bool)', isType: true },
    { path: 'output.old', before: 'number', isType: true },
  ])
  t.same(diffSchemas(before, before, 'output'), [])
  t.same(diffSchemas(undefined, before, 'output'), [{ path: 'output', after: 'object', isType: true }])
})

t.test('a change deep in a list of objects is told by its path', async t => {
  const lines = (type: string) => schema({ lines: listOf(schema({ amount: { type } })) }) as never
  t.same(diffSchemas(lines('number'), lines('integer'), 'output'), [
    { path: 'output.lines[].amount', before: 'number', after: 'integer', isType: true },
  ])
})

t.test('an order of fields is a difference where it is the only one', async t => {
  const fields = { a: { type: 'string' }, b: { type: 'string' } }
  const swapped = { ...schema(fields), 'x-order': ['b', 'a'] }
  t.same(diffSchemas(schema(fields) as never, swapped as never, 'input'), [{ path: 'input order', before: ['a', 'b'], after: ['b', 'a'] }])
})

t.test('an input reads as its fields', async t => {
  t.equal(
    schemaSummary(schema({ question: { type: 'string' }, context: listOf({ type: 'string' }) }, ['question']) as never),
    'question: string, context: optional(list(string))',
  )
  t.equal(schemaSummary({ type: 'array', items: { type: 'string', enum: ['a', 'b'] } }), 'list(enum(["a", "b"]))')
})
