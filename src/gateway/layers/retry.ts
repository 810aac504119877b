import type { RetrySpec } from '../../artifact/model.ts'
import type { Clock } from '../../base/clock.ts'
import { type Attempt, addCost, type CallEvent, type CallResult, type Layer, type ModelCall } from '../call.ts'
import { CallFailure, extendFailure, type FailureDetails } from '../failure.ts'
import { sleep, type Timers } from '../timers.ts'

export interface RetryDependencies {
  readonly clock: Clock
  readonly timers: Timers
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/** Tries again what may go better the next time; records every attempt. After the first streamed byte nothing is tried again (GW-4). */
export function retryLayer({ clock, timers, random }: RetryDependencies): Layer {
  return async (call, next) => {
    const beganMs = clock.monotonic()
    // Whole milliseconds: nobody reads more of a call that takes hundreds.
    const since = (ms: number) => Math.round(clock.monotonic() - ms)
    const attempts: Attempt[] = []
    let waitedMs = 0
    for (let number = 1; ; number++) {
      const startedMs = clock.monotonic()
      const watch = watchEvents(call)
      const record = (details: AttemptOutcome): Attempt => ({
        model: call.target.address,
        number,
        startedAfterMs: Math.round(startedMs - beganMs),
        waitedMs,
        durationMs: since(startedMs),
        ...details,
      })
      try {
        const result = await next({ ...call, ...watch.call, attempt: number })
        attempts.push(record(answeredOutcome(result)))
        return { ...result, attempts, costNano: totalCost(attempts), latencyMs: since(beganMs) }
      } catch (error) {
        if (!(error instanceof CallFailure)) throw error
        attempts.push(record(failedOutcome(error.details)))
        const delayMs = watch.streamed() ? undefined : retryDelayMs(error.details, number, call.target.spec.retry, random)
        if (delayMs === undefined) throw extendFailure(error, { attempts, costNano: totalCost(attempts) })
        await sleep(timers, delayMs, call.signal)
        waitedMs = delayMs
      }
    }
  }
}

/**
 * Full jitter over a doubling bound, after "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). What the
 * provider asks for wins as it is.
 *
 * @param attempt that failed, from 1.
 * @returns undefined when it is not tried again: the class is not listed, the attempts are used up, or the provider wants
 * a longer wait than `max_ms`.
 */
export function retryDelayMs(failure: FailureDetails, attempt: number, retry: RetrySpec, random: () => number): number | undefined {
  if (attempt >= retry.max_attempts) return undefined
  if (!retry.on.some(name => name === failure.class)) return undefined
  if (failure.retryAfterMs !== undefined) return failure.retryAfterMs <= retry.max_ms ? failure.retryAfterMs : undefined
  return random() * Math.min(retry.max_ms, retry.initial_ms * 2 ** (attempt - 1))
}

type AttemptOutcome = Omit<Attempt, 'model' | 'number' | 'startedAfterMs' | 'waitedMs' | 'durationMs'>

function answeredOutcome(result: CallResult): AttemptOutcome {
  return {
    outcome: 'answered',
    ...(result.requestId !== undefined && { requestId: result.requestId }),
    usage: result.usage,
    costNano: result.costNano,
  }
}

function failedOutcome(details: FailureDetails): AttemptOutcome {
  return {
    outcome: details.class,
    ...(details.status !== undefined && { status: details.status }),
    ...(details.providerCode !== undefined && { providerCode: details.providerCode }),
    ...(details.requestId !== undefined && { requestId: details.requestId }),
    ...(details.retryAfterMs !== undefined && { retryAfterMs: details.retryAfterMs }),
    usage: details.usage ?? null,
    costNano: details.costNano ?? null,
  }
}

/** Attempts that failed without reported usage add nothing: what a provider refuses it does not bill. */
function totalCost(attempts: readonly Attempt[]): number | null {
  return attempts
    .filter(attempt => attempt.outcome === 'answered' || attempt.usage !== null)
    .reduce<number | null>((sum, attempt) => addCost(sum, attempt.costNano), 0)
}

function watchEvents({ onEvent }: ModelCall): { readonly call: Partial<ModelCall>; streamed(): boolean } {
  if (onEvent === undefined) return { call: {}, streamed: () => false }
  let streamed = false
  const watched = (event: CallEvent) => {
    streamed = true
    onEvent(event)
  }
  return { call: { onEvent: watched }, streamed: () => streamed }
}
