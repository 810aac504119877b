import { compact } from '../../../base/compact.ts'
import { crashPoint } from '../../../base/crash-point.ts'
import { OperationError } from '../../../diagnostics/operation-error.ts'
import { type Bill, createBill, isEmpty } from '../../../gateway/ledger/bill.ts'
import type { EffectCommand, StepError, StepOutcome } from '../../interpreter/command.ts'
import { nodeNamed, retryAfter } from '../../interpreter/retry.ts'
import { sizeError } from '../../interpreter/value-size.ts'
import { type EffectResult, effectKeyOf } from '../effect.ts'
import type { AttemptRecord, StepRecord, StepSpent, WaitRecord } from '../record-store.ts'
import { brokenOf } from './broken.ts'
import type { DriveState, Flight, Message } from './drive-state.ts'
import { persist } from './persist.ts'

/** Types whose attempts cost money: their rows are durable before (STEP-4). */
const PAID: ReadonlySet<string> = new Set(['model', 'guard', 'router'])

const LOST: Message = { type: 'stop', mode: 'lost' }

/** Begins an effect, or what its record and its attempts leave to do (STEP-2, STEP-5). Its end comes by the inbox. */
export function launch(state: DriveState, command: EffectCommand): void {
  const { run, claim, context, flights, attempts } = state
  const made = attempts.get(command.path) ?? []
  const last = made.at(-1)
  const isOpen = last !== undefined && last.endedAtMs === undefined
  const failures = made.filter(({ error }) => error !== undefined).length
  const attempt: AttemptRecord = {
    run: run.id,
    path: command.path,
    number: (last?.number ?? 0) + 1,
    epoch: claim.epoch,
    startedAtMs: context.clock.now(),
  }
  const flight: Flight = { command: { ...command, attempt: failures + 1 }, attempt, abort: new AbortController() }
  flights.set(command.path, flight)
  const firstMs = attempt.startedAtMs - timeTaken(made)
  const work = isOpen && command.replay === 'once' ? interrupted(state, flight) : fly(state, flight, firstMs, failures)
  work.then(
    message => state.inbox.push(message),
    // What is not recorded is not done: another owner finds the step open. After a bug it would do it again, and pay again, for ever.
    error => state.inbox.push(error instanceof OperationError ? LOST : { type: 'gone', path: command.path, reason: brokenOf(error) }),
  )
}

/**
 * Of the time that the attempts of a step have together, in milliseconds: those that failed, and the waits before the next.
 * One that a pause or the death of its process cut off leaves the step all its time, however long nobody works on the run.
 */
function timeTaken(made: readonly AttemptRecord[]): number {
  const failed = made.filter(({ error }) => error !== undefined)
  return failed.reduce(
    (sum, { startedAtMs, endedAtMs = startedAtMs, retryAtMs = endedAtMs }) => sum + Math.max(0, retryAtMs - startedAtMs),
    0,
  )
}

/** A `once` step that was under way when its process died: its node says what then. */
async function interrupted(state: DriveState, flight: Flight): Promise<Message> {
  const policy = state.context.flows.onUnknown(flight.command, state.closure)
  return policy === 'retry' ? fly(state, flight, flight.attempt.startedAtMs, 0) : inDoubt(state, flight, policy)
}

/** Nobody knows whether the step was done: a person says, or it is recorded so. */
async function inDoubt(state: DriveState, flight: Flight, policy: 'pause' | 'fail'): Promise<Message> {
  if (policy === 'fail') return record(state, flight, { outcome: { status: 'unknown' }, costNano: null })
  return { type: 'wait', wait: { run: state.run.id, path: flight.command.path, dueAtMs: null, kind: 'unknown' } }
}

async function fly(state: DriveState, flight: Flight, firstMs: number, failures: number): Promise<Message> {
  const { command, attempt } = flight
  const { store, onLive } = state.context
  const node = nodeNamed(state.context.flows.graph(state.closure), command.node)
  const isWritten = command.replay !== 'safe' || PAID.has(command.nodeType) || node?.retry !== undefined
  if (isWritten) await persist(state.context, () => store.beginAttempt(attempt))
  crashPoint('E1-attempt-begun')
  onLive({
    run: state.run.id,
    atMs: attempt.startedAtMs,
    type: 'step.started',
    path: command.path,
    node: command.node,
    attempt: command.attempt,
  })
  const bill = createBill()
  const result = await within(state, flight, firstMs, bill)
  crashPoint('E2-effect-done')
  const spent = spentOf(state, bill)
  if (flight.dropped !== undefined) return dropped(state, flight, isWritten, { result, ...compact({ spent }) })
  if (result === 'timeout' && command.replay === 'once') {
    // Its time is over, so it is not begun again, whatever its node says of crashes.
    const policy = state.context.flows.onUnknown(command, state.closure)
    await spend(state, spent)
    return inDoubt(state, flight, policy === 'pause' ? policy : 'fail')
  }
  const done = result === 'timeout' ? failedWith(timeoutOf(command), PAID.has(command.nodeType) ? null : 0) : result
  if ('pause' in done) {
    const { costNano = 0 } = done
    const ended = { ...attempt, endedAtMs: state.context.clock.now(), costNano }
    if (isWritten || spent) await persist(state.context, () => store.endAttempt(ended, spent))
    return { type: 'gone', path: command.path, reason: done.pause }
  }
  const { outcome, costNano } = done
  if (outcome.status === 'unknown') {
    await spend(state, spent)
    return interrupted(state, flight)
  }
  const mayRetry = outcome.status === 'failed' && node !== undefined && !state.interpretation.isAwaited(command.path)
  const delayMs = mayRetry ? retryAfter(node, failures + 1, outcome.error) : undefined
  const isTooLate = command.timeoutMs !== undefined && state.context.clock.now() - firstMs + (delayMs ?? 0) >= command.timeoutMs
  if (outcome.status === 'failed' && delayMs !== undefined && !isTooLate)
    return retryLater(state, flight, { error: outcome.error, costNano, delayMs, ...compact({ spent }) })
  return record(state, flight, done, spent)
}

/** What the step has spent so far; from here on whatever it left behind settles by itself. */
function spentOf({ run }: DriveState, bill: Bill): StepSpent | undefined {
  const spent = bill.close()
  return isEmpty(spent) ? undefined : { ...spent, project: run.project }
}

/** Of a step that leaves no record. */
async function spend({ context, run }: DriveState, spent: StepSpent | undefined): Promise<void> {
  if (spent) await persist(context, () => context.store.spend(run.id, spent))
}

/** Does the work within the time of the step and of the run; an executor that ignores the abort is left behind. */
async function within(state: DriveState, flight: Flight, firstMs: number, bill: Bill): Promise<EffectResult | 'timeout'> {
  const { context, run, closure, scope } = state
  const { command, abort } = flight
  const nowMs = context.clock.now()
  const leftMs =
    Math.min(run.deadlineAtMs, command.timeoutMs === undefined ? Number.POSITIVE_INFINITY : firstMs + command.timeoutMs) - nowMs
  let isOver = false
  let cancel = () => {}
  const over = new Promise<'timeout'>(resolve => {
    // Timers of Node wrap above 2^31 ms; whatever waits longer is woken by the deadline of its run.
    if (leftMs < 2 ** 31)
      cancel = context.timers.after(Math.max(0, leftMs), () => {
        isOver = true
        abort.abort()
        resolve('timeout')
      })
    abort.signal.addEventListener('abort', () => flight.dropped === 'given-up' && resolve('timeout'), { once: true })
  })
  const effect = {
    // A digest, for those alone who send it.
    get effectKey() {
      return effectKeyOf(run.id, command.path)
    },
    signal: abort.signal,
    bill,
    ...(scope && { scope }),
    onEvent: (event: Parameters<NonNullable<Parameters<typeof context.execute>[3]['onEvent']>>[0]) =>
      context.onLive({ run: run.id, atMs: context.clock.now(), type: 'call', path: command.path, event }),
  }
  try {
    const unknownCost = PAID.has(command.nodeType) ? null : 0
    const work = context.execute(command, run, closure, effect).catch((error: unknown) => failedWith(errorOf(error), unknownCost))
    const result = await Promise.race([work, over])
    return isOver ? 'timeout' : result
  } finally {
    cancel()
  }
}

interface Failed {
  readonly error: StepError
  readonly costNano: number | null
  readonly delayMs: number
  readonly spent?: StepSpent
}

async function retryLater(state: DriveState, { command, attempt }: Flight, { error, costNano, delayMs, spent }: Failed): Promise<Message> {
  const { store, clock, random } = state.context
  const nowMs = clock.now()
  // Half of the delay is drawn: many that failed together do not come back together.
  const retryAtMs = Math.round(nowMs + delayMs * (0.5 + random() / 2))
  const ended: AttemptRecord = { ...attempt, endedAtMs: nowMs, error, retryAtMs, costNano }
  await persist(state.context, () => store.endAttempt(ended, spent))
  const wait: WaitRecord = { run: state.run.id, path: command.path, dueAtMs: retryAtMs, kind: 'retry' }
  return { type: 'wait', wait, attempt: ended }
}

export async function record(
  state: DriveState,
  { command, attempt }: Pick<Flight, 'command' | 'attempt'>,
  done: Exclude<EffectResult, { pause: StepError }>,
  spent?: StepSpent,
): Promise<Message> {
  const { costNano, facts } = done
  const step: StepRecord = {
    run: state.run.id,
    path: command.path,
    outcome: measured(done.outcome),
    attempts: command.attempt,
    startedAtMs: attempt.startedAtMs,
    endedAtMs: state.context.clock.now(),
    costNano,
    ...(facts !== undefined && { facts }),
  }
  const { kept, held } = await persist(state.context, () => state.context.store.commitStep(step, state.claim, spent))
  crashPoint('E3-step-recorded')
  return { type: 'recorded', path: command.path, kept, held }
}

interface Dropped {
  readonly result: EffectResult | 'timeout'
  readonly spent?: StepSpent
}

/** An effect that is not needed any more has still cost what it cost (CAN-2); one that was given up leaves no other trace (OWN-5). */
async function dropped(state: DriveState, flight: Flight, isWritten: boolean, { result, spent }: Dropped): Promise<Message> {
  const { store, clock } = state.context
  if (flight.dropped === 'not-needed' && isWritten) {
    const costNano = (result !== 'timeout' && 'costNano' in result ? result.costNano : undefined) ?? null
    const error: StepError = { code: 'run/cancelled', message: 'It was not needed any more', retryable: false }
    const ended = { ...flight.attempt, endedAtMs: clock.now(), error, costNano }
    await persist(state.context, () => store.endAttempt(ended, spent))
  } else if (flight.dropped === 'not-needed') await spend(state, spent)
  // The store may be why it was given up: nobody waits for it, and what is not settled counts in full.
  else if (spent) await store.spend(state.run.id, spent).catch(() => {})
  return { type: 'gone', path: flight.command.path }
}

function measured(outcome: StepOutcome): StepOutcome {
  const error = outcome.status === 'succeeded' ? sizeError(outcome.attributes) : undefined
  return error ? { status: 'failed', error } : outcome
}

function failedWith(error: StepError, costNano: number | null): Exclude<EffectResult, { pause: StepError }> {
  return { outcome: { status: 'failed', error }, costNano }
}

function timeoutOf({ node, timeoutMs }: EffectCommand): StepError {
  const message =
    timeoutMs === undefined ? `"${node}" did not end before the deadline of the run` : `"${node}" took longer than ${timeoutMs} ms`
  return { code: 'node/timeout', message, retryable: true }
}

function errorOf(error: unknown): StepError {
  if (error instanceof OperationError) return { code: error.code, message: error.message, retryable: error.retryable }
  // A mistake of our own, or of a library: its words could carry a secret, and a record keeps them.
  return { code: 'node/failed', message: `flowrun itself failed: ${error instanceof Error ? error.name : typeof error}`, retryable: false }
}
