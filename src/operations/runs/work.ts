import { type RunRecord, TERMINAL_STATES } from '../../engine/durable/record-store.ts'
import type { RunEngine } from './access.ts'

export interface WorkOptions {
  /** Begins the drain. */
  readonly signal: AbortSignal
  /** What is in flight has this long to be recorded. */
  readonly drainMs: number
  /** A run has ended, is paused, or waits. */
  readonly onRun?: (run: RunRecord) => void
  readonly onDraining: (running: number) => void
}

/** Works on whatever is queued until it is told to end; then begins nothing more, and gives back what is not over. */
export async function workOnRuns({ engine, records }: RunEngine, { signal, drainMs, onRun, onDraining }: WorkOptions): Promise<void> {
  const told = new Map<string, string>()
  const tell = async (id: string) => {
    const run = await records.getRun(id)
    if (run === undefined || told.get(id) === run.state) return
    told.set(id, run.state)
    if (TERMINAL_STATES.has(run.state) || run.state === 'paused') onRun?.(run)
    if (TERMINAL_STATES.has(run.state)) told.delete(id)
  }
  const forget = onRun ? records.onChange(id => void tell(id).catch(() => {})) : () => {}
  engine.start()
  await new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  onDraining(engine.status().running.length)
  await engine.drain(drainMs)
  forget()
}

/** Works on runs that processes died of, one at a time, until there is none or it is told to end (OWN-7). */
export async function workOnSuspects({ engine }: RunEngine, { signal, drainMs }: Pick<WorkOptions, 'signal' | 'drainMs'>): Promise<void> {
  const drain = () => void engine.drain(drainMs)
  signal.addEventListener('abort', drain, { once: true })
  if (signal.aborted) drain()
  await engine.runSuspects()
  signal.removeEventListener('abort', drain)
}
