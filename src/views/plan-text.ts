import { type Change, countChanges, type DriftChange, heldObstacles, type Obstacle, type OutputChange, type Plan } from '../plan/plan.ts'
import { paintSign } from './change-sign.ts'
import {
  affectedLines,
  type ChangeContext,
  type ChangeHeader,
  changeBody,
  changeHeader,
  conciseHeader,
  versionsText,
} from './change-text.ts'
import { formatAgo } from './format-number.ts'
import type { Style } from './style.ts'
import { displayWidth, padEnd } from './text-width.ts'
import { valueText } from './value-text.ts'

export interface PlanTextOptions {
  readonly nowMs: number
  /** One line for each change. */
  readonly concise?: boolean
  /** Nothing is folded, and what is usual is shown too. */
  readonly verbose?: boolean
  /** Leaves out why apply would refuse: apply itself says it. */
  readonly withoutObstacles?: boolean
  /** `--override-hold REASON`: what it lifts is named. */
  readonly overrideHold?: string
}

/** A plan as a person reads it. Ends with a newline. */
export function planText(plan: Plan, style: Style, options: PlanTextOptions): string {
  if (isEmptyPlan(plan)) return `${planTitle(plan, style)}\n${emptyText(plan)}\n`
  const context: ChangeContext = {
    environment: plan.environment,
    nowMs: options.nowMs,
    verbose: options.verbose ?? false,
    drifted: new Set(plan.drift.map(({ address }) => address)),
  }
  const sections = [
    [planTitle(plan, style)],
    driftLines(plan, style, options.nowMs),
    options.concise ? conciseLines(plan.changes, style, context) : changeLines(plan.changes, style, context),
    outputLines(plan.outputs, style),
    adoptionLines(plan),
    selectionLines(plan),
    [plan.mode === 'refresh-only' ? 'Apply would write the state and make no release.' : summaryLine(plan)],
    options.withoutObstacles ? [] : obstacleLines(plan),
    options.overrideHold === undefined ? [] : liftedLines(plan, options.overrideHold, style, options.nowMs),
  ]
  return `${sections
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`
}

/** `Plan for dev (embedded), against release 14` */
export function planTitle({ environment, target, base }: Plan, style: Style): string {
  const where = `Plan for ${style.paint.address(environment)} (${target.type}`
  return base.release === 0 ? `${where}, no release yet)` : `${where}), against release ${base.release}`
}

/** Apply would change nothing: neither the release nor the state. */
export function isEmptyPlan({ changes, drift, outputs, adoptions, obstacles }: Plan): boolean {
  const nothingAdopted = adoptions.converged.length === 0 && adoptions.forgotten.length === 0
  return changes.length + drift.length + obstacles.length === 0 && nothingAdopted && outputs.every(({ action }) => action === 'no-op')
}

/** `-detailed-exitcode`: what others did that is as configured, or gone on both sides, is no change (DRIFT-13). */
export function hasChanges({ changes, drift, outputs }: Plan): boolean {
  return changes.length > 0 || drift.length > 0 || outputs.some(({ action }) => action !== 'no-op')
}

function emptyText({ mode, environment }: Plan): string {
  if (mode === 'destroy') return `No changes. This configuration owns nothing in ${environment}.`
  if (mode === 'refresh-only') return `No changes. The state matches ${environment}.`
  return `No changes. ${environment} matches the configuration.`
}

/** `Plan: 3 to add, 0 to change, 0 to destroy.` */
export function summaryLine(plan: Pick<Plan, 'changes'>): string {
  const { add, change, destroy, import: imported, move, forget } = countChanges(plan)
  const first = imported > 0 ? `${imported} to import, ` : ''
  const others = [move > 0 ? `, ${move} to move` : '', forget > 0 ? `, ${forget} to forget` : ''].join('')
  return `Plan: ${first}${add} to add, ${change} to change, ${destroy} to destroy${others}.`
}

/** Changes in groups: one with a body ends its group. */
export function changeLines(changes: readonly Change[], style: Style, context: ChangeContext): readonly string[] {
  const blocks = changes.map(change => ({ header: changeHeader(change, style, context), body: changeBody(change, style, context) }))
  const groups: (typeof blocks)[] = []
  // A body ends its group: the next change stands apart, and aligns with what follows it.
  for (const [index, block] of blocks.entries()) {
    const last = groups.at(-1)
    if (last === undefined || (blocks[index - 1]?.body.length ?? 0) > 0) groups.push([block])
    else last.push(block)
  }
  return groups.flatMap((group, index) => {
    const headers = headerLines(
      group.map(({ header }) => header),
      style,
    )
    const lines = group.flatMap(({ body }, place) => [headers[place] ?? '', ...body])
    return index === 0 ? lines : ['', ...lines]
  })
}

/** One line for each change. */
export function conciseLines(changes: readonly Change[], style: Style, context: ChangeContext): readonly string[] {
  const headers = headerLines(
    changes.map(change => conciseHeader(change, style, context)),
    style,
  )
  return changes.flatMap((change, index) => [headers[index] ?? '', ...affectedLines(change, style, context.verbose)])
}

const HEADER_GAP = '   '

/** Headers with their addresses, versions and summaries below each other. */
export function headerLines(headers: readonly ChangeHeader[], style: Style): readonly string[] {
  const addressWidth = Math.max(0, ...headers.map(({ address }) => displayWidth(address)))
  const versionsWidth = Math.max(0, ...headers.map(({ versions }) => versions.length))
  return headers.map(({ sign, address, versions, summary }) => {
    const padding = ' '.repeat(addressWidth - displayWidth(address))
    const rest = summary === '' ? versions : `${padEnd(versions, versionsWidth)}${HEADER_GAP}${summary}`
    return `  ${paintSign(sign, style)} ${style.paint.address(address)}${padding}${HEADER_GAP}${rest}`.trimEnd()
  })
}

const CAUSES = { apply: 'applied', rollback: 'rolled back', promote: 'promoted', destroy: 'archived', import: 'imported' } as const

function driftLines({ drift, environment }: Plan, style: Style, nowMs: number): readonly string[] {
  if (drift.length === 0) return []
  const headers = drift.map(
    (change): ChangeHeader => ({
      sign: '!',
      address: change.address,
      versions: versionsText(change.before, change.after, style),
      summary: driftText(change, nowMs),
    }),
  )
  return [`Drift: changed in ${environment}, and not by this configuration`, ...headerLines(headers, style)]
}

function driftText({ cause, actor, atMs, release, reason }: DriftChange, nowMs: number): string {
  const told = `${CAUSES[cause]} by ${actor} ${formatAgo(atMs, nowMs)}, release ${release}`
  return reason === undefined || reason === '' ? told : `${told}: ${JSON.stringify(reason)}`
}

function outputLines(outputs: readonly OutputChange[], style: Style): readonly string[] {
  const changed = outputs.filter(({ action }) => action !== 'no-op')
  if (changed.length === 0) return []
  const width = Math.max(...changed.map(({ name }) => name.length))
  const signs = { create: '+', update: '~', delete: '-', 'no-op': '.' } as const
  return [
    'Outputs',
    ...changed.map(output => `  ${paintSign(signs[output.action], style)} ${padEnd(output.name, width)}  ${outputText(output, style)}`),
  ]
}

function outputText({ action, before, after, sensitive }: OutputChange, style: Style): string {
  if (sensitive) return action === 'update' ? '(sensitive, changed)' : '(sensitive)'
  if (action === 'create') return valueText(after ?? null)
  if (action === 'delete') return valueText(before ?? null)
  return `${before === undefined ? '(sensitive)' : valueText(before)} ${style.glyphs.arrow} ${valueText(after ?? null)}`
}

function adoptionLines({ mode, adoptions: { converged, forgotten } }: Plan): readonly string[] {
  const lines: string[] = []
  if (converged.length > 0)
    lines.push(
      `The state adopts ${converged.map(({ address, version }) => `${address}@${version}`).join(', ')}: ${mode === 'refresh-only' ? 'what others released' : 'released by others, and as configured'}.`,
    )
  if (forgotten.length > 0) lines.push(`The state forgets ${forgotten.join(', ')}: no longer owned by this configuration.`)
  return lines
}

function selectionLines({ selection }: Plan): readonly string[] {
  if (selection === undefined) return []
  return [`This plan is a part: ${selection.covered} of ${selection.of} blocks. Outputs and checks follow with the next whole plan.`]
}

function obstacleLines(plan: Plan): readonly string[] {
  const { obstacles } = plan
  if (obstacles.length === 0) return []
  const title = `Apply would be refused, for ${obstacles.length} ${obstacles.length === 1 ? 'reason' : 'reasons'}:`
  return [
    title,
    ...obstacles.flatMap((obstacle, index) =>
      obstacleText(obstacle, plan).map((line, place) => `${place === 0 ? `  ${index + 1}. ` : '     '}${line}`),
    ),
  ]
}

/** Holds that the release lifts, and why they were placed. */
function liftedLines(plan: Plan, overrideHold: string, style: Style, nowMs: number): readonly string[] {
  const held = heldObstacles(plan)
  if (held.length === 0) return []
  const headers = held.map(
    ({ address, version, actor, atMs, release, reason }): ChangeHeader => ({
      sign: '!',
      address,
      versions: `@${version}`,
      summary: `rolled back by ${actor} ${formatAgo(atMs, nowMs)}, release ${release}: ${JSON.stringify(reason)}`,
    }),
  )
  return [`Apply lifts ${held.length === 1 ? 'this hold' : 'these holds'}: ${JSON.stringify(overrideHold)}`, ...headerLines(headers, style)]
}

function obstacleText(obstacle: Obstacle, { environment, changes }: Plan): readonly string[] {
  const { address } = obstacle
  if (obstacle.kind === 'owned-elsewhere') {
    return [
      `${address} is owned in ${environment} by another configuration, lineage ${obstacle.lineage}.`,
      'Give the block another name, or take it out of the other configuration first.',
    ]
  }
  const active = changes.find(change => change.address === address)?.before?.version
  const way = active === undefined ? 'Change the configuration' : `Go back to @${active} in the configuration`
  return [
    `${address}@${obstacle.version} is held in ${environment} since release ${obstacle.release}.`,
    `${way}, or: flowrun apply -e ${environment} --override-hold REASON`,
  ]
}
