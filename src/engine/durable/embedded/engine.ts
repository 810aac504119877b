import type { Clock } from '../../../base/clock.ts'
import { compact } from '../../../base/compact.ts'
import type { UlidSource } from '../../../base/ids.ts'
import { OperationError } from '../../../diagnostics/operation-error.ts'
import type { Timers } from '../../../gateway/timers.ts'
import type { ChildCache } from '../child-cache.ts'
import type { EffectExecutor } from '../effect.ts'
import type { Engine, FlowReader } from '../engine.ts'
import { type Claim, type FlowLimits, type HeldRun, type RecordStore, type RunRecord, TERMINAL_STATES } from '../record-store.ts'
import { createClosures } from './closures.ts'
import { type Drive, drive } from './drive.ts'
import type { ChildStart, DriveContext } from './drive-state.ts'
import { MAX_JOURNAL_SIZE } from './journal-size.ts'
import { BEAT_MS, createOwner, type OwnerProcess } from './owner.ts'
import { type SubmissionPlace, submitChild, submitRetry, submitRun } from './submissions.ts'
import { createSuspectKeeper, type StartSuspects, type SuspectKeeper } from './suspects.ts'
import { refuseLarge } from './value-limit.ts'
import { createWaitClock } from './wait-clock.ts'
import { createWatchers } from './watch.ts'

export const DEFAULT_CONCURRENCY = 64
/** A due run is claimed within this time, whoever made it due (RUN-7). */
const POLL_MS = 1000
const PURGE_MS = 3_600_000

export interface EmbeddedEngineOptions {
  readonly store: RecordStore
  readonly execute: EffectExecutor
  /** Absent: no outcome of a child is kept. */
  readonly children?: ChildCache
  readonly flows: FlowReader
  readonly project: string
  readonly clock: Clock
  readonly timers: Timers
  readonly newId: UlidSource
  /** From 0 to 1. */
  readonly random: () => number
  readonly process: OwnerProcess
  /** Runs at once. */
  readonly concurrency?: number
  /** Runs of a flow at once, of those that this process takes from the queue; of suspects, whether there may be any. */
  readonly lanes?: FlowLimits
  /** A run is claimed whose attempts were cut off: settles what they had reserved (BUD-5). */
  readonly onInterrupted?: (run: string) => Promise<void>
  /** Whether a run that is paused for a budget would be let on: the limit was raised, or the budget is gone (BUD-8). */
  readonly mayGoOn?: (run: HeldRun) => Promise<boolean>
  /** What the steps of a run may give, as JSON, in UTF-16 units; absent: 256 Mi (RUN-8). */
  readonly maxJournalSize?: number
  /** For runs that processes died of; never called where this engine takes no runs from the queue. */
  readonly startSuspects: StartSuspects
  /** The wall clock was set, by this much: what waits is not moved by it (TIME-1). */
  readonly onClockJump?: (byMs: number) => void
}

interface EngineState {
  readonly options: EmbeddedEngineOptions
  readonly place: SubmissionPlace
  readonly context: DriveContext
  readonly owner: ReturnType<typeof createOwner>
  readonly drives: Map<string, Drive>
  /** Runs that this process executes whether it takes others or not: its own, and their children. */
  readonly adopted: Set<string>
  /** Claims that could not be released: the store could not be written. */
  readonly orphans: Map<string, Claim>
  isStarted: boolean
  isDraining: boolean
  /** A look at the queue is under way; `again`: something came meanwhile. */
  pumping: 'no' | 'yes' | 'again'
  /** The end of the look that is under way, or of the last one. */
  looked: Promise<void>
  heart: Promise<void> | undefined
  /** It has drained, and beats no more. */
  isOver: boolean
  readonly alarms: { cancel: () => void }[]
  readonly suspects: SuspectKeeper
}

/** Executes runs in this process, on records that other processes share. */
export function createEmbeddedEngine(options: EmbeddedEngineOptions): Engine {
  const state = createState(options)
  const { store, clock } = options
  const told = async <T>(run: string, change: Promise<T>): Promise<T> => {
    const result = await change
    state.drives.get(run)?.wake()
    pump(state)
    return result
  }
  return {
    owner: state.owner.id,
    submit: async submission => {
      const submitted = await submitRun(state.place, submission)
      pump(state)
      return submitted
    },
    run: id => runOne(state, id),
    runSuspects: () => runSuspects(state),
    start() {
      state.isStarted = true
      live(state)
      pump(state)
    },
    drain: timeoutMs => drain(state, timeoutMs),
    watch: state.watchers.watch,
    async cancel(run, reason) {
      const before = await store.requestCancel(run, reason)
      if (before === undefined || TERMINAL_STATES.has(before)) return before
      state.drives.get(run)?.cancel()
      if (before !== 'running') await runOne(state, run)
      return before
    },
    async pause(run, reason) {
      const paused = await store.pause(run, reason)
      if (paused) state.drives.get(run)?.stop('lost')
      return paused
    },
    resume: run => told(run, store.resume(run)),
    async signal(signal) {
      refuseLarge('signal', signal.value)
      return told(signal.run, store.signal({ ...signal, receivedAtMs: clock.now() }))
    },
    async decide(decision) {
      refuseLarge('decision', decision.fields)
      return told(decision.run, store.decide(decision))
    },
    settleUnknown: (run, path, as) => told(run, store.settleUnknown(run, path, as)),
    async retry(run, how) {
      const retried = await submitRetry(state.place, run, how)
      pump(state)
      return retried
    },
    status: () => ({ owner: state.owner.id, running: [...state.drives.keys()], isDraining: state.isDraining }),
  }
}

function createState(options: EmbeddedEngineOptions): EngineState & { readonly watchers: ReturnType<typeof createWatchers> } {
  const { store, execute, flows, clock, timers, random, newId } = options
  const closures = createClosures(store, clock)
  const watchers = createWatchers(store, clock, timers)
  const state: EngineState & { readonly watchers: ReturnType<typeof createWatchers> } = {
    options,
    place: { store, flows, closures, clock, newId, project: options.project },
    watchers,
    owner: createOwner(newId(), options.process, store, clock),
    drives: new Map<string, Drive>(),
    adopted: new Set<string>(),
    orphans: new Map<string, Claim>(),
    isStarted: false,
    isDraining: false,
    pumping: 'no',
    looked: Promise.resolve(),
    heart: undefined,
    isOver: false,
    alarms: [],
    suspects: createSuspectKeeper(options, () => takeOver(state).catch(ignoreStore)),
    context: {
      ...{ store, execute, flows, clock, timers, random, waitClock: createWaitClock(clock) },
      maxJournalSize: options.maxJournalSize ?? MAX_JOURNAL_SIZE,
      closureOf: closures.of,
      ...compact({ children: options.children }),
      onLive: watchers.onLive,
      onInterrupted: options.onInterrupted ?? (async () => {}),
      submitChild: (parent: RunRecord, child: ChildStart) => beginChild(state, parent, child),
    },
  }
  return state
}

async function beginChild(state: EngineState, parent: RunRecord, child: ChildStart): Promise<void> {
  const run = await submitChild(state.place, parent, child)
  if (state.adopted.has(parent.id) && !TERMINAL_STATES.has(run.state)) state.adopted.add(run.id)
  pump(state)
}

/** Executes one run, claiming it again whenever it is due, until it ends or is paused. */
async function runOne(state: EngineState, id: string): Promise<RunRecord | undefined> {
  const { store, timers } = state.options
  live(state)
  try {
    await adopt(state, id)
    for (;;) {
      pump(state)
      await state.drives.get(id)?.ended
      const run = await store.getRun(id)
      if (run === undefined || run.state === 'paused' || TERMINAL_STATES.has(run.state) || state.isDraining) return run
      await new Promise<void>(resolve => {
        const forget = store.onChange(changed => changed === id && done())
        const cancel = timers.after(POLL_MS, () => done())
        const done = () => {
          forget()
          cancel()
          resolve()
        }
      })
    }
  } finally {
    state.adopted.delete(id)
  }
}

/** Executes suspects as long as there are any, each without another beside it (OWN-7). */
async function runSuspects(state: EngineState): Promise<void> {
  const { store, timers, lanes } = state.options
  live(state)
  for (;;) {
    const [id] = await store.suspects(1, lanes)
    if (id === undefined || state.isDraining) return
    const [claim] = await store.claim(state.owner.id, 1, id)
    if (claim === undefined) {
      // Another process was faster, or the store did not take the end of the last one.
      await new Promise<void>(resolve => timers.after(POLL_MS, resolve))
      continue
    }
    const forget = store.onChange(changed => changed === id && void letGo(state, id).catch(ignoreStore))
    begin(state, claim)
    await state.drives.get(id)?.ended
    forget()
  }
}

/** A suspect that has recorded something is none any more: it goes on with the others, and the next has its turn. */
async function letGo({ options, drives }: EngineState, id: string): Promise<void> {
  const run = await options.store.getRun(id)
  if (run?.deaths === 0) drives.get(id)?.stop('drain')
}

/** Claims what there is room for, one look at a time. */
function pump(state: EngineState): void {
  if (state.pumping !== 'no') {
    state.pumping = 'again'
    return
  }
  state.pumping = 'yes'
  state.looked = claimAll(state)
    .catch(ignoreStore)
    .then(() => {
      const again = state.pumping === 'again'
      state.pumping = 'no'
      if (again) pump(state)
    })
}

async function claimAll(state: EngineState): Promise<void> {
  const { store, concurrency = DEFAULT_CONCURRENCY, lanes } = state.options
  await followClock(state)
  for (const id of state.adopted) {
    if (state.isDraining) return
    if (!state.drives.has(id)) for (const claim of await store.claim(state.owner.id, 1, id)) begin(state, claim)
  }
  const room = concurrency - state.drives.size
  if (!state.isStarted || state.isDraining || room <= 0) return
  const claims = await store.claim(state.owner.id, room, undefined, lanes)
  for (const claim of claims) begin(state, claim)
  // Where all that was asked for came, there is more; where nothing came, the poll or a hint tells.
  // Behind 100,000 runs of a full lane a look takes 110 ms: then the poll looks on.
  const mayBeMore = lanes === undefined ? claims.length > 0 : claims.length === room
  if (mayBeMore && state.pumping === 'yes') state.pumping = 'again'
}

function begin(state: EngineState, claim: Claim): void {
  const { drives, adopted, orphans } = state
  const going = drive(state.context, claim)
  drives.set(claim.run, going)
  if (state.isDraining) going.stop('drain')
  void going.ended.then(async isReleased => {
    if (drives.get(claim.run) === going) drives.delete(claim.run)
    if (!isReleased) orphans.set(claim.run, claim)
    if (adopted.has(claim.run)) await dropEnded(state, claim.run)
    pump(state)
  })
}

/** A run that this process executes can neither go on nor be cancelled without its children, whoever began them (CAN-2, RUN-6). */
async function adopt(state: EngineState, id: string): Promise<void> {
  state.adopted.add(id)
  for (const wait of await state.options.store.waits(id)) {
    if (wait.kind !== 'child') continue
    await adopt(state, wait.child)
    await dropEnded(state, wait.child)
  }
}

/** Children that this process has adopted are let go when they have ended. */
async function dropEnded({ options, adopted }: EngineState, id: string): Promise<void> {
  const run = await options.store.getRun(id).catch(() => undefined)
  if (run?.parent !== undefined && TERMINAL_STATES.has(run.state)) adopted.delete(id)
}

/** A wall clock that was set moves no wait of this process: their rows follow it (TIME-1). */
async function followClock({ options, context }: EngineState): Promise<void> {
  const jump = context.waitClock.jumped()
  if (jump === undefined) return
  options.onClockJump?.(jump.byMs)
  await options.store.shiftWaits(jump.waits)
}

/** Beats and looks, while the engine is there. */
function live(state: EngineState): void {
  if (state.heart !== undefined) return
  state.heart = beat(state).catch(ignoreStore)
  every(state, BEAT_MS, () => beat(state))
  every(state, POLL_MS, () => poll(state))
  every(state, PURGE_MS, async () => void (await state.options.store.purge(state.options.clock.now(), 'retention')))
}

async function beat(state: EngineState): Promise<void> {
  if ((await state.owner.beat()) === 'late') for (const going of state.drives.values()) going.stop('lost')
  await takeOver(state)
}

async function takeOver(state: EngineState): Promise<void> {
  const dead = await state.owner.takeOver()
  state.suspects.end(dead)
  if (dead.length > 0) pump(state)
}

async function poll(state: EngineState): Promise<void> {
  const { store } = state.options
  for (const claim of state.orphans.values()) {
    await store.release(claim, { to: 'queued' })
    state.orphans.delete(claim.run)
  }
  const before = [...state.drives.values()]
  if (before.length > 0) {
    const { runs, woken } = await store.held(state.owner.id)
    const held = new Set(runs)
    for (const going of before) if (!held.has(going.claim.run)) going.stop('lost')
    for (const id of woken) await wakeRun(state, id)
  }
  await resumeHeld(state)
  if (state.isStarted && !state.isDraining) await state.suspects.look()
  pump(state)
}

/** The turn of a window lets runs on by itself: it is a time that is due. */
async function resumeHeld({ options: { store, mayGoOn }, isStarted }: EngineState): Promise<void> {
  if (!isStarted || mayGoOn === undefined) return
  for (const run of await store.heldByBudgets()) if (await mayGoOn(run)) await store.resume(run.id, run.reason)
}

async function wakeRun({ options, drives }: EngineState, id: string): Promise<void> {
  const run = await options.store.getRun(id)
  if (run?.cancelRequestedAtMs !== undefined) drives.get(id)?.cancel()
  else drives.get(id)?.wake()
}

function every(state: EngineState, ms: number, work: () => Promise<void>): void {
  const alarm = { cancel: () => {} }
  state.alarms.push(alarm)
  const again = () => {
    alarm.cancel = state.options.timers.after(
      ms,
      () =>
        void work()
          .catch(ignoreStore)
          .then(() => !state.isOver && again()),
    )
  }
  again()
}

/** A store that cannot be reached is asked again at the next beat; a bug is not to be waited out. */
function ignoreStore(error: unknown): void {
  if (!(error instanceof OperationError)) throw error
}

async function drain(state: EngineState, timeoutMs: number): Promise<void> {
  const { store, timers } = state.options
  state.isDraining = true
  for (const going of state.drives.values()) going.stop('drain')
  const cancel = timers.after(timeoutMs, () => {
    for (const going of state.drives.values()) going.stop('lost')
  })
  const suspects = state.suspects.drain(timeoutMs)
  // What is being claimed just now is given up with the rest.
  await state.looked
  while (state.drives.size > 0) await Promise.all([...state.drives.values()].map(({ ended }) => ended))
  cancel()
  await suspects
  state.isOver = true
  for (const alarm of state.alarms) alarm.cancel()
  if (state.heart !== undefined) await store.retire(state.owner.id)
}
