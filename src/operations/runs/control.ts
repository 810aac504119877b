import type { NodeSpec } from '../../artifact/workflow.ts'
import { compact } from '../../base/compact.ts'
import type { JsonValue } from '../../base/json.ts'
import { suggest } from '../../base/suggest.ts'
import { userName } from '../../base/user.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { type RunRecord, TERMINAL_STATES } from '../../engine/durable/record-store.ts'
import type { FoundFlow } from '../flow.ts'
import type { RunEngine } from './access.ts'
import { pinsOf } from './submit.ts'

/** @throws OperationError `run/ended` */
export function requireOpen({ id, state }: RunRecord): void {
  if (!TERMINAL_STATES.has(state)) return
  throw new OperationError({
    code: 'run/ended',
    summary: `Run ${id} is over: it ${state === 'cancelled' ? 'was cancelled' : state}`,
    detail: `Nothing was changed. See it:  flowrun runs show ${id.slice(-4)}`,
  })
}

/** Ends a run. One that nobody works on is ended here. @returns the run then: `running` still, where another process ends it. */
export async function cancelRun({ engine, records, isAlive }: RunEngine, run: RunRecord): Promise<RunRecord> {
  requireOpen(run)
  await engine.cancel(run.id, `${userName()} has cancelled it`)
  const owner = (await records.owners()).find(({ id }) => id === run.owner)
  // Whoever died with it is found by the first beat.
  if (run.state === 'running' && (owner === undefined || !isAlive(owner))) await engine.run(run.id)
  return (await records.getRun(run.id)) ?? run
}

export async function pauseRun({ engine }: RunEngine, run: RunRecord): Promise<void> {
  requireOpen(run)
  await engine.pause(run.id, { code: 'run/paused', message: `${userName()} has paused it`, retryable: false })
}

export interface RetryChoice {
  /** The node to begin at, `answer` or `node.answer`; absent: the steps that failed are done again. */
  readonly from?: string
  /** Runs on this instead of the versions of the former run. */
  readonly latest?: FoundFlow
}

/** A new run with the records of the former one (RUN-5). @throws OperationError `run/not-ended`, `run/unknown-node`, `run/invalid-input`. */
export async function retryRun(runs: RunEngine, former: RunRecord, { from: given, latest }: RetryChoice): Promise<RunRecord> {
  const from = given?.replace(/^node\./, '')
  const pins = latest && (await pinsOf(runs.flows, latest, former))
  const retried = await runs.engine.retry(former.id, { submittedBy: userName(), ...compact({ from, pins }) })
  if (retried.outcome === 'submitted') return retried.run
  if (retried.outcome === 'unknown-node') throw unknownNode(given ?? '', retried.nodes)
  const state = retried.outcome === 'not-ended' ? retried.state : undefined
  throw new OperationError({
    code: 'run/not-ended',
    summary: state === 'succeeded' ? `Run ${former.id} succeeded` : `Run ${former.id} is ${state ?? 'not there any more'}`,
    detail: 'Only runs that failed or were cancelled are retried. Nothing was changed.',
  })
}

export function unknownNode(node: string, nodes: readonly string[]): OperationError {
  const suggestions = suggest(node, nodes)
  return new OperationError({
    code: 'run/unknown-node',
    summary: `The run has no node "${node}"`,
    detail: `Its nodes are ${nodes.join(', ')}. Nothing was changed.`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}

export interface SentSignal {
  readonly name: string
  readonly value: JsonValue
  /** The same key and value again change nothing (SIG-2). */
  readonly key?: string
}

/** @throws OperationError `run/ended`, `run/unknown-signal`, `run/too-many-signals`, `run/other-body`. */
export async function signalRun({ engine, flows, closureOf }: RunEngine, run: RunRecord, { name, value, key }: SentSignal): Promise<void> {
  requireOpen(run)
  const closure = await closureOf(run)
  const names = closure ? signalsOf(flows.graph(closure).nodes) : []
  if (!names.includes(name)) throw unknownSignal(run, name, names)
  const sent = await engine.signal({ run: run.id, name, value, by: userName(), ...(key === undefined ? {} : { dedupeKey: key }) })
  if (sent === 'ended') requireOpen({ ...run, state: 'succeeded' })
  if (sent === 'full') {
    throw new OperationError({
      code: 'run/too-many-signals',
      summary: `1,000 signals wait for run ${run.id} already`,
      detail: 'It was not kept. Send it again when the run has taken some.',
    })
  }
  if (sent === 'conflict') {
    throw new OperationError({
      code: 'run/other-body',
      summary: `The key "${key}" was sent to run ${run.id} with another value`,
      detail: 'It was not kept. Take a new key, or send the same value.',
    })
  }
}

function signalsOf(nodes: readonly NodeSpec[]): readonly string[] {
  const found = nodes.flatMap(node => {
    const { signal } = node.arguments
    return [...(node.type === 'wait' && typeof signal === 'string' ? [signal] : []), ...signalsOf(node.nodes ?? [])]
  })
  return [...new Set(found)]
}

function unknownSignal({ flow }: RunRecord, name: string, names: readonly string[]): OperationError {
  const suggestions = suggest(name, names)
  return new OperationError({
    code: 'run/unknown-signal',
    summary: `${flow} waits for no signal "${name}"`,
    detail: `${names.length === 0 ? 'It waits for none at all.' : `It waits for ${names.join(', ')}.`} Nothing was sent.`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}

/** Ends the doubt over an interrupted step (STEP-5). @throws OperationError `run/no-doubt` */
export async function settleUnknown({ engine, records }: RunEngine, run: RunRecord, node: string, as: 'done' | 'repeat'): Promise<void> {
  requireOpen(run)
  const outcome = { status: 'succeeded', exit: 'done', attributes: {} } as const
  if (await engine.settleUnknown(run.id, node, as === 'done' ? outcome : 'repeat')) return
  const doubts = (await records.waits(run.id)).flatMap(({ kind, path }) => (kind === 'unknown' ? [path] : []))
  const suggestions = suggest(node, doubts)
  throw new OperationError({
    code: 'run/no-doubt',
    summary: `Nothing is in doubt about "${node}" of run ${run.id}`,
    detail: `${doubts.length === 0 ? 'All of its steps are certain.' : `In doubt is ${doubts.join(', ')}.`} Nothing was changed.`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}
