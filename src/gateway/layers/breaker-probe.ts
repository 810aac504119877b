import type { Breakers } from '../breaker/breakers.ts'
import { outcomeOf } from '../breaker/outcome.ts'
import type { Layer } from '../call.ts'

/** The lease of a probe lasts so much longer than the call may. */
const LEASE_MARGIN_MS = 5_000

/** Directly before sending: takes the probe of a half-open breaker (GW-7), and tells it how each request ended. */
export function breakerProbeLayer({ breakers }: { readonly breakers: Breakers }): Layer {
  return async (call, next) => {
    const passage = await breakers.enter(call.target, call.target.spec.timeout_ms + LEASE_MARGIN_MS)
    try {
      const result = await next(call)
      passage({ type: 'answered' })
      return result
    } catch (error) {
      passage(outcomeOf(error))
      throw error
    }
  }
}
