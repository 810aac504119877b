import { compact } from '../../../base/compact.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { Command, StepOutcome, StepPath } from '../../interpreter/command.ts'
import type { RecordedResult } from '../child-cache.ts'
import { childIdOf } from '../child-id.ts'
import { type RunRecord, type StepRecord, TERMINAL_STATES, type WaitRecord } from '../record-store.ts'
import type { DriveState } from './drive-state.ts'
import { launch } from './flight.ts'
import { countStep } from './journal-size.ts'
import { persist } from './persist.ts'

type WaitCommand = Exclude<Command, { readonly type: 'effect' | 'abort' }>

/** Remembers what commands wait for, durably, and starts the children among them. A wait that is kept already stays as it is. */
export async function beginWaits(state: DriveState, commands: readonly WaitCommand[]): Promise<void> {
  if (commands.length === 0) return
  const { context, claim, run, closure, waits } = state
  const open: WaitCommand[] = []
  for (const command of commands) if (!(await isKept(state, command))) open.push(command)
  const begun = open.filter(({ path }) => !waits.has(path)).map(command => ({ command, wait: waitOf(run.id, command) }))
  for (const { command, wait } of begun) keepWait(state, wait, command.type === 'timer' && command.until === true)
  if (begun.length > 0)
    await persist(context, () =>
      context.store.addWaits(
        claim,
        begun.map(({ wait }) => wait),
      ),
    )
  // Also those that were begun before: their process may have died between the wait and the child.
  for (const { type, path, ...command } of open.flatMap(command => (command.type === 'child' ? [command] : []))) {
    const id = childIdOf(run.id, path)
    const { flow, input, detach: isDetached, timeoutMs } = command
    await context.submitChild(run, { id, path, flow, input, closure, isDetached, ...compact({ timeoutMs }) })
    if (command.detach) await settleWait(state, path, by('done', { output: null, run_id: id }))
  }
}

/** A child that need not be begun: its outcome was kept, and is the record of the step. One that is begun is kept when it ends. */
async function isKept(state: DriveState, command: WaitCommand): Promise<boolean> {
  const { children } = state.context
  if (command.type !== 'child' || command.cache === undefined || children === undefined || state.run.withoutCache) return false
  const cacheable = { ...command, cache: command.cache }
  const kept = state.waits.has(command.path) ? undefined : await children.find(cacheable, state.run, state.closure)
  if (kept === undefined) state.keeping.set(command.path, cacheable)
  else await settleWait(state, command.path, kept)
  return kept !== undefined
}

export function keepWait(state: DriveState, wait: WaitRecord, isUntil = false): void {
  state.waits.set(wait.path, wait)
  if (wait.dueAtMs !== null && !isUntil) state.context.waitClock.note({ ...wait, dueAtMs: wait.dueAtMs })
}

function waitOf(run: string, command: WaitCommand): WaitRecord {
  const { path } = command
  switch (command.type) {
    case 'timer':
      return { run, path, dueAtMs: command.dueMs, kind: 'timer' }
    case 'signal':
      return { run, path, dueAtMs: command.timeoutAtMs, kind: 'signal', name: command.name }
    case 'approval':
      return { run, path, dueAtMs: command.timeoutAtMs, kind: 'approval', shown: command }
    case 'child':
      return { run, path, dueAtMs: null, kind: 'child', child: childIdOf(run, path) }
  }
}

/** Looks at everything that the run waits for. @returns whether something has come. */
export async function checkWaits(state: DriveState): Promise<boolean> {
  let came = false
  for (const wait of [...state.waits.values()]) {
    if (state.ending || state.isLost) return came
    came = (await checkWait(state, wait)) || came
  }
  return came
}

async function checkWait(state: DriveState, wait: WaitRecord): Promise<boolean> {
  const { context, claim, run } = state
  const { path } = wait
  const isDue = (remainingMs(state, wait) ?? 1) <= 0
  switch (wait.kind) {
    case 'timer':
      return isDue && settleWait(state, path, by('done'))
    case 'signal': {
      const signal = await persist(context, () => context.store.consumeSignal(claim, path, wait.name))
      if (signal !== undefined) return takeRecord(state, path)
      return isDue && settleWait(state, path, by('expired'))
    }
    case 'approval':
      if (await takeRecord(state, path)) return true
      return isDue && settleWait(state, path, by('expired', { body_digest: wait.shown.bodyDigest }))
    case 'child': {
      const child = await context.store.getRun(wait.child)
      return child !== undefined && TERMINAL_STATES.has(child.state) && endChild(state, path, child)
    }
    case 'retry': {
      const command = state.parked.get(path)
      if (command !== undefined && state.interpretation.isAwaited(path)) return giveUpRetry(state, path)
      if (!isDue || command === undefined) return false
      forgetWait(state, path)
      state.parked.delete(path)
      launch(state, command)
      return true
    }
    case 'unknown':
      return takeRecord(state, path)
  }
  return (wait satisfies never) || run.id === ''
}

/** The record of a step that somebody else wrote: who decided, who consumed. */
async function takeRecord(state: DriveState, path: StepPath): Promise<boolean> {
  const step = await state.context.store.step(state.run.id, path)
  if (step === undefined) return false
  settle(state, step)
  return true
}

async function endChild(state: DriveState, path: StepPath, child: RunRecord): Promise<boolean> {
  const { context, run, closure, keeping } = state
  const result = { outcome: childOutcome(child), costNano: child.costNano }
  const command = keeping.get(path)
  if (command !== undefined) await context.children?.keep(command, run, closure, result)
  return settleWait(state, path, result)
}

/** The run goes on without it: its last failure is its record, and costs nothing a second time. */
async function giveUpRetry(state: DriveState, path: StepPath): Promise<boolean> {
  const last = state.attempts.get(path)?.at(-1)
  const error = last?.error ?? { code: 'run/cancelled', message: 'It was not needed any more', retryable: false }
  return settleWait(state, path, { outcome: { status: 'failed', error }, costNano: 0 })
}

function by(exit: string, attributes: JsonObject = {}): RecordedResult {
  return { outcome: { status: 'succeeded', exit, attributes }, costNano: 0 }
}

async function settleWait(state: DriveState, path: StepPath, { outcome, costNano, facts }: RecordedResult): Promise<boolean> {
  const { context, claim, run } = state
  const nowMs = context.clock.now()
  const attempts = state.attempts.get(path)
  const step: StepRecord = {
    run: run.id,
    path,
    outcome,
    attempts: attempts?.length ?? 1,
    startedAtMs: attempts?.at(-1)?.startedAtMs ?? nowMs,
    endedAtMs: nowMs,
    costNano,
    ...compact({ facts }),
  }
  const { kept, held } = await persist(context, () => context.store.commitStep(step, claim))
  if (held) settle(state, kept)
  else state.isLost = true
  return true
}

export function settle(state: DriveState, step: StepRecord): void {
  const { path, outcome, endedAtMs, ...spent } = step
  countStep(state, step)
  forgetWait(state, path)
  state.parked.delete(path)
  state.interpretation.settle(path, outcome, endedAtMs, spent)
}

export function forgetWait(state: DriveState, path: StepPath): void {
  state.waits.delete(path)
  state.context.waitClock.forget(state.run.id, path)
}

export function remainingMs({ context }: DriveState, { run, path, dueAtMs }: WaitRecord): number | undefined {
  return dueAtMs === null ? undefined : context.waitClock.remainingMs({ run, path, dueAtMs })
}

function childOutcome({ id, state, output, error, release }: RunRecord): StepOutcome {
  if (state === 'succeeded')
    return { status: 'succeeded', exit: 'done', attributes: { output: output ?? null, run_id: id, version: release } }
  const { code, message } = error ?? { code: 'run/cancelled', message: 'It was cancelled' }
  return { status: 'failed', error: compact({ code, message: `Run ${id}: ${message}`, retryable: false }) }
}
