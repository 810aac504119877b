import type { ReleaseList } from '../operations/releases.ts'
import type { Release } from '../registry/release.ts'
import { formatCount, formatMoment } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'
import { oneLine } from './versions.ts'

const COLUMNS: readonly Column[] = [
  { title: 'release', isNumber: true },
  { title: 'made', dropOrder: 1 },
  { title: 'by', dropOrder: 2 },
  { title: 'from', dropOrder: 3 },
  { title: 'changes', isNumber: true },
  { title: 'message' },
]

export function releasesText({ environment, releases, total }: ReleaseList, style: Style): string {
  if (total === 0) return `${environment} has no release yet.\n`
  if (releases.length === 0) return `${environment} has no release since then; the last is ${formatCount(total)}.\n`
  const rows = releases.map(release => [
    String(release.number),
    formatMoment(release.createdAtMs),
    oneLine(release.actor),
    oneLine(sourceOf(release)),
    formatCount(release.changeCount),
    oneLine(release.reason),
  ])
  const footer = releases.length < total ? [`${formatCount(releases.length)} of ${formatCount(total)} releases`] : []
  return `${[...tableLines(COLUMNS, rows, style), ...footer].join('\n')}\n`
}

/** Where a release came from: a commit or another release, else what kind it is. */
function sourceOf({ kind, source }: Release): string {
  return kind === 'rollback' || source === '' ? kind : source
}

export function releasesJson({ environment, releases, total }: ReleaseList): string {
  return jsonDocument({
    environment,
    total,
    releases: releases.map(release => ({
      number: release.number,
      kind: release.kind,
      apply_id: release.applyId,
      change_digest: release.changeDigest,
      restores: release.restores,
      created_at: new Date(release.createdAtMs).toISOString(),
      actor: release.actor,
      source: release.source,
      message: release.reason,
      changes: release.changeCount,
    })),
  })
}
