import type { Deferred } from '../../artifact/deferred.ts'
import type { NodeSpec } from '../../artifact/workflow.ts'
import { formatDuration } from '../../base/duration.ts'
import type { JsonValue } from '../../base/json.ts'
import { type BoundBehaviour, behaviourOf } from '../nodes/index.ts'
import type { AskedCommand, Beginning, Bodies, BodyStart, Failure, NodeContext, Succeeded } from './behaviour.ts'
import type { StepError, StepOutcome } from './command.ts'
import { addCosts, costOf, type Frame, type FrameStart, frameOf, type NodeState, pathOf, rankOf } from './frame.ts'
import type { InterpretationSettings } from './interpretation.ts'
import { abandon, ask, dismiss, type Progress, type Settlement } from './progress.ts'
import { skipReason } from './readiness.ts'
import { matchesCode } from './retry.ts'
import { type RunNames, scopeAt } from './run-scope.ts'
import { stepErrorOf } from './step-error.ts'
import { bounded } from './value-size.ts'

/** A graph on its way, whatever its outcome will mean. */
export interface GraphRun {
  readonly settings: InterpretationSettings
  readonly progress: Progress
  readonly names: RunNames
  readonly maxSteps: number
  readonly maxCostNano: number
  /** What is known of it. */
  spentNano: number
  /** Ends the run, whatever policies its nodes have. */
  readonly fail: (failure: Failure) => void
}

/** Starts a body: its nodes run as their sources are decided. */
export function openFrame(run: GraphRun, start: FrameStart): Frame {
  const frame = frameOf(start)
  for (const index of frame.body.first) schedule(run, frame, index)
  if (frame.undecided === 0) run.progress.agenda.push(() => complete(frame))
  return frame
}

/** An expression in a frame, of one of its nodes, or of what comes after them all. */
export function evaluator(run: GraphRun, frame: Frame, reader?: NodeState): (deferred: Deferred) => JsonValue {
  const scope = scopeAt(frame, reader, run.names)
  return deferred => bounded(run.settings.language.value(deferred, scope))
}

function schedule(run: GraphRun, frame: Frame, index: number): void {
  const state = frame.states[index]
  if (state) run.progress.agenda.push(() => consider(run, state))
}

function consider(run: GraphRun, state: NodeState): void {
  if (state.frame.isOver) return
  const { progress } = run
  state.startedAtMs = progress.nowMs
  const behaviour = behaviourOf(state.node.spec)
  let beginning: Beginning
  try {
    const reason = skipReason(state, evaluator(run, state.frame, state))
    if (reason !== undefined) {
      decide(run, state, { status: 'skipped', reason })
      return
    }
    beginning = behaviour.begin(contextOf(run, state))
  } catch (thrown) {
    failNode(run, state, failureAt(state, stepErrorOf(thrown)))
    return
  }
  state.status = 'running'
  if (beginning.kind !== 'asked' && ++progress.nodes > Math.min(run.maxSteps * NODES_PER_STEP, MAX_NODES_WITHOUT_STEP))
    run.fail(failureAt(state, tooManySteps(run.maxSteps, ', or too many nodes without one')))
  else if (beginning.kind === 'through') conclude(run, state, behaviour, beginning.outcome)
  else if (beginning.kind === 'bodies') startBodies(run, state, beginning.bodies)
  else if (progress.steps >= run.maxSteps) run.fail(failureAt(state, tooManySteps(run.maxSteps)))
  else {
    const command = withCache(beginning.command, state.node.spec)
    if (WAITS.has(command.type)) state.status = 'waiting'
    ask(progress, state, command, settlement => answered(run, state, behaviour, settlement))
  }
}

/** Loops of transforms in loops take no steps, and must not keep a process busy for ever: one of them takes up to 50 µs. */
const NODES_PER_STEP = 10
const MAX_NODES_WITHOUT_STEP = 200_000

/** What is computed has no step, and is the same each time: there `cache` changes nothing. */
function withCache(command: AskedCommand, { cache }: NodeSpec): AskedCommand {
  if (cache === undefined || (command.type !== 'effect' && command.type !== 'child')) return command
  return { ...command, cache: { ttlMs: cache.ttl_ms, scope: cache.scope } }
}

const WAITS: ReadonlySet<string> = new Set(['timer', 'signal', 'approval'])

function answered(run: GraphRun, state: NodeState, behaviour: BoundBehaviour, { outcome, spent }: Settlement): void {
  let meant = outcome
  state.attempts = spent?.attempts ?? 1
  state.costNano = spent ? spent.costNano : state.status === 'waiting' ? 0 : saidCost(outcome)
  run.spentNano += state.costNano ?? 0
  try {
    if (outcome.status === 'succeeded') meant = behaviour.end(outcome, contextOf(run, state))
  } catch (thrown) {
    failNode(run, state, failureAt(state, stepErrorOf(thrown)))
    return
  }
  conclude(run, state, behaviour, meant)
  if (run.spentNano > run.maxCostNano) run.fail(failureAt(state, tooCostly(run.maxCostNano)))
}

function saidCost(outcome: StepOutcome): number | null {
  const cost = outcome.status === 'succeeded' ? outcome.attributes.cost : undefined
  return typeof cost === 'number' ? Math.round(cost * 1e9) : null
}

function conclude(run: GraphRun, state: NodeState, behaviour: BoundBehaviour, outcome: StepOutcome): void {
  if (outcome.status !== 'succeeded') {
    failNode(run, state, failureAt(state, outcome.status === 'failed' ? outcome.error : UNKNOWN_EFFECT))
    return
  }
  const { exit } = outcome
  const code = behaviour.exceptionalExits.get(exit)
  if (code === undefined) {
    decide(run, state, outcome)
    return
  }
  const { name, type } = state.node.spec
  const error: StepError = { code, message: `The ${type} "${name}" left by ${exit}`, retryable: false }
  if (state.node.usedExits.has(exit)) decide(run, state, { ...outcome, error, isExceptional: true })
  else failNode(run, state, failureAt(state, { ...error, message: `${error.message}, and no node is on this exit` }))
}

/** What became of a node, and what its `on_error` says about it. */
function failNode(run: GraphRun, state: NodeState, failure: Failure): void {
  const { on_error: policy } = state.node.spec
  const { error } = failure
  const applies = policy.codes === undefined || matchesCode(policy.codes, error.code)
  if (applies && policy.action === 'exit' && state.node.usedExits.has('error')) {
    recover(run, state, { status: 'failed', exit: 'error', error, isExceptional: true })
    return
  }
  let cause = failure
  if (applies && policy.action === 'default') {
    try {
      recover(run, state, { ...defaultOutcome(run, state, policy.value ?? null), error })
      return
    } catch (thrown) {
      cause = failureAt(state, stepErrorOf(thrown))
    }
  }
  state.status = 'failed'
  state.error = cause.error
  failFrame(state.frame, cause)
}

/** Goes on after a failure, once the bodies of the node are at rest. */
function recover(run: GraphRun, state: NodeState, decision: Decision): void {
  abandon(run.progress, state.frames, () => {
    for (const frame of state.frames) leave(state, frame)
    decide(run, state, decision)
  })
}

function defaultOutcome(run: GraphRun, state: NodeState, value: Deferred): Succeeded {
  const output = evaluator(run, state.frame, state)(value)
  const exit = behaviourOf(state.node.spec).defaultExit
  return { status: 'succeeded', exit, attributes: typeof output === 'string' ? { output, text: output } : { output } }
}

/** The first failure in time is the reason, though whoever handles it may have to wait for what cannot be stopped. */
export function failFrame(frame: Frame, failure: Failure): void {
  if (frame.isOver) return
  frame.isOver = true
  frame.failed(failure)
}

type Decision = Pick<NodeState, 'status'> & Partial<Pick<NodeState, 'exit' | 'reason' | 'error' | 'attributes' | 'isExceptional'>>

function decide(run: GraphRun, state: NodeState, decision: Decision): void {
  const { frame, node } = state
  const { status, exit, reason, error, attributes, isExceptional } = decision
  Object.assign(state, { status, ...(attributes && { attributes }), isExceptional: isExceptional ?? false })
  if (exit !== undefined) state.exit = exit
  if (reason !== undefined) state.reason = reason
  if (error !== undefined) state.error = error
  state.endedAtMs = run.progress.nowMs
  frame.undecided--
  for (const index of node.dependents) {
    const dependent = frame.states[index]
    if (!dependent) continue
    dependent.waitsFor--
    if (dependent.waitsFor === 0) schedule(run, frame, index)
  }
  if (frame.undecided === 0) run.progress.agenda.push(() => complete(frame))
}

function complete(frame: Frame): void {
  if (frame.isOver) return
  frame.isOver = true
  frame.completed()
}

/** The bodies of a map or a loop, as there is room. */
interface BodiesRun {
  readonly run: GraphRun
  readonly state: NodeState
  readonly bodies: Bodies
  isOver: boolean
}

function startBodies(run: GraphRun, state: NodeState, bodies: Bodies): void {
  const running: BodiesRun = { run, state, bodies, isOver: false }
  const { name, timeout_ms: timeoutMs } = state.node.spec
  if (timeoutMs !== undefined) {
    const late: StepError = { code: 'node/timeout', message: `"${name}" took longer than ${formatDuration(timeoutMs)}`, retryable: true }
    const timer = { type: 'timer', dueMs: run.progress.nowMs + timeoutMs } as const
    ask(run.progress, state, timer, () => closeBodies(running, failureAt(state, late)))
  }
  pump(running)
}

function pump(running: BodiesRun): void {
  const { run, state, bodies } = running
  if (running.isOver || state.frame.isOver) return
  let outcome: StepOutcome
  try {
    while (state.frames.size < bodies.concurrency) {
      const start = bodies.next()
      if (start === undefined) break
      openBody(running, start)
    }
    if (state.frames.size > 0) return
    outcome = bodies.outcome()
  } catch (thrown) {
    closeBodies(running, failureAt(state, stepErrorOf(thrown)))
    return
  }
  running.isOver = true
  dismiss(run.progress, pathOf(state))
  conclude(run, state, behaviourOf(state.node.spec), outcome)
}

function openBody(running: BodiesRun, start: BodyStart): void {
  const { run, state, bodies } = running
  const { body } = state.node
  const path = pathOf(state) + start.step
  const fail = (failure: Failure) => {
    if (!bodies.failed(start, failure)) {
      closeBodies(running, failure)
      return
    }
    abandon(run.progress, [frame], () => {
      leave(state, frame)
      pump(running)
    })
  }
  const frame: Frame = openFrame(run, {
    body: body ?? NO_BODY,
    prefix: `${path}.`,
    rank: [...rankOf(state), start.index],
    owner: state,
    names: start.names,
    completed() {
      try {
        bodies.completed(start, evaluator(run, frame))
      } catch (thrown) {
        fail({ error: stepErrorOf(thrown), path, node: state.node.spec.name })
        return
      }
      leave(state, frame)
      pump(running)
    },
    failed: fail,
  })
  state.frames.add(frame)
}

/** A body is through or given up, and with it all that it remembers but its cost. */
function leave(state: NodeState, frame: Frame): void {
  state.costNano = addCosts(state.costNano, costOf(frame))
  state.frames.delete(frame)
}

const NO_BODY: Frame['body'] = { nodes: [], indexes: new Map(), first: [] }

function closeBodies(running: BodiesRun, failure: Failure): void {
  const { run, state } = running
  if (running.isOver) return
  running.isOver = true
  dismiss(run.progress, pathOf(state))
  failNode(run, state, failure)
}

function contextOf(run: GraphRun, state: NodeState): NodeContext {
  const { language, facts, closure, digest, validator } = run.settings
  const scope = scopeAt(state.frame, state, run.names)
  return {
    node: state.node.spec,
    facts,
    closure,
    nowMs: run.progress.nowMs,
    digest,
    violations: validator.violations,
    evaluate: (deferred, names) =>
      bounded(language.value(deferred, names === undefined ? scope : scopeAt(state.frame, state, run.names, names))),
    text: deferred => {
      const text = language.text(deferred, scope)
      bounded(text)
      return text
    },
  }
}

function failureAt(state: NodeState, error: StepError): Failure {
  return { error, path: pathOf(state), node: state.node.spec.name }
}

function tooManySteps(limit: number, more = ''): StepError {
  return { code: 'run/max-steps', message: `The run takes more than ${limit} steps${more}`, retryable: false }
}

function tooCostly(limitNano: number): StepError {
  return { code: 'run/max-cost', message: `The run costs more than $${limitNano / 1e9}`, retryable: false }
}

const UNKNOWN_EFFECT: StepError = {
  code: 'run/unknown-effect',
  message: 'The step was interrupted, and nobody knows whether it was done',
  retryable: false,
}
