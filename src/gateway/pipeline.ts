import { invariant } from '../base/invariant.ts'
import { type Breakers, createBreakers } from './breaker/breakers.ts'
import type { CacheDependencies } from './cache/single-flight.ts'
import { addCost, addUsage, type CallHandler, type CallHistory, type CallRequest, type CallResult, type Layer, newHistory } from './call.ts'
import { CallFailure, extendFailure } from './failure.ts'
import type { GuardDependencies } from './guards/run.ts'
import { breakerGateLayer } from './layers/breaker-gate.ts'
import { breakerProbeLayer } from './layers/breaker-probe.ts'
import { type BudgetDependencies, budgetLayer } from './layers/budget.ts'
import { cacheLayer } from './layers/cache.ts'
import { chainLayer } from './layers/chain.ts'
import { costLayer } from './layers/cost.ts'
import { costLimitLayer } from './layers/cost-limit.ts'
import { degradeLayer } from './layers/degrade.ts'
import { guardInLayer } from './layers/guard-in.ts'
import { guardOutLayer } from './layers/guard-out.ts'
import { rateLimitLayer } from './layers/rate-limit.ts'
import { recordLayer } from './layers/record.ts'
import { repairLayer } from './layers/repair.ts'
import { type RetryDependencies, retryLayer } from './layers/retry.ts'
import { timeoutLayer } from './layers/timeout.ts'
import type { RateLimiter } from './limits/limit.ts'
import { createRateLimiter } from './limits/limiter.ts'

export type PipelineDependencies = RetryDependencies &
  BudgetDependencies &
  CacheDependencies &
  LoadDependencies &
  Pick<GuardDependencies, 'violations'>

/** What keeps load away from providers; absent: of this pipeline alone. */
export interface LoadDependencies {
  readonly limiter?: RateLimiter
  readonly breakers?: Breakers
}

/**
 * The layers of one model call, outermost first; the order is written here and nowhere else. What is inside `retry`
 * happens for each attempt (GW-1).
 */
export function createPipeline(dependencies: PipelineDependencies, provider: CallHandler): (request: CallRequest) => Promise<CallResult> {
  const { clock, timers } = dependencies
  const { limiter = createRateLimiter({ clock, timers }), breakers = createBreakers({ clock }) } = dependencies
  const call = (request: CallRequest) => begin(request, handler, dependencies)
  const guards: GuardDependencies = { ...dependencies, ask: call }
  const layers: readonly Layer[] = [
    recordLayer(dependencies),
    guardInLayer(guards),
    // Before the budgets: a hit costs nothing, and is served when they are used up (GW-2).
    cacheLayer(dependencies),
    degradeLayer(dependencies),
    chainLayer(),
    guardOutLayer(guards),
    repairLayer(),
    retryLayer(dependencies),
    breakerGateLayer({ breakers }),
    costLimitLayer(),
    budgetLayer(dependencies),
    rateLimitLayer({ limiter, clock }),
    breakerProbeLayer({ breakers }),
    costLayer(),
    timeoutLayer(dependencies),
  ]
  const handler = layers.reduceRight<CallHandler>((next, layer) => call => layer(call, next), provider)
  return call
}

/** Starts the history of a call, and gives it back with the answer or the failure. */
async function begin(request: CallRequest, handler: CallHandler, { clock, spending }: PipelineDependencies): Promise<CallResult> {
  const history = newHistory(clock.monotonic(), spending && { id: spending.newId(), atMs: clock.now() })
  const target = request.tiers[0]?.models[0]
  invariant(target, 'gateway/empty-chain', 'a call names at least one model')
  try {
    const result = await handler({ ...request, target, attempt: 1, isRepair: false, history })
    const cached = result.cached !== undefined
    return {
      ...result,
      usage: cached ? result.usage : totalUsage(history),
      costNano: cached ? 0 : totalCost(history),
      history,
      latencyMs: Math.round(clock.monotonic() - history.beganMs),
    }
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error
    // Unknown where an attempt may be billed for what nobody was told.
    throw extendFailure(error, { history, costNano: history.attempts.some(attempt => attempt.mayBeBilled) ? null : totalCost(history) })
  }
}

function totalUsage({ attempts }: CallHistory) {
  return attempts.map(({ usage }) => usage).reduce(addUsage, null)
}

/** Attempts that may be billed without our knowledge are left out: the result names them. */
function totalCost({ attempts }: CallHistory): number | null {
  return attempts.filter(attempt => !attempt.mayBeBilled).reduce<number | null>((sum, { costNano }) => addCost(sum, costNano), 0)
}
