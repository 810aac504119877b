import type { Closure } from '../../artifact/closure.ts'
import type { Command, StepCachePolicy } from '../interpreter/command.ts'
import type { EffectResult } from './effect.ts'
import type { RunRecord } from './record-store.ts'

/** Outcomes of children that are kept for equal ones of later runs: those whose node has a `cache`. Neither function rejects. */
export interface ChildCache {
  find(command: CacheableChild, run: RunRecord, closure: Closure): Promise<RecordedResult | undefined>
  keep(command: CacheableChild, run: RunRecord, closure: Closure, result: RecordedResult): Promise<void>
}

export type CacheableChild = Extract<Command, { readonly type: 'child' }> & { readonly cache: StepCachePolicy }
export type RecordedResult = Extract<EffectResult, { readonly outcome: unknown }>
