import { type RunRecord, TERMINAL_STATES } from '../engine/durable/record-store.ts'
import type { RunList } from '../operations/runs/list.ts'
import type { RunReport } from '../operations/runs/report.ts'
import { formatCount, formatDuration, formatMoment, formatMoneys } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import { runFields } from './run-json.ts'
import { endText, outputText, runTitle, runTreeLines, standingText } from './run-tree.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'
import { oneLine } from './versions.ts'

const COLUMNS: readonly Column[] = [
  { title: 'run' },
  { title: 'flow' },
  { title: 'state' },
  { title: 'started', dropOrder: 1 },
  { title: 'time', isNumber: true, dropOrder: 2 },
  { title: 'cost', isNumber: true, dropOrder: 3 },
]

/** Why a run is paused; shown where one is. */
const REASON: Column = { title: 'reason' }

/** @param since as it was asked for: `7d`; undefined: of any age. */
export function runsText({ environment, runs }: RunList, since: string | undefined, style: Style): string {
  if (runs.length === 0) return `No such runs in ${environment}${periodText(since)}.\n`
  const costs = formatMoneys(runs.map(({ costNano }) => costNano))
  const rows = runs.map((run, index) => [
    run.id,
    oneLine(run.flow),
    run.state,
    formatMoment(run.startedAtMs ?? run.createdAtMs),
    timeOf(run),
    costs[index] ?? '',
    run.reason ? oneLine(run.reason.message) : '',
  ])
  const hasReasons = runs.some(({ reason }) => reason !== undefined)
  const columns = hasReasons ? [...COLUMNS, REASON] : COLUMNS
  const shown = hasReasons ? rows : rows.map(row => row.slice(0, COLUMNS.length))
  return `${tableLines(columns, shown, style).join('\n')}\n`
}

/** `4 of 1,204 runs in 7 days.`; undefined: all are listed. */
export function runsCountText({ runs, total }: RunList, since: string | undefined): string | undefined {
  return runs.length === 0 || runs.length === total
    ? undefined
    : `${formatCount(runs.length)} of ${formatCount(total)} runs${periodText(since)}.`
}

/** @param since as it was asked for: `7d`. */
function periodText(since: string | undefined): string {
  if (since === undefined) return ''
  const days = /^(\d+)d$/.exec(since)?.[1]
  if (days !== undefined) return ` in ${days} ${days === '1' ? 'day' : 'days'}`
  return since.includes('-') ? ` since ${since}` : ` in ${since}`
}

function timeOf({ startedAtMs, createdAtMs, endedAtMs }: RunRecord): string {
  return endedAtMs === undefined ? '' : formatDuration(endedAtMs - (startedAtMs ?? createdAtMs))
}

/** schemas/output/runs.schema.json */
export function runsJson({ environment, runs, total, next }: RunList): string {
  return jsonDocument({ environment, total, next: next ?? null, runs: runs.map(runFields) })
}

/** All that is known of a run, as a page. */
export function runShowText(report: RunReport, style: Style, nowMs: number): string {
  const { run } = report
  const facts = [
    ...(run.retryOf === undefined ? [] : [`  retry of    ${run.retryOf}`]),
    ...(run.parent === undefined ? [] : [`  began by    ${run.parent.run}, ${run.parent.path}`]),
    `  submitted   ${formatMoment(run.createdAtMs)} by ${oneLine(run.submittedBy)}`,
    ...(run.idempotencyKey === undefined ? [] : [`  key         ${oneLine(run.idempotencyKey)}`]),
    ...sessionLines(run),
    ...(TERMINAL_STATES.has(run.state) || run.deadlineAtMs > 8.64e15 ? [] : [`  deadline    ${formatMoment(run.deadlineAtMs)}`]),
  ]
  const tree = runTreeLines(report, style, nowMs)
  const end = TERMINAL_STATES.has(run.state) ? `${endText(report)}\n` : openText(report)
  const error = run.error ? `\n${oneLine(run.error.message)}  [${run.error.code}]\n` : ''
  const output = run.state === 'succeeded' ? `\n${outputText(run)}` : ''
  return `${[runTitle(run, style), ...facts, '', ...tree, ''].join('\n')}\n${end}${error}${output}`
}

function sessionLines({ session }: RunRecord): readonly string[] {
  const said = Object.entries(session).map(([name, value]) => `${name} ${oneLine(String(value))}`)
  return said.length === 0 ? [] : [`  session     ${said.join(', ')}`]
}

function openText(report: RunReport): string {
  const { state } = report.run
  if (report.isLeft) return standingText(report, 'left')
  if (state === 'waiting' || state === 'paused') return standingText(report, state === 'paused' ? 'paused' : 'awaits-people')
  return `${endText(report)}\n`
}

/** `12 runs were removed.` */
export function purgedText(count: number): string {
  if (count === 0) return 'Nothing was removed: no run has ended before then.\n'
  return `${formatCount(count)} ${count === 1 ? 'run was' : 'runs were'} removed.\n`
}

/** schemas/output/runs-purge.schema.json */
export function purgedJson(count: number): string {
  return jsonDocument({ removed: count })
}
