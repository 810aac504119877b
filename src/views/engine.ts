import type { RunRecord } from '../engine/durable/record-store.ts'
import type { EngineReport } from '../operations/runs/status.ts'
import { event } from './event.ts'
import { formatCount, formatDuration, formatMoney } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import { runFields } from './run-json.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'
import { oneLine } from './versions.ts'

/** A line for each run that an engine has brought to its end, or to a stop. */
export function engineRunText({ id, flow, state, startedAtMs, endedAtMs, createdAtMs, costNano, error, reason }: RunRecord): string {
  const took = endedAtMs === undefined ? [] : [formatDuration(endedAtMs - (startedAtMs ?? createdAtMs))]
  const why = error ?? reason
  const facts = [`${state}${why === undefined ? '' : ` [${why.code}]`}`, ...took, formatMoney(costNano)]
  return `${id}  ${oneLine(flow)}  ${facts.join(' · ')}\n`
}

export function engineEvent(run: RunRecord, nowMs: number): string {
  return event(`run.${run.state}`, `${run.id} ${run.state}`, nowMs, { run: runFields(run) })
}

const COLUMNS: readonly Column[] = [
  { title: 'engine' },
  { title: 'process', isNumber: true },
  { title: 'host', dropOrder: 2 },
  { title: 'version', dropOrder: 1 },
  { title: 'runs', isNumber: true },
  { title: 'state' },
]

export function engineStatusText({ owners, counts, lagMs }: EngineReport, style: Style): string {
  const open = counts.filter(({ state }) => OPEN.includes(state))
  const queue = open.length === 0 ? 'Nothing waits.' : `${open.map(({ state, count }) => `${formatCount(count)} ${state}`).join(', ')}.`
  const lag = lagMs === undefined ? '' : ` The first of the queue is due for ${formatDuration(lagMs)}.`
  if (owners.length === 0) return `Nobody works on runs here: flowrun engine start\n${queue}${lag}\n`
  const rows = owners.map(({ id, pid, host, version, runs, isAlive }) => [
    id,
    String(pid),
    oneLine(host),
    version,
    String(runs),
    isAlive ? 'works' : 'gone: the next takes its runs',
  ])
  return `${[...tableLines(COLUMNS, rows, style), '', `${queue}${lag}`].join('\n')}\n`
}

const OPEN: readonly string[] = ['queued', 'running', 'waiting', 'paused']

/** schemas/output/engine-status.schema.json */
export function engineStatusJson({ owners, counts, lagMs }: EngineReport): string {
  return jsonDocument({
    engines: owners.map(({ id, pid, host, version, runs, isAlive }) => ({ id, pid, host, version, runs, alive: isAlive })),
    runs: Object.fromEntries(counts.map(({ state, count }) => [state, count])),
    lag_ms: lagMs ?? null,
  })
}
