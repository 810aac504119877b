import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Closure, ClosureMember } from '../../src/artifact/closure.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { createUlidSource } from '../../src/base/ids.ts'
import type { JsonObject, JsonValue } from '../../src/base/json.ts'
import type { EffectExecutor } from '../../src/engine/durable/effect.ts'
import { createEmbeddedEngine, type EmbeddedEngineOptions } from '../../src/engine/durable/embedded/engine.ts'
import type { SuspectProcess } from '../../src/engine/durable/embedded/suspects.ts'
import type { Engine, FlowReader, Submission } from '../../src/engine/durable/engine.ts'
import type { NewRun, RecordStore } from '../../src/engine/durable/record-store.ts'
import { createRecordStore, openEngineDatabase } from '../../src/engine/durable/sqlite/store.ts'
import type { Command, RunOutcome } from '../../src/engine/interpreter/command.ts'
import type { Interpretation } from '../../src/engine/interpreter/interpretation.ts'
import { systemTimers } from '../../src/gateway/timers.ts'

/** A command without its path, which is the name of its step. */
type Unplaced<C> = C extends unknown ? Omit<C, 'path' | 'node'> : never
export type FakeCommand = Unplaced<Exclude<Command, { type: 'abort' }>>

/** A made-up flow: rows of steps; those of a row run at once, and all of them before the next row. */
export interface FakeFlow {
  readonly rows: readonly Readonly<Record<string, FakeCommand>>[]
  readonly retry?: { readonly max_attempts: number; readonly initial_ms: number; readonly max_ms: number }
  readonly onUnknown?: 'pause' | 'fail' | 'retry'
}

export function effect(changes: Partial<Extract<FakeCommand, { type: 'effect' }>> = {}): FakeCommand {
  return { type: 'effect', nodeType: 'tool', arguments: {}, replay: 'safe', attempt: 1, ...changes }
}

/** `steps` effects, one after the other. */
export function sequence(steps: number, changes: Partial<Extract<FakeCommand, { type: 'effect' }>> = {}): FakeFlow {
  return { rows: Array.from({ length: steps }, (_, index) => ({ [`s${index}`]: effect(changes) })) }
}

export function closureOf(flow: FakeFlow, others: Readonly<Record<string, FakeFlow>> = {}): Closure {
  const member = (spec: FakeFlow) => ({ digest: 'sha256:0', artifact: { spec } }) as unknown as ClosureMember
  const members = Object.entries({ 'workflow.w': flow, ...others }).map(([address, spec]) => [address, member(spec)] as const)
  return { address: 'workflow.w', members: new Map(members) }
}

function flowOf({ address, members }: Closure): FakeFlow {
  return members.get(address)?.artifact.spec as unknown as FakeFlow
}

export const fakeFlows: FlowReader = {
  interpret: (run, closure) => interpretFake(flowOf(closure), run.startedAtMs ?? 0),
  graph: closure => {
    const { rows, retry } = flowOf(closure)
    return {
      nodes: rows.flatMap((row, index) =>
        Object.keys(row).map(name => ({
          name,
          type: 'tool' as const,
          sources: Object.keys(rows[index - 1] ?? {}).map(node => ({ node, kind: 'after' as const })),
          on_error: { action: 'fail' as const },
          arguments: {},
          ...(retry && { retry }),
        })),
      ),
    }
  },
  child: (closure, flow) => ({
    closure: { ...closure, address: flow },
    interpreter: 1,
    lane: flow,
    timeoutMs: 3_600_000,
    retentionMs: 86_400_000,
  }),
  onUnknown: (_, closure) => flowOf(closure).onUnknown ?? 'pause',
}

function interpretFake({ rows }: FakeFlow, startedAtMs: number): Interpretation {
  const settled = new Map<string, JsonValue>()
  let next = 0
  let lastMs = startedAtMs
  let outcome: RunOutcome | undefined
  const isThrough = (row: Readonly<Record<string, FakeCommand>> | undefined) => Object.keys(row ?? {}).every(path => settled.has(path))
  return {
    take() {
      if (outcome || !isThrough(rows[next - 1])) return []
      while (next < rows.length && isThrough(rows[next])) next++
      const row = rows[next]
      if (row === undefined) {
        outcome = { state: 'succeeded', output: Object.fromEntries(settled) }
        return []
      }
      next++
      return Object.entries(row).flatMap(([path, command]): readonly Command[] => {
        if (settled.has(path)) return []
        const placed = { ...command, path, node: path } as Command
        if (placed.type === 'timer') return [{ ...placed, dueMs: placed.dueMs + lastMs }]
        return placed.type === 'signal' || placed.type === 'approval' ? [{ ...placed, timeoutAtMs: placed.timeoutAtMs + lastMs }] : [placed]
      })
    },
    settle(path, result, nowMs) {
      lastMs = Math.max(lastMs, nowMs)
      if (result.status === 'succeeded') settled.set(path, { exit: result.exit, ...result.attributes })
      else outcome ??= { state: 'failed', error: { ...(result.status === 'failed' ? result.error : UNKNOWN), path } }
    },
    begun() {},
    isAwaited: () => false,
    get outcome() {
      return outcome
    },
    nodes: () => [],
  }
}

const UNKNOWN = { code: 'run/unknown-effect', message: 'unknown', retryable: false }

export function openRecords(directory: string, clock: Clock = systemClock): Promise<RecordStore> {
  return openEngineDatabase({ file: `${directory}/engine.db`, name: 'engine.db', mode: 'write', clock, flowrunVersion: '0.1.0' }).then(
    database =>
      createRecordStore(database, error => {
        throw error
      }),
  )
}

export function submission(flow: FakeFlow, changes: Partial<Submission> = {}): Submission {
  return {
    closure: closureOf(flow),
    environment: 'dev',
    flow: 'workflow.w',
    release: 0,
    interpreter: 1,
    input: { text: 'hi' },
    session: {},
    priority: 0,
    lane: 'workflow.w',
    notBeforeMs: 0,
    deadlineAtMs: Number.MAX_SAFE_INTEGER,
    retentionMs: 86_400_000,
    submittedBy: 'ana',
    ...changes,
  }
}

export function newRun(id: string, changes: Partial<NewRun> = {}): NewRun {
  const { closure: _, ...rest } = submission(sequence(1))
  return { ...rest, id, project: 'shop', closureDigest: 'sha256:c', fingerprint: 'f', createdAtMs: 1, ...changes }
}

export const succeed = (attributes: JsonObject = {}): Awaited<ReturnType<EffectExecutor>> => ({
  outcome: { status: 'succeeded', exit: 'done', attributes },
  costNano: 0,
})

export function openEngine(store: RecordStore, execute: EffectExecutor, changes: Partial<EmbeddedEngineOptions> = {}): Engine {
  const clock = changes.clock ?? systemClock
  return createEmbeddedEngine({
    ...{ store, execute, flows: fakeFlows, project: 'shop', clock, timers: systemTimers, random: Math.random },
    newId: createUlidSource(clock, randomBytes),
    process: { host: hostname(), pid: process.pid, bootId: 'b', version: '0.1.0', isAlive },
    startSuspects: () => besides(openEngine(store, execute, changes)),
    ...changes,
  })
}

/** In place of a process of its own: another owner in this one. */
function besides(engine: Engine): SuspectProcess {
  const ended = engine.runSuspects().then(async () => {
    await engine.drain(0)
    return 'done' as const
  })
  return { pid: undefined, ended, drain: () => void engine.drain(0), kill: () => void engine.drain(0) }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
