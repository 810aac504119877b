import type { BudgetSpec } from '../../artifact/budget.ts'
import type { BudgetTarget, Caller, ModelCall, ModelTarget } from '../call.ts'
import type { BudgetCounter } from './ledger.ts'
import { RUN_WINDOW, windowOf } from './window.ts'

/** What decides which budgets pay, and in which of their counters. */
type PaidCall = Pick<ModelCall, 'caller' | 'target'>

/** Whether the budget pays for a call of this model: it names what runs, the model or its provider, or nothing. */
export function applies({ applies_to: references }: BudgetSpec, { caller, target }: PaidCall): boolean {
  if (references.length === 0) return true
  const paid = addressesOf(caller, target)
  return references.some(({ $ref }) => paid.has($ref))
}

function addressesOf({ flow, prompt, scope }: Caller, { address, provider }: ModelTarget): ReadonlySet<string | undefined> {
  return new Set([...(scope?.flows ?? []), flow, prompt?.address, address, provider.address])
}

/**
 * Where a budget counts a call that is made now.
 *
 * @param callId stands for the run of a call that has none: it is one by itself.
 */
export function counterOf({ address, spec }: BudgetTarget, call: PaidCall, nowMs: number, callId: string): BudgetCounter {
  const { caller } = call
  return {
    environment: caller.environment,
    budget: address,
    value: counterValue(spec.by, call),
    ...(spec.per === 'run'
      ? { run: caller.scope?.run ?? caller.run ?? callId, window: RUN_WINDOW }
      : { window: windowOf(spec.per, spec.timezone, nowMs) }),
    limitNano: spec.limit_nano,
    blocks: spec.action !== 'warn',
    marks: marksOf(spec),
  }
}

function counterValue(by: BudgetSpec['by'], { caller, target }: PaidCall): string {
  switch (by) {
    case undefined:
      return ''
    case 'tenant':
      return caller.tenant ?? ''
    case 'user':
      return caller.user ?? ''
    case 'flow':
      return caller.scope?.flows[0] ?? caller.flow
    case 'model':
      return target.address
  }
}

/** A budget that blocks nothing tells when its limit is reached, beside what it was asked to tell. */
function marksOf({ action, warn_at: marks }: BudgetSpec): readonly number[] {
  return action === 'warn' && !marks.includes(1) ? [...marks, 1].toSorted((a, b) => a - b) : marks
}
