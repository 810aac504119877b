import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts'
import type { Source, SourceRange } from '../../src/diagnostics/source.ts'
import { annotationText } from '../../src/views/annotation.ts'
import { diagnosticEvent, diagnosticJson } from '../../src/views/diagnostic-json.ts'
import { diagnosticsText, diagnosticText } from '../../src/views/diagnostic-text.ts'
import { createStyle } from '../../src/views/style.ts'

/** The conversations are written at this width. */
const style = createStyle({ colored: false, ascii: false, width: 100 })

/** A source whose named line holds the text; `«` and `»` enclose the range. */
function at(name: string, line: number, marked: string): SourceRange {
  const lines = marked.split('\n')
  const before = lines.findIndex(text => text.includes('«'))
  const text = '\n'.repeat(line - 1 - before) + marked
  const start = text.indexOf('«')
  const end = text.indexOf('»') - 1
  return { source: { name, text: text.replace(/[«»]/g, '') }, start, end }
}

/** The lines of a conversation, without the indentation of this file. */
function lines(strings: TemplateStringsArray): string {
  return (strings.raw[0] ?? '')
    .replace(/^\n|\n *$/g, '')
    .replaceAll(/^ {4}/gm, '')
    .replaceAll('\\$', '$')
}

const unknownReference: Diagnostic = {
  code: 'config/unknown-reference',
  severity: 'error',
  summary: 'There is no model "fats"',
  detail: 'The models here are model.backup, model.fast and model.judge.',
  subject: at('main.flow.hcl', 15, 'prompt "answer" {\n  model  = «model.fats»\n}'),
  where: 'in prompt "answer"',
  address: 'prompt.answer',
  suggestions: ['model.fast'],
}

t.test('3.16 three syntax errors in one run', t => {
  const main: Source = {
    name: 'main.flow.hcl',
    text: `${'\n'.repeat(5)}model "fast" {\n  id       = "gpt-4o-mini\n}${'\n'.repeat(6)}prompt "answer" {\n  system =\n}\n`,
  }
  const tests: Source = { name: 'tests/answer.flowtest.hcl', text: `${'\n'.repeat(20)}run "cites sources" {${'\n'.repeat(13)}  }` }
  const range = (source: Source, start: number, length: number) => ({ source, start, end: start + length })
  const diagnostics: readonly Diagnostic[] = [
    {
      code: 'hcl/unclosed-block',
      severity: 'error',
      summary: 'This block is not closed',
      detail: 'Add } where the block should end. By its indentation, that is after line 34.',
      subject: range(tests, tests.text.indexOf('{'), 1),
      related: [{ range: range(tests, tests.text.length, 0), message: 'the file ends here' }],
    },
    {
      code: 'hcl/missing-value',
      severity: 'error',
      summary: 'An argument needs a value',
      detail: 'Write an expression after "=", on the same line: a string, a number, or template("FILE").',
      subject: range(main, main.text.indexOf('system =') + 'system ='.length, 0),
      where: 'in prompt "answer"',
    },
    {
      code: 'hcl/unterminated-string',
      severity: 'error',
      summary: 'This string has no closing quote',
      detail: 'Add " at the end of the string. A text of several lines is written as <<-EOT … EOT.',
      subject: range(main, main.text.indexOf('"gpt'), '"gpt-4o-mini'.length),
      label: 'it opens here',
      where: 'in model "fast"',
    },
  ]
  t.equal(
    diagnosticsText(diagnostics, style, { ending: 'Nothing was changed.' }),
    `${lines`
    Error: This string has no closing quote  [hcl/unterminated-string]
      main.flow.hcl:7:14, in model "fast"
        6 │ model "fast" {
        7 │   id       = "gpt-4o-mini
          │              ^^^^^^^^^^^^ it opens here

      Add " at the end of the string. A text of several lines is written as <<-EOT … EOT.

    Error: An argument needs a value  [hcl/missing-value]
      main.flow.hcl:15:11, in prompt "answer"
       14 │ prompt "answer" {
       15 │   system =
          │           ^

      Write an expression after "=", on the same line: a string, a number, or template("FILE").

    Error: This block is not closed  [hcl/unclosed-block]
      tests/answer.flowtest.hcl:21:21
       21 │ run "cites sources" {
          │                     ^
      also tests/answer.flowtest.hcl:34:4, the file ends here
       34 │   }
          │    ^

      Add } where the block should end. By its indentation, that is after line 34.

    3 errors. Nothing was changed.
    `}\n`,
  )
  t.end()
})

t.test('3.17 an unknown reference', t => {
  t.equal(
    diagnosticText(unknownReference, style),
    lines`
    Error: There is no model "fats"  [config/unknown-reference]
      main.flow.hcl:15:12, in prompt "answer"
       14 │ prompt "answer" {
       15 │   model  = model.fats
          │            ^^^^^^^^^^

      The models here are model.backup, model.fast and model.judge.
      Did you mean model.fast?
    `,
  )
  t.end()
})

t.test('3.18 a misspelt variable inside a prompt file', t => {
  t.equal(
    diagnosticText(
      {
        code: 'config/unknown-input',
        severity: 'error',
        summary: 'The input of prompt.answer has no field "qestion"',
        detail: 'The fields are question (string) and context (list of string).',
        subject: at('prompts/answer.md', 7, '\nQuestion: ${input.«qestion»}'),
        where: 'read by prompt.answer',
        related: [{ range: at('main.flow.hcl', 16, 'prompt "answer" {\n  «input» {'), message: 'the input is declared here' }],
        suggestions: ['question'],
      },
      style,
    ),
    lines`
    Error: The input of prompt.answer has no field "qestion"  [config/unknown-input]
      prompts/answer.md:7:19, read by prompt.answer
        6 │
        7 │ Question: \${input.qestion}
          │                   ^^^^^^^
      also main.flow.hcl:16:3, the input is declared here
       16 │   input {
          │   ^^^^^

      The fields are question (string) and context (list of string).
      Did you mean question?
    `,
  )
  t.end()
})

t.test('3.22 the places of a cycle are peers', t => {
  t.equal(
    diagnosticText(
      {
        code: 'config/cycle',
        severity: 'error',
        summary: 'These nodes wait for each other: draft → review → draft',
        detail: 'A workflow has no cycles. To repeat until it is good, put both into node "loop" with max = N.',
        subject: at('main.flow.hcl', 52, '    with = { topic = input.topic, notes = «node.review.output.notes» }'),
        where: 'draft waits for review',
        related: [
          {
            range: at('main.flow.hcl', 57, '    with = { text = «node.draft.output.text» }'),
            message: 'review waits for draft',
            peer: true,
          },
        ],
      },
      style,
    ),
    lines`
    Error: These nodes wait for each other: draft → review → draft  [config/cycle]
      main.flow.hcl:52:43, draft waits for review
       52 │     with = { topic = input.topic, notes = node.review.output.notes }
          │                                           ^^^^^^^^^^^^^^^^^^^^^^^^
      main.flow.hcl:57:21, review waits for draft
       57 │     with = { text = node.draft.output.text }
          │                     ^^^^^^^^^^^^^^^^^^^^^^

      A workflow has no cycles. To repeat until it is good, put both into node "loop" with max = N.
    `,
  )
  t.end()
})

t.test('3.23 notes stand under the source line, commands keep their indentation', t => {
  t.equal(
    diagnosticText(
      {
        code: 'model/missing-capability',
        severity: 'error',
        summary: 'prompt.answer needs structured output, model.local has none',
        detail:
          'Take model.local out of the chain, or declare the capability if the server has it:\n  capabilities = { json_schema = true }',
        subject: at('main.flow.hcl', 15, 'prompt "answer" {\n  model  = «model.fast»'),
        where: 'in prompt "answer"',
        notes: ['model.fast → model.backup → model.local', 'json_schema: yes → yes → no'],
        related: [
          { range: at('main.flow.hcl', 11, '  fallback = [«model.local»]'), message: 'model.backup falls back to it' },
          {
            range: at('main.flow.hcl', 20, '  «output» { type = object({ answer = string, sources = list(string) }) }'),
            message: 'this needs json_schema',
          },
        ],
      },
      style,
    ),
    lines`
    Error: prompt.answer needs structured output, model.local has none  [model/missing-capability]
      main.flow.hcl:15:12, in prompt "answer"
       15 │   model  = model.fast
          │            ^^^^^^^^^^
          · model.fast → model.backup → model.local
          · json_schema: yes → yes → no
      also main.flow.hcl:11:15, model.backup falls back to it
       11 │   fallback = [model.local]
          │               ^^^^^^^^^^^
      also main.flow.hcl:20:3, this needs json_schema
       20 │   output { type = object({ answer = string, sources = list(string) }) }
          │   ^^^^^^

      Take model.local out of the chain, or declare the capability if the server has it:
        capabilities = { json_schema = true }
    `,
  )
  t.end()
})

t.test('3.31 and 3.44 without a source line the message is one paragraph', t => {
  t.equal(
    diagnosticText(
      {
        code: 'run/invalid-input',
        severity: 'error',
        summary: 'The input of workflow.support does not fit',
        detail: 'No run was made.',
        notes: ['message  is missing (string)', 'mesage   is not known. Did you mean message?', 'lang     is 7, expected string'],
      },
      style,
    ),
    lines`
    Error: The input of workflow.support does not fit  [run/invalid-input]
          · message  is missing (string)
          · mesage   is not known. Did you mean message?
          · lang     is 7, expected string
      No run was made.
    `,
  )
  t.equal(
    diagnosticText(
      {
        code: 'config/unknown-environment',
        severity: 'error',
        summary: 'There is no environment "production"',
        detail: 'The environments are dev and prod.',
        suggestions: ['prod'],
      },
      style,
    ),
    lines`
    Error: There is no environment "production"  [config/unknown-environment]
      The environments are dev and prod. Did you mean prod?
    `,
  )
  t.end()
})

t.test('a list: warnings first, 20 errors, counts', t => {
  const warning: Diagnostic = { ...unknownReference, severity: 'warning', subject: at('zz.flow.hcl', 1, '«x»') }
  const errors = Array.from(
    { length: 23 },
    (_, index): Diagnostic => ({ ...unknownReference, subject: at('a.flow.hcl', index + 1, '«x»') }),
  )
  const text = diagnosticsText([...errors.toReversed(), warning], style, { ending: 'Nothing was changed.', hint: true })
  t.match(text, /^Warning: /)
  const places = [...text.matchAll(/^ {2}a\.flow\.hcl:(\d+):1/gm)].map(match => Number(match[1]))
  t.same(
    places,
    Array.from({ length: 20 }, (_, index) => index + 1),
  )
  t.match(
    text,
    /\n… and 3 more errors \(validate --all\)\n\n23 errors, 1 warning\. Nothing was changed\. flowrun explain config\/unknown-reference tells more\.\n$/,
  )
  t.equal([...diagnosticsText(errors, style, { all: true }).matchAll(/^Error:/gm)].length, 23)
  t.match(
    diagnosticsText([warning], style, { compactWarnings: true }),
    /^Warning: There is no model "fats" \(zz\.flow\.hcl:1:1\) {2}\[config\/unknown-reference\]\n$/,
  )
  t.equal(diagnosticsText([], style, { ending: 'x' }), '')
  t.end()
})

t.test('source lines: wide characters, tabs, controls, long lines, the end of a file', t => {
  const show = (range: SourceRange, width = 60) =>
    diagnosticText(
      { code: 'config/cycle', severity: 'error', summary: 's', subject: range },
      createStyle({ colored: false, ascii: false, width }),
    )
      .split('\n')
      .slice(2)
  t.same(show(at('x.hcl', 1, '📦 = "日本" + «bad»')), ['    1 │ 📦 = "日本" + bad', '      │               ^^^'])
  t.same(show(at('x.hcl', 1, '\tx = «y»')), ['    1 │     x = y', '      │         ^'])
  t.same(show(at('x.hcl', 1, 'a\u001b[31m = «y»')), ['    1 │ a␛[31m = y', '      │          ^'])
  t.same(show(at('x.hcl', 1, 'a = «{\n  b\n}»')), ['    1 │ a = {', '      │     ^'], 'only the first line of a range is underlined')
  const long = show(at('x.hcl', 1, `${'a'.repeat(200)} «wrong» ${'b'.repeat(200)}`))
  t.equal(long[0]?.length, 60)
  t.match(long[0], /^ {4}1 │ …a+ wrong b+…$/)
  t.equal(long[1]?.indexOf('^'), long[0]?.indexOf('wrong'))
  t.match(show(at('x.hcl', 1, `«${'w'.repeat(200)}»`))[0], /^ {4}1 │ w+…$/)
  t.match(show(at('x.hcl', 1, `«short» ${'b'.repeat(200)}`))[0], /^ {4}1 │ short b+…$/)
  t.match(show(at('x.hcl', 1, `${'a'.repeat(200)} «end»`))[0], /^ {4}1 │ …a+ end$/)
  t.end()
})

t.test('colour adds nothing but colour, and prose wraps', t => {
  const colored = createStyle({ colored: true, ascii: false, width: 100 })
  t.not(diagnosticText(unknownReference, colored), diagnosticText(unknownReference, style))
  t.equal(stripVTControlCharacters(diagnosticText(unknownReference, colored)), diagnosticText(unknownReference, style))
  const narrow = createStyle({ colored: true, ascii: true, width: 60 })
  const text = stripVTControlCharacters(diagnosticText({ ...unknownReference, detail: 'word '.repeat(40).trim() }, narrow))
  for (const line of text.split('\n')) t.ok(line.length <= 60, line)
  t.match(text, / 15 \| {3}model/, 'bars are ASCII')
  t.end()
})

t.test('as JSON: the shape of Terraform, with code and suggestions', t => {
  t.same(diagnosticJson(unknownReference), {
    severity: 'error',
    code: 'config/unknown-reference',
    summary: 'There is no model "fats"',
    detail: 'The models here are model.backup, model.fast and model.judge.',
    address: 'prompt.answer',
    range: { filename: 'main.flow.hcl', start: { line: 15, column: 12, byte: 42 }, end: { line: 15, column: 22, byte: 52 } },
    snippet: {
      context: 'in prompt "answer"',
      code: '  model  = model.fats',
      start_line: 15,
      highlight_start_offset: 11,
      highlight_end_offset: 21,
      values: [],
    },
    suggestions: ['model.fast'],
  })
  const event = JSON.parse(diagnosticEvent(unknownReference, 0))
  t.equal(event['@level'], 'error')
  t.equal(event['@message'], 'Error: There is no model "fats"')
  t.equal(event['@timestamp'], '1970-01-01T00:00:00.000Z')
  t.equal(event.type, 'diagnostic')
  t.end()
})

t.test('as an annotation of GitHub', t => {
  t.equal(
    annotationText({ ...unknownReference, summary: 'a: b, c', detail: '100 %\nsure' }),
    '::error file=main.flow.hcl,line=15,col=12,title=a%3A b%2C c [config/unknown-reference]::100 %25%0Asure\n',
  )
  t.equal(annotationText({ code: 'config/cycle', severity: 'warning', summary: 's' }), '::warning title=s [config/cycle]::s\n')
  t.end()
})
