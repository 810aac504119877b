import { MAX_SOURCE_LENGTH } from '../base/limits.ts'
import type { Report } from '../diagnostics/report.ts'
import type { Source } from '../diagnostics/source.ts'
import type { Body, Expression, TemplateExpression, TraversalExpression } from './ast.ts'
import { parseAddress } from './parser-address.ts'
import { parseFile } from './parser-body.ts'
import { type Cursor, createCursor, failAt, kindAt, peekIndex } from './parser-cursor.ts'
import { parseExpression as parseExpressionAt } from './parser-expression.ts'
import { parseTemplateText } from './parser-template.ts'
import { type ScanMode, scan } from './scanner.ts'
import { Token } from './token.ts'

/**
 * Parses a file. All errors go to the report, many in one pass; the tree is as good as it can be, with `invalid` nodes
 * where an expression could not be read. It never throws, whatever the text.
 */
export function parseConfig(source: Source, report: Report): Body {
  return parseFile(openCursor(source, 'normal', report))
}

/** Parses a text that is one expression; newlines mean nothing in it. */
export function parseExpression(source: Source, report: Report): Expression {
  const cursor = openCursor(source, 'normal', report)
  const expression = parseExpressionAt(cursor)
  const index = peekIndex(cursor)
  if (!cursor.failed && kindAt(cursor, index) !== Token.endOfFile) {
    failAt(cursor, index, {
      code: 'hcl/extra-characters',
      summary: 'The expression ends before this',
      detail: 'One expression is expected, and nothing after it. Text stands in double quotes.',
    })
  }
  return expression
}

/** Parses a text that is a template as a whole: a prompt in a file of its own, or what an artifact holds. */
export function parseTemplate(source: Source, report: Report): TemplateExpression {
  return parseTemplateText(openCursor(source, 'template', report))
}

/** Parses an address such as `module.kb["de"].prompt.answer`; undefined when it does not begin with a name. */
export function parseTraversal(source: Source, report: Report): TraversalExpression | undefined {
  return parseAddress(openCursor(source, 'normal', report))
}

function openCursor(source: Source, mode: ScanMode, report: Report): Cursor {
  const isTooLarge = source.text.length > MAX_SOURCE_LENGTH
  if (isTooLarge) {
    report.error({
      code: 'hcl/too-large',
      summary: `${source.name} is larger than ${MAX_SOURCE_LENGTH / 1024 / 1024} MB`,
      detail: 'Split it into several files, or keep data in files that are read as data.',
    })
  }
  const read = isTooLarge ? { name: source.name, text: '' } : source
  const cursor = createCursor(read, scan(read.text, mode), report, parseExpressionAt)
  reportBadText(read, report)
  return cursor
}

/** What editors and other tools put into a text: it is nowhere allowed, so it is looked for once. */
function reportBadText(source: Source, report: Report): void {
  if (source.text.charCodeAt(0) === 0xfeff) {
    report.error({
      code: 'hcl/byte-order-mark',
      summary: 'The text begins with a byte order mark',
      detail: 'Save the file as UTF-8 without BOM.',
      subject: { source, start: 0, end: 1 },
    })
  }
  if (source.text.isWellFormed()) return
  const at = source.text.search(/\p{Surrogate}/u)
  report.error({
    code: 'hcl/not-unicode',
    summary: 'The text has half of a character in it',
    detail: 'A surrogate stands here without its other half. Write the character again.',
    subject: { source, start: at, end: at + 1 },
  })
}
