import type { OpenApproval } from '../operations/runs/approval.ts'
import { formatAgo } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { padEnd, showControls } from './text-width.ts'
import { oneLine } from './versions.ts'

/** What a person decides on: title, body, and what may be edited. Texts of models are shown as they are, and harmless. */
export function approvalText({ run, shown, fields, askedAtMs }: OpenApproval, style: Style, nowMs: number): string {
  const asked = askedAtMs === undefined ? '' : `, asked ${formatAgo(askedAtMs, nowMs)}`
  const entries = Object.entries(fields)
  const width = Math.max(0, ...entries.map(([name]) => name.length))
  const lines = [
    `${style.paint.address(run.flow)}, node ${shown.node}: ${oneLine(shown.title)}${asked}`,
    ...showControls(shown.body)
      .trimEnd()
      .split('\n')
      .map(line => `  ${line}`.trimEnd()),
    ...(entries.length > 0 ? [''] : []),
    ...entries.map(([name, value]) => `  ${padEnd(name, width)}  ${oneLine(typeof value === 'string' ? value : JSON.stringify(value))}`),
  ]
  return `${lines.join('\n')}\n`
}

/** schemas/output/runs-approve.schema.json */
export function decisionJson({ run, shown }: OpenApproval, action: string, missing: number): string {
  return jsonDocument({ run: run.id, node: shown.path, action, body_digest: shown.bodyDigest, missing })
}
