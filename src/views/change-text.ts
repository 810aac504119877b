import { type ArtifactDiff, diffArtifacts, type TextChange } from '../plan/artifact-diff.ts'
import type { Change, PlannedVersion } from '../plan/plan.ts'
import type { ValueChange } from '../plan/value-diff.ts'
import { CHANGE_SIGNS, type ChangeSign } from './change-sign.ts'
import { affectedCostText, costTexts, forecastSummary, tokensText } from './cost-text.ts'
import { formatDay, formatMoney } from './format-number.ts'
import { interfaceRows, nodeCount } from './interface-rows.ts'
import type { Style } from './style.ts'
import { textDiffLines, wholeTextLines } from './text-diff.ts'
import { padEnd } from './text-width.ts'
import { valueChangeText, valueText, withoutUnit } from './value-text.ts'

export interface ChangeContext {
  readonly environment: string
  readonly nowMs: number
  readonly verbose?: boolean
  /** Addresses that the drift section tells of. */
  readonly drifted: ReadonlySet<string>
}

/** One line of a list of changes, in columns that the list aligns. */
export interface ChangeHeader {
  readonly sign: ChangeSign
  readonly address: string
  /** `@7 → @8` */
  readonly versions: string
  readonly summary: string
}

const BODY_INDENT = 6
const NEW_TEXT_INDENT = 8
const AFFECTED_MAX = 3

/** `@7 → @8`, or the one side that there is. */
export function versionsText(before: number | undefined, after: number | undefined, style: Style): string {
  const versions = [before, after].filter(version => version !== undefined).map(version => `@${version}`)
  return versions.join(` ${style.glyphs.arrow} `)
}

export function changeHeader(change: Change, style: Style, context: ChangeContext): ChangeHeader {
  return {
    sign: CHANGE_SIGNS[change.action],
    address: change.address,
    versions: versionsText(isStill(change) ? undefined : change.before?.version, change.after?.version, style),
    summary: reasonText(change, context) ?? movedText(change) ?? createdText(change),
  }
}

/** The same number under another name or owner is said once. */
function isStill({ action, before, after }: Change): boolean {
  return (action === 'move' || action === 'import') && before?.version === after?.version
}

/** The header of a plan with one line for each change: what matters most about it. */
export function conciseHeader(change: Change, style: Style, context: ChangeContext): ChangeHeader {
  const header = changeHeader(change, style, context)
  if (header.summary !== '') return header
  const summary =
    change.action === 'create' ? createdTokens(change) : (forecastSummary(change.forecast ?? {}) ?? firstDifference(change, style))
  return { ...header, summary }
}

function movedText({ previousAddress }: Change): string | undefined {
  return previousAddress === undefined ? undefined : `moved from ${previousAddress}, and changed`
}

function createdText(change: Change): string {
  const artifact = change.action === 'create' ? change.after?.artifact : undefined
  if (artifact?.kind === 'provider') return artifact.spec.type
  if (artifact?.kind === 'budget') return `${formatMoney(artifact.spec.limit_nano)} per ${artifact.spec.per}`
  if (artifact?.kind === 'guard') return [...new Set(artifact.spec.detectors.map(({ type }) => type))].join(', ')
  if (artifact?.kind === 'workflow') return nodeCount(artifact.spec)
  return artifact?.kind === 'model' ? artifact.spec.id : ''
}

function createdTokens(change: Change): string {
  const tokens = change.forecast?.tokensAfter
  return tokens === undefined ? '' : `${tokens.approximate ? '~' : ''}${tokens.fixed} tokens fixed`
}

/** `id "gpt-4o-mini" → "gpt-4.1-mini"`: an id says more than the facts that follow from it. */
function firstDifference(change: Change, style: Style): string {
  const { texts, values } = differenceOf(change)
  const value = values.find(({ path }) => path === 'id') ?? values[0]
  if (value !== undefined) return `${withoutUnit(value.path)} ${valueChangeText(value, style)}`
  return texts.map(({ name }) => name).join(', ')
}

function reasonText(change: Change, context: ChangeContext): string | undefined {
  switch (change.reason) {
    case 'published-earlier':
      return publishedText(change.after, context, context.drifted.has(change.address))
    case 'reactivated':
      return 'published before; no new version'
    case 'references-moved':
      return 'only references moved'
    case 'not-in-configuration':
      return `no longer in the configuration${keptText(change)}`
    case 'not-in-for-each':
      return `its key is no longer in for_each${keptText(change)}`
    case 'not-in-count':
      return `its index is past the count${keptText(change)}`
    case 'removed':
      return change.action === 'forget'
        ? 'given up: the pointer stays, and belongs to nobody'
        : `a removed block takes it out${keptText(change)}`
    case 'moved':
      return `moved from ${change.previousAddress}, with its versions and history`
    case 'imported':
      return importedText(change)
    case 'destroy':
      return keptText(change).replace(/^; /, '')
    default:
      return undefined
  }
}

function importedText({ imported, address, action }: Change): string | undefined {
  if (imported === undefined) return undefined
  const version = imported.address === address ? `@${imported.version}` : `${imported.address}@${imported.version}`
  const from =
    imported.takeOver === undefined ? `imported from ${version}` : `taken over at ${version}: ${JSON.stringify(imported.takeOver)}`
  return action === 'import' ? from : `${from}, and changed`
}

function publishedText(version: PlannedVersion | undefined, { nowMs }: ChangeContext, undoesDrift: boolean): string {
  if (undoesDrift) return 'published earlier; would undo the drift above'
  const day = version?.publishedAtMs === undefined ? undefined : formatDay(version.publishedAtMs)
  return day === undefined || day === formatDay(nowMs) ? 'published earlier' : `published earlier, ${day}; no new version`
}

function keptText({ keptVersions }: Change): string {
  if (keptVersions === undefined) return ''
  return keptVersions === 1 ? '; its version is kept' : `; its ${keptVersions} versions are kept`
}

function differenceOf({ before, after }: Change): ArtifactDiff {
  return diffArtifacts(before?.artifact, after?.artifact, after?.textFiles)
}

/** What stands under a header; no lines where the header says all. */
export function changeBody(change: Change, style: Style, context: ChangeContext): readonly string[] {
  // Nothing of the block itself changes: its header says all.
  if (change.action === 'move' || change.action === 'import' || change.action === 'forget') return []
  const diff = differenceOf(change)
  const texts = diff.texts.flatMap(text => textChangeLines(text, change, style, context.verbose ?? false))
  const settings =
    change.action === 'update' ? valueRows(diff.values, style, context.verbose) : settingRows(change, diff, context.verbose ?? false)
  const rows = [...settings.rows, ...forecastRows(change, style, context), ...usedByRows(change)]
  return [...texts, ...settings.lines, ...alignedRows(rows), ...affectedLines(change, style, context.verbose ?? false)]
}

/** Costs that move with a model, also shown under a concise line. */
export function affectedLines({ affectedCosts = [] }: Change, style: Style, verbose = false): readonly string[] {
  const shown = verbose ? affectedCosts : affectedCosts.slice(0, AFFECTED_MAX)
  const hidden = affectedCosts.length - shown.length
  const lines = shown.map(cost => affectedCostText(cost, style))
  const more = hidden > 0 ? [`${style.glyphs.ellipsis} and ${hidden} more prompt${hidden === 1 ? '' : 's'}`] : []
  return [...lines, ...more].map(line => ' '.repeat(BODY_INDENT) + line)
}

function textChangeLines(text: TextChange, change: Change, style: Style, verbose: boolean): readonly string[] {
  const heading = `${' '.repeat(BODY_INDENT)}${text.name}${text.file === undefined ? '' : `  ${text.file}`}`
  const moreCommand = change.before === undefined ? undefined : `flowrun diff ${change.address}@${change.before.version}`
  const options = { verbose, ...(moreCommand === undefined ? {} : { moreCommand }) }
  if (text.before === undefined) return [heading, ...wholeTextLines(text.after ?? '', '+', style, { ...options, indent: NEW_TEXT_INDENT })]
  if (text.after === undefined) return [heading, ...wholeTextLines(text.before, '-', style, { ...options, indent: NEW_TEXT_INDENT })]
  return [heading, ...textDiffLines(text.before, text.after, style, { ...options, indent: BODY_INDENT })]
}

/** A label and what it says; further lines stand under the first. */
type Row = readonly [label: string, ...texts: readonly string[]]

interface Rows {
  readonly rows: readonly Row[]
  /** Lines that align with nothing. */
  readonly lines: readonly string[]
}

/** Differences of settings as rows, and of types as lines with a sign. */
export function valueRows(values: readonly ValueChange[], style: Style, verbose = false): Rows {
  return {
    rows: values.filter(value => !value.isType).map(value => [withoutUnit(value.path), valueChangeText(value, style, verbose)]),
    lines: values.filter(value => value.isType).map(value => typeLine(value, style)),
  }
}

function typeLine(value: ValueChange, style: Style): string {
  const indent = ' '.repeat(BODY_INDENT)
  if (value.before === undefined) return `${indent}${style.paint.add('+')} ${value.path}: ${value.after}`
  if (value.after === undefined) return `${indent}${style.paint.remove('-')} ${value.path}: ${value.before}`
  return `${indent}${style.paint.change('~')} ${value.path}: ${value.before} ${style.glyphs.arrow} ${value.after}`
}

/** Of a block that is new: what its author set. Defaults and facts of the catalogue are shown with `-v`. */
function settingRows(change: Change, diff: ArtifactDiff, verbose: boolean): Rows {
  const artifact = change.action === 'create' ? change.after?.artifact : undefined
  if (artifact === undefined) return { rows: [], lines: [] }
  const schemas = interfaceRows(artifact)
  if (!verbose) return { rows: schemas, lines: [] }
  const settings = diff.values.filter(value => !value.isType && value.after !== undefined)
  return {
    rows: [...settings.map((value): Row => [withoutUnit(value.path), valueText(value.after ?? null, value.path)]), ...schemas],
    lines: [],
  }
}

function forecastRows({ action, forecast = {} }: Change, style: Style, { environment }: ChangeContext): readonly Row[] {
  if (action === 'delete') return []
  const costs = costTexts(forecast, environment, style)
  const { tokensBefore, tokensAfter } = forecast
  return [
    ...(tokensAfter === undefined ? [] : [['tokens', tokensText(tokensBefore, tokensAfter, style)] as const]),
    ...(costs.length === 0 ? [] : [['cost', ...costs] as const]),
  ]
}

/** A new block is used by new ones, which stand beside it. */
function usedByRows({ action, usedBy }: Change): readonly Row[] {
  return action === 'create' || usedBy.length === 0 ? [] : [['used by', usedBy.join(', ')]]
}

function alignedRows(rows: readonly Row[]): readonly string[] {
  const width = Math.max(0, ...rows.map(([label]) => label.length))
  const indent = ' '.repeat(BODY_INDENT)
  return rows.flatMap(([label, ...texts]) => texts.map((text, index) => `${indent}${padEnd(index === 0 ? label : '', width)}  ${text}`))
}
