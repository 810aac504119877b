import type { JsonObject } from '../base/json.ts'
import type { CodePage } from '../diagnostics/codes/page.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { displayWidth, padEnd, truncate, wrapProse } from './text-width.ts'

/** One page of `flowrun explain`: what, an example with carets, why, what to do. */
export function codePageText(code: string, page: CodePage, style: Style): string {
  const { paint } = style
  const lines = [
    `${paint.address(code)} ${style.glyphs.dot} ${page.severity} ${style.glyphs.dot} since ${page.since}`,
    '',
    ...wrapProse(page.what, style.width),
  ]
  if (page.example !== undefined) lines.push('', ...exampleLines(page.example, style))
  lines.push(
    '',
    ...wrapProse(`Why: ${asClause(page.why)}`, style.width),
    '',
    'What to do',
    ...page.cure.flatMap(way => bulletLines(way, style.width)),
  )
  if (page.see && page.see.length > 0) lines.push('', ...wrapProse(`See also  ${seeText(page.see)}`, style.width))
  return `${lines.join('\n')}\n`
}

/**
 * An example with `«` and `»` around what is wrong becomes the example with carets on the line below. As in the source, the
 * carets share a line that has room for them: a closing brace.
 */
function exampleLines(example: string, style: Style): string[] {
  const lines: string[] = []
  let carets: string | undefined
  for (const line of example.replace(/^\n+|\s+$/g, '').split('\n')) {
    const plain = line.replaceAll(/[«»]/g, '')
    const place = carets === undefined ? -1 : carets.search(/\^/)
    if (carets !== undefined && displayWidth(plain) < place)
      lines.push(`  ${plain}${style.paint.remove(carets.slice(displayWidth(plain)))}`)
    else {
      if (carets !== undefined) lines.push(`  ${style.paint.remove(carets)}`)
      lines.push(plain === '' ? '' : `  ${plain}`)
    }
    carets = caretLine(line)
  }
  if (carets !== undefined) lines.push(`  ${style.paint.remove(carets)}`)
  return lines
}

function caretLine(line: string): string | undefined {
  const start = line.indexOf('«')
  if (start < 0) return undefined
  const end = line.indexOf('»')
  const marked = line.slice(start + 1, end < 0 ? undefined : end)
  return ' '.repeat(displayWidth(line.slice(0, start))) + '^'.repeat(Math.max(1, displayWidth(marked)))
}

function bulletLines(way: string, width: number): string[] {
  const [first = '', ...rest] = wrapProse(way, width - 4)
  return [`  - ${first}`, ...rest.map(line => `    ${line}`)]
}

/** A sentence as it follows a colon: without its capital, unless that is of a name. */
function asClause(sentence: string): string {
  return sentence.replace(/^[A-Z](?=[a-z]* [a-z]|[a-z]*-)/, letter => letter.toLowerCase())
}

/** Codes, then documents. */
function seeText(see: readonly string[]): string {
  const isCode = (entry: string) => /^[a-z][a-z0-9-]*\/[a-z0-9-]+$/.test(entry)
  return [see.filter(isCode).join(', '), ...see.filter(entry => !isCode(entry))].filter(Boolean).join('; ')
}

/** Every code with what it means, one line each. */
export function codeListText(pages: Readonly<Record<string, CodePage>>, style: Style): string {
  const entries = Object.entries(pages).sort(([a], [b]) => (a < b ? -1 : 1))
  const width = Math.max(...entries.map(([code]) => code.length)) + 2
  return entries
    .map(([code, page]) => `${padEnd(code, width)}${truncate(page.what, style.width - width, style.glyphs.ellipsis)}\n`)
    .join('')
}

export function codePageJson(code: string, page: CodePage): string {
  return jsonDocument(pageFields(code, page))
}

export function codesJson(pages: Readonly<Record<string, CodePage>>): string {
  return jsonDocument({ codes: Object.entries(pages).map(([code, page]) => pageFields(code, page)) })
}

function pageFields(code: string, page: CodePage): JsonObject {
  return {
    code,
    severity: page.severity,
    since: page.since,
    what: page.what,
    example: page.example ?? null,
    why: page.why,
    cure: page.cure,
    see: page.see ?? [],
  }
}
