import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Report } from '../../src/diagnostics/report.ts'
import { positionAt, type Source, type SourceRange } from '../../src/diagnostics/source.ts'
import { isIdentifier } from '../../src/hcl/character.ts'
import { formatSource } from '../../src/hcl/format.ts'
import { parseConfig, parseExpression, parseTemplate, parseTraversal } from '../../src/hcl/parser.ts'
import { scan } from '../../src/hcl/scanner.ts'
import { Token } from '../../src/hcl/token.ts'
import { corpusCases, corpusDirectory, corpusMissing, corpusText } from '../support/hcl-corpus.ts'
import { deviations } from './deviations.ts'

interface Position {
  readonly line: number
  readonly column: number
  readonly byte: number
}

interface Range {
  readonly start: Position
  readonly end: Position
}

/** What the corpus calls each error, and what flowrun calls it. Errors of other kinds are not of the syntax. */
const codesOf: Readonly<Record<string, readonly string[]>> = {
  'Invalid character': ['hcl/wrong-quote', 'hcl/invalid-character'],
  'Missing expression': ['hcl/missing-expression', 'hcl/missing-value'],
  'Unbalanced parentheses': ['hcl/unclosed-bracket'],
  'Unclosed configuration block': ['hcl/unclosed-block'],
  'Unclosed template interpolation sequence': ['hcl/unclosed-sequence'],
  'Unsupported operator': ['hcl/unsupported-operator'],
  'Unterminated function call': ['hcl/unclosed-bracket'],
  'Unterminated object constructor expression': ['hcl/unclosed-bracket'],
  'Unterminated template string': ['hcl/unterminated-string'],
  'Unterminated tuple constructor expression': ['hcl/unclosed-bracket'],
}

/** Runs the cases of one file; `check` answers with what is wrong, or with undefined. Values, and errors with them, have a test of their own. */
function conform<Case>(file: string, idOf: (item: Case, index: number) => string, check: (item: Case) => string | undefined): void {
  t.test(file, { skip: corpusMissing }, t => {
    for (const [index, item] of corpusCases<Case>(file).entries()) {
      const id = `${file}#${idOf(item, index)}`
      const wrong = check(item)
      if (deviations[id] !== undefined) t.ok(wrong !== undefined, `${id} is listed as a deviation, so it deviates`)
      else t.equal(wrong, undefined, id)
    }
    t.end()
  })
}

function differs(found: unknown, wanted: unknown): string | undefined {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
  return a === b ? undefined : `found ${a}, wanted ${b}`
}

function rangeOf(range: SourceRange | undefined): Range | undefined {
  return range && { start: sortedPosition(positionAt(range.source, range.start)), end: sortedPosition(positionAt(range.source, range.end)) }
}

function sortedPosition({ line, column, byte }: Position): Position {
  return { line, column, byte }
}

function reportOf(parse: (source: Source, report: Report) => unknown, text: string): Report {
  const report = new Report()
  parse({ name: 'main.flow.hcl', text }, report)
  return report
}

/** Same errors, in the order of their places: meaning by the table, range by the corpus. */
function compareErrors(report: Report, wanted: readonly { readonly summary: string; readonly range: Range }[]): string | undefined {
  const found = report.diagnostics.map(({ code, subject }) => ({ code, range: rangeOf(subject) }))
  const matches =
    found.length === wanted.length &&
    found.every(({ code, range }, i) => {
      const want = wanted[i]
      return (
        want &&
        codesOf[want.summary]?.includes(code) &&
        differs(range, { start: sortedPosition(want.range.start), end: sortedPosition(want.range.end) }) === undefined
      )
    })
  return matches ? undefined : `found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`
}

const byIndex = (_: unknown, index: number) => String(index)
const byId = ({ id }: { readonly id: string }) => id

conform<{ id: string; src: string; diag_count: number }>('gotests/parse_config.json', byId, ({ src, diag_count }) =>
  differs(reportOf(parseConfig, src).diagnostics.length, diag_count),
)

conform<{ id: string; src: string; diagnostics: { summary: string; subject: Range }[] }>(
  'gotests/config_diagnostics.json',
  byId,
  ({ src, diagnostics }) =>
    compareErrors(
      reportOf(parseConfig, src),
      diagnostics.map(({ summary, subject }) => ({ summary, range: subject })),
    ),
)

conform<{ src: string; summary: string }>('gotests/invalid_tokens.json', byIndex, ({ src, summary }) => {
  const [first] = reportOf(parseConfig, src).diagnostics
  return first && codesOf[summary]?.includes(first.code) ? undefined : `found ${first?.code}, wanted ${summary}`
})

conform<{ src: string; valid: boolean }>('gotests/identifiers.json', byIndex, ({ src, valid }) => differs(isIdentifier(src), valid))

conform<{ id: string; src: string; want: string }>('gotests/format.json', byId, ({ src, want }) =>
  differs([formatSource(src), formatSource(want)], [want, want]),
)

conform<{ src: string; want: string; rc: number }>('oracle/fmt.json', byIndex, ({ src, want, rc }) => {
  const report = reportOf(parseConfig, src)
  if (rc !== 0) return report.hasErrors ? undefined : 'it is accepted'
  return report.hasErrors ? 'it is refused' : differs(formatSource(src), want)
})

interface Step extends Range {
  readonly kind: 'root' | 'attr' | 'index' | 'splat'
  readonly name?: string
  readonly key?: { readonly t: string; readonly v: string }
}

conform<{ src: string; steps: Step[] | null; diag_count: number }>('gotests/traversals.json', byIndex, ({ src, steps, diag_count }) => {
  const report = new Report()
  const traversal = parseTraversal({ name: 'address', text: src }, report)
  const found = traversal && [
    { key: traversal.root, ...rangeOf(traversal.rootRange) },
    ...traversal.steps.map(step => ({ key: String(step.key), ...rangeOf(step.range) })),
  ]
  const wanted = steps?.map(({ name, key, start, end }) => ({
    key: name ?? key?.v,
    start: sortedPosition(start),
    end: sortedPosition(end),
  }))
  return differs([found ?? null, report.diagnostics.length], [wanted ?? null, diag_count])
})

/** Names of the corpus for kinds of tokens. */
const kindNames: Readonly<Record<number, string>> = {
  [Token.endOfFile]: 'EOF',
  [Token.newline]: 'Newline',
  [Token.comment]: 'Comment',
  [Token.identifier]: 'Ident',
  [Token.number]: 'NumberLit',
  [Token.openBrace]: 'OBrace',
  [Token.closeBrace]: 'CBrace',
  [Token.openParenthesis]: 'OParen',
  [Token.closeParenthesis]: 'CParen',
  [Token.openQuote]: 'OQuote',
  [Token.closeQuote]: 'CQuote',
  [Token.openHeredoc]: 'OHeredoc',
  [Token.closeHeredoc]: 'CHeredoc',
  [Token.interpolation]: 'TemplateInterp',
  [Token.directive]: 'TemplateControl',
  [Token.sequenceEnd]: 'TemplateSeqEnd',
  [Token.quotedText]: 'QuotedLit',
  [Token.plainText]: 'StringLit',
  [Token.plus]: 'Plus',
  [Token.star]: 'Star',
  [Token.percent]: 'Percent',
  [Token.equal]: 'Equal',
  [Token.less]: 'LessThan',
  [Token.doubleColon]: 'DoubleColon',
  [Token.bitwise]: 'BitwiseOr',
  [Token.invalid]: 'Invalid',
}

interface CorpusToken extends Range {
  readonly type: string
  readonly text: string
}

conform<{ id: string; mode: 'normal' | 'template'; src: string; tokens: CorpusToken[] }>(
  'gotests/tokens.json',
  byId,
  ({ mode, src, tokens }) => {
    const source = { name: 'tokens', text: src }
    const { kinds, starts, ends, count } = scan(src, mode)
    const found = Array.from({ length: count }, (_, i) => {
      const [start = 0, end = 0] = [starts[i], ends[i]]
      return { type: kindNames[kinds[i] ?? 0], text: src.slice(start, end), ...rangeOf({ source, start, end }) }
    })
    return differs(
      found,
      tokens.map(({ type, text, start, end }) => ({ type, text, start: sortedPosition(start), end: sortedPosition(end) })),
    )
  },
)

/** The pieces are their scanner's own affair; what they mean is not: text that is plain, escapes that are right or wrong. */
conform<{ src: string; quoted: string[] }>('gotests/string_literal_scan.json', byIndex, ({ src, quoted }) => {
  const known = /^\\([nrt"\\]|u[0-9a-f]{4}|U[0-9a-f]{8})$/i
  const wrong = quoted.filter(piece => (piece.startsWith('\\') && !known.test(piece)) || /^\\U(?!000|0010)/.test(piece))
  if (/[\r\n]/.test(src))
    return reportOf(parseExpression, `"${src}"`).diagnostics[0]?.code === 'hcl/unterminated-string' ? undefined : 'the newline is accepted'
  if (src.endsWith('\\')) return reportOf(parseExpression, `"${src}"`).hasErrors ? undefined : 'the escaped quote ends the string'
  return differs(
    reportOf(parseExpression, `"${src}"`).diagnostics.map(({ code, subject }) => [
      code,
      subject?.source.text.slice(subject.start, subject.end),
    ]),
    wrong.map(piece => ['hcl/invalid-escape', piece]),
  )
})

t.test('seeds of a fuzzer are read without a crash', { skip: corpusMissing }, t => {
  const parsers = {
    FuzzParseConfig: parseConfig,
    FuzzParseExpression: parseExpression,
    FuzzParseTemplate: parseTemplate,
    FuzzParseTraversalAbs: parseTraversal,
  }
  for (const [folder, parse] of Object.entries(parsers)) {
    for (const file of readdirSync(join(corpusDirectory, 'fuzz_seeds', folder))) {
      const text = corpusText(join('fuzz_seeds', folder, file))
      t.doesNotThrow(() => reportOf(parse, text), file)
      t.doesNotThrow(() => formatSource(text), file)
    }
  }
  t.end()
})
