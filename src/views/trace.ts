import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'
import type { RunRecord } from '../engine/durable/record-store.ts'
import type { NodeReport, RunReport } from '../operations/runs/report.ts'
import type { StepTrace } from '../operations/runs/trace.ts'
import { formatDuration, formatMoney, formatMoneys } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import { runFields } from './run-json.ts'
import { signOf } from './run-tree.ts'
import type { Style } from './style.ts'
import { padEnd, padStart, showControls } from './text-width.ts'
import { oneLine } from './versions.ts'

/** Cells of the time axis. */
const AXIS = 40
const MARKS = 5

interface Bar {
  readonly label: string
  readonly startMs: number
  readonly endMs: number
  readonly kind: 'work' | 'wait'
  readonly time: string
  /** A cost, or what came of a call. */
  readonly note: string
}

/** A waterfall: when each step began, how long it took, what it cost; calls and pauses of those that needed more than one. */
export function traceText(report: RunReport, style: Style, nowMs: number): string {
  const { run, nodes } = report
  const startMs = run.startedAtMs ?? run.createdAtMs
  const shown = nodes.filter(node => node.startedAtMs !== undefined && node.bodies === undefined)
  const costs = formatMoneys(shown.map(({ costNano }) => costNano ?? 0))
  const bars = shown.flatMap((node, index) => barsOf(node, costs[index] ?? '', startMs, nowMs))
  const title = [
    run.flow,
    run.id,
    run.state,
    ...(run.endedAtMs === undefined ? [] : [formatDuration(run.endedAtMs - startMs)]),
    moneyOf(run),
  ]
  const head = `${title.map(oneLine).join(' · ')}\n`
  if (bars.length === 0) return `${head}\nNo step has begun.\n`
  const endMs = Math.max(...bars.map(bar => bar.endMs), 1)
  const label = Math.max('step'.length, ...bars.map(bar => bar.label.length))
  const time = Math.max('time'.length, ...bars.map(bar => bar.time.length))
  const note = Math.max('cost'.length, ...bars.filter(bar => bar.kind === 'work' && bar.note.startsWith('$')).map(bar => bar.note.length))
  const columns = `${padEnd('step', label)}  ${axisTitle(endMs)}  ${padStart('time', time)}  ${padStart('cost', note)}`
  const lines = bars.map(bar => {
    const cells = barCells(bar, endMs, style)
    const shownNote = bar.note.startsWith('$') || bar.note.startsWith('<') ? padStart(bar.note, note) : bar.note
    return `${padEnd(bar.label, label)}  ${cells}  ${padStart(bar.time, time)}  ${shownNote}`.trimEnd()
  })
  return `${[head, style.paint.secondary(columns), ...lines].join('\n')}\n`
}

function moneyOf({ costNano }: RunRecord): string {
  return costNano === null ? 'cost unknown' : formatMoney(costNano)
}

/** Nobody works while these are under way. */
const WAITING: ReadonlySet<string> = new Set(['approval', 'wait'])

function barsOf(node: NodeReport, cost: string, startMs: number, nowMs: number): readonly Bar[] {
  const { path, startedAtMs = startMs, endedAtMs = nowMs, costNano, tries } = node
  const own: Bar = {
    label: oneLine(path),
    startMs: startedAtMs - startMs,
    endMs: endedAtMs - startMs,
    kind: WAITING.has(node.type) ? 'wait' : 'work',
    time: formatDuration(Math.max(0, endedAtMs - startedAtMs)),
    note: node.isCached ? 'from the cache' : costNano ? cost : '',
  }
  return [own, ...(tries.length > 1 ? triesOf(node, startMs) : callsOf(node, startMs))]
}

/** Calls of one attempt: retries and repairs of the gateway. */
function callsOf({ calls, startedAtMs = 0 }: NodeReport, startMs: number): readonly Bar[] {
  if (calls.length < 2) return []
  const offset = startedAtMs - startMs
  return calls.flatMap((call, index): readonly Bar[] => {
    const from = offset + call.startedAfterMs
    const before = calls[index - 1]
    const idle = before === undefined ? 0 : call.startedAfterMs - before.startedAfterMs - before.durationMs
    const answer = call.status === null ? call.outcome : `${call.status}${call.outcome === 'answered' ? '' : `, ${call.outcome}`}`
    const first = call.firstEventMs === null ? '' : `, first token ${formatDuration(call.firstEventMs)}`
    return [
      ...(idle > 0 ? [waitBar(from - idle, from)] : []),
      {
        label: `  attempt ${index + 1}`,
        startMs: from,
        endMs: from + call.durationMs,
        kind: 'work',
        time: formatDuration(call.durationMs),
        note: `${answer}${first}`,
      },
    ]
  })
}

/** Attempts of a durable retry. */
function triesOf({ tries, endedAtMs = 0 }: NodeReport, startMs: number): readonly Bar[] {
  return tries.flatMap((attempt, index): readonly Bar[] => {
    const to = attempt.endedAtMs ?? endedAtMs
    const before = tries[index - 1]?.endedAtMs
    return [
      ...(before !== undefined && attempt.startedAtMs > before ? [waitBar(before - startMs, attempt.startedAtMs - startMs)] : []),
      {
        label: `  attempt ${attempt.number}`,
        startMs: attempt.startedAtMs - startMs,
        endMs: to - startMs,
        kind: 'work',
        time: formatDuration(Math.max(0, to - attempt.startedAtMs)),
        note: attempt.error?.code ?? '',
      },
    ]
  })
}

function waitBar(startMs: number, endMs: number): Bar {
  return { label: '  waiting', startMs, endMs, kind: 'wait', time: formatDuration(endMs - startMs), note: '' }
}

function barCells({ startMs, endMs, kind }: Bar, totalMs: number, { glyphs }: Style): string {
  // A clock that was set back lets a step begin before its run.
  const from = Math.max(0, Math.min(AXIS - 1, Math.floor((startMs / totalMs) * AXIS)))
  const length = Math.max(1, Math.round(((endMs - startMs) / totalMs) * AXIS))
  const sign = kind === 'wait' ? glyphs.dot : glyphs.ascii ? '#' : (endMs - startMs) / totalMs < 0.5 / AXIS ? '▏' : '█'
  return padEnd(' '.repeat(from) + sign.repeat(Math.min(length, AXIS - from)), AXIS)
}

/** `0 s       1 s       2 s       3 s     `: marks at round times, as many as have room. */
function axisTitle(totalMs: number): string {
  const least = totalMs / MARKS
  const power = 10 ** Math.max(0, Math.floor(Math.log10(least)))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(candidate => candidate >= least) ?? 10 * power
  let text = ''
  for (let markMs = 0; markMs < totalMs; markMs += step) {
    const label = markMs === 0 && step >= 1000 ? '0 s' : formatDuration(markMs)
    const at = Math.floor((markMs / totalMs) * AXIS)
    if (at + label.length <= AXIS && (at === 0 || at > text.length)) text = padEnd(text, at) + label
  }
  return padEnd(text, AXIS)
}

/** schemas/output/trace.schema.json */
export function traceJson({ run, nodes }: RunReport): string {
  return jsonDocument({ run: runFields(run), steps: nodes.map(stepFields) })
}

function stepFields({ path, type, status, startedAtMs, endedAtMs, costNano, calls, tries, model }: NodeReport): JsonObject {
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
  return {
    path,
    type,
    status,
    model: model ?? null,
    started_at: time(startedAtMs),
    ended_at: time(endedAtMs),
    cost_nano_usd: costNano === undefined ? 0 : costNano,
    attempts: tries.map(({ number, startedAtMs: started, endedAtMs: ended, error }) => ({
      number,
      started_at: time(started),
      ended_at: time(ended),
      error: error?.code ?? null,
    })),
    calls: calls.map(call => ({
      model: call.model,
      started_after_ms: call.startedAfterMs,
      duration_ms: call.durationMs,
      waited_ms: call.waitedMs,
      outcome: call.outcome,
      status: call.status,
      first_event_ms: call.firstEventMs,
    })),
  }
}

/** One step: what it was given, the messages where they were asked for, and what it gave. */
export function stepTraceText(trace: StepTrace, messages: readonly { role: string; text: string }[], style: Style): string {
  const { run, node, given, gave } = trace
  const time = node.startedAtMs === undefined || node.endedAtMs === undefined ? [] : [formatDuration(node.endedAtMs - node.startedAtMs)]
  const sign = signOf(node.status, style)
  const parts = [
    [`${sign.paint(sign.glyph)} ${node.path}`, node.type, node.status, ...(node.model ? [node.model] : []), ...time].join(' · '),
    `run ${run.id}`,
    ...(given === undefined ? [] : ['', 'given', ...jsonLines(given)]),
    ...messages.flatMap(({ role, text }) => ['', role, ...indented(showControls(text))]),
    ...(gave === undefined ? [] : ['', 'gave', ...jsonLines(gave)]),
  ]
  return `${parts.join('\n')}\n`
}

function jsonLines(value: JsonValue): readonly string[] {
  if (!isJsonObject(value)) return indented(showControls(JSON.stringify(value, undefined, 2)))
  return Object.entries(value).flatMap(([name, member]) => {
    const text = showControls(typeof member === 'string' ? member : JSON.stringify(member, undefined, 2))
    return text.includes('\n') ? [`  ${name}`, ...indented(text, '    ')] : [`  ${name}  ${text}`]
  })
}

function indented(text: string, by = '  '): readonly string[] {
  return text
    .trimEnd()
    .split('\n')
    .map(line => `${by}${line}`.trimEnd())
}

export function stepTraceJson({ run, node, given, gave }: StepTrace, messages: readonly { role: string; text: string }[]): string {
  return jsonDocument({
    run: runFields(run),
    steps: [stepFields(node)],
    given: given ?? null,
    gave: gave ?? null,
    messages: messages.map(({ role, text }) => ({ role, text })),
  })
}
