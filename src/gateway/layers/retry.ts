import type { RetrySpec } from '../../artifact/model.ts'
import type { Clock } from '../../base/clock.ts'
import { isTooLong, isUsedUp } from '../attempt-limit.ts'
import type { Attempt, CallEvent, Layer, LayerResult, ModelCall } from '../call.ts'
import { costBound } from '../cost-bound.ts'
import { CallFailure, extendFailure, type FailureDetails, mayBeBilled } from '../failure.ts'
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
    let waitedMs = 0
    for (let attempt = 1; ; attempt++) {
      const watch = watchEvents(call, clock)
      const record = recorder({ ...call, attempt }, waitedMs, watch.firstEventMs, clock)
      try {
        const result = await next({ ...call, ...watch.call, attempt })
        record(answeredOutcome(result, call))
        return result
      } catch (error) {
        if (!(error instanceof CallFailure)) throw error
        const streamed = watch.firstEventMs() !== undefined
        if (wasSent(error.details)) record(failedOutcome(error.details, call))
        const mayRetry = !streamed && !isUsedUp(call.history)
        const delayMs = mayRetry ? retryDelayMs(error.details, attempt, call.target.spec.retry, random) : undefined
        const isOver = delayMs === undefined || isPast(call, clock.monotonic() + delayMs) || isTooLong(call.history, delayMs)
        if (isOver) throw extendFailure(error, { streamed })
        await sleep(timers, delayMs, call.signal)
        waitedMs = delayMs
      }
    }
  }
}

/** Refused before anything was sent: no attempt. */
const NOT_SENT: ReadonlySet<FailureDetails['class']> = new Set([
  'breaker_open',
  'permit_timeout',
  'budget_exhausted',
  'budget_unavailable',
  'unknown_price',
  'max_cost',
  'deadline',
])

function wasSent(details: FailureDetails): boolean {
  return !details.isUnsent && !NOT_SENT.has(details.class)
}

function isPast({ deadlineMs }: ModelCall, atMs: number): boolean {
  return deadlineMs !== undefined && atMs >= deadlineMs
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

type AttemptOutcome = Pick<
  Attempt,
  'outcome' | 'status' | 'providerCode' | 'requestId' | 'retryAfterMs' | 'usage' | 'costNano' | 'mayBeBilled' | 'boundNano'
>

/** @returns a function that adds the attempt, which begins now, to the history of the call. */
function recorder(
  { history, target, attempt, isRepair }: ModelCall,
  waitedMs: number,
  firstEventMs: () => number | undefined,
  clock: Clock,
): (outcome: AttemptOutcome) => void {
  const startedMs = clock.monotonic()
  return outcome => {
    const firstMs = firstEventMs()
    history.attempts.push({
      model: target.address,
      number: attempt,
      isRepair,
      // Whole milliseconds: nobody reads more of a call that takes hundreds.
      startedAfterMs: Math.round(startedMs - history.beganMs),
      waitedMs,
      durationMs: Math.round(clock.monotonic() - startedMs),
      ...(firstMs !== undefined && { firstEventMs: Math.round(firstMs - startedMs) }),
      ...outcome,
    })
  }
}

function answeredOutcome({ requestId, usage, costNano }: LayerResult, call: ModelCall): AttemptOutcome {
  const bound = costNano === null ? boundOf(call) : {}
  return { outcome: 'answered', ...(requestId !== undefined && { requestId }), usage, costNano, mayBeBilled: false, ...bound }
}

function boundOf(call: ModelCall): Pick<Attempt, 'boundNano'> {
  const boundNano = costBound(call)
  return boundNano === null ? {} : { boundNano }
}

function failedOutcome(details: FailureDetails, call: ModelCall): AttemptOutcome {
  const { status, providerCode, requestId, retryAfterMs } = details
  const billed = mayBeBilled(details) && !isFree(call.target)
  return {
    outcome: details.class,
    ...(status !== undefined && { status }),
    ...(providerCode !== undefined && { providerCode }),
    ...(requestId !== undefined && { requestId }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    usage: details.usage ?? null,
    // Null is the unknown price of a usage that was reported.
    costNano: details.costNano === undefined ? (billed ? null : 0) : details.costNano,
    mayBeBilled: billed,
    ...(billed ? boundOf(call) : {}),
  }
}

function isFree({ provider, spec }: ModelCall['target']): boolean {
  const isPriced = spec.price.length > 0 || provider.spec.type === 'simulated'
  return isPriced && spec.price.every(price => price.input_nano_per_m === 0 && price.output_nano_per_m === 0)
}

function watchEvents(
  { onEvent }: ModelCall,
  clock: Clock,
): { readonly call: Partial<ModelCall>; readonly firstEventMs: () => number | undefined } {
  if (onEvent === undefined) return { call: {}, firstEventMs: () => undefined }
  let firstMs: number | undefined
  const watched = (event: CallEvent) => {
    firstMs ??= clock.monotonic()
    onEvent(event)
  }
  return { call: { onEvent: watched }, firstEventMs: () => firstMs }
}
