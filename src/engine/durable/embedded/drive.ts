import { compact } from '../../../base/compact.ts'
import { crashPoint } from '../../../base/crash-point.ts'
import type { EffectCommand, StepError, StepPath } from '../../interpreter/command.ts'
import { type Claim, type RunRelease, type StepRecord, TERMINAL_STATES } from '../record-store.ts'
import { brokenOf, unsupportedOf } from './broken.ts'
import { budgetScope } from './budget-scope.ts'
import { type DriveContext, type DriveState, endWith, type Flight, type Message } from './drive-state.ts'
import { launch, record } from './flight.ts'
import { createInbox, type Inbox } from './inbox.ts'
import { countStep, isOverfull, journalError } from './journal-size.ts'
import { persist } from './persist.ts'
import { recordUnknown } from './unfinished.ts'
import { beginWaits, checkWaits, forgetWait, keepWait, remainingMs, settle } from './wait-steps.ts'

/** A cancelled effect has this long to say what it cost; one that runs `once`, to end. */
const ABORT_GRACE_MS = 1000
const ONCE_GRACE_MS = 30_000
/** Records that are read again at once. */
const REPLAYED = 500
/** The longest timer of Node. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A run that this process executes. */
export interface Drive {
  readonly claim: Claim
  /** True: the claim is released. False: the store could not be written, and whoever has it must release it. */
  readonly ended: Promise<boolean>
  /** Something came for it. */
  wake(): void
  cancel(): void
  /** `drain`: begins nothing more. `lost`: gives up at once, and records nothing of what is in flight. */
  stop(mode: 'drain' | 'lost'): void
}

export function drive(context: DriveContext, claim: Claim): Drive {
  const inbox = createInbox<Message>()
  return {
    claim,
    ended: execute(context, claim, inbox).then(
      () => true,
      () => false,
    ),
    wake: () => inbox.push({ type: 'wake' }),
    cancel: () => inbox.push({ type: 'cancel' }),
    stop: mode => inbox.push({ type: 'stop', mode }),
  }
}

async function execute(context: DriveContext, claim: Claim, inbox: Inbox<Message>): Promise<void> {
  const state = await begin(context, claim, inbox)
  if (state === undefined) return
  let release: RunRelease | undefined
  try {
    await advance(state)
    for (release = releaseOf(state); release === undefined; release = releaseOf(state)) {
      const cancelAlarm = setAlarm(state)
      const messages = await inbox.next()
      cancelAlarm()
      for (const message of messages) await receive(state, message)
      await advance(state)
    }
  } catch (error) {
    // An interpretation that throws is our bug: the run is kept for a flowrun that can go on with it.
    release = { to: 'paused', reason: brokenOf(error) }
    for (const flight of state.flights.values()) drop(flight, 'given-up')
  }
  for (const path of state.waits.keys()) if (release.to !== 'waiting') context.waitClock.forget(claim.run, path)
  const last = release
  await persist(context, () => context.store.release(claim, last))
  crashPoint('E4-run-ended')
}

/** Loads the run, and tells its interpretation what is recorded. @returns undefined: there is nothing to do any more. */
async function begin(context: DriveContext, claim: Claim, inbox: Inbox<Message>): Promise<DriveState | undefined> {
  const { store, flows } = context
  const loaded = await store.load(claim)
  if (loaded === undefined) return undefined
  const { run, steps, later, attempts, waits } = loaded
  const closure = await context.closureOf(run)
  if (closure === undefined) {
    await store.release(claim, {
      to: 'paused',
      reason: { code: 'content/missing', message: 'What it is pinned to is not there', retryable: false },
    })
    return undefined
  }
  const unsupported = unsupportedOf(run)
  if (unsupported) {
    await store.release(claim, { to: 'paused', reason: unsupported })
    return undefined
  }
  let interpretation: DriveState['interpretation']
  try {
    interpretation = flows.interpret(run, closure)
  } catch (error) {
    await store.release(claim, { to: 'paused', reason: brokenOf(error) })
    return undefined
  }
  const scope = await budgetScope(run, store)
  const state: DriveState = {
    ...{ context, claim, run, closure, interpretation, inbox, ...compact({ scope }) },
    ...{ flights: new Map<StepPath, Flight>(), waits: new Map(), keeping: new Map(), parked: new Map<StepPath, EffectCommand>() },
    ...{ attempts: Map.groupBy(attempts, ({ path }) => path), journalSize: 0, ending: undefined, isLost: false },
  }
  const recorded = new Set([...steps.map(({ path }) => path), ...later])
  if (attempts.some(({ path, endedAtMs }) => endedAtMs === undefined && !recorded.has(path))) await context.onInterrupted(run.id)
  for (const { path, endedAtMs } of attempts) if (endedAtMs === undefined && !recorded.has(path)) interpretation.begun(path)
  for (const { path } of [...waits, ...later.map(path => ({ path }))]) interpretation.begun(path)
  for (const wait of waits) keepWait(state, wait)
  try {
    await replay(state, steps, later)
  } catch (error) {
    await store.release(claim, { to: 'paused', reason: brokenOf(error) })
    return undefined
  }
  if (run.cancelRequestedAtMs !== undefined) await stopFor(state, { to: 'cancelled' })
  return state
}

/** Tells the interpretation what is recorded: of a long journal one part after the other, so that it is never there as a whole (STEP-9). */
async function replay(state: DriveState, first: readonly StepRecord[], later: readonly StepPath[]): Promise<void> {
  const { context, run, interpretation } = state
  let steps = first
  for (let from = 0; ; from += REPLAYED) {
    for (const step of steps) countStep(state, step)
    for (const { path, outcome, endedAtMs, ...spent } of steps) interpretation.settle(path, outcome, endedAtMs, spent)
    if (from >= later.length || interpretation.outcome !== undefined || isOverfull(state)) return
    steps = await persist(context, () => context.store.stepsAt(run.id, later.slice(from, from + REPLAYED)))
  }
}

/** Starts what is due, until nothing more is: what waits and is due at once may lead on. */
async function advance(state: DriveState): Promise<void> {
  const { context, run, interpretation } = state
  if (context.clock.now() >= run.deadlineAtMs) await stopFor(state, { to: 'failed', error: deadlineError() })
  while (state.ending === undefined && !state.isLost) {
    if (isOverfull(state)) {
      await stopFor(state, { to: 'failed', error: journalError(state) })
      break
    }
    const commands = interpretation.take()
    const waiting: Parameters<typeof beginWaits>[1][number][] = []
    for (const command of commands) {
      if (command.type === 'abort') await abandon(state, command.paths)
      else if (command.type !== 'effect') waiting.push(command)
      else if (state.waits.has(command.path)) state.parked.set(command.path, command)
      else launch(state, command)
    }
    await beginWaits(state, waiting)
    const { outcome } = interpretation
    if (outcome !== undefined) {
      const { state: to, ...rest } = outcome
      await stopFor(state, { to, ...rest } as RunRelease)
    } else if (!(await checkWaits(state)) && commands.length === 0) break
  }
  if (state.ending?.to === 'cancelled' || state.ending?.to === 'failed') await cancelChildren(state)
}

/** What the claim ends with; undefined: there is work to wait for. */
function releaseOf(state: DriveState): RunRelease | undefined {
  const { ending, flights, waits, parked } = state
  if (state.isLost) return { to: 'queued' }
  if (flights.size > 0) return undefined
  const children = [...waits.values()].some(({ kind }) => kind === 'child')
  if (ending?.to === 'cancelled' && children) return { to: 'waiting' }
  if (ending !== undefined) return ending
  const doubt = [...waits.values()].find(({ kind }) => kind === 'unknown')
  if (doubt !== undefined) return { to: 'paused', reason: doubtOf(doubt.path) }
  if (waits.size > 0 || parked.size > 0) return { to: 'waiting' }
  return { to: 'paused', reason: brokenOf(new Error('nothing is left to do, and it has no outcome')) }
}

async function receive(state: DriveState, message: Message): Promise<void> {
  switch (message.type) {
    case 'recorded':
      if (!state.flights.delete(message.path)) return
      // Somebody else goes on with the run: what we would begin, they begin too.
      if (!message.held) giveUp(state)
      else settle(state, message.kept)
      return
    case 'wait':
      await park(state, message)
      return
    case 'gone':
      state.flights.delete(message.path)
      if (message.reason) endWith(state, { to: 'paused', reason: message.reason })
      return
    case 'overdue':
      await overdue(state, message.path)
      return
    case 'cancel':
      await persist(state.context, () => state.context.store.acknowledge(state.claim))
      await stopFor(state, { to: 'cancelled' })
      return
    case 'stop':
      if (message.mode === 'lost') giveUp(state)
      else endWith(state, { to: 'queued' })
      return
    case 'wake':
      await persist(state.context, () => state.context.store.acknowledge(state.claim))
      return
    case 'due':
  }
}

/** An effect waits for its next attempt, or for a person. */
async function park(state: DriveState, { wait, attempt }: Extract<Message, { type: 'wait' }>): Promise<void> {
  const flight = state.flights.get(wait.path)
  if (flight === undefined) return
  state.flights.delete(wait.path)
  if (attempt) state.attempts.set(wait.path, [...(state.attempts.get(wait.path) ?? []), attempt])
  state.parked.set(wait.path, flight.command)
  keepWait(state, wait)
  await persist(state.context, () => state.context.store.addWaits(state.claim, [wait]))
}

/** Branches that are not needed any more. */
async function abandon(state: DriveState, paths: readonly StepPath[]): Promise<void> {
  const dropped: StepPath[] = []
  for (const path of paths) {
    const flight = state.flights.get(path)
    if (flight) drop(flight, 'not-needed')
    state.flights.delete(path)
    state.parked.delete(path)
    const wait = state.waits.get(path)
    if (wait?.kind === 'child') await state.context.store.requestCancel(wait.child, 'the run that began it does not need it any more')
    if (wait === undefined) continue
    forgetWait(state, path)
    dropped.push(path)
  }
  if (dropped.length > 0) await persist(state.context, () => state.context.store.dropWaits(state.claim, dropped))
}

/** Ends the run: effects that can be repeated are aborted at once, those that run `once` have time to end (CAN-1). */
async function stopFor(state: DriveState, release: RunRelease): Promise<void> {
  const isNew = state.ending === undefined || !(TERMINAL_STATES as ReadonlySet<string>).has(state.ending.to)
  endWith(state, release)
  if (!isNew) return
  if (release.to !== 'succeeded') await recordUnknown(state)
  for (const flight of state.flights.values()) {
    const { path, replay, timeoutMs } = flight.command
    const graceMs = replay === 'once' ? Math.min(timeoutMs ?? ONCE_GRACE_MS, ONCE_GRACE_MS) : ABORT_GRACE_MS
    if (replay !== 'once') drop(flight, 'not-needed')
    state.context.timers.after(graceMs, () => state.inbox.push({ type: 'overdue', path }))
  }
}

/** Children end first: each end wakes the run (CAN-2). */
async function cancelChildren(state: DriveState): Promise<void> {
  const { store } = state.context
  for (const wait of [...state.waits.values()]) {
    if (wait.kind !== 'child') continue
    const before = await store.requestCancel(wait.child, `run ${state.run.id} is cancelled`)
    if (before === undefined || TERMINAL_STATES.has(before)) forgetWait(state, wait.path)
  }
}

async function overdue(state: DriveState, path: StepPath): Promise<void> {
  const flight = state.flights.get(path)
  if (flight === undefined || state.ending === undefined) return
  if (flight.command.replay === 'once') await record(state, flight, { outcome: { status: 'unknown' }, costNano: null })
  drop(flight, 'not-needed')
  state.flights.delete(path)
}

function giveUp(state: DriveState): void {
  state.isLost = true
  for (const flight of state.flights.values()) drop(flight, 'given-up')
}

function drop(flight: Flight, why: NonNullable<Flight['dropped']>): void {
  flight.dropped ??= why
  flight.abort.abort()
}

/** Wakes the drive when the first of its waits is due, or its deadline is over. */
function setAlarm(state: DriveState): () => void {
  const { context, run, inbox, waits } = state
  if (state.ending !== undefined) return () => {}
  const due = [...waits.values()].flatMap(wait => remainingMs(state, wait) ?? [])
  const ms = Math.min(run.deadlineAtMs - context.clock.now(), ...due)
  // A due time between two milliseconds would be looked at too early, again and again.
  return context.timers.after(Math.min(Math.max(1, Math.ceil(ms)), MAX_TIMER_MS), () => inbox.push({ type: 'due' }))
}

function limitError(code: string, message: string): StepError {
  return { code, message, retryable: false }
}

function deadlineError(): StepError {
  return limitError('run/deadline', 'Its time was over before it ended')
}

function doubtOf(path: StepPath): StepError {
  return limitError('run/unknown-effect', `The step ${path} was interrupted, and nobody knows whether it was done`)
}
