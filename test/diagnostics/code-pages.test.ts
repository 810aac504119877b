import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createApp } from '../../src/app.ts'
import { systemClock } from '../../src/base/clock.ts'
import { type CodePage, codes } from '../../src/diagnostics/codes/index.ts'
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import { plan } from '../../src/operations/plan.ts'
import { validate } from '../../src/operations/validate.ts'
import { codePageText } from '../../src/views/code-page.ts'
import { createStyle, plainStyle } from '../../src/views/style.ts'

const base = mkdtempSync(join(tmpdir(), 'pages-'))
t.teardown(() => rmSync(base, { recursive: true }))

t.test('3.47 a page, with carets under what is wrong', t => {
  const page: CodePage = {
    severity: 'error',
    since: '1.0',
    what: 'A template uses an input that the prompt does not declare.',
    example: 'prompt "answer" {\n  input {\n    field "question" { type = string }\n  }\n  user = "Question: ${input.«qestion»}"\n}',
    why: 'a name that is known only when a flow runs is checked when you plan, with its line.',
    cure: [
      'Correct the name.',
      'Or declare the field:  field "qestion" { type = string }',
      'A value known already when you plan is a variable: ${var.name}',
    ],
    see: ['config/unknown-reference', 'workflow/type-mismatch', 'docs/language.md, "Deferred expressions"'],
  }
  t.equal(
    codePageText('config/unknown-input', page, createStyle({ colored: false, ascii: false, width: 100 })),
    `config/unknown-input · error · since 1.0

A template uses an input that the prompt does not declare.

  prompt "answer" {
    input {
      field "question" { type = string }
    }
    user = "Question: \${input.qestion}"
  }                           ^^^^^^^

Why: a name that is known only when a flow runs is checked when you plan, with its line.

What to do
  - Correct the name.
  - Or declare the field:  field "qestion" { type = string }
  - A value known already when you plan is a variable: \${var.name}

See also  config/unknown-reference, workflow/type-mismatch; docs/language.md, "Deferred expressions"
`,
  )
  t.end()
})

t.test('every page says what, why and what to do', t => {
  for (const [code, page] of Object.entries<CodePage>(codes)) {
    t.match(page.what, /\.$/, `${code}: what ends with a full stop`)
    t.match(page.why, /\.$/, `${code}: why ends with a full stop`)
    t.ok(page.cure.length > 0, `${code}: there is a way out`)
    t.doesNotThrow(() => codePageText(code, page, plainStyle))
  }
  t.end()
})

t.test('every example gives its code, at the place that it marks', async t => {
  for (const [index, [code, page]] of Object.entries<CodePage>(codes).entries()) {
    if (page.example === undefined) continue
    const found = await diagnosticsOf(page.example.replace(/[«»]/g, ''), join(base, String(index)))
    const diagnostic = found.find(one => one.code === code)
    if (diagnostic === undefined) {
      t.fail(`${code}: its example gives ${found.map(one => `${one.code} (${one.summary})`).join(', ') || 'nothing'}`)
      continue
    }
    t.equal(diagnostic.severity, page.severity, `${code}: severity`)
    if (page.example.includes('«'))
      t.equal(underlined(diagnostic), page.example.slice(page.example.indexOf('«') + 1, page.example.indexOf('»')), `${code}: place`)
  }
})

/** What the example gives when it is the whole of a project; a plan is asked when validating finds nothing. */
async function diagnosticsOf(configuration: string, folder: string): Promise<readonly Diagnostic[]> {
  mkdirSync(folder)
  writeFileSync(join(folder, 'main.flow.hcl'), configuration)
  const app = createApp({ environment: {}, clock: systemClock, random: size => new Uint8Array(size), workingFolder: () => folder })
  const validated = await validate(app, { variables: [] })
  if (validated.length > 0) return validated
  try {
    const result = await plan(app, { variables: [], canAsk: false })
    return result.outcome === 'invalid' ? result.diagnostics : result.outcome === 'planned' ? result.plan.warnings : []
  } catch (error) {
    if (error instanceof OperationError) return [error.diagnostic]
    throw error
  }
}

function underlined({ subject }: Diagnostic): string | undefined {
  return subject?.source.text.slice(subject.start, subject.end)
}
