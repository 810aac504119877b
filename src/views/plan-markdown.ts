import { shortDigest } from '../base/digest.ts'
import { diffArtifacts, type TextChange } from '../plan/artifact-diff.ts'
import { type Change, countChanges, type HeldObstacle, heldObstacles, type Plan } from '../plan/plan.ts'
import { type DiffLine, diffTexts } from '../plan/text-diff.ts'
import type { ValueChange } from '../plan/value-diff.ts'
import type { Release } from '../registry/release.ts'
import { releasedText } from './apply-text.ts'
import { CHANGE_SIGNS } from './change-sign.ts'
import { signed } from './cost-text.ts'
import { formatChange, formatCount, formatMoment, formatMoney, formatTokens } from './format-number.ts'
import { isEmptyPlan } from './plan-text.ts'
import { plainStyle } from './style.ts'
import { foldedLines } from './text-diff.ts'
import { showControls } from './text-width.ts'
import { valueChangeText, withoutUnit } from './value-text.ts'
import { oneLine } from './versions.ts'

/** GitHub takes comments of 65,536 characters. */
export const MARKDOWN_LENGTH_MAX = 65_000

export interface PlanMarkdownOptions {
  /** The commit that the configuration is of, where that is known. */
  readonly commit?: string | undefined
  /** What does not fit into so many characters is left out: the longest diffs, then rows of the table. */
  readonly lengthMax?: number
  /** The plan was applied; without a release the state alone was written, if anything. */
  readonly applied?: { readonly release: Release | undefined; readonly overrideHold: string | undefined }
}

/** A plan as a comment of a pull request; its first line lets CI find its own comment and update it. */
export function planMarkdown(plan: Plan, options: PlanMarkdownOptions = {}): string {
  const { lengthMax = MARKDOWN_LENGTH_MAX } = options
  const title = titleLines(plan, options)
  const end = [...noteLines(plan, options), footLine(plan, options)]
  const table = tableOf(plan, lengthMax - lengthOf([...title, ...end]))
  const room = lengthMax - lengthOf([...title, ...table, ...end])
  const details = fittingDetails(
    plan.changes.flatMap(change => detailsOf(change)),
    room,
  )
  return `${[...title, ...table, ...end.slice(0, -1), ...details, ...end.slice(-1)].join('\n')}\n`
}

function titleLines(plan: Plan, { applied }: PlanMarkdownOptions): readonly string[] {
  const { add, change, destroy } = countChanges(plan)
  const name = applied === undefined ? 'plan' : plan.mode === 'destroy' ? 'destroy' : 'apply'
  const counts = applied
    ? `${add} added, ${change} changed, ${destroy} destroyed`
    : `${add} to add, ${change} to change, ${destroy} to destroy`
  return [`<!-- flowrun-${name} ${plan.project} ${plan.environment} -->`, `### flowrun ${name} for \`${plan.environment}\`: ${counts}`, '']
}

function tableOf(plan: Plan, room: number): readonly string[] {
  if (plan.changes.length === 0) return isEmptyPlan(plan) ? [`No changes. \`${plan.environment}\` matches the configuration.`, ''] : []
  const rows: string[] = []
  let size = lengthOf(TABLE_HEAD)
  for (const change of plan.changes) {
    const row = changeRow(change)
    size += lengthOf([row])
    if (size > room - NOTE_LENGTH) break
    rows.push(row)
  }
  const left = plan.changes.length - rows.length
  return [...TABLE_HEAD, ...rows, '', ...(left === 0 ? [] : [`${formatCount(left)} more blocks change: too many for one comment.`, ''])]
}

const TABLE_HEAD = ['| | block | version | tokens | per 1,000 calls | used by |', '|---|---|---|---:|---:|---|']
/** What a note of what is left out takes, and the one of diffs after it. */
const NOTE_LENGTH = 300

function footLine({ base, changeDigest, createdAtMs }: Plan, { commit }: PlanMarkdownOptions): string {
  const parts = [
    base.release === 0 ? 'No release yet' : `Against release ${base.release}`,
    `plan \`${shortDigest(changeDigest)}\``,
    ...(commit === undefined ? [] : [`commit \`${commit}\``]),
    formatMoment(createdAtMs),
  ]
  return parts.join(' · ')
}

/**
 * Drops the longest details first, and says so.
 *
 * @param command shows all.
 */
export function fittingDetails(details: readonly string[], room: number, command = 'flowrun plan'): readonly string[] {
  const longestFirst = [...details.entries()].sort(([, a], [, b]) => b.length - a.length)
  const note = (count: number) =>
    `${count} ${count === 1 ? 'diff is' : 'diffs are'} left out here: too long for one comment. \`${command}\` shows all.`
  let size = lengthOf(details)
  const dropped = new Set<number>()
  for (const [index, text] of longestFirst) {
    if (size + (dropped.size > 0 ? note(dropped.size).length + 2 : 0) <= room) break
    dropped.add(index)
    size -= text.length + 2
  }
  const kept = details.filter((_, index) => !dropped.has(index)).flatMap(text => [text, ''])
  return dropped.size === 0 ? kept : [...kept, note(dropped.size), '']
}

export function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 2, 0)
}

function changeRow(change: Change): string {
  const versions = [change.before?.version, change.after?.version].filter(version => version !== undefined).join(' → ')
  const cells = [CHANGE_SIGNS[change.action], code(change.address), versions, tokensCell(change), costCell(change), usersCell(change)]
  return `|${cells.map(cell => (cell === '' ? ' ' : ` ${cell.replaceAll('|', '\\|')} `)).join('|')}|`
}

/** Users that a cell names. */
const USERS_MAX = 5

function usersCell({ usedBy }: Change): string {
  const named = usedBy.slice(0, USERS_MAX).map(code).join(', ')
  return usedBy.length > USERS_MAX ? `${named} and ${formatCount(usedBy.length - USERS_MAX)} more` : named
}

/** A name as code on one line; nothing in it ends the code or the line. */
export function code(name: string): string {
  return `\`${oneLine(name).replaceAll('`', "'")}\``
}

function tokensCell({ forecast: { tokensBefore, tokensAfter } = {} }: Change): string {
  if (tokensAfter === undefined) return ''
  const difference = tokensBefore === undefined ? 0 : tokensAfter.fixed - tokensBefore.fixed
  const text = formatTokens(tokensAfter.fixed, tokensAfter.approximate)
  return difference === 0 ? text : `${text} (${signed(difference)})`
}

function costCell({ forecast: { costBefore, costAfter } = {} }: Change): string {
  if (costAfter === undefined) return ''
  const [before, after] = [costBefore?.nanoPerThousandCalls ?? null, costAfter.nanoPerThousandCalls]
  const change = before === null || after === null || before === after ? undefined : formatChange(before, after)
  const text = `${costAfter.basis.kind === 'limit' ? 'at most ' : ''}${formatMoney(after)}`
  return change === undefined ? text : `${text} (${change})`
}

function noteLines(plan: Plan, { applied }: PlanMarkdownOptions): readonly string[] {
  const drift = plan.drift.map(
    ({ address, before, after, actor }) => `${code(address)} ${before ?? 'none'} → ${after ?? 'archived'} by ${code(actor)}`,
  )
  const lifted = applied?.overrideHold === undefined ? [] : heldObstacles(plan)
  const obstacles = (lifted.length === 0 ? plan.obstacles : []).map(obstacle =>
    obstacle.kind === 'held'
      ? `✗ ${code(`${obstacle.address}@${obstacle.version}`)} is held since release ${obstacle.release}`
      : `✗ ${code(obstacle.address)} is owned by another configuration`,
  )
  const outputs = plan.outputs.filter(({ action }) => action !== 'no-op').map(({ name, action }) => `${OUTPUT_SIGNS[action]} ${code(name)}`)
  return [
    ...(outputs.length === 0 ? [] : [`**Outputs:** ${few(outputs)}`, '']),
    ...(drift.length === 0 ? [] : [`**Drift:** ${few(drift)}`, '']),
    ...(lifted.length === 0 ? [] : [`**Holds lifted** (${oneLine(applied?.overrideHold ?? '')}): ${few(lifted.map(heldText))}`, '']),
    ...(applied && !isEmptyPlan(plan) ? [releasedText(plan, applied.release).trimEnd(), ''] : []),
    ...(obstacles.length === 0 ? [] : [`**Apply would be refused:** ${few(obstacles)}`, '']),
  ]
}

function heldText({ address, version, release, actor }: HeldObstacle): string {
  return `${code(`${address}@${version}`)} of release ${release}, by ${code(actor)}`
}

/** Facts that one line names. */
const FACTS_MAX = 20

function few(facts: readonly string[]): string {
  const more = facts.length > FACTS_MAX ? [`${formatCount(facts.length - FACTS_MAX)} more`] : []
  return [...facts.slice(0, FACTS_MAX), ...more].join(' · ')
}

const OUTPUT_SIGNS = { create: '+', update: '~', delete: '-', 'no-op': '.' } as const

/** What can be unfolded: each text as a diff, then the settings. */
export function detailsOf(change: Change): readonly string[] {
  if (change.action === 'forget') return []
  const { texts, values } = diffArtifacts(change.before?.artifact, change.after?.artifact, change.after?.textFiles)
  const settings = change.action === 'update' && values.length > 0 ? [settingDetails(change, values)] : []
  return [...texts.map(text => textDetails(change, text)), ...settings]
}

function textDetails(change: Change, { name, file, before = '', after = '' }: TextChange): string {
  const { lines, added, removed } = diffTexts(before, after)
  const changed = Math.max(added, removed)
  return details(
    `${heading(change)} · ${escapeHtml(file ?? name)} · ${changed} ${changed === 1 ? 'line' : 'lines'} changed`,
    'diff',
    diffBlock(lines),
  )
}

const DIFF_SIGNS = { same: ' ', removed: '-', added: '+' } as const

/** Hunks as `diff` colours them; unchanged lines between two hunks are one ellipsis, and none at the ends. */
function diffBlock(lines: readonly DiffLine[]): readonly string[] {
  const entries = foldedLines(lines)
  return entries.flatMap(([entry], index) => {
    if (typeof entry !== 'number') return [`${DIFF_SIGNS[entry.kind]} ${showControls(entry.text)}`.trimEnd()]
    return index === 0 || index === entries.length - 1 ? [] : ['  …']
  })
}

function settingDetails(change: Change, values: readonly ValueChange[]): string {
  const lines = values.map(value => `${withoutUnit(value.path)}: ${valueChangeText(value, plainStyle)}`)
  return details(`${heading(change)} · ${lines.length} ${lines.length === 1 ? 'setting' : 'settings'} changed`, 'text', lines)
}

function details(summary: string, language: string, lines: readonly string[]): string {
  const body = lines.join('\n')
  // A fence inside the text must not end ours.
  const longest = Math.max(2, ...(body.match(/`+/g) ?? []).map(run => run.length))
  const fence = '`'.repeat(longest + 1)
  return `<details><summary>${summary}</summary>\n\n${fence}${language}\n${body}\n${fence}\n</details>`
}

function heading(change: Change): string {
  return `<code>${escapeHtml(change.address)}</code>`
}

/** Text inside of a tag, on one line: an empty line would end the tag for Markdown. */
function escapeHtml(text: string): string {
  return oneLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
