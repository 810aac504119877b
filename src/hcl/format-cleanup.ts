import { Report } from '../diagnostics/report.ts'
import type { Body, Expression } from './ast.ts'
import { parseConfig } from './parser.ts'

/** A piece of a text to be replaced. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/**
 * The two changes of tokens that `terraform fmt` makes: labels are quoted, and a value that is one interpolation alone
 * stands without quotes. Nothing changes where the text is not a correct file.
 */
export function cleanUp(text: string): string {
  const report = new Report()
  const body = parseConfig({ name: '<format>', text }, report)
  if (report.hasErrors) return text
  const edits: Edit[] = []
  collectEdits(body, text, edits)
  let cleaned = ''
  let from = 0
  for (const { start, end, text: replacement } of edits) {
    cleaned += text.slice(from, start) + replacement
    from = end
  }
  return from === 0 ? text : cleaned + text.slice(from)
}

/** In the order of the text. */
function collectEdits(body: Body, text: string, edits: Edit[]): void {
  for (const item of body.items) {
    if (item.kind === 'attribute') {
      const inner = unwrapped(item.expression, text)
      if (inner) edits.push({ ...offsetsOf(item.expression), text: text.slice(inner.range.start, inner.range.end) })
      continue
    }
    for (const label of item.labels) if (!label.quoted) edits.push({ ...offsetsOf(label), text: `"${label.text}"` })
    collectEdits(item.body, text, edits)
  }
}

function offsetsOf({ range }: { readonly range: Expression['range'] }): { readonly start: number; readonly end: number } {
  return { start: range.start, end: range.end }
}

/** The expression of `"${expression}"`; one of several lines, or with a comment, stays as it is. */
function unwrapped(expression: Expression, text: string): Expression | undefined {
  if (expression.kind !== 'template' || !expression.isWrap) return undefined
  const [part] = expression.parts
  if (part?.kind !== 'interpolation') return undefined
  const { start, end } = part.expression.range
  const around = text.slice(expression.range.start, start) + text.slice(end, expression.range.end)
  const isPlain = /^"\$\{~?~?\}"$/.test(around.replaceAll(/[ \t]+/g, ''))
  if (!isPlain || text.slice(start, end).includes('\n')) return undefined
  return unwrapped(part.expression, text) ?? part.expression
}
