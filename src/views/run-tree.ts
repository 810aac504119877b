import { type RunRecord, TERMINAL_STATES, type WaitRecord } from '../engine/durable/record-store.ts'
import type { NodeReport, RunReport } from '../operations/runs/report.ts'
import { topOf } from '../operations/runs/step-path.ts'
import { formatCount, formatDuration, formatMoment, formatMoney, formatMoneys, formatTokens } from './format-number.ts'
import { shellWord } from './shell-word.ts'
import type { Style } from './style.ts'
import { displayWidth, padEnd, padStart, showControls, takeCells, truncate, wrapProse } from './text-width.ts'
import { oneLine } from './versions.ts'

/** So many steps of a map or a loop are all shown; of more, at most so many, and the others are counted. */
const INNER_ALL = 8
const INNER_MAX = 20

/** `workflow.research (working copy)   run 01M7Z8Z781X1WSABMTR3S6VBWA` */
export function runTitle({ id, flow, release, environment }: RunRecord, style: Style): string {
  const where = release === 0 ? '(working copy)' : `(release ${release} of ${environment})`
  return `${style.paint.address(flow)} ${where}   run ${id}`
}

interface Row {
  readonly label: string
  /** The sign in the label, painted once the label is padded. */
  readonly sign?: Sign
  readonly type: string
  readonly time: string
  readonly detail: string
  readonly input: string
  readonly output: string
  readonly cost: number | null | undefined
}

/** A line for each node, with what is known of it: the same while the run goes on and when it is over. */
export function runTreeLines(report: RunReport, style: Style, nowMs: number): readonly string[] {
  return linesOf(shownNodes(report.nodes), report, style, nowMs)
}

/**
 * The lines while the run goes on, with what models write just now below their nodes, and the last line of what is under way.
 *
 * @param texts by step.
 */
export function runTreeFrame(
  report: RunReport,
  style: Style,
  nowMs: number,
  texts: ReadonlyMap<string, string>,
): { readonly lines: readonly string[]; readonly last: number } {
  const shown = shownNodes(report.nodes)
  const lines: string[] = []
  let last = 0
  for (const [index, line] of linesOf(shown, report, style, nowMs).entries()) {
    const node = shown[index]
    lines.push(line)
    if (node === undefined || 'status' in node === false || node.status !== 'running') continue
    lines.push(...writtenLines(texts.get(node.path) ?? '', style))
    last = lines.length - 1
  }
  return { lines, last }
}

/** Lines of a text that is being written. */
const WRITTEN_LINES = 2

/** The end of it, on as many lines as there are for it. */
function writtenLines(text: string, { width, glyphs, paint }: Style): readonly string[] {
  const room = width - '    │ '.length
  const words = showControls(text).replaceAll(/\s+/g, ' ').trim()
  if (words === '') return []
  const lines = wrapProse(words, room).flatMap(line => pieces(line, room))
  return lines.slice(-WRITTEN_LINES).map(line => paint.secondary(`    ${glyphs.bar} ${line}`))
}

/** A word that is longer than a line, as Chinese is written, goes on on the next. */
function pieces(line: string, width: number): readonly string[] {
  const start = takeCells(line, width)
  return start === line || start === '' ? [line] : [start, ...pieces(line.slice(start.length), width)]
}

function linesOf(shown: readonly Shown[], report: RunReport, style: Style, nowMs: number): readonly string[] {
  const rows = shown.map((node, index) => {
    if ('counted' in node) return countRow(node.counted, style)
    const next = shown[index + 1]
    const isFollowed = next !== undefined && ('counted' in next || next.isInner)
    return nodeRow(node, isFollowed ? style.glyphs.branch : style.glyphs.corner, report, style, nowMs)
  })
  const known = formatMoneys(rows.map(({ cost }) => cost ?? 0))
  const costs = rows.map(({ cost }, index) => (cost === undefined ? '' : (known[index] ?? '')))
  const width = (of: (row: Row) => string) => Math.max(0, ...rows.map(row => displayWidth(of(row))))
  const [label, type, time, input, output] = [
    // A count has the whole line.
    width(row => (row.type === '' ? '' : row.label)),
    width(row => row.type),
    width(row => row.time),
    width(row => row.input),
    width(row => row.output),
  ]
  const cost = Math.max(0, ...costs.map(displayWidth))
  const fixed = label + 2 + type + 2 + time + 2
  const money = cost === 0 ? 0 : 2 + cost
  const tokens = input === 0 ? 0 : 2 + input + 2 + output
  const hasTokens = fixed + tokens + money + 12 <= style.width
  const room = style.width - fixed - money - (hasTokens ? tokens : 0)
  const detail = Math.max(
    0,
    Math.min(
      width(row => (row.cost === undefined ? '' : row.detail)),
      room,
    ),
  )
  return rows.map((row, index) => {
    const start = [paintedLabel(padEnd(row.label, label), row.sign), padEnd(row.type, type), padEnd(row.time, time)].join('  ')
    // Where no numbers follow, the text has their place.
    const isLast = row.input === '' && row.cost === undefined
    const text = truncate(row.detail, isLast ? style.width - fixed : detail, style.glyphs.ellipsis)
    const numbers = [
      ...(hasTokens && tokens > 0 ? [padStart(row.input, input), padStart(row.output, output)] : []),
      ...(cost === 0 ? [] : [padStart(costs[index] ?? '', cost)]),
    ]
    return [start, isLast ? text : [padEnd(text, detail), ...numbers].join('  ')].join('  ').trimEnd()
  })
}

function paintedLabel(label: string, sign: Sign | undefined): string {
  return sign === undefined ? label : label.replace(sign.glyph, glyph => sign.paint(glyph))
}

type Shown = NodeReport | { readonly counted: readonly NodeReport[] }

/** Of many steps of a map or a loop those are shown that somebody may look for: what is under way, and what failed. */
function shownNodes(nodes: readonly NodeReport[]): readonly Shown[] {
  const groups = [...Map.groupBy(nodes, ({ path }) => topOf(path)).values()]
  return groups.flatMap(([own, ...inner]): readonly Shown[] => {
    if (own === undefined || inner.length <= INNER_ALL) return own === undefined ? [] : [own, ...inner]
    const shown = new Set(inner.filter(({ status }) => OF_INTEREST.has(status)).slice(0, INNER_MAX))
    const counted = inner.filter(node => !shown.has(node))
    return [own, ...shown, ...(counted.length > 0 ? [{ counted }] : [])]
  })
}

const OF_INTEREST: ReadonlySet<NodeReport['status']> = new Set(['running', 'waiting', 'failed', 'unknown'])

/** `… 9,982 succeeded, 3 pending` */
function countRow(counted: readonly NodeReport[], { glyphs }: Style): Row {
  const counts = [...Map.groupBy(counted, ({ status }) => status)].map(([status, nodes]) => `${formatCount(nodes.length)} ${status}`)
  const label = `  ${glyphs.corner} ${glyphs.ellipsis} ${counts.join(', ')}`
  return { label, type: '', time: '', detail: '', input: '', output: '', cost: undefined }
}

function nodeRow(node: NodeReport, branch: string, { waits }: RunReport, style: Style, nowMs: number): Row {
  const { path, isInner, status, startedAtMs, endedAtMs, usage, costNano } = node
  const ends = endedAtMs ?? (status === 'running' ? nowMs : undefined)
  const isAsked = usage !== null
  const sign = signOf(status, style)
  return {
    sign,
    label: `${isInner ? `  ${branch} ` : ''}${sign.glyph} ${oneLine(node.label)}`,
    type: typeText(node),
    time:
      startedAtMs === undefined || ends === undefined || status === 'pending'
        ? ''
        : timeText(formatDuration(Math.max(0, ends - startedAtMs))),
    detail: oneLine(
      detailText(
        node,
        waits.find(wait => wait.path === path),
        style,
      ),
    ),
    input: isAsked ? `${formatTokens(usage.input)} in` : '',
    output: isAsked ? `${formatTokens(usage.output)} out` : '',
    cost: isAsked || (costNano !== undefined && costNano !== 0) ? costNano : undefined,
  }
}

interface Sign {
  readonly glyph: string
  readonly paint: (glyph: string) => string
}

export function signOf(status: NodeReport['status'], { glyphs, paint }: Style): Sign {
  switch (status) {
    case 'succeeded':
      return { glyph: glyphs.ok, paint: paint.add }
    case 'failed':
      return { glyph: glyphs.fail, paint: paint.error }
    case 'skipped':
      return { glyph: glyphs.dash, paint: paint.secondary }
    case 'running':
      return { glyph: glyphs.full, paint: paint.change }
    case 'waiting':
    case 'unknown':
      return { glyph: glyphs.half, paint: paint.change }
    case 'pending':
      return { glyph: glyphs.empty, paint: paint.secondary }
  }
}

/** `map 4 of 4` */
function typeText({ type, bodies, status }: NodeReport): string {
  if (bodies === undefined || bodies.all === 0) return type
  return status === 'succeeded' ? `${type} ${bodies.done} of ${bodies.all}` : `${type} ${bodies.done} done`
}

/** Numbers end and units begin at one column: ` 84 ms`, `2.1 s `. */
function timeText(text: string): string {
  const [number = '', ...units] = text.split(' ')
  return `${padStart(number, 4)} ${padEnd(units.join(' '), 2)}`
}

/** Exits that say no more than that it is done. */
const USUAL_EXITS: ReadonlySet<string> = new Set(['done', 'received'])

function detailText(node: NodeReport, wait: WaitRecord | undefined, { glyphs }: Style): string {
  const { status, reason, error, exit, rule, bodies, model, attempts, isCached } = node
  if (status === 'skipped') return reason ?? ''
  if (status === 'failed') return error?.code ?? 'failed'
  if (status === 'unknown') return 'nobody knows whether it was done'
  if (wait !== undefined) return waitText(wait)
  const attempt = attempts > 1 ? [`attempt ${attempts}`] : []
  const facts = [
    ...(exit !== undefined && !USUAL_EXITS.has(exit) ? [`${glyphs.arrow} ${exit}${ruleText(rule)}`] : []),
    ...(bodies?.concurrency === undefined ? [] : [`${bodies.concurrency} at once`]),
    ...(model === undefined ? [] : [model]),
    ...attempt,
    ...(isCached ? ['from the cache'] : []),
  ]
  return facts.join(', ')
}

/** ` (rule 2 of 2)` */
function ruleText(rule: NodeReport['rule']): string {
  if (rule === undefined) return ''
  return rule === 'default' ? ' (default)' : ` (rule ${rule.number} of ${rule.of})`
}

export function waitText(wait: WaitRecord): string {
  switch (wait.kind) {
    case 'approval':
      return 'waits for a person'
    case 'signal':
      return `waits for the signal ${wait.name}`
    case 'timer':
      return wait.dueAtMs === null ? 'waits' : `until ${formatMoment(wait.dueAtMs)}`
    case 'child':
      return `run ${wait.child}`
    case 'retry':
      return wait.dueAtMs === null ? 'again soon' : `again at ${formatMoment(wait.dueAtMs)}`
    case 'unknown':
      return 'nobody knows whether it was done'
  }
}

/** `succeeded in 4.1 s · 2,645 in, 350 out · $0.000606` */
export function endText({ run, usage }: RunReport): string {
  const { state, startedAtMs, createdAtMs, endedAtMs, costNano } = run
  const took =
    endedAtMs === undefined ? '' : ` ${state === 'succeeded' ? 'in' : 'after'} ${formatDuration(endedAtMs - (startedAtMs ?? createdAtMs))}`
  return [
    `${state}${took}`,
    ...(usage === null ? [] : [`${formatTokens(usage.input)} in, ${formatTokens(usage.output)} out`]),
    costNano === null ? 'cost unknown' : formatMoney(costNano),
  ].join(' · ')
}

/** Text as it is, everything else as JSON. */
export function outputText({ output = null }: RunRecord): string {
  const text = typeof output === 'string' ? showControls(output) : JSON.stringify(output, undefined, 2)
  return text.endsWith('\n') ? text : `${text}\n`
}

/** As a person names a run: the last four characters of its id. */
export function shortRun(id: string): string {
  return id.slice(-4)
}

/** `left`: its process is gone. */
type Standing = 'awaits-people' | 'paused' | 'time' | 'interrupted' | 'left'

/** Why a run that is not over is left, and how to go on with it. */
export function standingText({ run, waits, isLeft }: RunReport, because: Standing): string {
  const name = shortRun(run.id)
  if (TERMINAL_STATES.has(run.state)) return `Run ${run.id} ${run.state}.\n`
  if (run.state === 'paused') {
    const reason = run.reason ? `: ${oneLine(run.reason.message)}  [${run.reason.code}]` : '.'
    const doubts = waits.filter(({ kind }) => kind === 'unknown')
    const decide = doubts.map(({ path }) => `  flowrun runs unknown ${name} ${shellWord(path)} done|repeat\n`)
    return `Run ${run.id} is paused${reason}\n${decide.join('') || `${resumesText(run)}  flowrun runs resume ${name}\n`}`
  }
  if (because === 'awaits-people') return waits.map(wait => personLine(wait, name, waits.length > 1)).join('')
  const why = isLeft ? 'is not lost: its process is gone' : because === 'time' ? 'is not over yet' : 'was accepted, and is not lost'
  return `Run ${run.id} ${why}. To go on with it:\n  flowrun runs resume ${name}\n  flowrun engine start\n`
}

/** A budget lets it on by itself, while an engine looks (BUD-8). */
function resumesText({ reason }: RunRecord): string {
  const { waitsFor } = reason ?? {}
  if (waitsFor === undefined) return ''
  const { budget, resumesAtMs } = waitsFor
  const when = `${resumesAtMs === undefined ? '' : `at ${formatMoment(resumesAtMs)}, or `}when ${budget} is raised`
  return `It goes on ${when}, where an engine works:\n  flowrun engine start\nTo try it now:\n`
}

/** `waiting for approval of node pay: flowrun runs approve RTQ0` */
function personLine(wait: WaitRecord, run: string, isOneOfMany: boolean): string {
  const of = `of node ${wait.path}`
  switch (wait.kind) {
    case 'approval':
      return `waiting for approval ${of}: flowrun runs approve ${run}${isOneOfMany ? ` ${shellWord(wait.path)}` : ''}\n`
    case 'signal':
      return `waiting for signal ${wait.name} ${of}: flowrun runs signal ${run} ${wait.name} JSON\n`
    case 'child':
      return `waiting for the run ${of}: flowrun runs show ${shortRun(wait.child)}\n`
    case 'timer':
    case 'retry':
      return wait.dueAtMs === null ? '' : `waiting until ${formatMoment(wait.dueAtMs)} ${of}\n`
    case 'unknown':
      return `waiting for word of node ${wait.path}: flowrun runs unknown ${run} ${shellWord(wait.path)} done|repeat\n`
  }
}
