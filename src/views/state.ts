import { shortDigest } from '../base/digest.ts'
import type { JsonObject } from '../base/json.ts'
import type { OwnershipChange, StateChanged } from '../operations/state/change.ts'
import type { ShownBlock, StateHistoryList, StateList } from '../operations/state/read.ts'
import { formatCount, formatMoment } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'
import { displayWidth, padEnd } from './text-width.ts'

export function stateListText({ environment, blocks }: StateList): string {
  if (blocks.length === 0) return `The state of ${environment} owns nothing.\n`
  const width = Math.max(...blocks.map(({ address }) => displayWidth(address)))
  return blocks.map(({ address, version }) => `${padEnd(address, width)}  @${version}\n`).join('')
}

export function stateListJson({ environment, state, blocks }: StateList): string {
  return jsonDocument({
    environment,
    lineage: state?.lineage ?? null,
    serial: state?.serial ?? null,
    release: state?.release ?? null,
    blocks: blocks.map(({ address, version, digest }) => ({ address, version, digest })),
  })
}

export function shownBlockText(block: ShownBlock): string {
  const { address, version, digest, environment } = block
  return `${address}@${version}\n  digest    ${shortDigest(digest)}\n  active    ${activeText(block)}\n  state of  ${environment}\n`
}

function activeText({ address, version, active, environment, lineage }: ShownBlock): string {
  if (active === undefined) return `no: ${environment} has no ${address} any more`
  const since = `since release ${active.changedIn} of ${environment}`
  if (active.owner !== lineage)
    return `@${active.version} ${since}, and belongs to ${active.owner === null ? 'nobody' : `lineage ${active.owner}`}`
  return active.version === version ? `yes, ${since}` : `@${active.version} is, ${since}`
}

export function shownBlockJson({ environment, address, version, digest, active }: ShownBlock): string {
  return jsonDocument({
    environment,
    address,
    version,
    digest,
    active: active ? { version: active.version, digest: active.digest, owner: active.owner, release: active.changedIn } : null,
  })
}

const HISTORY_COLUMNS: readonly Column[] = [
  { title: 'serial', isNumber: true },
  { title: 'written' },
  { title: 'blocks', isNumber: true },
  { title: 'intact' },
]

export function stateHistoryText({ environment, current, snapshots }: StateHistoryList, style: Style): string {
  const rows = snapshots.map(({ serial, writtenAtMs, blocks, intact }) => [
    String(serial),
    formatMoment(writtenAtMs),
    formatCount(blocks),
    intact ? 'yes' : 'no',
  ])
  const table = rows.length === 0 ? ['No earlier snapshot is kept.'] : tableLines(HISTORY_COLUMNS, rows, style)
  return `${[currentText(environment, current), ...table].join('\n')}\n`
}

function currentText(environment: string, current: StateHistoryList['current']): string {
  if (current === undefined) return `${environment} has no state.`
  const { serial, blocks } = current
  return `The state of ${environment} has serial ${serial}${blocks === undefined ? ', and cannot be read' : `, ${countedBlocks(blocks)}`}.`
}

export function stateHistoryJson({ environment, current, snapshots }: StateHistoryList): string {
  return jsonDocument({
    environment,
    current: current ? { lineage: current.lineage, serial: current.serial, intact: current.blocks !== undefined } : null,
    snapshots: snapshots.map(({ lineage, serial, digest, blocks, writtenAtMs, intact }) => ({
      lineage,
      serial,
      digest,
      blocks,
      written_at: new Date(writtenAtMs).toISOString(),
      intact,
    })),
  })
}

/** @param headline what the command did as a whole: `Restored serial 40`; empty where the changes say it. */
export function stateChangedText(changed: StateChanged, headline: string): string {
  const { environment, changes, dryRun, written, serial, blocks } = changed
  if (!written) return `The state of ${environment} says this already: serial ${serial}, ${countedBlocks(blocks)}.\n`
  const whole = headline === '' ? [] : [`${headline}: ${countedBlocks(blocks)}.`]
  const givenUp = changes.filter(({ action }) => action === 'give-up').length
  const left =
    givenUp === 0
      ? []
      : [`${givenUp === 1 ? 'It stays' : 'They stay'} active in ${environment}, and ${givenUp === 1 ? 'belongs' : 'belong'} to nobody.`]
  const ending = dryRun ? 'This was a dry run. Nothing was changed.' : doneText(changed)
  return `${[...whole, ...changes.map(change => changeLine(change, dryRun)), ...left, ending].join('\n')}\n`
}

function doneText({ environment, release, serial }: StateChanged): string {
  return release === undefined
    ? `The state of ${environment} has serial ${serial}.`
    : `Release ${release} of ${environment}. The state has serial ${serial}.`
}

function changeLine(change: OwnershipChange, dryRun: boolean): string {
  const { address, version } = change
  switch (change.action) {
    case 'move':
      return `${dryRun ? 'Would move' : 'Moved'} ${address} to ${change.to}, @${version} with its history`
    case 'give-up':
      return `${dryRun ? 'Would give up' : 'Gave up'} ${address}@${version}`
    case 'take':
      return `${dryRun ? 'Would take over' : 'Took over'} ${address}@${version}${change.from === null ? '' : ` from lineage ${change.from}`}`
  }
}

export function stateChangedJson({ environment, dryRun, written, release, lineage, serial, blocks, changes }: StateChanged): string {
  return jsonDocument({
    environment,
    dry_run: dryRun,
    written: written && !dryRun,
    release: release ?? null,
    lineage,
    serial,
    blocks,
    changes: changes.map(changeJson),
  })
}

function changeJson(change: OwnershipChange): JsonObject {
  const { address, version } = change
  switch (change.action) {
    case 'move':
      return { action: 'move', address, to: change.to, version }
    case 'give-up':
      return { action: 'give_up', address, version }
    case 'take':
      return { action: 'take', address, version, from: change.from }
  }
}

function countedBlocks(count: number): string {
  return `${formatCount(count)} block${count === 1 ? '' : 's'}`
}
