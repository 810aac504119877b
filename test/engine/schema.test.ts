import fc from 'fast-check'
import t from 'tap'
import type { JsonSchema } from '../../src/artifact/json-schema.ts'
import type { JsonValue } from '../../src/base/json.ts'
import { completed } from '../../src/engine/schema-defaults.ts'
import { inDeclaredOrder } from '../../src/engine/schema-order.ts'
import { loadSchemaValidator } from '../../src/engine/schema-validator.ts'
import { typedValue } from '../../src/engine/typed-value.ts'
import { isStrict, schemaToSend, unwrapAnswer } from '../../src/gateway/output-schema.ts'
import { sampleOf } from '../../src/gateway/providers/sample.ts'
import { toJsonSchema } from '../../src/hcl/json-schema.ts'
import { toJson } from '../../src/hcl/json-value.ts'
import { ANY, BOOL, INTEGER, listOf, mapOf, NUMBER, STRING, type Type, tupleOf } from '../../src/hcl/type.ts'

const { violations } = await loadSchemaValidator()

/** Every type that an author can write. */
const { type: types } = fc.letrec<{ type: Type }>(tie => ({
  type: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(STRING, NUMBER, INTEGER, BOOL, ANY),
    fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }).map((values): Type => ({ kind: 'enum', values })),
    tie('type').map(listOf),
    tie('type').map((element): Type => ({ kind: 'set', element })),
    tie('type').map(mapOf),
    fc.array(tie('type'), { minLength: 1, maxLength: 3 }).map(tupleOf),
    tie('type').map((type): Type => ({ kind: 'described', type, description: 'd' })),
    fc
      .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 8 }), tie('type'), fc.boolean()), {
        maxLength: 4,
        selector: ([name]) => name,
      })
      .map((fields): Type => ({ kind: 'object', attributes: new Map(fields.map(([name, type, optional]) => [name, { type, optional }])) })),
  ),
}))

t.test('a simulated answer fits every type, the same for the same seed', async t => {
  fc.assert(
    fc.property(types, fc.nat(100), (type, seed) => {
      const schema = toJsonSchema(type)
      const answer = sampleOf(schema, seed)
      typedValue(answer, schema)
      const sent = violations(schemaToSend(schema), schema.type === 'object' ? answer : { value: answer })
      return (
        violations(schema, answer).length === 0 && sent.length === 0 && JSON.stringify(sampleOf(schema, seed)) === JSON.stringify(answer)
      )
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('a foreign schema gets an answer too', async t => {
  const cases: readonly JsonSchema[] = [
    {
      $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' }, name: { type: 'string' } }, required: ['name'] } },
      $ref: '#/$defs/node',
    },
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
        { properties: { b: { type: 'integer' } }, required: ['b'] },
      ],
    },
    { oneOf: [{ type: 'null' }, { type: 'string', format: 'date' }] },
    { type: ['null', 'number'], minimum: 2.5, maximum: 2.5 },
    { type: 'integer', multipleOf: 7, minimum: 8 },
    { type: 'string', minLength: 40 },
    { const: { a: 1 } },
    { type: 'array', items: { type: 'integer' }, minItems: 3, uniqueItems: true },
    {},
  ]
  for (const schema of cases) t.strictSame(violations(schema, sampleOf(schema, 1)), [], JSON.stringify(schema))
})

t.test('what is wrong is said with its place', async t => {
  const object = (properties: Record<string, JsonSchema>, required: readonly string[] = []): JsonSchema => ({
    type: 'object',
    additionalProperties: false,
    properties,
    required,
  })
  const string: JsonSchema = { type: 'string' }
  const cases: readonly (readonly [JsonSchema, JsonValue, readonly string[]])[] = [
    [object({ a: string }, ['a']), {}, ['a is missing (string)']],
    [object({ tags: { type: 'array', items: string } }, ['tags']), {}, ['tags is missing (list of string)']],
    [object({ a: string }), { zebra: 1, a: 2 }, ['zebra is not known', 'a is 2, expected string']],
    [object({ question: string }), { qestion: 1 }, ['qestion is not known. Did you mean question?']],
    [object({ 'a b': object({ c: string }) }), { 'a b': { c: 1 } }, ['["a b"].c is 1, expected string']],
    [
      object({ lines: { type: 'array', items: object({ n: { type: 'number' } }) } }),
      { lines: [{ n: 1 }, { n: 'x' }] },
      ['lines[1].n is "x", expected number'],
    ],
    [object({ '0': string }), { '0': 1 }, ['["0"] is 1, expected string']],
    [
      object({ pin: { type: 'string', 'x-sensitive': true, maxLength: 4 } }),
      { pin: 'hunter2' },
      ['pin is (sensitive), expected at most 4 characters'],
    ],
    [{ type: 'boolean' }, 1, [' is 1, expected bool']],
    [{ enum: ['a', 'b'] }, 'c', [' is "c", expected one of "a", "b"']],
    [{ const: 5 }, 6, [' is 6, expected 5']],
    [{ type: 'number', minimum: 1, maximum: 3 }, 4, [' is 4, expected at most 3']],
    [{ type: 'string', minLength: 1 }, '', [' is "", expected at least 1 character']],
    [{ type: 'string', maxLength: 2 }, 'abc', [' is "abc", expected at most 2 characters']],
    [{ type: 'array', minItems: 2 }, [1], [' is [1], expected at least 2 elements']],
    [{ type: 'array', uniqueItems: true }, [1, 1], [' is [1,1], expected no element twice']],
    [{ anyOf: [string, { type: 'number' }] }, true, [' is true, expected string or number']],
    [{ type: ['string', 'null'] }, 1, [' is 1, expected string or null']],
    [string, { long: 'x'.repeat(100) }, [` is {"long":"${'x'.repeat(51)}…, expected string`]],
  ]
  for (const [schema, value, expected] of cases) {
    t.strictSame(
      violations(schema, value).map(({ path, text }) => `${path} ${text}`),
      expected,
      JSON.stringify(schema),
    )
  }
  t.equal(
    violations(object({}), Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`field_${index}`, 1]))).length,
    20,
    'a flood is cut off',
  )
})

t.test('two schemas with one $id, or two patterns, do not disturb one another', async t => {
  t.strictSame(violations({ $id: 'https://example.com/x', type: 'string', pattern: '^a$' }, 'a'), [])
  t.equal(violations({ $id: 'https://example.com/x', type: 'string', pattern: '^b$' }, 'a').length, 1)
})

t.test('an input is completed by its schema', async t => {
  const schema: JsonSchema = {
    type: 'object',
    required: ['a', 'nullable'],
    properties: {
      a: { type: 'string' },
      b: { type: 'integer', default: 3 },
      c: { type: 'string' },
      nullable: { type: ['string', 'null'] },
      list: { type: 'array', items: { type: 'object', properties: { d: { default: 'x' }, e: { type: 'string' } } } },
    },
  }
  t.strictSame(completed({ a: 'x', b: null, c: null, nullable: null, list: [{ e: null }, 5] }, schema), {
    a: 'x',
    nullable: null,
    list: [{ d: 'x' }, 5],
    b: 3,
  })
  t.strictSame(completed({ a: null }, schema), { a: null, b: 3 }, 'a required field stays, and is found wrong')
  t.equal(completed('text', schema), 'text')

  await t.test('a key named __proto__ is a key like others', async t => {
    const hostile: JsonValue = JSON.parse('{"__proto__":{"b":1},"a":"x"}')
    t.strictSame(Object.keys(completed(hostile, schema) as object).sort(), ['__proto__', 'a', 'b'])
    t.equal(({} as Record<string, unknown>).b, undefined)
  })

  await t.test('an optional field that is not given is null in expressions', async t => {
    const type: Type = { kind: 'object', attributes: new Map([['a', { type: STRING, optional: true }]]) }
    t.strictSame(toJson(typedValue({}, toJsonSchema(type))), { a: null })
  })
})

t.test('what is sent to a model', async t => {
  t.ok(isStrict({ type: 'object', additionalProperties: false, required: ['a'], properties: { a: { enum: [{ type: 'object' }] } } }))
  t.notOk(isStrict({ type: 'object', additionalProperties: false, required: [], properties: { a: {} } }))
  t.notOk(isStrict({ type: 'object', required: [], properties: {} }))
  t.notOk(isStrict({ type: 'array', items: { type: 'object', additionalProperties: { type: 'string' } } }))
  t.strictSame(schemaToSend({ type: 'array', items: { type: 'string', default: 'x', 'x-max-bytes': 5 } }), {
    type: 'object',
    properties: { value: { type: 'array', items: { type: 'string' } } },
    required: ['value'],
    additionalProperties: false,
  })
  const shadowed: JsonSchema = {
    type: 'object',
    properties: { default: { type: 'string' }, 'x-ray': { type: 'string' } },
    'x-order': ['x-ray', 'default'],
  }
  t.equal(
    JSON.stringify(schemaToSend(shadowed).properties),
    '{"x-ray":{"type":"string"},"default":{"type":"string"}}',
    'fields may be named like keywords',
  )
  t.equal(unwrapAnswer('{"value":[1]}'), '[1]')
  t.equal(unwrapAnswer('[1]'), '[1]')
  t.equal(unwrapAnswer('no json'), 'no json')
})

t.test('ID-1: what a flow gives has its fields in the order of their source, though its artifact is sorted', t => {
  const item = { type: 'object', 'x-order': ['z', 'a'], properties: { a: {}, z: {} } } as const
  const schema = {
    type: 'object',
    'x-order': ['topic', 'answer', 'more'],
    properties: { answer: item, more: { type: 'array', items: item } },
  }
  const value = { answer: { a: 1, b: 2, z: 3 }, extra: null, more: [{ a: 1, z: 2 }, null], topic: 'x' }
  t.equal(
    JSON.stringify(inDeclaredOrder(value, schema)),
    '{"topic":"x","answer":{"z":3,"a":1,"b":2},"more":[{"z":2,"a":1},null],"extra":null}',
  )
  t.equal(JSON.stringify(inDeclaredOrder({ b: item, a: { a: 1, z: 2 } }, { additionalProperties: item })).startsWith('{"b":'), true)
  t.equal(JSON.stringify(inDeclaredOrder([{ a: 1, z: 2 }], { prefixItems: [item] })), '[{"z":2,"a":1}]')
  t.same(inDeclaredOrder(JSON.parse('{"__proto__":1}'), { 'x-order': ['toString', '__proto__'] }), JSON.parse('{"__proto__":1}'))
  t.end()
})
