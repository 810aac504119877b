import { readFileSync } from 'node:fs'
import t from 'tap'
import type { JsonValue } from '../../src/base/json.ts'
import { createProjectFiles } from '../../src/config/project-files.ts'
import { evaluate } from '../../src/hcl/evaluate.ts'
import { createFunctionTable, runtimeFunctionTable } from '../../src/hcl/functions/index.ts'
import { patternProblem } from '../../src/hcl/functions/regex.ts'
import { toJson } from '../../src/hcl/json-value.ts'
import { parseExpression } from '../../src/hcl/parser.ts'
import { ANY, listOf, mapOf, NUMBER, STRING } from '../../src/hcl/type.ts'
import { printType } from '../../src/hcl/type-text.ts'
import {
  deepMarks,
  isWhollyKnown,
  listValue,
  NO_MARKS,
  numberValue,
  objectValue,
  SECRET,
  SENSITIVE,
  stringValue,
  typeOf,
  unknownValue,
  type Value,
} from '../../src/hcl/value.ts'
import { contextOf, evaluateText } from '../support/evaluation.ts'

const functions = createFunctionTable({ environment: { REGION: 'eu', EMPTY: '' } })

function run(expression: string, names: Readonly<Record<string, Value>> = {}) {
  return evaluateText(expression, names, functions)
}

/** The value as JSON, after checking that nothing was reported. */
function json(expression: string, names: Readonly<Record<string, Value>> = {}): JsonValue {
  const { value, diagnostics } = run(expression, names)
  if (diagnostics.length > 0) throw new Error(`${expression}: ${diagnostics[0]?.summary}: ${diagnostics[0]?.detail}`)
  return toJson(value)
}

function failure(expression: string, names: Readonly<Record<string, Value>> = {}): string {
  const { diagnostics } = run(expression, names)
  return diagnostics.map(({ code, summary, detail }) => `${code}: ${summary}. ${detail}`).join('\n')
}

interface FunctionCase {
  readonly expression: string
  /** Sorted keys. */
  readonly value?: JsonValue
  readonly type?: string
  readonly code?: string
  /** The text that the caret underlines. */
  readonly at?: string
  readonly summary?: string
  readonly detail?: string
}

const cases: Readonly<Record<string, readonly FunctionCase[]>> = JSON.parse(
  readFileSync(new URL('function-cases.json', import.meta.url), 'utf8'),
)

t.test('results, types and refusals, each where Terraform 1.11 has the same result, type or a refusal', t => {
  for (const [name, group] of Object.entries(cases)) {
    t.ok(functions.has(name), `${name} is a function`)
    for (const one of group) {
      const { value, diagnostics } = run(one.expression)
      const [diagnostic] = diagnostics
      if (one.type !== undefined) {
        t.same(diagnostics, [], one.expression)
        t.same(toJson(value), one.value, one.expression)
        t.equal(printType(typeOf(value)), one.type, `the type of ${one.expression}`)
        continue
      }
      const subject = diagnostic?.subject
      const at = subject?.source.text.slice(subject.start, subject.end)
      t.match(
        { code: diagnostic?.code, summary: diagnostic?.summary, detail: diagnostic?.detail, at },
        { code: one.code, summary: one.summary, detail: one.detail, at: one.at },
        one.expression,
      )
    }
  }
  t.end()
})

t.test('every function that is not tested below has three cases or more', t => {
  const below = new Set(
    'type sensitive nonsensitive issensitive try can secret env file filebase64 fileexists fileset template templatefile'.split(' '),
  )
  for (const name of functions.keys()) t.ok(below.has(name) || (cases[name]?.length ?? 0) >= 3, name)
  t.end()
})

t.test('where flowrun differs from Terraform', t => {
  t.equal(json('sum([0.1, 0.2])'), 0.1 + 0.2, 'numbers are doubles')
  t.equal(json('log(1000, 10)'), 3, 'NUM-7: logarithms have 15 digits')
  t.equal(json('pow(2, 0.5)'), Number(Math.SQRT2.toPrecision(15)), 'NUM-7: so have powers that are not whole')
  t.equal(json('pow(10, -5)'), 0.00001, 'NUM-7: whole powers are multiplied out')
  t.match(failure('pow(10, 400)'), 'larger than the largest number', 'NUM-2: there is no infinity')
  t.match(failure('pow(0, -1)'), '0 has no negative power')
  t.match(failure('log(0, 10)'), 'Only a number above 0 has a logarithm')
  t.match(failure('log(8, 0)'), 'The base must be above 0, and not 1')
  t.match(failure('parseint("9007199254740993", 10)'), 'the largest that is kept exactly', 'NUM-2: nothing is rounded')
  t.match(failure(String.raw`jsondecode("{\"id\":9007199254740993}")`), '9007199254740993, which cannot be kept exactly', 'NUM-2')
  t.match(failure('yamldecode("a: 9007199254740993")'), 'which cannot be kept exactly; put it in quotes', 'NUM-2')
  t.equal(json('jsonencode(1/3)'), '0.3333333333333333', 'NUM-3: the shortest decimal')
  t.match(failure(String.raw`yamldecode("a: 1\na: 2")`), 'line 2, character 1: map keys must be unique', 'a key that is lost is a mistake')
  t.equal(json('format("%v", null)'), 'null', 'null is known')
  t.match(failure('format("%s", null)'), 'Null has no form for "%s"; use coalesce(), or %v')
  t.equal(json('lookup(tomap({ a = 1 }), "b", "2")'), 2, 'a default becomes the type of the values')
  t.same(json('coalescelist(null, ["a"])'), ['a'], 'null is skipped, as coalesce does')
  t.match(failure('regex("(?P<a>x)(?P<a>y)", "xy")'), 'duplicate capture group name', 'no group hides another')
  t.equal(json('format("%.20f", 0.1)'), '0.10000000000000000555', 'digits of the double')
  t.equal(json('yamlencode("x\\ny\\u2028z")'), '"x\\ny\\Lz"\n', 'line separators are escaped')
  t.end()
})

t.test('type() writes types as configuration does', t => {
  t.equal(json('type([1, "a", { b = true }])'), 'tuple([number, string, object({ b = bool })])')
  t.equal(json('type(tolist([1]))'), 'list(number)')
  t.equal(json('type(null)'), 'any')
  t.equal(json('type(later)', { later: unknownValue(listOf(STRING)) }), 'list(string)', 'also of what is known only later')
  t.end()
})

t.test('sensitive values', t => {
  const password = stringValue('hunter2', SENSITIVE)
  t.equal(deepMarks(run('sensitive("x")').value), SENSITIVE)
  t.equal(deepMarks(run('upper(password)', { password }).value), SENSITIVE)
  t.equal(deepMarks(run('nonsensitive(sensitive("x"))').value), NO_MARKS)
  t.equal(json('issensitive(password)', { password }), true)
  t.equal(json('issensitive(upper(password))', { password }), true)
  t.equal(json('issensitive([password])', { password }), false, 'the tuple can be shown, its element cannot')

  const { value } = run('merge({ a = password }, { b = 1 })', { password })
  t.equal(value.marks, NO_MARKS)
  t.match(
    value,
    {
      entries: new Map([
        ['a', { marks: SENSITIVE }],
        ['b', { marks: NO_MARKS }],
      ]),
    },
    'merge() marks only what was marked',
  )
  t.equal(deepMarks(run('keys({ a = password })', { password }).value), NO_MARKS)
  t.equal(deepMarks(run('length([password])', { password }).value), NO_MARKS)
  t.equal(deepMarks(run('length(words)', { words: listValue(STRING, [], SENSITIVE) }).value), SENSITIVE)
  t.equal(deepMarks(run('flatten([[password], ["b"]])[0]', { password }).value), SENSITIVE)
  t.equal(deepMarks(run('flatten([[password], ["b"]])[1]', { password }).value), NO_MARKS)
  t.equal(deepMarks(run('zipmap([password], [1])', { password }).value), SENSITIVE, 'a key is of the map itself')

  const refused = run('parseint(password, 10)', { password })
  t.notMatch(JSON.stringify(refused.diagnostics), 'hunter2', 'a refusal does not tell the value')
  t.end()
})

t.test('secret() is a reference that nobody can look into', t => {
  const { value, diagnostics } = run('secret("OPENAI_API_KEY")')
  t.same(diagnostics, [])
  t.match(value, { kind: 'unknown', type: STRING, marks: SECRET })
  t.equal(run('"Bearer ${secret("CRM")}"').value.marks & SECRET, SECRET)
  t.match(failure('secret("1x")'), 'hcl/function-failed: secret() cannot use its "name"')
  t.match(failure('secret("a b")'), 'at most 128 letters, digits')
  t.match(failure(`secret("${'a'.repeat(129)}")`), 'at most 128')
  t.match(failure('secret(later)', { later: unknownValue(STRING) }), 'must be known when you plan')
  t.equal(run('nonsensitive(secret("A"))').value.marks, SECRET)
  t.match(failure('secret(null)'), 'hcl/null-value')
  t.end()
})

t.test('SEC-2: env() is sensitive', t => {
  t.match(run('env("REGION")').value, { value: 'eu', marks: SENSITIVE })
  t.equal(json('nonsensitive(env("REGION"))'), 'eu')
  t.equal(json('env("EMPTY")'), '', 'set to nothing is set')
  t.match(run('env("ABSENT", "us")').value, { value: 'us', marks: SENSITIVE })
  t.equal(json('env("ABSENT", null)'), null)
  t.match(
    failure('env("ABSENT")'),
    'config/missing-env: The environment variable "ABSENT" is not set. Set it, or give a default: env("ABSENT", "…").',
  )
  t.match(failure('env("toString")'), 'config/missing-env')
  t.match(failure('env("A", "b", "c")'), 'Only one default')
  t.end()
})

t.test('try() and can()', t => {
  const names = { settings: objectValue({ a: numberValue(1) }), later: unknownValue(STRING), anything: unknownValue(ANY) }
  t.equal(json('try(settings.b, "none")', names), 'none')
  t.equal(json('try(settings.a, "none")', names), 1)
  t.equal(json('can(settings.b)', names), false)
  t.equal(json('can(settings.a)', names), true)
  t.match(run('try(tonumber(later), 0)', names).value, { kind: 'unknown', type: NUMBER }, 'deferred, but surely a number')
  t.match(run('can(regex("x", later))', names).value, { kind: 'unknown' })
  t.match(failure('try(setings.a, 1)', names), 'hcl/unknown-name', 'a misspelt name is a mistake, whatever follows')
  t.match(failure('can(uper("x"))', names), 'hcl/unknown-function')
  t.match(failure('try(tonumber("x"), upper(null))'), 'try() finds no expression without an error')
  t.match(failure('try()'), 'hcl/wrong-argument-count')
  t.match(failure('can()'), 'hcl/wrong-argument-count')
  t.match(failure('can(1, 2)'), 'can() takes 1 argument, and here it gets 2')
  t.equal(json('try(env("ABSENT"), "eu")'), 'eu')
  t.end()
})

t.test('what is known only later keeps a type', t => {
  const names = {
    text: unknownValue(STRING),
    texts: unknownValue(listOf(STRING)),
    prices: unknownValue(mapOf(NUMBER)),
    anything: unknownValue(ANY),
  }
  const types: Readonly<Record<string, string>> = {
    'upper(text)': 'string',
    'split(",", text)': 'list(string)',
    'length(texts)': 'number',
    'element(texts, 0)': 'string',
    'reverse(texts)': 'list(string)',
    'slice(texts, 0, 1)': 'list(string)',
    'chunklist(texts, 2)': 'list(list(string))',
    'concat(texts, texts)': 'list(string)',
    'concat(texts, ["a"])': 'any',
    'lookup(prices, "a")': 'number',
    'values(prices)': 'list(number)',
    'keys(prices)': 'list(string)',
    'merge(prices, prices)': 'map(number)',
    'zipmap(texts, texts)': 'map(string)',
    'setunion(texts, ["a"])': 'set(string)',
    'setproduct(texts, [1])': 'list(tuple([string, number]))',
    'one(texts)': 'string',
    'regex("a", text)': 'string',
    'regex("(?P<year>[0-9]+)-(?P<month>[0-9]+)", text)': 'object({ year = string, month = string })',
    'regexall("(a)(b)", text)': 'list(tuple([string, string]))',
    'tolist(anything)': 'list(any)',
    'toset(texts)': 'set(string)',
    'jsondecode(text)': 'any',
    'coalesce(text, "a")': 'string',
    'flatten([texts])': 'any',
    'sensitive(texts)': 'list(string)',
  }
  for (const [expression, type] of Object.entries(types)) {
    const { value, diagnostics } = run(expression, names)
    t.same(diagnostics, [], expression)
    t.match({ kind: value.kind, type: printType(typeOf(value)) }, { kind: 'unknown', type }, expression)
  }
  t.notOk(isWhollyKnown(run('merge({ a = text }, { b = 1 })', names).value))
  t.match(run('merge({ a = text }, { b = 1 })', names).value, { entries: new Map([['b', { value: 1 }]]) }, 'the known part stays known')
  t.equal(json('length([text, text])', names), 2)
  t.equal(json('coalesce("a", text)', names), 'a')
  t.equal(json('coalesce(null, 1, later)', { later: unknownValue(NUMBER) }), 1)
  t.match(failure('regex("(", text)', names), 'The pattern cannot be read', 'a wrong pattern is found before the text is known')
  t.match(failure('merge(texts, {})', names), 'map or object is required')
  t.end()
})

t.test('DET-3: a flow that runs can call nothing that reads the machine', t => {
  const absent = [...functions.keys()].filter(name => !runtimeFunctionTable.has(name))
  t.same(absent.sort(), ['env', 'file', 'filebase64', 'fileexists', 'fileset', 'secret', 'template', 'templatefile'])
  for (const definition of runtimeFunctionTable.values()) t.equal(definition.purity, 'pure', definition.name)
  t.match(failure('file("a")'), 'Files can be read only when you plan')
  t.end()
})

t.test('DET-4: a pattern cannot hang', t => {
  const words = stringValue('a'.repeat(50_000))
  t.match(failure('regex("^(a+)+$", "${words}!")', { words }), 'matches no part', 'linear where backtracking never ends')
  // ".*b|a" would read all of it for each "a"; this one is as suspicious, and quick.
  t.match(failure('regexall("b+|a", words)', { words }), 'matches too often in so long a text')
  t.equal(json('length(regexall("a", words))', { words }), 50_000)
  t.match(failure('regex("(a{1000}){1000}", words)', { words }), 'The pattern cannot be read')
  t.match(failure(`regex("${'a'.repeat(10_001)}", words)`, { words }), 'at most 10000 characters')
  t.match(patternProblem('(?<=a)b'), 'The pattern cannot be read: invalid named capture at "(?<=a)b"')
  t.equal(patternProblem('^[a-z]+$'), undefined)
  t.end()
})

t.test('no call can fill the memory', t => {
  const long = stringValue('a'.repeat(1_000_000))
  t.match(failure('replace(long, "a", long)', { long }), 'more than 16777216 characters')
  t.match(failure('replace(long, "/a/", substr(long, 0, 1000))', { long }), /more than 16777216 characters|matches too often/)
  t.match(failure(String.raw`indent(1000000, join("\n", [for i in range(100) : "a"]))`), 'more than 16777216 characters')
  t.match(failure('format("%2000s", "a")'), 'at most 1000')
  t.match(failure('format("%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s", [for i in range(17) : long]...)', { long }), 'more than 16777216')
  t.match(failure('setproduct(range(1000), range(1000), range(1000))'), 'more than 1000000 elements')
  t.match(failure('range(1025)'), 'at most 1024')
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[index]}`).join(',')}]`).join('\n')}`
  t.match(failure('yamldecode(text)', { text: stringValue(bomb) }), /more than 1000000 elements|not YAML/)
  t.match(failure('jsondecode(text)', { text: stringValue('['.repeat(100_000) + ']'.repeat(100_000)) }), 'nested deeper than 500')
  t.match(failure('yamldecode(text)', { text: stringValue('['.repeat(5000) + ']'.repeat(5000)) }), /nested deeper than 500|not YAML/)
  t.end()
})

t.test('what is written can be read again', t => {
  const texts = ['', 'a', ' a\nb', 'x \ny', '\n', 'a\n\n', '"\\\t', 'é 😀 \u2028', '- a: b', 'yes', '123', `long ${'word '.repeat(40)}end`]
  for (const text of texts) {
    const names = { value: objectValue({ list: listValue(STRING, [stringValue(text)]), [text === '' ? 'k' : text]: stringValue(text) }) }
    const expected = toJson(names.value)
    t.same(json('yamldecode(yamlencode(value))', names), expected, encodeURIComponent(text))
    t.same(json('jsondecode(jsonencode(value))', names), expected, encodeURIComponent(text))
    t.equal(json('base64decode(base64encode(text))', { text: stringValue(text) }), text)
    for (const encoding of ['UTF-8', 'UTF-16LE', 'UTF-16BE', 'UTF-16']) {
      t.equal(json(`textdecodebase64(textencodebase64(text, "${encoding}"), "${encoding}")`, { text: stringValue(text) }), text, encoding)
    }
  }
  t.end()
})

t.test('docs/functions.md has every function, and its examples are true', t => {
  const files = createProjectFiles(
    t.testdir({ prompts: { 'hello.md': 'Hello, ${name}!', de: { 'hello.md': 'Hallo!' } }, 'logo.bin': Buffer.from([0, 1, 2]) }),
  )
  const jsonOf = (text: string) => {
    const context = { ...contextOf({}, functions), files }
    const value = evaluate(parseExpression({ name: 'docs', text }, context.report), context)
    t.same(context.report.diagnostics, [], text)
    return toJson(value)
  }
  const page = readFileSync(new URL('../../docs/functions.md', import.meta.url), 'utf8')
  const rows = page.split('\n').flatMap(line => {
    const cells = /^\| `(\w+)\((.*?)\)` \| (.*) \| `(.*)` \| `(.*)` \|$/.exec(line)
    return cells ? [cells.slice(1)] : []
  })
  t.same(rows.map(([name]) => name).sort(), [...functions.keys()].sort())
  for (const [name = '', parameters, summary, example = '', result = ''] of rows) {
    const definition = functions.get(name)
    t.equal(summary, definition?.summary, name)
    t.same(jsonOf(example), jsonOf(result), example)
    t.ok(example.includes(`${name}(`), `the example of ${name} calls it`)
    if (definition?.kind !== 'function') continue
    const names = definition.parameters.map(parameter => parameter.name)
    t.equal(parameters, [...names, ...(definition.variadic ? [`${definition.variadic.name}...`] : [])].join(', '), `parameters of ${name}`)
  }
  t.end()
})
