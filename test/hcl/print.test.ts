import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Report } from '../../src/diagnostics/report.ts'
import type { Expression } from '../../src/hcl/ast.ts'
import { formatSource } from '../../src/hcl/format.ts'
import { parseExpression, parseTemplate } from '../../src/hcl/parser.ts'
import { printExpression, printString, printTemplateText } from '../../src/hcl/print.ts'
import { traversalsOf } from '../../src/hcl/walk.ts'

function expressionOf(text: string): Expression {
  const report = new Report()
  const expression = parseExpression({ name: '<expression>', text }, report)
  t.strictSame(report.diagnostics, [], text)
  return expression
}

const range = expressionOf('x').range

t.test('each expression has a canonical text, which reads back as itself', t => {
  const corpus = readFileSync(join(import.meta.dirname, '../conformance/corpus/expressions.txt'), 'utf8')
  for (const line of corpus.split('\n').filter(line => line !== '' && !line.startsWith('#'))) {
    const [text = '', wanted = ''] = line.split(' ⇒ ')
    const printed = printExpression(expressionOf(text.startsWith('"') ? text : text.replaceAll('\\n', '\n')))
    t.equal(printed, wanted, text)
    t.equal(printExpression(expressionOf(printed)), wanted, `${text}, read back`)
    // The formatter takes a minus after a colon or a word for a subtraction; it is not asked about those.
    t.equal(formatSource(printed), printed, `${text}, formatted`)
  }
  t.end()
})

t.test('folded values are printed as literals', t => {
  const literal = (value: string | number | boolean | null): Expression => ({ kind: 'literal', value, range })
  t.equal(printExpression(literal('a "b"\n${c}')), '"a \\"b\\"\\n$${c}"')
  t.equal(printExpression(literal(1e20)), '1e+20')
  t.equal(printExpression(literal(-5)), '-5')
  const binary = (left: Expression, right: Expression): Expression => ({ kind: 'binary', operator: '-', left, right, range })
  t.equal(printExpression(binary(literal(-5), literal(-5))), '-5 - -5')
  t.equal(printExpression({ kind: 'index', collection: literal(-5), key: literal(0), range }), '(-5)[0]')
  t.equal(printExpression({ kind: 'object', items: [{ key: literal(-1), value: literal('a') }], range }), '{ (-1) = "a" }')
  t.equal(printString('a\u0000\u007f'), '"a\\u0000\\u007f"')
  t.end()
})

t.test('the text of a template is raw, and reads back as the same parts', t => {
  const textOf = (text: string) => printTemplateText(parseTemplate({ name: 'a.md', text }, new Report()).parts)
  const cases: readonly (readonly [string, string])[] = [
    ['Say "hi" \\n\n${ a }', 'Say "hi" \\n\n${a}'],
    ['$${a} %%{b} $ %', '$${a} %%{b} $ %'],
    ['%{ for v in a ~}\n- ${v}\n%{ endfor ~}\nend', '%{for v in a~}\n- ${v}\n%{endfor~}\nend'],
    ['a  ${~ b ~}  \n  c', 'a  ${~b~}  \n  c'],
    ['%{ if a ~}\n  x\n%{~ else }y%{ endif ~} z', '%{if a~}\n  x\n%{~else}y%{endif~} z'],
    ['${a ~} ', '${a~} '],
    ['$ ${~ a}', '$ ${~a}'],
  ]
  for (const [text, wanted] of cases) {
    t.equal(textOf(text), wanted, text)
    t.equal(textOf(wanted), wanted, `${text}, read back`)
  }
  t.end()
})

t.test('references are those of the whole expression, without the names that a for binds', t => {
  const roots = (text: string) => traversalsOf(expressionOf(text)).map(({ root }) => root)
  t.strictSame(roots('a.b + f(c[d], "${e}")[g] ? h[*].i : { (j) = k, l = m }'), ['a', 'c', 'd', 'e', 'g', 'h', 'j', 'k', 'm'])
  t.strictSame(roots('[for k, v in v : f(k, v, x) if v]'), ['v', 'x'])
  t.strictSame(roots('{ for v in a : v => [for w in v : w + b] }'), ['a', 'b'])
  t.strictSame(roots('"%{ for v in v }${v}${w}%{ endfor }${v}%{ if a }${b}%{ else }${c}%{ endif }"'), ['v', 'w', 'v', 'a', 'b', 'c'])
  t.end()
})
