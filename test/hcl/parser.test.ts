import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { MAX_EXPRESSION_HEIGHT, MAX_NESTING_DEPTH, MAX_SOURCE_LENGTH } from '../../src/base/limits.ts'
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts'
import { Report } from '../../src/diagnostics/report.ts'
import { positionAt, type SourceRange } from '../../src/diagnostics/source.ts'
import type { Attribute, Body, Expression, TemplateExpression } from '../../src/hcl/ast.ts'
import { parseConfig, parseExpression, parseTemplate, parseTraversal } from '../../src/hcl/parser.ts'

function parse(text: string): { readonly body: Body; readonly diagnostics: readonly Diagnostic[] } {
  const report = new Report()
  const body = parseConfig({ name: 'main.flow.hcl', text }, report)
  return { body, diagnostics: report.diagnostics }
}

function expressionOf(text: string): Expression {
  const report = new Report()
  const expression = parseExpression({ name: '<expression>', text }, report)
  t.strictSame(report.diagnostics, [], `${text} is accepted`)
  return expression
}

function codesOf(text: string): readonly string[] {
  return parse(text).diagnostics.map(({ code }) => code)
}

function textOf({ source, start, end }: SourceRange): string {
  return source.text.slice(start, end)
}

t.test('errors: each has its code and its place, and costs no other', t => {
  const corpus = readFileSync(join(import.meta.dirname, '../conformance/corpus/errors.txt'), 'utf8')
  for (const section of corpus.split(/^## /m).slice(1)) {
    const [codes = '', ...lines] = section.replace(/\n\n$/, '\n').split('\n')
    const marked = lines.join('\n')
    const ranges = [...marked.matchAll(/«([^»]*)»/g)].map(match => match[1])
    const text = marked.replaceAll(/[«»]/g, '')
    const found = parse(text).diagnostics.toSorted((a, b) => (a.subject?.start ?? 0) - (b.subject?.start ?? 0))
    t.strictSame(
      found.map(({ code, subject }) => [code, subject && textOf(subject)]),
      codes.split(' ').map((code, i) => [code, ranges[i]]),
      text,
    )
  }
  t.end()
})

t.test('conversation 3.16: three syntax errors in one run', t => {
  const main = `provider "openai" {
  api_key = secret("OPENAI_API_KEY")
}


model "fast" {
  id       = "gpt-4o-mini
  provider = provider.openai
}




prompt "answer" {
  system =
}
`
  const tests = `${'\n'.repeat(20)}run "cites sources" {
  flow = prompt.answer
${'  # \n'.repeat(10)}
  assert {
    condition = true
  }
`
  const found = [...parse(main).diagnostics, ...parse(tests).diagnostics].map(({ subject, related, ...rest }) => ({
    ...rest,
    at: subject && placeOf(subject),
    also: related?.map(({ range, message }) => `${placeOf(range)}, ${message}`),
  }))
  t.strictSame(found, [
    {
      code: 'hcl/unterminated-string',
      severity: 'error',
      summary: 'This string has no closing quote',
      detail: 'Add " at the end of the string. A text of several lines is written as <<-EOT … EOT.',
      label: 'it opens here',
      where: 'in model "fast"',
      at: '7:14',
      also: undefined,
    },
    {
      code: 'hcl/missing-value',
      severity: 'error',
      summary: 'An argument needs a value',
      detail: 'Write an expression after "=", on the same line: a string, a number, or template("FILE").',
      where: 'in prompt "answer"',
      at: '15:11',
      also: undefined,
    },
    {
      code: 'hcl/unclosed-block',
      severity: 'error',
      summary: 'This block is not closed',
      detail: 'Add } where the block should end. By its indentation, that is after line 36.',
      at: '21:21',
      also: ['36:4, the file ends here'],
    },
  ])
  t.end()
})

function placeOf({ source, start }: SourceRange): string {
  const { line, column } = positionAt(source, start)
  return `${line}:${column}`
}

t.test('a block that is not closed should end where its indentation does', t => {
  const [unclosed] = parse('prompt "a" {\n  user = "x"\n\nprompt "b" {\n  user = "y"\n}\n').diagnostics
  t.match(unclosed?.detail, /after line 2\.$/)
  const [inner] = parse('prompt "a" {\n  output {\n    type = string\n}\n').diagnostics
  t.match(inner?.detail, /after line 3\.$/)
  t.end()
})

t.test('bodies hold arguments and blocks in source order, with their ranges', t => {
  const { body, diagnostics } = parse('a = 1\nprompt "x" y {\n  b = 2 # two\n  inner {}\n}\nc = 3')
  t.strictSame(diagnostics, [])
  t.strictSame(
    body.items.map(item => (item.kind === 'attribute' ? item.name : item.type)),
    ['a', 'prompt', 'c'],
  )
  const [, block] = body.items
  if (block?.kind !== 'block') throw new Error('a block was expected')
  t.strictSame(
    block.labels.map(({ text, quoted, range }) => [text, quoted, textOf(range)]),
    [
      ['x', true, '"x"'],
      ['y', false, 'y'],
    ],
  )
  t.equal(textOf(block.headerRange), 'prompt "x" y')
  t.equal(textOf(block.body.range), '{\n  b = 2 # two\n  inner {}\n}')
  t.equal(textOf(block.range), 'prompt "x" y {\n  b = 2 # two\n  inner {}\n}')
  t.strictSame(
    block.body.items.map(({ range }) => textOf(range)),
    ['b = 2', 'inner {}'],
  )
  t.end()
})

t.test('newlines mean nothing in parentheses, lists, calls, indexes and interpolations', t => {
  for (const text of ['(\n1\n+\n2\n)', '[\n1\n,\n2\n]', 'f(\n1\n,\n2\n)', 'a[\n1\n]', '"${\n1\n}"', '[for\nv\nin\na\n:\nv\nif\nb\n]']) {
    t.strictSame(codesOf(`x = ${text}\n`), [], text)
  }
  t.strictSame(codesOf('x = 1 +\n2\n'), ['hcl/missing-expression', 'hcl/invalid-item'])
  t.strictSame(codesOf('x = { a = 1\n b = [\n2\n]\n (c) = (\n3\n) }\n'), [])
  t.strictSame(codesOf('x = {\n a = 1 # one\n // two\n /* three */ b = 2\n}\n'), [])
  t.end()
})

t.test('CRLF and LF end lines alike, and stay in the text of a heredoc', t => {
  const { body, diagnostics } = parse('a = 1\r\nb = <<-EOT\r\n  x\r\n  y\r\n  EOT\r\nc {\r\n}\r\n')
  t.strictSame(diagnostics, [])
  const [, b] = body.items
  t.strictSame(textsOf((b as Attribute).expression), ['x\r\ny\r\n'])
  t.end()
})

function textsOf(expression: Expression): readonly string[] {
  return expression.kind === 'template' ? expression.parts.map(part => (part.kind === 'text' ? part.text : part.kind)) : []
}

t.test('a flush heredoc loses the indentation that all of its lines have', t => {
  const cases: readonly (readonly [string, string])[] = [
    ['<<-E\n    a\n      b\n    E\n', 'a\n  b\n'],
    ['<<-E\n\n    a\n  \n    b\nE\n', '\na\n  \nb\n'],
    ['<<-E\n\ta\n\t\tb\nE\n', 'a\n\tb\n'],
    ['<<-E\n\u2003a\n\u2003\u2003b\nE\n', 'a\n\u2003b\n'],
    ['<<E\n  a\n  E\n', '  a\n'],
    ['<<-E\nE\n', ''],
  ]
  for (const [text, wanted] of cases) t.equal(textsOf(expressionOf(text)).join(''), wanted, text)
  t.strictSame(textsOf(expressionOf('<<-E\n    ${a}\n      b\n  E\n')), ['interpolation', '\n  b\n'])
  t.end()
})

t.test('strip markers remove white space of the line beside them', t => {
  t.strictSame(textsOf(expressionOf('"a ${~ b ~} c"')), ['a', 'interpolation', 'c'])
  const { parts } = expressionOf('<<E\n%{ for v in a ~}\n  - ${v}\n%{ endfor ~}\nend\nE\n') as TemplateExpression
  const [loop, end] = parts
  t.strictSame(loop?.kind === 'for' ? loop.body.map(part => (part.kind === 'text' ? part.text : part.kind)) : [], [
    '  - ',
    'interpolation',
    '\n',
  ])
  t.equal(end?.kind === 'text' ? end.text : '', 'end\n')
  t.end()
})

t.test('a template that is one interpolation alone keeps the type of its value', t => {
  const isWrap = (text: string) => (expressionOf(text) as TemplateExpression).isWrap
  t.equal(isWrap('"${a}"'), true)
  t.equal(isWrap('" ${a}"'), false)
  t.equal(isWrap('"${a ~} "'), false)
  t.equal(isWrap('<<E\n${a ~}\nE\n'), false)
  t.equal(isWrap('"%{ if a }b%{ endif }"'), false)
  t.end()
})

t.test('a whole text is a template, whose quotes and backslashes are text', t => {
  const report = new Report()
  const template = parseTemplate({ name: 'prompts/answer.md', text: 'Say "hi" \\n to ${input.name}.\n$${x}' }, report)
  t.strictSame(report.diagnostics, [])
  t.strictSame(textsOf(template), ['Say "hi" \\n to ', 'interpolation', '.\n${x}'])
  t.equal(template.form, 'file')
  t.end()
})

t.test('words are reserved nowhere', t => {
  t.strictSame(codesOf('true = 1\nfor = 2\nif = null\nin { null = false }\na = for.if + in\nb = { for-x = 1, if = 2 }\n'), [])
  t.end()
})

t.test('an address has names and literal keys', t => {
  const report = new Report()
  const address = parseTraversal({ name: 'address', text: 'module.kb["d.e"].prompt.greet[0]' }, report)
  t.strictSame(report.diagnostics, [])
  t.strictSame([address?.root, ...(address?.steps ?? []).map(({ key }) => key)], ['module', 'kb', 'd.e', 'prompt', 'greet', 0])
  for (const text of ['', '1', 'a.', 'a.1', 'a[b]', 'a["${b}"]', 'a[0', 'a b', 'a[*]', 'a["b']) {
    const report = new Report()
    parseTraversal({ name: 'address', text }, report)
    t.equal(report.diagnostics.length, 1, text)
  }
  t.end()
})

t.test('a byte order mark and half characters are told', t => {
  t.strictSame(codesOf('\ufeffa = 1\n'), ['hcl/byte-order-mark'])
  t.strictSame(codesOf('a = "\ud83d"\n'), ['hcl/not-unicode'])
  t.end()
})

t.test('limits have names and messages, and are not reached by a stack', t => {
  const nested = (open: string, close: string, depth: number) => `a = ${open.repeat(depth)}1${close.repeat(depth)}\n`
  for (const [open, close] of [
    ['(', ')'],
    ['[', ']'],
    ['f(', ')'],
    ['-', ''],
    ['"${', '}"'],
    ['{ a = ', ' }'],
    ['a[', ']'],
    ['[for v in ', ': v]'],
    ['true ? 1 : ', ''],
  ] as const) {
    t.strictSame(codesOf(nested(open, close, 120)), [], `120 ${open}`)
    t.ok(codesOf(nested(open, close, 100_000)).includes('hcl/too-deep'), `100,000 ${open}`)
  }
  t.strictSame(codesOf(`${'b {\n'.repeat(MAX_NESTING_DEPTH + 1)}${'}\n'.repeat(MAX_NESTING_DEPTH + 1)}`).slice(0, 1), ['hcl/too-deep'])
  t.strictSame(codesOf(`a = 1${' + 1'.repeat(MAX_EXPRESSION_HEIGHT - 1)}\n`), [])
  t.strictSame(codesOf(`a = 1${' + 1'.repeat(100_000)}\n`), ['hcl/too-deep'])
  t.strictSame(codesOf(`a = b${'[*]'.repeat(100_000)}\n`), ['hcl/too-deep'])
  t.strictSame(codesOf(`a = b${'[c]'.repeat(100_000)}\n`), ['hcl/too-deep'])
  t.strictSame(codesOf(`a = b${'.c'.repeat(100_000)}\n`), [])
  t.strictSame(codesOf(`a = "${'%{ if b }'.repeat(100_000)}"\n`), ['hcl/too-deep'])
  t.strictSame(codesOf(' '.repeat(MAX_SOURCE_LENGTH + 1)), ['hcl/too-large'])
  t.end()
})
