import type { Closure } from '../../../artifact/closure.ts'
import type { Clock } from '../../../base/clock.ts'
import type { BudgetScope } from '../../../gateway/call.ts'
import type { Timers } from '../../../gateway/timers.ts'
import type { EffectCommand, StepPath } from '../../interpreter/command.ts'
import type { Interpretation } from '../../interpreter/interpretation.ts'
import type { CacheableChild, ChildCache } from '../child-cache.ts'
import type { EffectExecutor } from '../effect.ts'
import type { FlowReader, LiveEvent } from '../engine.ts'
import type { AttemptRecord, Claim, PauseReason, RecordStore, RunRecord, RunRelease, StepRecord, WaitRecord } from '../record-store.ts'
import type { Inbox } from './inbox.ts'
import type { WaitClock } from './wait-clock.ts'

/** What driving a run needs of the process. */
export interface DriveContext {
  readonly store: RecordStore
  readonly execute: EffectExecutor
  /** Absent: no outcome of a child is kept. */
  readonly children?: ChildCache
  readonly flows: FlowReader
  readonly clock: Clock
  readonly timers: Timers
  /** From 0 to 1. */
  readonly random: () => number
  readonly waitClock: WaitClock
  /** Of one run, in UTF-16 units. */
  readonly maxJournalSize: number
  /** @returns undefined: the blob is gone. */
  closureOf(run: RunRecord): Promise<Closure | undefined>
  submitChild(parent: RunRecord, child: ChildStart): Promise<void>
  onLive(event: LiveEvent): void
  /** Attempts of the run were under way when their process died: what they reserved is settled (BUD-5). */
  onInterrupted(run: string): Promise<void>
}

export interface ChildStart {
  readonly id: string
  readonly path: StepPath
  readonly flow: string
  readonly input: RunRecord['input']
  readonly closure: Closure
  readonly isDetached: boolean
  /** Of the node; its flow may have a shorter one. */
  readonly timeoutMs?: number
}

/** An effect that is under way. */
export interface Flight {
  readonly command: EffectCommand
  readonly attempt: AttemptRecord
  readonly abort: AbortController
  /** Set with the abort: what comes of it does not count. */
  dropped?: 'not-needed' | 'given-up'
}

export type Message =
  | { readonly type: 'recorded'; readonly path: StepPath; readonly kept: StepRecord; readonly held: boolean }
  | { readonly type: 'wait'; readonly wait: WaitRecord; readonly attempt?: AttemptRecord }
  /** Nothing was recorded; `reason`: the run cannot go on for now. */
  | { readonly type: 'gone'; readonly path: StepPath; readonly reason?: PauseReason }
  /** A dropped effect does not end. */
  | { readonly type: 'overdue'; readonly path: StepPath }
  /** Something came for the run. */
  | { readonly type: 'wake' }
  | { readonly type: 'due' }
  | { readonly type: 'cancel' }
  | { readonly type: 'stop'; readonly mode: 'drain' | 'lost' }

/** A claimed run on its way in this process. */
export interface DriveState {
  readonly context: DriveContext
  readonly claim: Claim
  readonly run: RunRecord
  readonly closure: Closure
  /** Of a run that another one began (RUN-6). */
  readonly scope?: BudgetScope
  readonly interpretation: Interpretation
  readonly inbox: Inbox<Message>
  readonly flights: Map<StepPath, Flight>
  readonly waits: Map<StepPath, WaitRecord>
  /** Effects that wait for their next attempt, or for a person to end a doubt. */
  readonly parked: Map<StepPath, EffectCommand>
  readonly attempts: Map<StepPath, readonly AttemptRecord[]>
  /** Children that are under way, and whose outcome is to be kept. */
  readonly keeping: Map<StepPath, CacheableChild>
  /** Of the values of its steps so far (RUN-8). */
  journalSize: number
  /** Begin nothing more, and end like this. */
  ending: RunRelease | undefined
  /** The claim is not ours any more, as far as we know. */
  isLost: boolean
}

/** Begins nothing more; an end of the run itself stands before one of this process. */
export function endWith(state: DriveState, release: RunRelease): void {
  const { ending } = state
  if (ending === undefined || ending.to === 'queued' || ending.to === 'paused') state.ending = release
}
