import type { Closure } from '../../artifact/closure.ts'
import type { Environment } from '../../config/blocks/environment.ts'
import type { Engine } from '../../engine/durable/engine.ts'
import type { FlowLimits, RecordStore, RunRecord } from '../../engine/durable/record-store.ts'
import type { Flows } from '../../engine/flows.ts'

/** The runs of a project, to look at. */
export interface Runs {
  readonly records: RecordStore
  readonly flows: Flows
  /** What a run is pinned to; undefined: it is not there any more. */
  closureOf(run: Pick<RunRecord, 'closureDigest'>): Promise<Closure | undefined>
  /** Whether the process of an owner is there, as far as this machine can tell. */
  isAlive(owner: { readonly host: string; readonly bootId: string; readonly pid: number }): boolean
  close(): Promise<void>
}

/** The runs of a project, and what executes them in this process. */
export interface RunEngine extends Runs {
  readonly engine: Engine
  /** What a model node would send, for a trace; no call is made. */
  render(environment: string, closure: Closure, input: RunRecord['input']): Promise<readonly { role: string; text: string }[]>
  /** Drains first: what is in flight has this long to be recorded (OWN-4). */
  close(drainMs?: number): Promise<void>
}

export interface RunEngineOptions {
  readonly project: string
  /** A run is executed with the secrets, the cache and the budgets of its own. */
  readonly environments: ReadonlyMap<string, Environment>
  /** What the files of the project say now, for the budgets of its runs; undefined: nothing that could be published. */
  workingCopy(environment: string): Closure['members'] | undefined
  /** Runs at once. */
  readonly concurrency?: number
  /** Runs of a flow at once. */
  readonly lanes?: FlowLimits
  /** Told what does not keep a run from going on. */
  readonly onWarning: (text: string) => void
}

/** Opens `engine.db`; without runs nothing is made. */
export type OpenRuns = (root: string) => Promise<Runs>
export type OpenRunEngine = (root: string, options: RunEngineOptions) => Promise<RunEngine>
