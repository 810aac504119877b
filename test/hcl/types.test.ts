import { Ajv2020 } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import t from 'tap'
import type { JsonValue } from '../../src/base/json.ts'
import { ConversionFailure, convert } from '../../src/hcl/conversion.ts'
import { compareForSet, equals, setValue, typesEqual } from '../../src/hcl/equality.ts'
import { createFunctionTable } from '../../src/hcl/functions/index.ts'
import { fromJsonSchema, toJsonSchema } from '../../src/hcl/json-schema.ts'
import { fromJson, toJson } from '../../src/hcl/json-value.ts'
import { formatNumber, parseNumber } from '../../src/hcl/number-text.ts'
import { parseExpression } from '../../src/hcl/parser.ts'
import { ANY, BOOL, INTEGER, listOf, mapOf, NUMBER, objectOf, STRING, setOf, type Type, tupleOf } from '../../src/hcl/type.ts'
import { parseType } from '../../src/hcl/type-expression.ts'
import { describeType, printType } from '../../src/hcl/type-text.ts'
import { unify } from '../../src/hcl/unify.ts'
import {
  boolValue,
  isWhollyKnown,
  listValue,
  nullValue,
  numberValue,
  objectValue,
  SENSITIVE,
  stringValue,
  tupleValue,
  typeOf,
  unknownValue,
  type Value,
} from '../../src/hcl/value.ts'
import { describeValue, printValue } from '../../src/hcl/value-text.ts'
import { contextOf, evaluateText } from '../support/evaluation.ts'

const functions = createFunctionTable({ environment: {} })

/** Types of the host, such as blocks.md 1.5 has them. */
const message: Type = { ...objectOf({ role: STRING, text: STRING }), name: 'message' }
const names = new Map([['message', message]])

function typeNamed(text: string): Type {
  const context = contextOf({ topics: fromJson(['a', 'b']) }, functions)
  const type = parseType(parseExpression({ name: '<type>', text }, context.report), context, context.report, names)
  if (context.report.hasErrors) throw new Error(context.report.diagnostics.map(diagnostic => diagnostic.summary).join())
  return type
}

function typeErrors(text: string): readonly string[] {
  const context = contextOf({ later: unknownValue(STRING) }, functions)
  parseType(parseExpression({ name: '<type>', text }, context.report), context, context.report, names)
  return context.report.diagnostics.map(({ code, summary }) => `${code} ${summary}`)
}

function converted(value: Value, type: string): string {
  try {
    return printValue(convert(value, typeNamed(type))).replace(/,?\n\s*/g, ' ')
  } catch (failure) {
    if (failure instanceof ConversionFailure) return failure.message
    throw failure
  }
}

t.test('types are printed as they are written', async t => {
  for (const text of [
    'string',
    'integer',
    'list(set(map(any)))',
    'tuple([number, bool])',
    'object({ a = string, b = optional(number), c = optional(list(string), ["x"]) })',
    'object({})',
    'enum(["low", "high"])',
    'describe(string, "what it means")',
    'list(message)',
  ]) {
    t.equal(printType(typeNamed(text)), text)
  }
  t.equal(printType(typeNamed('enum(topics)')), 'enum(["a", "b"])', 'choices may be any plan-time expression')
})

t.test('types in words', async t => {
  t.equal(describeType(typeNamed('list(object({ a = string, b = number }))')), 'list of object with attributes a and b')
  t.equal(describeType(typeNamed('map(any)')), 'map')
  t.equal(describeType(typeNamed('tuple([string])')), 'tuple of 1 element')
  t.equal(describeType(typeNamed('enum(["a", "b"])')), 'one of "a", "b"')
})

t.test('a bad type is one error that says what is expected', async t => {
  t.strictSame(typeErrors('list(text)'), ['config/bad-type There is no type "text"'])
  t.strictSame(typeErrors('"string"'), ['config/bad-type "string" is not a type'])
  t.strictSame(typeErrors('list'), ['config/bad-type The type list needs to be told what it holds'])
  t.strictSame(typeErrors('optional(string)'), ['config/bad-type optional(…) stands only before an attribute of an object'])
  t.strictSame(typeErrors('object({ a = string, a = number })'), ['config/bad-type The attribute "a" is declared twice'])
  t.strictSame(typeErrors('object({ a = optional(number, "x") })'), ['config/bad-type The default is not number'])
  t.strictSame(typeErrors('describe(string)'), ['config/bad-type The type describe needs two arguments'])
  t.strictSame(typeErrors('enum(["a", "a"])'), ['config/bad-enum The enum has the choice "a" twice'])
  t.strictSame(typeErrors('enum([])'), ['config/bad-enum An enum needs at least one choice'])
  t.strictSame(typeErrors('enum([1])'), ['config/bad-enum The choices of an enum are strings'])
  t.strictSame(typeErrors('enum([later])'), ['config/bad-type The choices of an enum must be known when you plan'])
  t.strictSame(typeErrors('enum("a")'), ['config/bad-enum The choices of an enum are a list of strings'])
  t.strictSame(typeErrors('list(nope(string), 1)'), ['config/bad-type The type list needs one argument'])
})

t.test('conversions are those of HCL', async t => {
  t.equal(converted(stringValue('10'), 'number'), '10')
  t.equal(converted(numberValue(1e21), 'string'), '"1000000000000000000000"')
  t.equal(converted(stringValue('1'), 'bool'), 'true')
  t.equal(converted(boolValue(true), 'string'), '"true"')
  t.equal(converted(numberValue(1), 'bool'), 'expected bool, got number')
  t.equal(converted(stringValue(' 1'), 'number'), 'expected number, got a string that is not a decimal number')
  t.equal(converted(stringValue('0x10'), 'number'), 'expected number, got a string that is not a decimal number')
  t.equal(converted(stringValue('2.50'), 'number'), '2.5')
  t.equal(converted(fromJson([1, '2']), 'list(number)'), 'tolist([ 1 2 ])')
  t.equal(converted(fromJson([1, 'x']), 'list(number)'), '[1]: expected number, got a string that is not a decimal number')
  t.equal(converted(fromJson([1, 'x']), 'list(any)'), 'tolist([ "1" "x" ])')
  t.equal(converted(fromJson([1, true]), 'list(any)'), 'the elements of a list must all have one type')
  t.equal(converted(fromJson([2, 1, 2]), 'set(number)'), 'toset([ 1 2 ])')
  t.equal(converted(fromJson({ b: 1, a: true }), 'map(string)'), 'tomap({ a = "true" b = "1" })')
  t.equal(
    converted(fromJson({ a: { b: [1, 'x'] } }), 'object({ a = object({ b = list(number) }) })'),
    'a.b[1]: expected number, got a string that is not a decimal number',
  )
  t.equal(converted(fromJson({ a: 1, extra: 2 }), 'object({ a = number })'), '{ a = 1 }')
  t.equal(converted(fromJson({}), 'object({ a = number })'), 'attribute "a" is missing')
  t.equal(converted(fromJson({}), 'object({ a = optional(number) })'), '{ a = null }')
  t.equal(converted(fromJson({ a: null }), 'object({ a = optional(number, 3) })'), '{ a = 3 }')
  t.equal(converted(fromJson([1]), 'tuple([string])'), '[ "1" ]')
  t.equal(converted(fromJson([1]), 'tuple([string, string])'), 'expected tuple of 2 elements, got tuple of 1 element')
  t.equal(converted(numberValue(1.5), 'integer'), 'expected a whole number, got a fraction')
  t.equal(converted(stringValue('7'), 'integer'), '7')
  t.equal(converted(stringValue('x'), 'enum(["a", "b"])'), 'expected one of "a", "b"')
  t.equal(converted(stringValue('a'), 'describe(enum(["a"]), "text")'), '"a"')
  t.equal(converted(nullValue(), 'list(string)'), 'null')
})

t.test('what is unknown keeps what is known of it', async t => {
  const typeAfter = (from: Type, to: string) => {
    const value = convert(unknownValue(from, { nullable: true, marks: SENSITIVE }), typeNamed(to))
    t.match(value, { kind: 'unknown', nullable: true, marks: SENSITIVE })
    return printType(typeOf(value))
  }
  t.equal(typeAfter(tupleOf([NUMBER, STRING]), 'list(any)'), 'list(string)')
  t.equal(typeAfter(listOf(NUMBER), 'list(string)'), 'list(string)')
  t.equal(typeAfter(ANY, 'number'), 'number')
  t.throws(() => convert(unknownValue(listOf(STRING)), STRING), new ConversionFailure('expected string, got list of string'))
  t.throws(() => convert(unknownValue(objectOf({ a: STRING })), objectOf({ b: STRING })), new ConversionFailure('attribute "b" is missing'))
  t.throws(() => convert(unknownValue({ kind: 'enum', values: ['x'] }), { kind: 'enum', values: ['y'] }), ConversionFailure)
})

t.test('a set has each element once, in the order of the language', async t => {
  const set = setValue(STRING, [stringValue('b'), stringValue('\u{1F600}'), stringValue('a'), stringValue('\uFF5E'), stringValue('b')])
  t.strictSame(toJson(set), ['a', 'b', '\uFF5E', '\u{1F600}'])
  t.match(
    convert(tupleValue([unknownValue(STRING), stringValue('a')]), setOf(STRING)),
    { kind: 'unknown' },
    'its size is not known before its elements are',
  )
})

t.test('values of different types are never equal', async t => {
  const equal = (text: string) => evaluateText(text, {}, functions).value
  for (const text of [
    '[1] == [1]',
    '"1" != 1',
    'tolist([1]) != [1]',
    '{ a = 1 } == { a = 1 }',
    'tolist([]) == tolist([])',
    'null == null',
    '[null] == [null]',
    'tolist([1]) != tolist(["1"])',
  ]) {
    t.match(equal(text), { kind: 'bool', value: true }, text)
  }
})

t.test('one type for several', async t => {
  const common = (...types: string[]) => {
    const type = unify(types.map(typeNamed))
    return type && printType(type)
  }
  t.equal(common('string', 'number', 'bool'), 'string')
  t.equal(common('number', 'bool'), undefined)
  t.equal(common('tuple([number])', 'tuple([string])'), 'tuple([string])')
  t.equal(common('tuple([number])', 'tuple([number, string])'), 'list(string)')
  t.equal(common('object({ a = number })', 'object({ b = string })'), 'map(string)')
  t.equal(common('list(number)', 'tuple([string])'), 'list(string)')
  t.equal(common('map(number)', 'object({ a = string })'), 'map(string)')
  t.equal(common('list(number)', 'set(string)'), 'list(number)', 'as cty: a set becomes a list, and its elements numbers')
  t.equal(common('enum(["a"])', 'enum(["b"])'), 'string')
  t.equal(common('integer', 'number'), 'number')
  t.equal(common('any', 'string'), 'any')
  t.equal(common('object({})', 'tuple([])'), undefined)
})

t.test('types compile to JSON Schema 2020-12', async t => {
  t.strictSame(
    toJsonSchema(
      typeNamed('object({ question = string, context = optional(list(string), []), tone = optional(describe(enum(["a", "b"]), "how")) })'),
    ),
    {
      type: 'object',
      additionalProperties: false,
      required: ['question'],
      'x-order': ['question', 'context', 'tone'],
      properties: {
        question: { type: 'string' },
        context: { type: 'array', items: { type: 'string' }, default: [] },
        tone: { type: 'string', enum: ['a', 'b'], description: 'how' },
      },
    },
  )
  t.strictSame(toJsonSchema(typeNamed('tuple([integer, any])')), {
    type: 'array',
    prefixItems: [{ type: 'integer' }, {}],
    items: false,
    minItems: 2,
    maxItems: 2,
  })
  t.strictSame(toJsonSchema(typeNamed('map(set(bool))')), {
    type: 'object',
    additionalProperties: { type: 'array', items: { type: 'boolean' }, uniqueItems: true },
  })
})

t.test('a schema from elsewhere gives what types can say', async t => {
  t.equal(printType(fromJsonSchema({ type: ['string', 'null'] })), 'string')
  t.equal(printType(fromJsonSchema({ anyOf: [{ type: 'string' }] })), 'any')
  t.equal(
    printType(
      fromJsonSchema({ type: 'object', properties: { a: { type: 'integer' }, b: { type: ['string', 'null'] } }, required: ['a', 'b'] }),
    ),
    'object({ a = integer, b = optional(string) })',
  )
  t.equal(printType(fromJsonSchema({ type: 'object', additionalProperties: { type: 'number' } })), 'map(number)')
  t.equal(printType(fromJsonSchema(true)), 'any')
})

const typesWith = (names: readonly string[]): fc.Arbitrary<Type> =>
  fc.letrec<{ type: Type }>(tie => ({
    type: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(STRING, NUMBER, INTEGER, BOOL),
      fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }).map((values): Type => ({ kind: 'enum', values })),
      tie('type').map(listOf),
      tie('type').map(mapOf),
      fc.array(tie('type'), { maxLength: 3 }).map(tupleOf),
      fc.dictionary(fc.constantFrom(...names), tie('type'), { maxKeys: 3 }).map(objectOf),
      fc
        .tuple(tie('type'), fc.string())
        .map(([type, description]): Type => ({ kind: 'described', type: type.kind === 'described' ? type.type : type, description })),
    ),
  })).type

t.test('a type survives its schema, and a value that converts to a type is valid by its schema', async () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  fc.assert(
    fc.property(typesWith(['a', 'b', '__proto__', '10', '9']), type => typesEqual(fromJsonSchema(toJsonSchema(type)), type)),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(
      // ajv does not see a property of the name __proto__.
      typesWith(['a', 'b', '10', '9']).chain(type => fc.tuple(fc.constant(type), valuesOf(type))),
      ([type, json]) => {
        return ajv.validate(toJsonSchema(type), toJson(convert(fromJson(json), type)))
      },
    ),
    { numRuns: 200 },
  )
})

/** JSON that converts to the type, not always as it is. */
function valuesOf(type: Type): fc.Arbitrary<JsonValue> {
  switch (type.kind) {
    case 'integer':
      return fc.oneof(fc.integer(), fc.integer().map(String))
    case 'number':
      return fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer().map(String))
    case 'bool':
      return fc.oneof(fc.boolean(), fc.constantFrom('true', '0'))
    case 'enum':
      return fc.constantFrom(...type.values.map(value => value.normalize('NFC'))).filter(value => type.values.includes(value))
    case 'list':
      return fc.array(valuesOf(type.element), { maxLength: 3 })
    case 'map':
      return fc.dictionary(fc.string(), valuesOf(type.element), { maxKeys: 3 })
    case 'tuple':
      return fc.tuple(...type.elements.map(valuesOf))
    case 'object':
      return fc
        .tuple(
          ...[...type.attributes].map(([name, attribute]) => valuesOf(attribute.type).map((value): [string, JsonValue] => [name, value])),
        )
        .map(entries => Object.fromEntries(entries))
    case 'described':
      return valuesOf(type.type)
    default:
      return fc.oneof(fc.string(), fc.integer())
  }
}

t.test('JSON goes in and comes out as it was', async t => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), text => {
      const json: JsonValue = JSON.parse(text.normalize('NFC'))
      t.strictSame(toJson(fromJson(json)), JSON.parse(JSON.stringify(json, (_, value) => (Object.is(value, -0) ? 0 : value))))
    }),
    { numRuns: 200 },
  )
  const odd = JSON.parse('{"__proto__": 1, "9": 2, "10": 3}')
  t.equal(JSON.stringify(toJson(fromJson(odd))), JSON.stringify(odd), 'NUM-6')
  t.throws(() => fromJson('\ud800'), RangeError, 'NUM-4')
  t.throws(() => fromJson(JSON.parse('1e999')), RangeError)
  t.throws(() => fromJson(JSON.parse('['.repeat(5000) + ']'.repeat(5000))), RangeError)
})

t.test('NUM-3: a number reads back from its text', async () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), number => {
      const text = formatNumber(number)
      return (
        !text.includes('e') && Number(text) === number && (Math.abs(number) > Number.MAX_SAFE_INTEGER || parseNumber(text) === number + 0)
      )
    }),
    { numRuns: 2000 },
  )
})

t.test('the order of sets is total', async () => {
  const value = fc.jsonValue({ maxDepth: 2 }).map(json => fromJson(JSON.parse(JSON.stringify(json).normalize('NFC'))))
  fc.assert(
    fc.property(value, value, value, (a, b, c) => {
      const [ab, bc, ac] = [compareForSet(a, b), compareForSet(b, c), compareForSet(a, c)]
      const antisymmetric = Math.sign(ab) === -Math.sign(compareForSet(b, a)) || ab === 0
      const transitive = !(ab <= 0 && bc <= 0) || ac <= 0
      return antisymmetric && transitive && (ab === 0) === (equals(a, b) === true)
    }),
    { numRuns: 500 },
  )
})

t.test('values are printed as configuration that gives them again', async t => {
  const known = evaluateText('{ a = tolist(["x", "y\\n${"$"}{z}"]), "b c" = [1, null, true], d = {}, e = [] }', {}, functions).value
  const text = printValue(known)
  t.equal(
    text,
    '{\n  a = tolist([\n    "x",\n    "y\\n$${z}",\n  ])\n  "b c" = [\n    1,\n    null,\n    true,\n  ]\n  d = {}\n  e = []\n}',
  )
  const again = evaluateText(text, {}, functions).value
  t.ok(isWhollyKnown(again) && typesEqual(typeOf(again), typeOf(known)) && equals(again, known))
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), json => {
      const value = fromJson(JSON.parse(JSON.stringify(json).normalize('NFC')))
      return equals(evaluateText(printValue(value), {}, functions).value, value) === true
    }),
    { numRuns: 300 },
  )
})

t.test('nothing sensitive is printed', async t => {
  const value = objectValue({
    key: stringValue('sk-1', SENSITIVE),
    list: listValue(STRING, [stringValue('sk-1')], SENSITIVE),
    later: unknownValue(STRING),
  })
  t.equal(printValue(value), '{\n  key = (sensitive)\n  later = (string, known when a flow runs)\n  list = (sensitive)\n}')
  t.equal(describeValue(stringValue('sk-1', SENSITIVE)), '(sensitive)')
  t.equal(describeValue(stringValue('x'.repeat(100))), `"${'x'.repeat(60)}…"`)
})
