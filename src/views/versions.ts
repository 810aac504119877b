import { shortDigest } from '../base/digest.ts'
import type { VersionList } from '../operations/versions.ts'
import { formatCount, formatMoment } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'
import { showControls } from './text-width.ts'

const COLUMNS: readonly Column[] = [
  { title: 'version', isNumber: true },
  { title: 'digest', dropOrder: 3 },
  { title: 'where' },
  { title: 'made', dropOrder: 1 },
  { title: 'by', dropOrder: 2 },
  { title: 'message' },
]

export function versionsText({ address, versions, total }: VersionList, style: Style): string {
  if (total === 0) return `${address} has no versions.\n`
  const rows = versions.map(version => [
    String(version.version),
    shortDigest(version.digest),
    [...version.activeIn, ...version.heldIn.map(environment => `held ${environment}`)].join(', '),
    formatMoment(version.createdAtMs),
    oneLine(version.createdBy),
    oneLine(version.message),
  ])
  const footer = versions.length < total ? [`${formatCount(versions.length)} of ${formatCount(total)} versions`] : []
  return `${[...tableLines(COLUMNS, rows, style), ...footer].join('\n')}\n`
}

/** Text of a person as one cell of a table. */
export function oneLine(text: string): string {
  return showControls(text.replaceAll(/\s+/g, ' ').trim())
}

export function versionsJson({ address, versions, total }: VersionList): string {
  return jsonDocument({
    address,
    total,
    versions: versions.map(version => ({
      version: version.version,
      digest: version.digest,
      active_in: version.activeIn,
      held_in: version.heldIn,
      created_at: new Date(version.createdAtMs).toISOString(),
      created_by: version.createdBy,
      message: version.message,
      origin: version.origin,
    })),
  })
}
