import type { NodeArguments, NodeSpec } from '../../artifact/workflow.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import type { AttemptRecord, RunRecord, StepRecord, WaitRecord } from '../../engine/durable/record-store.ts'
import type { StepError, StepPath } from '../../engine/interpreter/command.ts'
import type { NodeStanding } from '../../engine/interpreter/interpretation.ts'
import { SUPPORTED_SEMANTICS } from '../../engine/interpreter/semantics.ts'
import type { RunEngine, Runs } from './access.ts'
import { compareSteps, namesOf, topOf } from './step-path.ts'

/** A run, and how each of its nodes stands: out of its graph and its records, whoever executes it. */
export interface RunReport {
  readonly run: RunRecord
  /** In the order of the graph; what a map or a loop did follows it. */
  readonly nodes: readonly NodeReport[]
  readonly waits: readonly WaitRecord[]
  /** Of all steps; null: of none is it known. */
  readonly usage: TokenUsage | null
  /** The process that worked on it is gone, and no other has taken it over yet. */
  readonly isLeft?: boolean
}

export interface NodeReport {
  readonly path: StepPath
  /** As it stands under its node: `[0]`, where a body has more than one `[0].extract`. */
  readonly label: string
  /** Inside of a map or a loop. */
  readonly isInner: boolean
  readonly type: string
  readonly status: NodeStanding['status'] | 'unknown'
  readonly exit?: string
  /** Why it was skipped. */
  readonly reason?: string
  /** Of a router that went by rules: which one held, of how many; `default`: none. */
  readonly rule?: { readonly number: number; readonly of: number } | 'default'
  readonly startedAtMs?: number
  readonly endedAtMs?: number
  /** Durable ones, and calls of the last. */
  readonly attempts: number
  readonly model?: string
  readonly isCached: boolean
  readonly usage: TokenUsage | null
  /** Nano-dollars; null is unknown, absent: it asks nothing that costs. */
  readonly costNano?: number | null
  readonly error?: StepError
  /** Of a map or a loop: bodies that are through, and at most at once. */
  readonly bodies?: { readonly done: number; readonly all: number; readonly concurrency?: number }
  readonly calls: readonly CallReport[]
  readonly tries: readonly AttemptRecord[]
}

export interface TokenUsage {
  readonly input: number
  readonly cachedInput: number
  readonly output: number
}

/** A call of a model, as its step keeps it. */
export interface CallReport {
  readonly model: string
  readonly startedAfterMs: number
  readonly durationMs: number
  readonly waitedMs: number
  readonly outcome: string
  readonly status: number | null
  readonly firstEventMs: number | null
}

/** Where runs are looked at by a process that may execute them itself. */
type Looked = Runs & { readonly engine?: RunEngine['engine'] }

export async function readReport(runs: Looked, run: RunRecord): Promise<RunReport> {
  const { records, flows, closureOf } = runs
  const [steps, attempts, waits, closure] = await Promise.all([
    records.steps(run.id),
    records.attempts(run.id),
    records.waits(run.id),
    closureOf(run),
  ])
  const tries = Map.groupBy(attempts, ({ path }) => path)
  const recorded = new Map(steps.map(step => [step.path, step]))
  // Other semantics than ours may read the graph in another way (VER-4).
  if (closure === undefined || !SUPPORTED_SEMANTICS.has(run.interpreter))
    return reportOf(
      run,
      waits,
      steps.map(step => stepReport(step, 'step', tries)),
    )
  const { nodes } = flows.graph(closure)
  const isLeft = await wasLeft(runs, run)
  const asked = nodes.some(isWaited) ? await waitingSince(runs, run) : new Map<StepPath, number>()
  const interpretation = flows.interpret(run, closure)
  for (const { path, outcome, endedAtMs } of steps) interpretation.settle(path, outcome, endedAtMs)
  const standings = new Map(interpretation.nodes().map(standing => [standing.path, standing]))
  const waiting = new Set(waits.map(({ path }) => path))
  const report = async (path: StepPath, spec: NodeSpec | undefined): Promise<NodeReport> => {
    const [standing, step, type] = [standings.get(path), recorded.get(path), spec?.type ?? 'step']
    const base = step ? await withChild(runs, stepReport(step, type, tries, asked.get(path)), step) : untouched(path, type, tries)
    return standing === undefined
      ? base
      : { ...base, ...standingFacts(standing, waiting.has(path), run.state === 'running' && !isLeft), ...ruleOf(spec, standing) }
  }
  const paths = [...new Set([...standings.keys(), ...recorded.keys()])]
  const inner = Map.groupBy(paths.filter(path => path !== topOf(path)).sort(compareSteps), topOf)
  const all: NodeReport[] = []
  for (const node of nodes) {
    const within = await Promise.all((inner.get(node.name) ?? []).map(path => report(path, specAt(nodes, path))))
    const own = await report(node.name, node)
    all.push(node.nodes ? withBodies(own, node, within) : own, ...within.map(each => withoutName(each, node)))
  }
  return { ...reportOf(run, waits, all), ...(isLeft && { isLeft }) }
}

/** Only while it runs has it an owner that could be gone. */
async function wasLeft({ records, isAlive, engine }: Looked, { state, owner: id }: RunRecord): Promise<boolean> {
  if (state !== 'running' || id === engine?.owner) return false
  const owner = (await records.owners()).find(each => each.id === id)
  return owner === undefined || !isAlive(owner)
}

function isWaited({ type, nodes = [] }: NodeSpec): boolean {
  return type === 'approval' || type === 'wait' || nodes.some(isWaited)
}

/** A step that waits is recorded when it is over; when it began to wait is an event. */
async function waitingSince({ records }: Runs, { id }: RunRecord): Promise<ReadonlyMap<StepPath, number>> {
  const begun = (await records.events(id, 0)).filter(({ type }) => type === 'step.waiting')
  return new Map(begun.map(({ data, atMs }) => [String(data.path), atMs]))
}

function reportOf(run: RunRecord, waits: readonly WaitRecord[], nodes: readonly NodeReport[]): RunReport {
  return { run, waits, nodes, usage: sumUsage(nodes.map(({ usage, bodies }) => (bodies === undefined ? usage : null))) }
}

/** Where nobody works on a run nothing is under way, whatever its last record was. */
function standingFacts(standing: NodeStanding, isWaiting: boolean, isWorkedOn: boolean): Partial<NodeReport> {
  const { status, exit, reason } = standing
  const isOpen = status === 'running' || status === 'waiting'
  return {
    status: isOpen ? (isWaiting ? 'waiting' : isWorkedOn ? 'running' : 'pending') : status,
    ...(exit !== undefined && { exit }),
    ...(reason !== undefined && { reason }),
  }
}

/** The arguments of a router of rules have its routes in order (blocks.md 4.3). */
function ruleOf(spec: NodeSpec | undefined, { exit, matched }: NodeStanding): Pick<NodeReport, 'rule'> {
  if (spec?.type !== 'router' || exit === undefined || matched === undefined) return {}
  const { kind, routes } = spec.arguments as unknown as NodeArguments['router']
  if (kind !== 'rules') return {}
  return { rule: matched ? { number: routes.findIndex(({ name }) => name === exit) + 1, of: routes.length } : 'default' }
}

function untouched(path: StepPath, type: string, tries: ReadonlyMap<string, readonly AttemptRecord[]>): NodeReport {
  const made = tries.get(path) ?? []
  const startedAtMs = made[0]?.startedAtMs
  // One that ended without an error called nothing: its run was paused before.
  const calling = made.filter(({ error, endedAtMs }) => error !== undefined || endedAtMs === undefined)
  return {
    ...{ path, type, status: 'pending', attempts: Math.max(1, calling.length), usage: null, calls: [], tries: made },
    ...placeOf(path),
    isCached: false,
    ...(startedAtMs !== undefined && { startedAtMs }),
  }
}

/** @param askedAtMs when it began to wait. */
function stepReport(
  step: StepRecord,
  type: string,
  tries: ReadonlyMap<string, readonly AttemptRecord[]>,
  askedAtMs = step.startedAtMs,
): NodeReport {
  const { path, outcome, facts = {}, costNano, endedAtMs } = step
  const made = tries.get(path) ?? []
  const calls = callsOf(facts.calls)
  return {
    ...{ path, type, status: outcome.status, usage: usageIn(facts.usage), costNano, endedAtMs, calls, tries: made },
    ...placeOf(path),
    startedAtMs: Math.min(step.startedAtMs, askedAtMs, ...made.map(({ startedAtMs }) => startedAtMs)),
    attempts: step.attempts - 1 + Math.max(1, calls.length),
    isCached: facts.cached === true,
    ...(typeof facts.model === 'string' && { model: facts.model }),
    ...(outcome.status === 'succeeded' && { exit: outcome.exit }),
    ...(outcome.status === 'failed' && { error: outcome.error }),
  }
}

/** What its bodies took together. */
function withBodies(own: NodeReport, { arguments: given }: NodeSpec, inner: readonly NodeReport[]): NodeReport {
  const starts = inner.flatMap(({ startedAtMs }) => startedAtMs ?? [])
  const ends = inner.flatMap(({ endedAtMs }) => endedAtMs ?? [])
  const bodies = Map.groupBy(inner, ({ path }) => path.slice(0, path.indexOf(']') + 1))
  const done = [...bodies.values()].filter(steps => steps.every(({ status }) => status === 'succeeded' || status === 'skipped')).length
  const { concurrency } = given
  return {
    ...own,
    ...(starts.length > 0 && { startedAtMs: Math.min(...starts) }),
    ...(ends.length > 0 && own.status !== 'running' && { endedAtMs: Math.max(...ends) }),
    usage: sumUsage(inner.map(({ usage }) => usage)),
    ...(inner.some(({ costNano }) => costNano !== undefined) && { costNano: sumCost(inner.map(({ costNano = 0 }) => costNano)) }),
    bodies: { done, all: bodies.size, ...(typeof concurrency === 'number' && { concurrency }) },
  }
}

function placeOf(path: StepPath): Pick<NodeReport, 'isInner' | 'label'> {
  const top = topOf(path)
  return path === top ? { isInner: false, label: path } : { isInner: true, label: path.slice(top.length) }
}

/** A body of one node needs no name for it. */
function withoutName(report: NodeReport, { nodes = [] }: NodeSpec): NodeReport {
  return nodes.length === 1 ? { ...report, label: report.label.replace(/^(\[[^\]]*\])\.[^.[]+$/, '$1') } : report
}

/** What a child has used counts for the node that began it. */
async function withChild(runs: Looked, report: NodeReport, step: StepRecord | undefined): Promise<NodeReport> {
  const id = step?.outcome.status === 'succeeded' ? step.outcome.attributes.run_id : undefined
  // A child of another run has been counted there.
  const child = report.type === 'flow' && !report.isCached && typeof id === 'string' ? await runs.records.getRun(id) : undefined
  if (child === undefined) return report
  const { usage } = await readReport(runs, child)
  return { ...report, usage, startedAtMs: child.createdAtMs }
}

function specAt(nodes: readonly NodeSpec[], path: StepPath): NodeSpec | undefined {
  let found: NodeSpec | undefined
  let among: readonly NodeSpec[] = nodes
  for (const wanted of namesOf(path)) {
    found = among.find(({ name }) => name === wanted)
    among = found?.nodes ?? []
  }
  return found
}

function usageIn(usage: JsonValue | undefined): TokenUsage | null {
  if (!isJsonObject(usage)) return null
  const count = (name: string) => (typeof usage[name] === 'number' ? usage[name] : 0)
  return { input: count('input_tokens'), cachedInput: count('cached_tokens'), output: count('output_tokens') }
}

function sumUsage(usages: readonly (TokenUsage | null)[]): TokenUsage | null {
  const known = usages.filter(usage => usage !== null)
  if (known.length === 0) return null
  const sum = (of: (usage: TokenUsage) => number) => known.reduce((total, usage) => total + of(usage), 0)
  return { input: sum(({ input }) => input), cachedInput: sum(({ cachedInput }) => cachedInput), output: sum(({ output }) => output) }
}

function sumCost(costs: readonly (number | null)[]): number | null {
  return costs.reduce((total, cost) => (total === null || cost === null ? null : total + cost), 0)
}

function callsOf(calls: JsonValue | undefined): readonly CallReport[] {
  return Array.isArray(calls) ? calls.filter(isJsonObject).map(callOf) : []
}

function callOf(call: JsonObject): CallReport {
  const number = (name: string) => (typeof call[name] === 'number' ? call[name] : null)
  return {
    model: String(call.model),
    outcome: String(call.outcome),
    startedAfterMs: number('started_after_ms') ?? 0,
    durationMs: number('duration_ms') ?? 0,
    waitedMs: number('waited_ms') ?? 0,
    status: number('status'),
    firstEventMs: number('first_event_ms'),
  }
}
