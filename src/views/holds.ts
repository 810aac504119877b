import { enumerate } from '../base/enumerate.ts'
import type { JsonObject } from '../base/json.ts'
import { type HoldList, heldName, type LiftedHolds, type ListedHold } from '../operations/holds.ts'
import { formatCount, formatMoment } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'
import { oneLine } from './versions.ts'

const COLUMNS: readonly Column[] = [
  { title: 'held' },
  { title: 'release', isNumber: true },
  { title: 'since', dropOrder: 2 },
  { title: 'by', dropOrder: 1 },
]
const REASON: Column = { title: 'reason' }
const LIFTED: Column = { title: 'lifted' }

/** Names of a list before it is counted instead. */
const NAMED_MAX = 5

/** With a column for lifted ones where there are any. */
export function holdsText({ environment, holds }: HoldList, style: Style): string {
  if (holds.length === 0) return `${environment} holds nothing.\n`
  const withLifted = holds.some(({ lifted }) => lifted !== undefined)
  const rows = holds.map(hold => [
    heldName(hold),
    String(hold.rollback),
    formatMoment(hold.createdAtMs),
    oneLine(hold.actor),
    ...(withLifted ? [liftedText(hold)] : []),
    oneLine(hold.reason),
  ])
  return `${tableLines([...COLUMNS, ...(withLifted ? [LIFTED] : []), REASON], rows, style).join('\n')}\n`
}

function liftedText({ lifted }: ListedHold): string {
  return lifted === undefined ? '' : `by ${oneLine(lifted.actor)}: ${oneLine(lifted.reason)}`
}

export function liftedHoldsText({ environment, lifted }: LiftedHolds): string {
  if (lifted.length > NAMED_MAX) return `${formatCount(lifted.length)} holds of ${environment} are lifted.\n`
  return `${enumerate(lifted.map(heldName))} ${lifted.length === 1 ? 'is' : 'are'} no longer held in ${environment}.\n`
}

export function holdsJson({ environment, holds }: HoldList): string {
  return jsonDocument({ environment, holds: holds.map(holdJson) })
}

export function liftedHoldsJson({ environment, lifted }: LiftedHolds): string {
  return jsonDocument({ environment, lifted: lifted.map(holdJson) })
}

function holdJson({ address, version, digest, rollback, reason, actor, createdAtMs, lifted }: ListedHold): JsonObject {
  return {
    address,
    version,
    digest,
    release: rollback,
    reason,
    actor,
    at: new Date(createdAtMs).toISOString(),
    lifted: lifted ? { at: new Date(lifted.atMs).toISOString(), actor: lifted.actor, reason: lifted.reason } : null,
  }
}
