import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { Report } from '../../src/diagnostics/report.ts'
import { formatSource } from '../../src/hcl/format.ts'
import { parseConfig, parseExpression, parseTemplate, parseTraversal } from '../../src/hcl/parser.ts'
import { threadCpuMs } from '../support/thread-cpu-time.ts'

const RUNS = Number(process.env.FLOWRUN_FUZZ_RUNS ?? 5000)

/** For up to some thousand characters, on a machine that is busy with something else. Real texts take under 1 ms. */
const LIMIT_MS = 2000

const corpus = ['errors.txt', 'expressions.txt']
  .flatMap(file => readFileSync(join(import.meta.dirname, '../conformance/corpus', file), 'utf8').split('\n\n'))
  .map(text => text.replaceAll(/[«»]/g, ''))

const fragment = fc.constantFrom(
  ...[
    '"',
    '${',
    '%{',
    '${~',
    '~}',
    '}',
    '{',
    '[',
    ']',
    '(',
    ')',
    '<<E\n',
    '<<-E\n',
    '\nE\n',
    '\n',
    '\r\n',
    '\r',
    '=',
    '.',
    '*',
    '[*]',
    '.*',
    '::',
    '...',
    '?',
  ],
  ...[
    ':',
    '=>',
    ',',
    '#',
    '//',
    '/*',
    '*/',
    '\\',
    '\\u12',
    '$',
    '%',
    '$${',
    'a',
    'for',
    'in',
    'if',
    'endif',
    'endfor',
    'else',
    '1',
    '1.2',
    '1e9',
    ' ',
    '\t',
  ],
  ...[
    'a = ',
    'b {\n',
    '-',
    '!',
    '&&',
    '|',
    "'",
    '`',
    ';',
    '\ufeff',
    '\ud800',
    '\u0000',
    'é',
    '👩‍💻',
    '“',
    'x "y" {',
    '%{ for v in a }',
    '%{ if a }',
  ],
)

/** A text of the corpus with some pieces cut out, doubled, moved or replaced. */
const mutated = fc
  .tuple(
    fc.constantFrom(...corpus),
    fc.array(fc.tuple(fc.nat(), fc.nat(40), fc.oneof(fragment, fc.constant('')), fc.boolean()), { maxLength: 6 }),
  )
  .map(([text, edits]) =>
    edits.reduce((edited, [at, length, insert, doubled]) => {
      const start = at % (edited.length + 1)
      const cut = edited.slice(start, start + length)
      return edited.slice(0, start) + insert + (doubled ? cut + cut : '') + edited.slice(start + (doubled ? 0 : length))
    }, text),
  )

const inputs = fc.oneof(
  { weight: 4, arbitrary: mutated },
  { weight: 4, arbitrary: fc.array(fragment, { maxLength: 60 }).map(parts => parts.join('')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes).toString('utf8')) },
  { weight: 1, arbitrary: fc.tuple(fragment, fc.integer({ min: 1, max: 3000 })).map(([text, count]) => text.repeat(count)) },
  { weight: 1, arbitrary: fc.tuple(fragment, fragment, fc.integer({ min: 1, max: 3000 })).map(([a, b, count]) => (a + b).repeat(count)) },
)

t.test(`${RUNS} wrong texts are read to their end, without a crash, in time`, t => {
  fc.assert(
    fc.property(inputs, text => {
      const source = { name: 'fuzz', text }
      const start = threadCpuMs()
      for (const parse of [parseConfig, parseExpression, parseTemplate, parseTraversal]) {
        const report = new Report()
        parse(source, report)
        for (const { subject } of report.diagnostics) {
          if (subject && !(0 <= subject.start && subject.start <= subject.end && subject.end <= text.length))
            throw new Error(`${parse.name}: a range outside of the text`)
        }
      }
      formatSource(text)
      const elapsedMs = threadCpuMs() - start
      if (elapsedMs > LIMIT_MS) throw new Error(`${elapsedMs} ms for ${text.length} characters`)
    }),
    { numRuns: RUNS, verbose: 1 },
  )
  t.pass()
  t.end()
})

t.test('long texts take time in proportion to their length', t => {
  const lines = [
    'a = "x',
    'a = <<"E',
    'a = [1',
    'a = f("${b',
    'a = {',
    'b "c" {',
    'a = "${1 2}"',
    "a = 'b'",
    '}',
    '"a\r',
    '%{ if a }',
    '${a',
  ]
  for (const line of lines) {
    const text = `${line}\n`.repeat(30_000)
    const start = threadCpuMs()
    parseConfig({ name: 'long', text }, new Report())
    parseTemplate({ name: 'long', text }, new Report())
    formatSource(text)
    const elapsedMs = threadCpuMs() - start
    t.ok(elapsedMs < 5 * LIMIT_MS, `${line}: ${Math.round(elapsedMs)} ms`)
  }
  t.end()
})
