import type { Breakers } from '../breaker/breakers.ts'
import type { Layer } from '../call.ts'

/** Refuses while the breaker of the model is open, before anything is waited for or reserved (GW-7). */
export function breakerGateLayer({ breakers }: { readonly breakers: Breakers }): Layer {
  return async (call, next) => {
    await breakers.look(call.target)
    return next(call)
  }
}
