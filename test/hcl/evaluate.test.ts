import { readFileSync } from 'node:fs'
import t from 'tap'
import { hclEvaluationCodes } from '../../src/diagnostics/codes/hcl-evaluation.ts'
import { codes } from '../../src/diagnostics/codes/index.ts'
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts'
import { evaluate } from '../../src/hcl/evaluate.ts'
import { createFunctionTable } from '../../src/hcl/functions/index.ts'
import { parseExpression } from '../../src/hcl/parser.ts'
import { listOf, NUMBER, type ObjectType, objectOf, STRING, type Type } from '../../src/hcl/type.ts'
import { printType } from '../../src/hcl/type-text.ts'
import {
  deepMarks,
  listValue,
  mapValue,
  NO_MARKS,
  nullValue,
  numberValue,
  objectValue,
  SECRET,
  SENSITIVE,
  stringValue,
  typeOf,
  unknownValue,
  type Value,
} from '../../src/hcl/value.ts'
import { printValue } from '../../src/hcl/value-text.ts'
import { contextOf, evaluateText } from '../support/evaluation.ts'

const functions = createFunctionTable({ environment: {} })

const inputType: ObjectType = {
  kind: 'object',
  attributes: new Map<string, { type: Type; optional: boolean }>([
    ['question', { type: STRING, optional: false }],
    ['count', { type: NUMBER, optional: false }],
    ['name', { type: STRING, optional: true }],
    ['matches', { type: listOf(objectOf({ text: STRING, score: NUMBER })), optional: false }],
  ]),
}

const names: Readonly<Record<string, Value>> = {
  input: unknownValue(inputType),
  local: objectValue({
    n: numberValue(3),
    key: stringValue('sk-1', SENSITIVE),
    models: listValue(STRING, [stringValue('fast'), stringValue('large')]),
    tiers: mapValue(NUMBER, new Map([['low', numberValue(1)]])),
    nothing: nullValue(),
  }),
}

const evaluated = (text: string) => evaluateText(text, names, functions)

/** The value as one line, or the codes of what was reported. */
function outcome(text: string): string {
  const { value, diagnostics } = evaluated(text)
  if (diagnostics.length > 0) return diagnostics.map(diagnostic => diagnostic.code).join(' ')
  return value.kind === 'unknown'
    ? `unknown ${printType(typeOf(value))}${value.nullable ? ' or null' : ''}`
    : printValue(value).replace(/,?\n\s*/g, ' ')
}

function only(text: string): Diagnostic {
  const { diagnostics } = evaluated(text)
  const [first] = diagnostics
  if (first === undefined || diagnostics.length > 1) throw new Error(`${text} gives ${diagnostics.length} diagnostics`)
  return first
}

function holds(cases: Readonly<Record<string, string>>): void {
  for (const [text, wanted] of Object.entries(cases)) t.equal(outcome(text), wanted, text)
}

t.test('what is deferred is unknown, with the type that it will have', async () => {
  holds({
    'input.count * 2': 'unknown number',
    'input.count > 1': 'unknown bool',
    '"Q: ${input.question}"': 'unknown string',
    'input.name': 'unknown string or null',
    'input.matches[0].score': 'unknown number',
    'input.matches[*].text': 'unknown list(string)',
    '[for match in input.matches : match.score]': 'unknown list(number)',
    '{ for match in input.matches : match.text => match.score }': 'unknown map(number)',
    '{ for match in input.matches : match.text => match.score... }': 'unknown map(list(number))',
    'input.count > 1 ? "a" : 1': 'unknown string',
    'input.count > 1 ? null : input.question': 'unknown string or null',
    'upper(input.question)': 'unknown string',
    'length(input.matches)': 'unknown number',
    'local.models[input.count]': 'unknown string',
    'input.count > 1 || true': 'true',
    'input.count > 1 ? "same" : "same"': '"same"',
  })
})

t.test('a mistake about a deferred value is found before the flow runs', async () => {
  holds({
    'input.qestion': 'hcl/unknown-attribute',
    'input.matches[*].txt': 'hcl/unknown-attribute',
    '[for match in input.matches : match.txt]': 'hcl/unknown-attribute',
    '"%{ for match in input.matches }${match.txt}%{ endfor }"': 'hcl/unknown-attribute',
    'input.matches.text': 'hcl/no-attributes',
    'input.question + true': 'hcl/wrong-operand',
    'input.matches + 1': 'hcl/wrong-operand',
    'input.count ? 1 : 2': 'hcl/wrong-condition',
    'join(",", input.matches)': 'hcl/wrong-argument',
    '"Matches: ${input.matches}"': 'config/not-a-string',
    '[for letter in input.question : letter]': 'hcl/not-a-collection',
    'input.count > 1 ? input.qestion : "x"': 'hcl/unknown-attribute',
    'input.count / 0': 'hcl/division-by-zero',
  })
})

t.test('what may be null is inserted only where a condition has ruled it out', async () => {
  holds({
    '"Dear ${input.name}"': 'config/may-be-null',
    '"Dear ${coalesce(input.name, "friend")}"': 'unknown string',
    '"%{ if input.name != null }Dear ${input.name}%{ endif }"': 'unknown string',
    '"%{ if input.name == null }Hello%{ else }Dear ${input.name}%{ endif }"': 'unknown string',
    'input.name != null && input.count > 1 ? "Dear ${input.name}" : ""': 'unknown string',
    '!(input.name == null) ? "Dear ${input.name}" : ""': 'unknown string',
    'input.name == "Ada" ? "Dear ${input["name"]}" : ""': 'unknown string',
    'input.name != null && startswith("${input.name}!", "A")': 'unknown bool',
    'input.name == null || startswith("${input.name}!", "A")': 'unknown bool',
    'input.count > 1 ? "Dear ${input.name}" : ""': 'config/may-be-null',
    'input.name != null ? "" : "Dear ${input.name}"': 'config/may-be-null',
    'input.name != null || input.count > 1 ? "Dear ${input.name}" : ""': 'config/may-be-null',
    'input.name != null ? [for input in [{ name = input.name }] : "Dear ${input.name}"] : []': 'config/may-be-null',
    'false ? "Dear ${input.name}" : "Hello"': '"Hello"',
    'try("Dear ${input.name}", "Hello")': 'unknown string',
    'try(input.name, "Hello")': 'unknown string or null',
    '"${length(input.matches)} matches"': 'unknown string',
    '"Dear ${local.nothing}"': 'config/may-be-null',
  })
})

t.test('an arm that is not taken reports wrong names, and nothing about its values', async () => {
  holds({
    'true ? 1 : local.models[7]': '1',
    'local.nothing != null && local.nothing.x > 1': 'false',
    'local.nothing == null || local.nothing.x > 1': 'true',
    'false ? 1 / 0 : 2': '2',
    'length(input.matches) > 2 ? local.models[7] : "x"': 'unknown any',
    '"%{ for match in input.matches }${local.nothing}%{ endfor }"': 'unknown string',
    '[for match in input.matches : local.models[7]]': 'unknown list(any)',
    'input.count > 1 ? upper(null) : "x"': 'unknown any',
    'input.count > 1 ? file("absent.md") : "x"': 'hcl/function-failed',
    'true ? 1 : nope': 'hcl/unknown-name',
    'false && nope(1)': 'hcl/unknown-function',
    'false && "text"': 'hcl/wrong-operand',
  })
})

t.test('an error is reported once: what follows from it is silent', async () => {
  holds({
    'nope.a[0] + 1': 'hcl/unknown-name',
    'upper(nope(1))': 'hcl/unknown-function',
    '[for v in nope : v.x]': 'hcl/unknown-name',
    '"${nope} and ${local.n}"': 'hcl/unknown-name',
    '{ a = nope, b = nope }': 'hcl/unknown-name hcl/unknown-name',
    '[for v in [1, 2, 3] : v.x]': 'hcl/no-attributes',
    'nope ? 1 : 2': 'hcl/unknown-name',
  })
})

t.test('NUM-2 ruling 1: numbers are doubles, and an integer is never rounded in silence', async () => {
  holds({
    '0.1 + 0.2': '0.30000000000000004',
    '9007199254740991': '9007199254740991',
    '-9007199254740991': '-9007199254740991',
    '9007199254740993': 'config/number-not-representable',
    '9007199254740991 + 1': 'config/number-not-representable',
    '94906267 * 94906267': 'config/number-not-representable',
    '1e308 * 10': 'config/number-not-representable',
    'tonumber("9007199254740993")': 'hcl/function-failed',
    '-0': '0',
    '0 * -1': '0',
    '7 % -3': '1',
    '-7 % 3': '-1',
  })
})

t.test('NUM-3: a number becomes text without an exponent', async () => {
  holds({
    '"${1e21} "': '"1000000000000000000000 "',
    '"${1e-7} "': '"0.0000001 "',
    '"${1/3} "': '"0.3333333333333333 "',
    '"${-1.5e-9} "': '"-0.0000000015 "',
  })
})

t.test('NUM-4 NUM-5 NUM-6: text is NFC, keys are in order of code points, and __proto__ is a key', async () => {
  holds({
    '"e\u0301" == "é"': 'true',
    '"e${"\u0301"}" == "é"': 'true',
    '[for k, v in { "\u{1F600}" = 1, "\uFF5E" = 2, "10" = 3, "9" = 4 } : v]': '[ 3 4 2 1 ]',
    '{ __proto__ = 1 }.__proto__': '1',
    '{}.__proto__': 'hcl/unknown-attribute',
    '{}.constructor': 'hcl/unknown-attribute',
    'local.toString': 'hcl/unknown-attribute',
  })
})

t.test('stricter than HCL', async () => {
  holds({
    '1 / 0': 'hcl/division-by-zero',
    '5 % 0': 'hcl/division-by-zero',
    '{ a = 1, "a" = 2 }': 'hcl/duplicate-key',
    '{ for v in [1, 1] : v => v }': 'hcl/duplicate-key',
  })
})

t.test('marks go wherever the value goes', async t => {
  const context = { ...names, token: unknownValue(STRING, { marks: SECRET }) }
  const marksOf = (text: string) => deepMarks(evaluateText(text, context, functions).value)
  for (const text of [
    'local.key',
    '"Bearer ${local.key}"',
    '[local.key]',
    'upper(local.key)',
    'local.key == "x"',
    'local.key == "x" ? 1 : 2',
    '[local.key][0]',
    '[for v in [local.key] : v]',
    '[for v in [1] : v if local.key != "x"]',
    '{ (local.key) = 1 }',
    '[local.key][*]',
    'length([local.key]) > 0 && local.key == ""',
    '"%{ if local.key == "" }a%{ endif }"',
    '[1, 2][length(local.key) - 3]',
    'input.count > 1 ? local.key : "x"',
    'jsonencode({ a = [local.key] })',
  ]) {
    t.equal(marksOf(text), SENSITIVE, text)
  }
  t.equal(marksOf('local.n'), NO_MARKS)
  t.equal(marksOf('"Bearer ${token}"'), SECRET)
  t.equal(marksOf('"${token} ${local.key}"'), SECRET | SENSITIVE)
  t.equal(marksOf('nonsensitive(local.key)'), NO_MARKS)
})

t.test('no message shows a sensitive value', async t => {
  for (const text of [
    'local.key + 1',
    'local.key ? 1 : 2',
    'tonumber(local.key)',
    'local.tiers[local.key]',
    '[for v in local.key : v]',
    'local.key[0]',
    'local.key.x',
    '{ (local.key) = 1, (local.key) = 2 }',
    'parseint(local.key, 10)',
    'regex(local.key, "x")',
  ]) {
    const text_ = JSON.stringify(
      evaluated(text).diagnostics.map(({ summary, detail, notes, suggestions }) => ({ summary, detail, notes, suggestions })),
    )
    t.not(text_, '[]', text)
    t.notMatch(text_, 'sk-1', text)
  }
})

t.test('messages name the thing, its value, what to do, and what was meant', async t => {
  t.match(only('local.modles'), {
    summary: 'local has no attribute "modles"',
    detail: 'Its attributes are n, key, models, tiers and nothing.',
    notes: ['local is object with 5 attributes'],
    suggestions: ['models'],
  })
  t.match(only('local.models[2]'), {
    summary: 'local.models has no element 2',
    detail: 'It has 2 elements, with the numbers 0 to 1.',
    notes: ['local.models is list of string with 2 elements'],
  })
  t.match(only('local.tiers.lo'), { code: 'hcl/unknown-element', detail: 'Its keys are "low".', suggestions: ['low'] })
  t.match(only('lenght(local.models)'), { summary: 'There is no function "lenght"', suggestions: ['length'] })
  t.match(only('"Models: ${local.models}"'), {
    summary: 'local.models is list of string, and cannot be inserted into text',
    detail: /jsonencode\(local\.models\).*%\{ for item in local\.models \}/,
  })
  t.match(only('local.n + "x"'), {
    summary: 'An operand of "+" is not a number',
    detail: 'The operator needs a number, but here it has "x".',
  })
  t.match(only('upper()'), { summary: 'upper() lacks "text"', detail: 'It is called as upper(text).' })
  t.match(only('true ? { a = 1 } : { a = true }'), { detail: /^Attribute "a" is number in one and bool in the other\./ })
})

t.test('the caret stands under what is wrong', async t => {
  const under = (text: string) => {
    const { subject } = only(text)
    return subject && text.slice(subject.start, subject.end)
  }
  t.equal(under('local.n + local.models'), 'local.models')
  t.equal(under('local.modles[0]'), '.modles')
  t.equal(under('local.models[5].x'), '[5]')
  t.equal(under('max(1, "x")'), '"x"')
  t.equal(under('upper("a", "b")'), '"b"')
  t.equal(under('[for v in 5 : v]'), '5')
  t.equal(under('true ? 1 : [1]'), '1 : [1]')
  t.equal(under('1 + (5 % 0)'), '5 % 0')
})

t.test('no expression runs for ever or fills the memory', async t => {
  const steps = (text: string) => {
    const context = { ...contextOf(names, functions), budget: { remaining: 10_000 } }
    evaluate(parseExpression({ name: '<test>', text }, context.report), context)
    return context.report.diagnostics.map(diagnostic => diagnostic.code)
  }
  t.strictSame(steps('[for a in range(1000) : [for b in range(1000) : a + b]]'), ['hcl/too-many-steps'])
  t.strictSame(
    steps('false ? [for a in range(1000) : [for b in range(1000) : a]] : []'),
    ['hcl/too-many-steps'],
    'also in an arm that is not taken',
  )
  const doubled = Array.from({ length: 40 }).reduce<string>(text => `[for t in [${text}] : "\${t}\${t}"][0]`, '"0123456789"')
  t.strictSame(steps(doubled), ['hcl/too-many-steps'])
  t.strictSame(
    evaluated(doubled).diagnostics.map(diagnostic => diagnostic.code),
    ['hcl/too-large'],
  )
})

t.test('every code of the evaluator has a page', async t => {
  for (const [code, page] of Object.entries(hclEvaluationCodes)) {
    t.ok(page.what.endsWith('.') && page.cure.length > 0, code)
    t.ok(code in codes)
  }
})

const guide = readFileSync(new URL('../../docs/language.md', import.meta.url), 'utf8')

t.test('docs/language.md: what the console answers there is what it answers', async t => {
  const blocks = [...guide.matchAll(/^```console\n(.*?)^```$/gms)].map(match => match[1] ?? '')
  const conversations = blocks.flatMap(block => block.split(/^> /m).slice(1))
  t.ok(conversations.length > 10)
  for (const conversation of conversations) {
    const [text = '', ...answer] = conversation.trimEnd().split('\n')
    t.equal(printValue(evaluated(text).value), answer.join('\n'), text)
  }
})
