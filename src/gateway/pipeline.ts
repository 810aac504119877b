import type { CallHandler, Layer } from './call.ts'
import { chainLayer } from './layers/chain.ts'
import { costLayer } from './layers/cost.ts'
import { type RetryDependencies, retryLayer } from './layers/retry.ts'
import { timeoutLayer } from './layers/timeout.ts'

/**
 * The layers of one model call, outermost first; the order is written here and nowhere else. What is inside `retry`
 * happens for each attempt (GW-1).
 */
export function createPipeline(dependencies: RetryDependencies, provider: CallHandler): CallHandler {
  const layers: readonly Layer[] = [chainLayer(), retryLayer(dependencies), costLayer(), timeoutLayer(dependencies.timers)]
  return layers.reduceRight<CallHandler>((next, layer) => call => layer(call, next), provider)
}
