import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { Report } from '../../src/diagnostics/report.ts'
import { parseConfig } from '../../src/hcl/parser.ts'
import { printExpression } from '../../src/hcl/print.ts'
import { expressionArbitrary, nameArbitrary } from '../support/hcl-arbitrary.ts'
import { bodyJson, type Json, Unanswerable } from '../support/hcl2json.ts'

interface Oracle {
  parseToObject(text: string): readonly [json: Json, error: unknown]
}

/** HashiCorp's parser, compiled to JavaScript: 0.9 ms for a small block, and no positions, so it is asked in tests only. */
const oracle: Oracle = createRequire(import.meta.url)('hcl2-parser')

function ours(text: string): Json | undefined {
  const report = new Report()
  const body = parseConfig({ name: 'main.flow.hcl', text }, report)
  return report.hasErrors ? undefined : bodyJson(body)
}

function isConvertible(text: string): boolean {
  try {
    ours(text)
    return true
  } catch (error) {
    if (error instanceof Unanswerable) return false
    throw error
  }
}

function theirs(text: string): Json | undefined {
  const [json] = oracle.parseToObject(text)
  return json === null ? undefined : json
}

/** JSON without the order of keys, which Go sorts, and with −0 as 0. */
function plain(json: Json | undefined): unknown {
  return JSON.parse(JSON.stringify(json ?? 'refused'))
}

/** The oracle's HCL is older than namespaces of functions. */
const attribute = fc
  .tuple(nameArbitrary, expressionArbitrary)
  .map(([name, expression]) => [`${name}_`, ` = ${printExpression(expression).replaceAll('core::', '')}`] as const)
const attributes = fc.array(attribute, { maxLength: 4 }).map(all => all.map(([name, rest], i) => `${name}${i}${rest}`).join('\n'))
/** Blocks of one type have as many labels each: hcl2json cannot hold others. */
const block = fc
  .tuple(fc.array(fc.constantFrom('"a"', '"b c"', 'd'), { maxLength: 2 }), attributes)
  .map(([labels, body]) => `block_${labels.length} ${labels.join(' ')} {\n${body}\n}`)
const file = fc.tuple(attributes, fc.array(block, { maxLength: 3 })).map(([body, blocks]) => [body, ...blocks, ''].join('\n'))

t.test('generated files mean the same to both parsers', t => {
  fc.assert(
    fc.property(file, text => {
      fc.pre(isConvertible(text))
      assert.deepEqual(plain(ours(text)), plain(theirs(text)), text)
    }),
    { numRuns: 150 },
  )
  t.pass()
  t.end()
})

/** Where flowrun differs, and why. */
const DEDENT = 'indentation comes off before strip markers do; its HCL strips first, and the line after ~} keeps its indentation'

const explained: ReadonlyMap<string, string> = new Map([
  ['a = <<-EOT\n    %{~ if b ~}\n    c\n    %{~ endif }\n    EOT\n', DEDENT],
  ['a = <<-EOT\n  %{ for v in b ~}\n  - ${v}\n  %{ endfor ~}\n  end\n  EOT\n', DEDENT],
  ['\ufeffa = 1\n', 'stricter: the specification forbids a byte order mark, and its implementation skips it'],
  ['a = ns::f()\n', 'its HCL is older than namespaces of functions'],
  ['a = { b.c = 1 }\n', 'stricter: hcl2json takes the text of the key, Terraform refuses it when it evaluates'],
])

const handwritten = [
  'a = 1\n\n\nb = 2 # c\n// d\n/* e */ f = 3',
  'a = <<EOT\n  one ${two}\n    three\n  EOT\n',
  'a = <<-EOT\n    one ${two}\n      three\n  EOT\n',
  'a = <<-EOT\n    ${one}\n  two\n\n   \n    EOT\n',
  'a = <<EOT\n${<<-E\n  b\n  E\n}\nEOT\n',
  'a = <<EOT\r\nb\r\nEOT\r\n',
  'a = "\\u00e9\\U0001F600\\t$${b}%%{c}$$%%$d"\n',
  'a = "${~ b ~}  ${~ c}"\n',
  'a = b.0.c[1].d["e"][*].f.*.g\n',
  'a = b.0 .1\n',
  'a = [\n  1,\n  2,\n]\nb = {\n  c = 1,\n  d : 2\n  "e" = 3\n}\n',
  'a = -1 - -1\nb = !c && !d || e\nf = 1 + 2 * 3 % 4 / 5\n',
  'a = b ? c : d ? e : f\n',
  'a = (\n  1 +\n  2\n)\n',
  'a = f(b, c...)\n',
  'a = { for k, v in b : k => v... if c }\nd = [for v in b : v]\n',
  'a {}\nb { c = 1 }\nd "e" f {\n  g {\n  }\n}\n',
  'é = "日本語"\n_a-b = 1\n',
  'true = 1\nfor = 2\n',
  'a = 0.1\nb = 1e10\nc = 00012\nd = 1.50\n',
  ...[
    'a = 1 2',
    'a',
    'a = ',
    'a {',
    'a = [1',
    'a = "b',
    'a = <<E\nb\nE',
    "a = 'b'",
    'a = 1,',
    'a { b = 1, c = 2 }',
    'a { b {} }',
    '"a" = 1',
    'a = b.',
    'a = 1 +\n2\n',
  ],
  ...[
    'a = 1\na = 2\n',
    'a "${b}" {}\n',
    'a = "\\q"\n',
    'a = "\\ud83d\\ude00"\n',
    'a = b.0.1\n',
    'a = b.*.*\n',
    'a = [for v in b : k => v]\n',
    'a = {for v in b : v}\n',
  ],
  ...[
    'a = "%{ if b }c"\n',
    'a = "%{ endif }"\n',
    'a = "%{ foo }"\n',
    'a = "${b"\n',
    'a = /* b',
    'a = 1;\n',
    'a = b & c\n',
    'a = 1.2.3\n',
    'a b = 1\n',
    '}\n',
  ],
  ...explained.keys(),
]

t.test('files that are written by hand mean the same to both parsers', t => {
  for (const text of handwritten) {
    const why = explained.get(text)
    if (why === undefined) t.strictSame(plain(ours(text)), plain(theirs(text)), text)
    else t.notSame(plain(ours(text)), plain(theirs(text)), `${text}: ${why}`)
  }
  t.end()
})

t.test('what is wrong in our own corpus is refused by both', t => {
  const corpus = readFileSync(join(import.meta.dirname, 'corpus/errors.txt'), 'utf8')
  for (const section of corpus.split(/^## /m).slice(1)) {
    const text = section.slice(section.indexOf('\n') + 1).replaceAll(/[«»]/g, '')
    if (text.includes('b.c = 1')) continue
    t.equal(theirs(text), undefined, text)
  }
  t.end()
})
