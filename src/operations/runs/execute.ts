import { invariant } from '../../base/invariant.ts'
import type { DiagnosticCode } from '../../diagnostics/codes/index.ts'
import type { Diagnostic } from '../../diagnostics/diagnostic.ts'
import type { WatchEvent } from '../../engine/durable/engine.ts'
import { type RecordStore, type RunRecord, TERMINAL_STATES } from '../../engine/durable/record-store.ts'
import type { RunEngine } from './access.ts'

/** What a command that ends before its run does leaves to the steps in hand: they are paid for. */
const DRAIN_MS = 10_000

export interface ExecuteOptions {
  /** Ctrl-C: the run is left to the engine, or cancelled. */
  readonly signal: AbortSignal
  readonly cancelOnInterrupt?: boolean
  /** Not waited for longer. */
  readonly waitMs?: number
  readonly onEvent?: (event: WatchEvent) => void
  /** The steps in hand are waited for. */
  readonly onStopping?: () => void
}

/** Why this process does not work on a run any more. */
export interface Executed {
  readonly run: RunRecord
  readonly because: 'ended' | 'paused' | 'awaits-people' | 'time' | 'interrupted'
}

/** Works on a run in this process until it ends, is paused, waits for people alone, or is not waited for any longer. */
export async function executeRun({ engine, records }: RunEngine, id: string, options: ExecuteOptions): Promise<Executed> {
  const { signal, waitMs, cancelOnInterrupt, onEvent, onStopping } = options
  const watch = engine.watch(id, 0, event => onEvent?.(event))
  const stop = Promise.withResolvers<Executed['because']>()
  const look = () => void awaitsPeople(records, id).then(isSo => isSo && stop.resolve('awaits-people'), stop.reject)
  const forget = records.onChange(look)
  const interrupt = () => stop.resolve('interrupted')
  signal.addEventListener('abort', interrupt)
  if (signal.aborted) interrupt()
  const timer = waitMs === undefined ? undefined : setTimeout(() => stop.resolve('time'), waitMs)
  try {
    const ended = engine.run(id)
    look()
    let because = await Promise.race([ended.then(() => 'ended' as const), stop.promise])
    if (because === 'interrupted' && cancelOnInterrupt) {
      await engine.cancel(id, 'interrupted')
      because = 'ended'
    } else if (because !== 'ended') {
      if (because !== 'awaits-people') onStopping?.()
      await engine.drain(DRAIN_MS)
    }
    const run = await ended
    invariant(run, 'run/gone', `run ${id} was submitted, and is not there`)
    // Steps in hand may have ended it after all.
    if (TERMINAL_STATES.has(run.state)) await watch.ended
    return { run, because: TERMINAL_STATES.has(run.state) ? 'ended' : run.state === 'paused' ? 'paused' : because }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', interrupt)
    forget()
    watch.close()
  }
}

/** Nothing but a decision or a signal leads on, in the run itself and in its children. */
export async function awaitsPeople(records: RecordStore, id: string): Promise<boolean> {
  const run = await records.getRun(id)
  if (run?.state === 'paused') return true
  if (run?.state !== 'waiting') return false
  const waits = await records.waits(id)
  for (const wait of waits) {
    if (wait.kind === 'timer' || wait.kind === 'retry') return false
    if (wait.kind === 'child' && !(await awaitsPeople(records, wait.child))) return false
  }
  return waits.length > 0
}

/** Why a run failed, as a person is told; undefined: it did not. */
export function failedRun({ id, error }: RunRecord): Diagnostic | undefined {
  if (error === undefined) return undefined
  const name = id.slice(-4)
  const node = error.path === undefined ? '' : ` --node ${error.path}`
  return {
    // Kept as text: a newer flowrun may have written it.
    code: error.code as DiagnosticCode,
    severity: 'error',
    summary: error.message.replace(/\.$/, ''),
    ...(error.path !== undefined && { where: `in node "${error.path}"` }),
    detail: [
      `What it was given:  flowrun trace ${name}${node}`,
      `Try it again:       flowrun runs retry ${name}`,
      `After a change:     flowrun runs retry ${name} --latest`,
    ].join('\n'),
  }
}
