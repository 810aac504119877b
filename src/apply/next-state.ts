import type { JsonValue } from '../base/json.ts'
import type { Plan } from '../plan/plan.ts'
import type { StateOutput, StateSnapshot } from '../state/state.ts'

/** The state that follows when a plan is released: what it owns, its outputs, one serial further. */
export function nextState(before: StateSnapshot, plan: Plan): StateSnapshot {
  const owned = new Map(before.owned)
  for (const { address, action, after, previousAddress } of plan.changes) {
    if (previousAddress !== undefined) owned.delete(previousAddress)
    if (after && action !== 'delete') owned.set(address, { version: after.version, digest: after.digest })
    else owned.delete(address)
  }
  for (const { address, version, digest } of plan.adoptions.converged) owned.set(address, { version, digest })
  for (const address of plan.adoptions.forgotten) owned.delete(address)
  return {
    ...before,
    serial: before.serial + 1,
    release: before.release + (plan.changes.length > 0 ? 1 : 0),
    owned,
    outputs: nextOutputs(plan),
    checks: plan.checks,
  }
}

function nextOutputs(plan: Plan): ReadonlyMap<string, StateOutput> {
  return new Map(
    plan.outputs.flatMap(({ name, action, after, type, sensitive }): [string, StateOutput][] => {
      if (action === 'delete') return []
      return [[name, sensitive ? { sensitive: true, type } : { sensitive: false, type, value: (after ?? null) as JsonValue }]]
    }),
  )
}

/** Whether applying the plan would write anything at all. */
export function changesAnything(plan: Plan): boolean {
  const { converged, forgotten } = plan.adoptions
  return plan.changes.length > 0 || converged.length > 0 || forgotten.length > 0 || plan.outputs.some(output => output.action !== 'no-op')
}
