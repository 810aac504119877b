import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import { Report } from '../../src/diagnostics/report.ts'
import type { Expression } from '../../src/hcl/ast.ts'
import { evaluate } from '../../src/hcl/evaluate.ts'
import { fold, isDeferred } from '../../src/hcl/fold.ts'
import type { FunctionTable } from '../../src/hcl/function.ts'
import { fromJson, toJson } from '../../src/hcl/json-value.ts'
import { parseExpression } from '../../src/hcl/parser.ts'
import { listOf, NUMBER, objectOf, STRING } from '../../src/hcl/type.ts'
import { isWhollyKnown, listValue, numberValue, objectValue, SECRET, stringValue, unknownValue, type Value } from '../../src/hcl/value.ts'
import { contextOf } from '../support/evaluation.ts'
import { collectionFunctions } from '../support/functions.ts'

const local = objectValue({
  n: numberValue(3),
  flag: fromJson(true),
  names: listValue(STRING, [stringValue('a'), stringValue('b')]),
  limits: objectValue({ low: numberValue(1), high: numberValue(9) }),
})
const input = unknownValue(objectOf({ n: NUMBER, text: STRING, names: listOf(STRING) }))

const secret: FunctionTable = new Map([
  ...collectionFunctions,
  ['secret', { kind: 'form', name: 'secret', summary: '', purity: 'plan', evaluate: () => unknownValue(STRING, { marks: SECRET }) }],
])

/** The folded expression, as a text that shows its structure. */
function foldText(text: string, functions: FunctionTable = secret): string {
  const context = contextOf({ local, input }, functions)
  const folded = fold(parseExpression({ name: '<test>', text }, context.report), context)
  if (context.report.hasErrors) return context.report.diagnostics.map(diagnostic => diagnostic.code).join()
  return show(folded)
}

function show(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      return JSON.stringify(expression.value)
    case 'traversal':
      return expression.root + expression.steps.map(step => (typeof step.key === 'number' ? `[${step.key}]` : `.${step.key}`)).join('')
    case 'template':
      return `"${expression.parts.map(part => (part.kind === 'text' ? part.text : part.kind === 'interpolation' ? `\${${show(part.expression)}}` : `%{${part.kind}}`)).join('')}"`
    case 'tuple':
      return `[${expression.items.map(show).join(', ')}]`
    case 'object':
      return `{${expression.items.map(item => `${show(item.key)} = ${show(item.value)}`).join(', ')}}`
    case 'call':
      return `${expression.name}(${expression.arguments.map(show).join(', ')})`
    case 'binary':
      return `${show(expression.left)} ${expression.operator} ${show(expression.right)}`
    case 'conditional':
      return `${show(expression.condition)} ? ${show(expression.whenTrue)} : ${show(expression.whenFalse)}`
    case 'index':
      return `${show(expression.collection)}[${show(expression.key)}]`
    case 'parentheses':
      return `(${show(expression.expression)})`
    case 'for':
      return `[for ${show(expression.collection)} : ${show(expression.valueResult)}]`
    default:
      return expression.kind
  }
}

t.test('what is known becomes a literal, what is deferred stays as written', async t => {
  const cases: Record<string, string> = {
    'local.n + 1': '4',
    'input.n + local.n * 2': 'input.n + 6',
    '"${local.n}: ${input.text}!"': '"3: ${input.text}!"',
    '"${input.text}"': 'input.text',
    'input.names[local.n]': 'input.names[3]',
    'local.flag ? input.text : "none"': 'input.text',
    'local.flag ? input.n : "none"': 'true ? input.n : "none"',
    'local.flag ? input.names : local.names': 'true ? input.names : tolist(["a", "b"])',
    'input.n > 1 ? local.limits.low : local.limits.high': 'input.n > 1 ? 1 : 9',
    '[for name in input.names : "${local.n} ${name}"]': '[for input.names : "3 ${name}"]',
    '{ known = local.names, later = input.text }': '{"known" = ["a", "b"], "later" = input.text}',
    'input.names == local.names': 'input.names == tolist(["a", "b"])',
    '"Bearer ${secret("KEY")}"': '"Bearer ${secret("KEY")}"',
    '"%{ if local.flag }${input.text}%{ else }${local.n}%{ endif }"': '"${input.text}"',
  }
  for (const [text, folded] of Object.entries(cases)) t.equal(foldText(text), folded, text)
})

t.test('what always fails is not kept for the run', async t => {
  t.equal(foldText('input.n > 1 ? local.limits.lw : 1'), 'hcl/unknown-attribute')
  t.equal(foldText('[for name in input.names : local.names[7]]'), 'hcl/unknown-element')
  t.equal(foldText('[for name in input.names : local.names[7] if !local.flag]'), '[]')
  t.equal(foldText('local.flag ? input.names : local.names[7]'), 'input.names')
  t.equal(foldText('local.flag && input.n > 1 ? input.text : "x"'), 'true && input.n > 1 ? input.text : "x"')
})

t.test('try() keeps only what takes part', async t => {
  const tryForm: FunctionTable = new Map([
    ['try', { kind: 'form', name: 'try', summary: '', purity: 'pure', evaluate: () => unknownValue(STRING) }],
  ])
  t.equal(foldText('try(local.nothing, input.text, "x")', tryForm), 'try(input.text, "x")')
})

t.test('a form may say what stands for it', async t => {
  const text = (context: { report: Report }) => parseExpression({ name: 'part.md', text: '"Hi ${input.text} ${local.n}"' }, context.report)
  const form: FunctionTable = new Map([
    [
      'template',
      {
        kind: 'form',
        name: 'template',
        summary: '',
        purity: 'plan',
        evaluate: (_, context) => evaluate(text(context), context),
        expand: (_, context) => text(context),
      },
    ],
  ])
  t.equal(foldText('template("part.md")', form), '"Hi ${input.text} 3"')
})

t.test('a function that reads the machine refuses what is deferred', async t => {
  const file: FunctionTable = new Map([
    [
      'file',
      {
        kind: 'function',
        name: 'file',
        summary: '',
        purity: 'plan',
        parameters: [{ name: 'path', type: STRING }],
        returns: () => STRING,
        call: () => stringValue('text'),
      },
    ],
  ])
  t.equal(foldText('file("a.md")', file), '"text"')
  t.equal(foldText('file(input.text)', file), 'hcl/plan-only-function')
})

t.test('isDeferred tells what is known later from what is wrong', async t => {
  t.equal(isDeferred(input), true)
  t.equal(isDeferred(objectValue({ a: unknownValue(STRING) })), true)
  t.equal(isDeferred(local), false)
  t.equal(isDeferred(evaluate(parseExpression({ name: '<test>', text: '1 + true' }, new Report()), contextOf())), false)
})

/** Expressions over `local`, known early, and `input`, known late. Most are well typed; what is not must fail alike. */
const expressions: fc.Arbitrary<string> = fc.letrec<Record<'number' | 'bool' | 'text' | 'list' | 'object', string>>(tie => {
  const number = tie('number')
  const bool = tie('bool')
  const text = tie('text')
  const list = tie('list')
  return {
    number: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('1', '2.5', 'local.n', 'input.n', 'local.limits.low', 'local.limits["high"]'),
      fc.tuple(number, fc.constantFrom('+', '-', '*', '/', '%'), number).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc.tuple(bool, number, number).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
      number.map(a => `-${a}`),
    ),
    bool: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('true', 'local.flag', 'input.flag'),
      fc.tuple(number, fc.constantFrom('<', '>=', '==', '!='), number).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc.tuple(bool, fc.constantFrom('&&', '||'), bool).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      // Without tolist, what is [for …] of an unknown list would be compared as a list, and is a tuple when the flow runs.
      fc.tuple(list, list).map(([a, b]) => `(tolist(${a}) == tolist(${b}))`),
      bool.map(a => `!${a}`),
    ),
    text: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('"x"', 'input.text', 'local.names[1]', 'input.names[0]', 'input.names[local.n - 3]'),
      fc.tuple(text, number).map(([a, b]) => `"\${${a}}-\${${b}}"`),
      fc.tuple(bool, text, number).map(([c, a, b]) => `"%{ if ${c} }\${${a}}%{ else }\${${b}}%{ endif }"`),
      fc.tuple(list, text).map(([l, a]) => `"%{ for v in ${l} }\${v}\${${a}}%{ endfor }"`),
      fc.tuple(bool, text, number).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
    ),
    list: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('local.names', 'input.names', '[]', 'tolist(["a"])', 'toset(["b", "a"])'),
      fc.tuple(text, number).map(([a, b]) => `[${a}, ${b}]`),
      fc.tuple(list, text).map(([l, a]) => `[for i, v in ${l} : "\${i}\${v}\${${a}}"]`),
      fc.tuple(list, number).map(([l, n]) => `[for v in ${l} : v if ${n} > 1]`),
      // As in HCL, an arm beside one of unknown type is not converted, so two arms of different kinds may change theirs.
      fc.tuple(bool, list, list).map(([c, a, b]) => `(${c} ? tolist(${a}) : tolist(${b}))`),
      list.map(l => `${l}[*]`),
    ),
    object: fc.oneof(
      fc.tuple(number, text, list).map(([a, b, c]) => `{ a = ${a}, (${b}) = ${c} }`),
      list.map(l => `{ for v in ${l} : v => "\${v}\${input.text}"... }`),
    ),
  }
}).object

t.test('folding keeps the meaning: evaluated later it gives what the whole gives', async t => {
  const known = objectValue({
    n: numberValue(4),
    text: stringValue('Frage'),
    flag: fromJson(false),
    names: listValue(STRING, [stringValue('c')]),
  })
  const late = unknownValue(objectOf({ n: NUMBER, text: STRING, flag: { kind: 'bool' }, names: listOf(STRING) }))
  const outcome = (expression: Expression, names: Record<string, Value>) => {
    const context = contextOf(names, secret)
    const value = evaluate(expression, context)
    return context.report.hasErrors || !isWhollyKnown(value) ? 'error' : toJson(value)
  }
  let compared = 0
  fc.assert(
    fc.property(expressions, text => {
      const early = contextOf({ local, input: late }, secret)
      const expression = parseExpression({ name: '<test>', text }, early.report)
      evaluate(expression, early)
      if (early.report.hasErrors) return
      const folded = fold(expression, early)
      const whole = outcome(expression, { local, input: known })
      // What folding finds to take no part in the result may have been an error of the run.
      if (whole === 'error') return
      compared++
      // Without `local`: what remains names nothing that only the plan knows.
      assert.deepEqual(outcome(folded, { input: known }), whole)
    }),
    { numRuns: 3000 },
  )
  t.ok(compared > 100, `${compared} compared`)
})
