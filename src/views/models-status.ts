import type { JsonObject } from '../base/json.ts'
import { probeText } from '../gateway/breaker/breakers.ts'
import type { BreakerRow, LimitRow, ModelsStatus } from '../operations/models-status.ts'
import { formatCount, formatDuration } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'
import { oneLine } from './versions.ts'

const PROCESS: Column = { title: 'process' }

/** Two tables: breakers of models, limits of keys and models; and who counts. */
export function modelsStatusText(status: ModelsStatus, style: Style): string {
  const { environment, breakers, limits, nowMs } = status
  if (breakers.length === 0) return `Models of ${environment}: none. Declare one: model "fast" { … }.\n`
  const isOwned = breakers.some(({ process }) => process !== undefined) || limits.some(({ process }) => process !== undefined)
  const owner = isOwned ? [PROCESS] : []
  return `${[
    `Models of ${environment}`,
    '',
    ...tableLines(
      [{ title: 'model' }, { title: 'breaker' }, ...owner, { title: 'lately' }],
      breakers.map(row => [row.model, stateText(row), ...(isOwned ? [String(row.process ?? '')] : []), latelyText(row)]),
      style,
    ),
    '',
    ...tableLines(
      [
        { title: 'limit of' },
        { title: 'requests/min', isNumber: true },
        { title: 'tokens/min', isNumber: true },
        { title: 'at once', isNumber: true },
        { title: 'waiting', isNumber: true },
        ...owner,
        { title: '' },
      ],
      limits.map(row => [...limitCells(row), ...(isOwned ? [String(row.process ?? '')] : []), heldBackText(row, nowMs)]),
      style,
    ),
    '',
    whoCounts(status),
  ].join('\n')}\n`
}

function stateText({ view }: BreakerRow): string {
  return view === undefined ? 'off' : view.state.replace('_', ' ')
}

function latelyText({ view, windowMs }: BreakerRow): string {
  if (view === undefined) return ''
  const { calls, failures } = view
  if (view.state === 'closed') return calls === 0 ? 'no calls' : `${failures} of ${calls} calls failed in ${formatDuration(windowMs)}`
  const what = `${failures} of ${calls} calls failed, ${oneLine(view.seen)}`
  if (view.state === 'open') return `${what}; probed in ${probeText(view.probeInMs)}`
  return `${what}; ${view.isProbed ? 'a call probes it now' : 'the next call probes it'}`
}

function limitCells({ block, limits, requests, tokens, inFlight, waiting }: LimitRow): readonly string[] {
  const of = (used: number, limit: number | undefined) => (limit === undefined ? '–' : `${formatCount(used)} of ${formatCount(limit)}`)
  return [
    block,
    of(requests, limits.requests_per_minute),
    of(tokens, limits.tokens_per_minute),
    of(inFlight, limits.max_concurrency),
    formatCount(waiting),
  ]
}

function heldBackText({ notBeforeAtMs }: LimitRow, nowMs: number): string {
  return notBeforeAtMs === undefined || notBeforeAtMs <= nowMs
    ? ''
    : `the provider takes calls again in ${formatDuration(notBeforeAtMs - nowMs)}`
}

function whoCounts({ processes: { isShared, running }, breakers }: ModelsStatus): string {
  const count =
    running === 0 ? 'No process calls models now' : running === 1 ? 'One process calls models' : `${running} processes call models`
  const isLeft = breakers.some(({ process }) => process === 'ended')
  if (running === 0 && isLeft) return `${count}; the next one goes on from what was counted.`
  return isShared ? `${count}; what they count is shared through Redis.` : `${count}; each has breakers and limits of its own.`
}

export function modelsStatusJson({ environment, processes, breakers, limits }: ModelsStatus): string {
  return jsonDocument({
    environment,
    shared: processes.isShared,
    processes: processes.running,
    breakers: breakers.map(breakerJson),
    limits: limits.map(({ block, limits: bounds, requests, tokens, inFlight, waiting, notBeforeAtMs, process }) => ({
      block,
      process: process ?? null,
      requests,
      requests_per_minute: bounds.requests_per_minute ?? null,
      tokens,
      tokens_per_minute: bounds.tokens_per_minute ?? null,
      in_flight: inFlight,
      max_concurrency: bounds.max_concurrency ?? null,
      waiting,
      not_before: notBeforeAtMs === undefined ? null : new Date(notBeforeAtMs).toISOString(),
    })),
  })
}

function breakerJson({ model, id, view, windowMs, process }: BreakerRow): JsonObject {
  return {
    model,
    id,
    process: process ?? null,
    state: view?.state ?? 'off',
    calls: view?.calls ?? null,
    failures: view?.failures ?? null,
    window_ms: windowMs,
    seen: view === undefined || view.state === 'closed' ? null : view.seen,
    probed_in_ms: view?.state === 'open' ? Math.ceil(view.probeInMs) : null,
  }
}
