import type { Closure, ClosureMember } from '../../src/artifact/closure.ts'
import type { Deferred } from '../../src/artifact/deferred.ts'
import type { JsonSchema } from '../../src/artifact/json-schema.ts'
import type { NodeRetrySpec, NodeSpec, SourceSpec, WorkflowSpec } from '../../src/artifact/workflow.ts'
import { digestOfText } from '../../src/base/digest.ts'
import type { JsonObject, JsonValue } from '../../src/base/json.ts'
import { createDeferredLanguage } from '../../src/engine/deferred.ts'
import type { Command, RunOutcome, StepOutcome } from '../../src/engine/interpreter/command.ts'
import type { Interpretation, InterpretationSettings, RunFacts } from '../../src/engine/interpreter/interpretation.ts'
import { createInterpretation } from '../../src/engine/interpreter/interpreter.ts'
import { loadSchemaValidator } from '../../src/engine/schema-validator.ts'
import { runtimeFunctionTable } from '../../src/hcl/functions/index.ts'

/** A workflow as data: what it is, what its steps answer, and what must come of it. */
export interface WorkflowCase {
  /** A sentence, with the rules that it holds. */
  readonly name: string
  readonly graph: CaseGraph
  readonly input?: JsonValue
  readonly session?: Partial<RunFacts['session']>
  /** By address. */
  readonly closure?: Readonly<Record<string, { readonly kind: string; readonly spec: JsonObject }>>
  /** What the steps answer, by path or by node. */
  readonly steps?: Readonly<Record<string, ScriptedStep>>
  readonly expect: Expectation
}

export interface Expectation {
  /** What was asked and stopped, and when: `0: model a, model b`, `3: stop b`. */
  readonly commands: readonly string[]
  readonly output?: JsonValue
  readonly error?: { readonly code: string; readonly path?: string; readonly message?: string }
  /** How nodes ended that are worth a look: `skipped: not on route a`, `succeeded: done`. */
  readonly nodes?: Readonly<Record<string, string>>
  /** Commands in full, by path. */
  readonly asked?: Readonly<Record<string, JsonObject>>
}

/** Nothing said: it succeeds after one millisecond with its own path as text. */
export interface ScriptedStep {
  readonly exit?: string
  readonly give?: JsonObject
  /** Code of an error. */
  readonly fail?: string
  readonly unknown?: boolean
  /** How long it takes. */
  readonly ms?: number
}

export interface CaseGraph {
  readonly input?: JsonSchema
  readonly nodes: readonly CaseNode[]
  readonly output?: Deferred
  readonly schema?: JsonSchema
  readonly max_steps?: number
}

/** A node with what is usual left out. */
export interface CaseNode {
  readonly name: string
  readonly type: NodeSpec['type']
  /** `a` required, `a?` optional, `a!` after, `a>` succeeded, `a>x` by exit x. */
  readonly sources?: readonly (string | SourceSpec)[]
  readonly on_error?: NodeSpec['on_error']
  readonly arguments?: NodeSpec['arguments']
  readonly nodes?: readonly CaseNode[]
  readonly when?: Deferred
  readonly output?: Deferred
  readonly timeout_ms?: number
  readonly retry?: NodeRetrySpec
  readonly cache?: NonNullable<NodeSpec['cache']>
}

const DEFAULTS: Readonly<Record<NodeSpec['type'], JsonObject>> = {
  model: { prompt: { $ref: 'prompt.any' }, stream: true, with: {} },
  tool: { tool: { $ref: 'tool.any' }, with: {} },
  flow: { flow: { $ref: 'workflow.child' }, detach: false, with: {} },
  guard: { guard: { $ref: 'guard.any' }, text: 'text' },
  router: { kind: 'rules', default: 'other' },
  transform: {},
  map: { concurrency: 8, max_items: 1_000, on_item_error: 'fail_fast' },
  loop: {},
  approval: {
    title: 'Title',
    body: 'Body',
    actions: [
      { name: 'approve', require_comment: false },
      { name: 'reject', require_comment: true },
    ],
    assignees: ['role:lead'],
    quorum: 1,
    separation: false,
    on_timeout: 'expired',
    notify: [],
  },
  wait: {},
}

export function graphOfCase({ input, nodes, output, schema, max_steps = 10_000 }: CaseGraph): WorkflowSpec {
  return {
    ...(input && { input }),
    interpreter: 1,
    nodes: nodes.map(nodeOfCase),
    ...(output !== undefined && { output: { schema: schema ?? {}, value: output } }),
    timeout_ms: 3_600_000,
    retention_ms: 2_592_000_000,
    max_steps,
  }
}

function nodeOfCase({ sources = [], nodes, on_error = { action: 'fail' }, ...node }: CaseNode): NodeSpec {
  return {
    on_error,
    ...node,
    sources: sources.map(source => (typeof source === 'string' ? sourceOf(source) : source)),
    arguments: { ...DEFAULTS[node.type], ...node.arguments },
    ...(nodes && { nodes: nodes.map(nodeOfCase) }),
  }
}

function sourceOf(text: string): SourceSpec {
  const [, node = '', mark = '', exit] = /^(\w+)([?!>]?)(\w*)$/.exec(text) ?? []
  if (mark === '>') return { node, kind: 'exit', ...(exit !== '' && exit !== undefined && { exit }) }
  return { node, kind: mark === '?' ? 'optional' : mark === '!' ? 'after' : 'required' }
}

/** When all runs of cases start. */
export const START_MS = Date.UTC(2027, 0, 1)

export const language = createDeferredLanguage(runtimeFunctionTable)
const validator = await loadSchemaValidator()

export function settingsOf(graph: WorkflowSpec, facts: RunFacts, closure: Closure): InterpretationSettings {
  return { graph, facts, closure, language, validator, digest: digestOfText }
}

export function factsOf({ input = {}, session }: Pick<WorkflowCase, 'input' | 'session'>): RunFacts {
  const nobody = { id: null, user: null, tenant: null, locale: null, timezone: null }
  return { id: 'run-1', flow: 'workflow.case', startedAtMs: START_MS, input, session: { ...nobody, ...session } }
}

export function closureOf(members: WorkflowCase['closure'] = {}): Closure {
  const all = Object.entries(members).map(
    ([address, { kind, spec }]) => [address, { digest: 'sha256:0', artifact: { kind, spec } } as unknown as ClosureMember] as const,
  )
  return { address: 'workflow.case', members: new Map(all) }
}

/** A step as a journal keeps it, with what became due by it. */
export interface JournalEntry {
  readonly path: string
  readonly outcome: StepOutcome
  readonly atMs: number
  readonly asked: readonly string[]
}

export interface Journal {
  /** Due before anything was settled. */
  readonly first: readonly string[]
  readonly entries: readonly JournalEntry[]
  readonly outcome: RunOutcome | undefined
  readonly commands: ReadonlyMap<string, Command>
  readonly interpretation: Interpretation
}

interface Due {
  readonly path: string
  readonly outcome: StepOutcome
  readonly atMs: number
  readonly order: number
}

/** What a step answers. */
export type Script = (command: Answered) => ScriptedStep
type Answered = Exclude<Command, { type: 'abort' }>

export interface Driving {
  /** Settled before anything is asked. */
  readonly former?: readonly JournalEntry[]
  /** In flight besides, when the run was left. */
  readonly begun?: Iterable<string>
  /** When steps are done, whatever their script says. */
  readonly times?: ReadonlyMap<string, number>
  /** From 0 to 1: which of the steps in flight is done next; absent: the one whose time it is. */
  readonly choose?: () => number
  /** Looks at each command as it is asked. */
  readonly onAsked?: (command: Answered, interpretation: Interpretation) => void
}

export function scriptOf(steps: WorkflowCase['steps'] = {}): Script {
  return ({ path, node }) => steps[path] ?? steps[node] ?? {}
}

/**
 * Runs a workflow to its end, or until nothing is in flight, as an engine would: in a time of its own, one step settled
 * after the other.
 */
export function drive(settings: InterpretationSettings, script: Script, driving: Driving = {}): Journal {
  const { former = [], begun = [], times, choose, onAsked } = driving
  const interpretation = createInterpretation(settings)
  for (const { path, outcome, atMs } of former) interpretation.settle(path, outcome, atMs)
  for (const path of begun) interpretation.begun(path)
  let nowMs = Math.max(settings.facts.startedAtMs, ...former.map(({ atMs }) => atMs))
  const flights = new Map<string, Due>()
  const commands = new Map<string, Command>()
  const take = () =>
    interpretation.take().map(command => {
      if (command.type === 'abort') for (const path of command.paths) flights.delete(path)
      else {
        onAsked?.(command, interpretation)
        commands.set(command.path, command)
        const { outcome, atMs } = answerOf(command, script(command), nowMs)
        flights.set(command.path, { path: command.path, outcome, atMs: times?.get(command.path) ?? atMs, order: commands.size })
      }
      return lineOf(command)
    })
  const first = take()
  const entries: JournalEntry[] = []
  while (interpretation.outcome === undefined && flights.size > 0) {
    const queue = [...flights.values()].sort((a, b) => a.atMs - b.atMs || a.order - b.order)
    const next = queue[choose === undefined ? 0 : Math.floor(choose() * queue.length)]
    if (next === undefined) break
    const { path, outcome, atMs } = next
    flights.delete(path)
    nowMs = choose === undefined ? Math.max(nowMs, atMs) : nowMs + 1
    interpretation.settle(path, outcome, nowMs)
    entries.push({ path, outcome, atMs: nowMs, asked: take() })
  }
  return { first, entries, outcome: interpretation.outcome, commands, interpretation }
}

/** What was in flight after the first entries of a journal. */
export function inFlight({ first, entries }: Pick<Journal, 'first' | 'entries'>, length: number): ReadonlySet<string> {
  const former = entries.slice(0, length)
  const open = new Set<string>()
  for (const line of [...first, ...former.flatMap(({ asked }) => asked)]) {
    const [verb, ...paths] = line.split(' ')
    for (const path of paths) verb === 'stop' ? open.delete(path) : open.add(path)
  }
  for (const { path } of former) open.delete(path)
  return open
}

/** `model a`, `timer w`, `stop a b` */
export function lineOf(command: Command): string {
  if (command.type === 'abort') return `stop ${command.paths.join(' ')}`
  return `${command.type === 'effect' ? command.nodeType : command.type} ${command.path}`
}

function answerOf(command: Answered, script: ScriptedStep, nowMs: number): Pick<Due, 'outcome' | 'atMs'> {
  const { ms = 1 } = script
  if (command.type === 'timer') return { outcome: { status: 'succeeded', exit: 'done', attributes: {} }, atMs: command.dueMs }
  if (command.type === 'signal' || command.type === 'approval') {
    if (script.exit === undefined) return { outcome: { status: 'succeeded', exit: 'expired', attributes: {} }, atMs: command.timeoutAtMs }
    return { outcome: { status: 'succeeded', exit: script.exit, attributes: script.give ?? {} }, atMs: nowMs + ms }
  }
  return { outcome: scripted(script, { output: command.path, text: command.path }), atMs: nowMs + ms }
}

function scripted({ fail, unknown, exit = 'done', give }: ScriptedStep, given: JsonObject): StepOutcome {
  if (unknown) return { status: 'unknown' }
  if (fail !== undefined) return { status: 'failed', error: { code: fail, message: `It failed: ${fail}`, retryable: false } }
  return { status: 'succeeded', exit, attributes: give ?? given }
}

/** `0: model a, model b` */
export function commandLines({ first, entries }: Pick<Journal, 'first' | 'entries'>): readonly string[] {
  const waves = [{ atMs: START_MS, asked: first }, ...entries].filter(({ asked }) => asked.length > 0)
  return waves.map(({ atMs, asked }) => `${atMs - START_MS}: ${asked.join(', ')}`)
}
