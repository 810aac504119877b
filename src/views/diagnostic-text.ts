import type { Diagnostic, RelatedRange } from '../diagnostics/diagnostic.ts'
import { lineIndexAt, lineText, positionAt, type SourceRange } from '../diagnostics/source.ts'
import { sourceSnippet } from './source-snippet.ts'
import type { Style } from './style.ts'
import { showControls, wrapProse } from './text-width.ts'

export const ERRORS_SHOWN_MAX = 20

export interface DiagnosticListOptions {
  /** Shows every error; the default stops at 20. */
  readonly all?: boolean
  /** One line for each warning. */
  readonly compactWarnings?: boolean
  /** Ends a list with the counts and this sentence: `Nothing was changed.` */
  readonly ending?: string
  /** Points to `flowrun explain`: people get it, pipes do not. */
  readonly hint?: boolean
}

/** Diagnostics as a person reads them: by file and line, errors last so that they are nearest the prompt. Ends with a newline. */
export function diagnosticsText(diagnostics: readonly Diagnostic[], style: Style, options: DiagnosticListOptions = {}): string {
  if (diagnostics.length === 0) return ''
  const sorted = sortDiagnostics(diagnostics)
  const warnings = sorted.filter(diagnostic => diagnostic.severity === 'warning')
  const errors = sorted.filter(diagnostic => diagnostic.severity === 'error')
  const shownErrors = options.all ? errors : errors.slice(0, ERRORS_SHOWN_MAX)
  const parts = [
    ...(options.compactWarnings && warnings.length > 0
      ? [warnings.map(warning => compactLine(warning, style)).join('\n')]
      : warnings.map(warning => diagnosticText(warning, style))),
    ...shownErrors.map(error => diagnosticText(error, style)),
  ]
  const hidden = errors.length - shownErrors.length
  if (hidden > 0) parts.push(`${style.glyphs.ellipsis} and ${hidden} more ${hidden === 1 ? 'error' : 'errors'} (validate --all)`)
  if (options.ending !== undefined) parts.push(endingLine(errors, warnings.length, options.ending, options.hint ?? false))
  return `${parts.join('\n\n')}\n`
}

/** One diagnostic, without a newline at its end. */
export function diagnosticText(diagnostic: Diagnostic, style: Style): string {
  const { paint } = style
  const word = diagnostic.severity === 'error' ? paint.error('Error:') : paint.warning('Warning:')
  const lines = [`${word} ${paint.address(showControls(diagnostic.summary))}  ${paint.secondary(`[${diagnostic.code}]`)}`]
  if (diagnostic.subject) lines.push(...subjectLines(diagnostic, diagnostic.subject, style))
  for (const note of diagnostic.notes ?? []) lines.push(`      ${style.glyphs.dot} ${showControls(note)}`)
  for (const related of diagnostic.related ?? []) lines.push(...relatedLines(related, style))
  const body = bodyLines(diagnostic, style)
  if (diagnostic.subject && body.length > 0) lines.push('')
  return [...lines, ...body].join('\n')
}

/** Warnings first, then errors; each by file and line; those without a place last. Equal ones keep their order. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort(
    (a, b) =>
      Number(a.severity === 'error') - Number(b.severity === 'error') ||
      Number(a.subject === undefined) - Number(b.subject === undefined) ||
      compareRanges(a.subject, b.subject),
  )
}

function compareRanges(a: SourceRange | undefined, b: SourceRange | undefined): number {
  if (a === undefined || b === undefined) return 0
  if (a.source.name !== b.source.name) return a.source.name < b.source.name ? -1 : 1
  return a.start - b.start
}

function subjectLines(diagnostic: Diagnostic, subject: SourceRange, style: Style): string[] {
  const where = diagnostic.where === undefined ? '' : `, ${showControls(diagnostic.where)}`
  return [
    `  ${placeText(subject)}${where}`,
    ...sourceSnippet(subject, style, {
      ...(diagnostic.label === undefined ? {} : { label: diagnostic.label }),
      context: wantsContext(diagnostic, subject),
    }),
  ]
}

/**
 * The line above helps where it opens the block, and in plain text; other lines of a block say nothing about this one.
 * Notes explain better than it does.
 */
function wantsContext(diagnostic: Diagnostic, subject: SourceRange): boolean {
  const lineIndex = lineIndexAt(subject.source, subject.start)
  if (lineIndex === 0 || (diagnostic.notes ?? []).length > 0) return false
  return (
    !subject.source.name.endsWith('.hcl') ||
    lineText(subject.source, lineIndex - 1)
      .trimEnd()
      .endsWith('{')
  )
}

function relatedLines(related: RelatedRange, style: Style): string[] {
  const word = related.peer ? '' : 'also '
  return [`  ${word}${placeText(related.range)}, ${showControls(related.message)}`, ...sourceSnippet(related.range, style)]
}

function bodyLines(diagnostic: Diagnostic, style: Style): string[] {
  const text = bodyText(diagnostic)
  if (text === '') return []
  const lines = wrapProse(text, style.width - 2).map(line => (line === '' ? '' : `  ${line}`))
  // Painted after wrapping, for escape sequences take no cells.
  const names = (diagnostic.suggestions ?? []).map(showControls)
  const asked = lines.findIndex(line => line.includes(QUESTION))
  return lines.map((line, index) => (asked < 0 || index < asked ? line : paintAfterQuestion(line, names, style)))
}

const QUESTION = 'Did you mean'

function bodyText(diagnostic: Diagnostic): string {
  const detail = showControls(diagnostic.detail ?? '')
  const names = (diagnostic.suggestions ?? []).map(showControls)
  if (names.length === 0 || detail.includes(QUESTION)) return detail
  const question = `${QUESTION} ${names.join(' or ')}?`
  if (detail === '') return question
  // Beside a source line the suggestion is what the eye looks for; else the message is one paragraph.
  if (diagnostic.subject) return `${detail}\n${question}`
  return detail.endsWith('.') ? `${detail} ${question}` : `${question} ${detail}`
}

function paintAfterQuestion(line: string, names: readonly string[], style: Style): string {
  const at = Math.max(0, line.indexOf(QUESTION))
  const painted = names.reduce((rest, name) => rest.replace(name, () => style.paint.suggestion(name)), line.slice(at))
  return line.slice(0, at) + painted
}

/** `FILE:LINE:COLUMN`: terminals and editors make it a link. */
export function placeText(range: SourceRange): string {
  const position = positionAt(range.source, range.start)
  return `${showControls(range.source.name)}:${position.line}:${position.column}`
}

function compactLine(diagnostic: Diagnostic, style: Style): string {
  const place = diagnostic.subject ? ` (${placeText(diagnostic.subject)})` : ''
  return `${style.paint.warning('Warning:')} ${showControls(diagnostic.summary)}${place}  ${style.paint.secondary(`[${diagnostic.code}]`)}`
}

function endingLine(errors: readonly Diagnostic[], warningCount: number, ending: string, hint: boolean): string {
  const counts = [counted(errors.length, 'error'), counted(warningCount, 'warning')].filter(Boolean).join(', ')
  const codes = new Set(errors.map(error => error.code))
  const [code] = codes.size === 1 ? [...codes] : ['CODE']
  return `${counts}. ${ending}${hint && errors.length > 0 ? ` flowrun explain ${code} tells more.` : ''}`
}

function counted(count: number, noun: string): string {
  return count === 0 ? '' : `${count} ${noun}${count === 1 ? '' : 's'}`
}
