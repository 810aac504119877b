import type { Clock } from '../../base/clock.ts'
import type { Layer, ModelCall, Usage } from '../call.ts'
import { outputBound } from '../cost-bound.ts'
import { CallFailure } from '../failure.ts'
import type { LimitRequest, RateLimiter } from '../limits/limit.ts'
import { scopesOf } from '../limits/scope.ts'
import { boundTokens } from '../tokens.ts'

/** Holds calls back until the rate limits of their provider's key and of their model have room (RATE-1 … RATE-3). */
export function rateLimitLayer({ limiter, clock }: { readonly limiter: RateLimiter; readonly clock: Clock }): Layer {
  return async (call, next) => {
    const request = requestOf(call, clock)
    const permit = await limiter.acquire(request)
    try {
      const result = await next(call)
      permit.settle(tokensOf(result.usage))
      return result
    } catch (error) {
      if (!(error instanceof CallFailure) || error.details.class === 'breaker_open') permit.giveBack()
      else {
        const { class: reason, retryAfterMs, usage = null } = error.details
        if (reason === 'rate_limited' && retryAfterMs !== undefined) limiter.holdBack(request.provider, retryAfterMs)
        permit.settle(tokensOf(usage))
      }
      throw error
    }
  }
}

function requestOf(call: ModelCall, clock: Clock): LimitRequest {
  const { target, caller, signal, deadlineMs = Number.POSITIVE_INFINITY } = call
  const scopes = scopesOf(target)
  const isCounted = [scopes.provider, scopes.model].some(({ limits }) => limits.tokens_per_minute !== undefined)
  return {
    ...scopes,
    tenant: caller.tenant,
    // Counting reads all of the text: only where tokens are limited.
    tokens: isCounted ? boundTokens(call.messages) + (target.spec.kind === 'embedding' ? 0 : outputBound(call)) : 0,
    callMs: target.spec.timeout_ms,
    // TIME-3: nobody waits longer for leave than for the answer itself, nor longer than the run may last.
    untilMs: Math.min(clock.monotonic() + target.spec.timeout_ms, deadlineMs),
    signal,
  }
}

function tokensOf(usage: Usage | null): number | null {
  return usage === null ? null : usage.input + usage.output
}
