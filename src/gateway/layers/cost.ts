import type { Layer, ModelTarget, Usage } from '../call.ts'
import { CallFailure, extendFailure } from '../failure.ts'
import { costNano } from '../price.ts'

/** Prices what the provider reported, of an answer and of a failure alike. */
export function costLayer(): Layer {
  return async (call, next) => {
    try {
      const result = await next(call)
      return { ...result, costNano: costOf(result.usage, call.target) }
    } catch (error) {
      if (!(error instanceof CallFailure) || error.details.usage === undefined) throw error
      throw extendFailure(error, { costNano: costOf(error.details.usage, call.target) })
    }
  }
}

/** Null when the usage or a price is unknown; a simulated model without prices costs nothing. */
function costOf(usage: Usage | null, { spec, provider }: ModelTarget): number | null {
  if (provider.spec.type === 'simulated' && spec.price.length === 0) return 0
  return usage === null ? null : costNano(usage, spec.price)
}
