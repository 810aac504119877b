import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Report } from '../../src/diagnostics/report.ts'
import type { Body, Expression } from '../../src/hcl/ast.ts'
import { formatSource } from '../../src/hcl/format.ts'
import { cleanUp } from '../../src/hcl/format-cleanup.ts'
import { parseConfig, parseExpression, parseTemplate } from '../../src/hcl/parser.ts'
import { printExpression, printTemplateText } from '../../src/hcl/print.ts'
import { essence, expressionArbitrary, nameArbitrary, templatePartsArbitrary } from '../support/hcl-arbitrary.ts'

function expressionOf(text: string): Expression {
  const report = new Report()
  const expression = parseExpression({ name: '<printed>', text }, report)
  if (report.hasErrors) throw new Error(`${text}: ${report.diagnostics.map(({ summary }) => summary)}`)
  return expression
}

function bodyOf(text: string): Body {
  const report = new Report()
  const body = parseConfig({ name: 'main.flow.hcl', text }, report)
  if (report.hasErrors) throw new Error(`${text}: ${report.diagnostics.map(({ summary }) => summary)}`)
  return body
}

t.test('an expression that is printed reads back as itself', t => {
  fc.assert(
    fc.property(expressionArbitrary, expression => {
      const printed = printExpression(expression)
      assert.doesNotMatch(printed, /\n/)
      const back = expressionOf(printed)
      assert.deepEqual(essence(back), essence(expression), printed)
      assert.equal(printExpression(back), printed)
    }),
    { numRuns: 1000 },
  )
  t.pass()
  t.end()
})

t.test('the parts of a template that are printed read back as themselves', t => {
  fc.assert(
    fc.property(templatePartsArbitrary, parts => {
      const text = printTemplateText(parts)
      const report = new Report()
      const template = parseTemplate({ name: '<template>', text }, report)
      assert.deepEqual([essence(template.parts), template.isWrap, report.diagnostics], [essence(parts), false, []], text)
    }),
    { numRuns: 1000 },
  )
  t.pass()
  t.end()
})

/** Bodies of arguments and blocks, with white space where the language has none to say. */
const sourceArbitrary = fc
  .array(
    fc.tuple(
      nameArbitrary,
      expressionArbitrary,
      fc.constantFrom('', ' ', '\t ', '   '),
      fc.constantFrom('', ' # note', '\n', '\n\n# note'),
    ),
    { maxLength: 5 },
  )
  .chain(items =>
    fc.constantFrom(false, true).map(nested => {
      const lines = items.map(
        ([name, expression, blank, after], i) =>
          `${blank}${name}_${i}${blank}=${blank}${loosen(printExpression(expression), blank)}${after}`,
      )
      const body = `${lines.join('\n')}\n`
      return nested ? `block "label"{\n${body}inner{ }\n}\n${body}` : body
    }),
  )

/** Blanks and newlines inside of brackets that allow them. */
function loosen(text: string, blank: string): string {
  return `(${blank}${blank === '' ? '' : '\n'}${text}\n)`
}

t.test('formatting keeps the meaning, and twice is once', t => {
  fc.assert(
    fc.property(sourceArbitrary, text => {
      const formatted = formatSource(text)
      assert.deepEqual(essence(bodyOf(formatted)), essence(bodyOf(cleanUp(text))), text)
      assert.equal(formatSource(formatted), formatted, text)
    }),
    { numRuns: 500 },
  )
  t.pass()
  t.end()
})
