import type { JsonObject } from '../base/json.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { AuditCheckpoint, AuditRow, AuditVerdict } from '../registry/audit.ts'
import { diagnosticsJson } from './diagnostic-json.ts'
import { formatCount, formatMoment } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'
import { oneLine } from './versions.ts'

const COLUMNS: readonly Column[] = [
  { title: 'row', isNumber: true, dropOrder: 3 },
  { title: 'when', dropOrder: 1 },
  { title: 'who', dropOrder: 2 },
  { title: 'action' },
  { title: 'subject' },
  { title: 'reason' },
]

/** Newest first. */
export function auditText(rows: readonly AuditRow[], style: Style): string {
  if (rows.length === 0) return 'The audit log has no such row.\n'
  const cells = rows.map(({ seq, atMs, actor, action, subject, reason }) => [
    formatCount(seq),
    formatMoment(atMs),
    oneLine(actor),
    action,
    oneLine(subject),
    oneLine(reason),
  ])
  return `${tableLines(COLUMNS, cells, style).join('\n')}\n`
}

export function auditJson(rows: readonly AuditRow[]): string {
  return jsonDocument({ rows: rows.map(rowJson) })
}

/** One row a line, oldest first, as they are hashed: whoever has the file can verify the chain by itself. */
export function auditExport(rows: readonly AuditRow[]): string {
  return rows
    .toReversed()
    .map(row => `${JSON.stringify(rowJson(row))}\n`)
    .join('')
}

export function auditExportJson(file: string, rows: readonly AuditRow[]): string {
  return jsonDocument({ file, exported: rows.length })
}

function rowJson({ seq, atMs, actor, action, subject, reason, detail, prev, hash }: AuditRow): JsonObject {
  return { seq, at: new Date(atMs).toISOString(), actor, action, subject, reason, detail, prev, hash }
}

type Whole = Extract<AuditVerdict, { readonly intact: true }>
type Broken = Extract<AuditVerdict, { readonly intact: false }>

export function wholeText({ rows, head }: Whole, checkpoint: AuditCheckpoint | undefined): string {
  if (rows === 0) return 'The audit log is empty.\n'
  const same = checkpoint === undefined ? '' : `; row ${formatCount(checkpoint.seq)} is that of the checkpoint`
  return `The audit log is whole: ${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'}, the last ${head.slice(0, 8)}${same}.\n`
}

export function checkpointText({ rows, head }: Whole): string {
  return `${rows}:${head}\n`
}

export function checkpointJson({ rows, head }: Whole): string {
  return jsonDocument({ seq: rows, hash: head })
}

export function verdictJson(verdict: AuditVerdict): string {
  if (verdict.intact) return jsonDocument({ intact: true, rows: verdict.rows, head: verdict.head })
  const { seq, problem } = verdict
  return jsonDocument({ intact: false, row: seq, problem, diagnostics: diagnosticsJson([brokenAudit(verdict)]) })
}

/** The first row at which the log breaks, and how (AUD-3). */
export function brokenAudit({ seq, problem }: Broken): Diagnostic {
  if (problem === 'cut' || problem === 'rewritten') {
    return {
      code: 'audit/other-history',
      severity: 'error',
      summary: 'The audit log is not the one that the checkpoint was taken of',
      detail: `${problem === 'cut' ? `It ends before the checkpoint, at row ${seq - 1}: its end was cut.` : `Row ${seq} has another hash there: the log was written anew.`} It fits together by itself, so only the checkpoint shows it. Nothing was changed.`,
    }
  }
  return {
    code: 'audit/broken',
    severity: 'error',
    summary: `The audit log is broken at row ${seq}`,
    detail: `${howBroken(seq, problem)} ${seq > 1 ? `Rows 1 to ${seq - 1} are as they were written. ` : ''}Compare with a backup, or with an export from before. Nothing was changed.`,
  }
}

function howBroken(seq: number, problem: 'altered' | 'missing' | 'unlinked' | 'head'): string {
  switch (problem) {
    case 'altered':
      return 'It does not match its hash: something in it was changed.'
    case 'missing':
      return 'There is no such row.'
    case 'unlinked':
      return `It does not follow from row ${seq - 1}: rows were swapped, inserted or replaced.`
    case 'head':
      return 'It is not the row that the log ends with: the end was changed.'
  }
}
