import type { JsonObject } from '../base/json.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { lineIndexAt, lineStarts, lineText, positionAt, type SourceRange } from '../diagnostics/source.ts'
import { sortDiagnostics } from './diagnostic-text.ts'
import { jsonDocument } from './json-document.ts'

/** Terraform's shape of a diagnostic, with the code, notes, related places and suggestions that it does not have. */
export function diagnosticJson(diagnostic: Diagnostic): JsonObject {
  return {
    severity: diagnostic.severity,
    code: diagnostic.code,
    summary: diagnostic.summary,
    detail: diagnostic.detail ?? '',
    ...(diagnostic.address === undefined ? {} : { address: diagnostic.address }),
    ...(diagnostic.subject === undefined
      ? {}
      : { range: rangeJson(diagnostic.subject), snippet: snippetJson(diagnostic, diagnostic.subject) }),
    ...(diagnostic.notes === undefined ? {} : { notes: diagnostic.notes }),
    ...(diagnostic.related === undefined
      ? {}
      : { related: diagnostic.related.map(({ range, message }) => ({ message, range: rangeJson(range) })) }),
    ...(diagnostic.suggestions === undefined ? {} : { suggestions: diagnostic.suggestions }),
  }
}

export function diagnosticsJson(diagnostics: readonly Diagnostic[]): readonly JsonObject[] {
  return sortDiagnostics(diagnostics).map(diagnosticJson)
}

/** What a machine gets in place of a result. */
export function diagnosticsDocument(diagnostics: readonly Diagnostic[]): string {
  return jsonDocument({ diagnostics: diagnosticsJson(diagnostics) })
}

export function diagnosticEvents(diagnostics: readonly Diagnostic[], nowMs: number): string {
  return sortDiagnostics(diagnostics)
    .map(diagnostic => diagnosticEvent(diagnostic, nowMs))
    .join('')
}

/** One line of the event stream. */
export function diagnosticEvent(diagnostic: Diagnostic, nowMs: number): string {
  const word = diagnostic.severity === 'error' ? 'Error' : 'Warning'
  const event = {
    '@level': diagnostic.severity === 'error' ? 'error' : 'warn',
    '@message': `${word}: ${diagnostic.summary}`,
    '@module': 'flowrun.ui',
    '@timestamp': new Date(nowMs).toISOString(),
    type: 'diagnostic',
    diagnostic: diagnosticJson(diagnostic),
  }
  return `${JSON.stringify(event)}\n`
}

function rangeJson(range: SourceRange): JsonObject {
  return {
    filename: range.source.name,
    start: { ...positionAt(range.source, range.start) },
    end: { ...positionAt(range.source, range.end) },
  }
}

/** The lines of the range, whole; the highlight counts UTF-8 bytes into them, as Terraform's does. */
function snippetJson(diagnostic: Diagnostic, range: SourceRange): JsonObject {
  const first = lineIndexAt(range.source, range.start)
  const last = lineIndexAt(range.source, Math.max(range.start, range.end - 1))
  const lines = Array.from({ length: last - first + 1 }, (_, index) => lineText(range.source, first + index))
  const start = lineStarts(range.source)[first] ?? 0
  return {
    context: diagnostic.where ?? null,
    code: lines.join('\n'),
    start_line: first + 1,
    highlight_start_offset: byteLength(range.source.text.slice(start, range.start)),
    highlight_end_offset: byteLength(range.source.text.slice(start, range.end)),
    values: [],
  }
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}
