import type { Closure } from '../../artifact/closure.ts'
import { digestOf } from '../../base/digest.ts'
import type { JsonObject } from '../../base/json.ts'
import type { BudgetScope, CallEvent } from '../../gateway/call.ts'
import type { Bill } from '../../gateway/ledger/bill.ts'
import type { EffectCommand, StepOutcome, StepPath } from '../interpreter/command.ts'
import type { PauseReason, RunRecord } from './record-store.ts'

/**
 * Does the work of a step outside of the interpreter: calls a model, a tool, a guard. An abort by the signal may throw
 * anything: nothing is recorded then (OWN-5).
 */
export type EffectExecutor = (command: EffectCommand, run: RunRecord, closure: Closure, context: EffectContext) => Promise<EffectResult>

export interface EffectContext {
  /** The same for every attempt of a step, in every process (STEP-5). */
  readonly effectKey: string
  /** Aborted when the run is cancelled, its claim is lost, the process drains, or the time of the step is over. */
  readonly signal: AbortSignal
  /** Tokens for those who watch; not kept (SSE-2). */
  readonly onEvent?: (event: CallEvent) => void
  /** Takes what calls of the step spend. */
  readonly bill: Bill
  /** Of a run that another one began (RUN-6). */
  readonly scope?: BudgetScope
}

export type EffectResult =
  | {
      readonly outcome: StepOutcome
      /** Nano-dollars of this attempt; null is unknown. */
      readonly costNano: number | null
      /** For traces: model, tokens, attempts. Never content. */
      readonly facts?: JsonObject
    }
  /**
   * Nothing is recorded: the run is paused until the cause is gone (`secret/missing`, `content/missing`, `budget/exhausted`).
   * `costNano` is of what was tried before, with its facts; absent: nothing was.
   */
  | { readonly pause: PauseReason; readonly costNano?: number | null }

/** What a provider or a tool is given to know a repeated call by: digest of run and path. */
export function effectKeyOf(run: string, path: StepPath): string {
  return digestOf([run, path]).slice('sha256:'.length)
}
