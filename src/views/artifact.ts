import { shortDigest } from '../base/digest.ts'
import type { JsonValue } from '../base/json.ts'
import type { Deployment, ShownArtifact } from '../operations/show.ts'
import { diffArtifacts } from '../plan/artifact-diff.ts'
import { formatMoment } from './format-number.ts'
import { interfaceRows } from './interface-rows.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { tableLines } from './table.ts'
import { padEnd, showControls } from './text-width.ts'
import { valueText, withoutUnit } from './value-text.ts'
import { oneLine } from './versions.ts'

/** @param options.content shows texts whole; otherwise their number of lines. */
export function artifactText(shown: ShownArtifact, style: Style, options: { readonly content?: boolean } = {}): string {
  const { address, version, digest, artifact, createdAtMs, createdBy, message, activeIn } = shown
  const { texts, values } = diffArtifacts(undefined, artifact)
  const rows = [
    ['made', [formatMoment(createdAtMs), ...(createdBy === '' ? [] : [`by ${oneLine(createdBy)}`])].join(' ')],
    ...(message === '' ? [] : [['message', oneLine(message)]]),
    ['active', activeIn.length === 0 ? 'nowhere' : activeIn.join(', ')],
    ...values.filter(value => !value.isType).map(value => [withoutUnit(value.path), valueText(value.after ?? null, value.path)]),
    ...interfaceRows(artifact).flatMap(([label, ...texts]) => texts.map((text, index) => [index === 0 ? label : '', text])),
    ...(options.content ? [] : texts.map(({ name, after = '' }) => [name, lineCount(after)])),
  ]
  const width = Math.max(...rows.map(([label = '']) => label.length))
  return [
    `${style.paint.address(`${address}@${version}`)}  ${style.paint.secondary(shortDigest(digest))}`,
    ...rows.map(([label = '', text = '']) => `  ${padEnd(label, width)}  ${text}`),
    ...(options.content
      ? texts.flatMap(({ name, after = '' }) => ['', `  ${style.paint.address(name)}`, ...contentLines(after, style)])
      : []),
    '',
  ].join('\n')
}

function lineCount(text: string): string {
  const count = text.replace(/\n$/, '').split('\n').length
  return `${count} ${count === 1 ? 'line' : 'lines'} (--content shows them)`
}

function contentLines(text: string, style: Style): readonly string[] {
  const lines = showControls(text).replace(/\n$/, '').split('\n')
  return lines.map(line => `  ${style.paint.secondary(style.glyphs.bar)} ${line}`.trimEnd())
}

export function artifactJson(shown: ShownArtifact): string {
  return jsonDocument({
    address: shown.address,
    version: shown.version,
    digest: shown.digest,
    created_at: new Date(shown.createdAtMs).toISOString(),
    created_by: shown.createdBy,
    message: shown.message,
    active_in: shown.activeIn,
    // An interface has no index signature, so the compiler cannot see that an artifact is JSON.
    artifact: shown.artifact as unknown as JsonValue,
  })
}

export function deploymentText({ environment, release, blocks }: Deployment, style: Style): string {
  if (blocks.length === 0) return `Nothing is deployed in ${environment}.\n`
  const columns = [
    { title: 'block' },
    { title: 'version', isNumber: true },
    { title: 'release', isNumber: true },
    { title: 'digest' },
  ] as const
  const rows = blocks.map(block => [block.address, String(block.version), String(block.changedIn), shortDigest(block.digest)])
  return `${[`${style.paint.address(environment)}, release ${release}`, '', ...tableLines(columns, rows, style)].join('\n')}\n`
}

export function deploymentJson({ environment, release, blocks }: Deployment): string {
  return jsonDocument({
    environment,
    release,
    blocks: blocks.map(({ address, version, digest, changedIn }) => ({ address, version, digest, changed_in: changedIn })),
  })
}
