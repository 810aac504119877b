import type { AskedCommand } from './behaviour.ts'
import type { Command, StepOutcome, StepPath } from './command.ts'
import { compareRanks, type Frame, type NodeState, pathOf, rankOf } from './frame.ts'
import type { StepSpending } from './interpretation.ts'

/** What a run asks for and is told, and what is to be done about it: the part of an interpretation that knows no nodes. */
export interface Progress {
  /** Asked, and not answered. */
  readonly flights: Map<StepPath, Flight>
  /** Records of steps that are not asked for yet. */
  readonly early: Map<StepPath, Settlement>
  /** Steps without a record that were in flight before: a failure stops or awaits them as if they had been asked for here. */
  readonly begun: Set<StepPath>
  /** Records that are being worked on, and not reached yet. */
  coming: ReadonlySet<StepPath>
  inbox: Settlement[]
  outbox: Flight[]
  aborted: StepPath[]
  /** Done one after the other, never inside each other: ten thousand recorded items must not nest. */
  readonly agenda: (() => void)[]
  /** Of the settlement that is being worked on. */
  nowMs: number
  /** Asked for in all. */
  steps: number
  /** Run in all without a step of their own. */
  nodes: number
}

export interface Settlement {
  readonly path: StepPath
  readonly outcome: StepOutcome
  readonly nowMs: number
  readonly spent?: StepSpending
}

export interface Flight {
  readonly command: Exclude<Command, { readonly type: 'abort' }>
  readonly rank: readonly number[]
  /** The engine has the command, or had it before the run was taken up again. */
  isBegun: boolean
  /** What becomes of it leads nowhere: only its end is waited for. */
  isAwaited: boolean
  settled: (settlement: Settlement) => void
}

export function createProgress(startedAtMs: number): Progress {
  return {
    ...{ flights: new Map<StepPath, Flight>(), early: new Map<StepPath, Settlement>(), begun: new Set<StepPath>() },
    coming: new Set(),
    ...{ inbox: [], outbox: [], aborted: [], agenda: [] },
    ...{ nowMs: startedAtMs, steps: 0, nodes: 0 },
  }
}

/** Asks for a step, or takes its record at once when it is there already. */
export function ask(progress: Progress, state: NodeState, asked: AskedCommand, settled: Flight['settled']): void {
  const path = pathOf(state)
  const recorded = progress.early.get(path)
  progress.steps++
  if (recorded) {
    progress.early.delete(path)
    progress.agenda.push(() => settled(recorded))
    return
  }
  const command = { ...asked, path, node: state.node.spec.name }
  const flight: Flight = { command, rank: rankOf(state), isBegun: progress.begun.has(path), isAwaited: false, settled }
  progress.flights.set(path, flight)
  progress.outbox.push(flight)
}

/** Works on what was settled: in the order of times, then of paths, so that the order of the calls does not matter. */
export function work(progress: Progress): void {
  drain(progress)
  const settlements = progress.inbox.sort((a, b) => a.nowMs - b.nowMs || (a.path < b.path ? -1 : 1))
  progress.inbox = []
  const coming = new Set(settlements.map(({ path }) => path))
  progress.coming = coming
  for (const settlement of settlements) {
    coming.delete(settlement.path)
    progress.nowMs = settlement.nowMs
    const flight = progress.flights.get(settlement.path)
    if (!flight) {
      progress.early.set(settlement.path, settlement)
      continue
    }
    progress.flights.delete(settlement.path)
    flight.settled(settlement)
    drain(progress)
  }
}

function drain({ agenda }: Progress): void {
  for (const task of agenda) task()
  agenda.length = 0
}

/** What is due: first what is to be stopped, then what is to be started. */
export function takeCommands(progress: Progress): readonly Command[] {
  const flights = progress.outbox.filter(({ command }) => progress.flights.get(command.path)?.command === command)
  progress.outbox = []
  for (const flight of flights) flight.isBegun = true
  const started = flights.sort((a, b) => compareRanks(a.rank, b.rank)).map(({ command }) => command)
  if (progress.aborted.length === 0) return started
  const paths = progress.aborted
  progress.aborted = []
  return [{ type: 'abort', paths }, ...started]
}

/** Stops what is in flight in frames that are not needed any more; steps that run `once` are awaited first. */
export function abandon(progress: Progress, frames: Iterable<Frame>, then: () => void): void {
  let awaited = 0
  const stop = (path: StepPath) => {
    const flight = progress.flights.get(path)
    if (!flight) return
    const { command } = flight
    const isOnce = command.type === 'effect' && command.replay === 'once'
    if (isOnce && (flight.isBegun || progress.coming.has(path))) {
      awaited++
      flight.isAwaited = true
      flight.settled = () => {
        awaited--
        if (awaited === 0) then()
      }
      return
    }
    progress.flights.delete(path)
    if (flight.isBegun) progress.aborted.push(path)
  }
  for (const frame of frames) stopFrame(frame, stop)
  if (awaited === 0) then()
}

function stopFrame(frame: Frame, stop: (path: StepPath) => void): void {
  frame.isOver = true
  for (const state of frame.states) {
    if (state.status === 'running' || state.status === 'waiting') stop(pathOf(state))
    for (const inner of state.frames) stopFrame(inner, stop)
  }
}

/** Takes back a question whose answer is not needed any more. */
export function dismiss(progress: Progress, path: StepPath): void {
  const flight = progress.flights.get(path)
  if (!flight) return
  progress.flights.delete(path)
  if (flight.isBegun) progress.aborted.push(path)
}
