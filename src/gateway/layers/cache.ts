import type { Clock } from '../../base/clock.ts'
import { type KeptAnswer, type KeptCall, keptAnswer } from '../cache/kept-answer.ts'
import { cacheKey } from '../cache/key.ts'
import { type CacheDependencies, createSingleFlight } from '../cache/single-flight.ts'
import type { CallEvent, Layer, LayerResult, ModelCall } from '../call.ts'

/** Gives the answer that was kept for an equal call, and lets one of several equal calls make it (CACHE-1 … CACHE-4). */
export function cacheLayer(dependencies: CacheDependencies): Layer {
  const { answerCache, clock } = dependencies
  if (answerCache === undefined) return (call, next) => next(call)
  const once = createSingleFlight(dependencies)
  return async (call, next) => {
    const policy = call.policy.cache
    if (policy === undefined) return next(call)
    call.history.cache = 'miss'
    return once({
      key: cacheKey(call, policy),
      ttlMs: policy.ttlMs,
      signal: call.signal,
      patienceMs: patienceMs(call, clock),
      leftMs: () => timeLeftMs(call, clock),
      make: () => next(call),
      keep: result => keptAnswer(call, result),
      take: (kept, storedAtMs) => hit(call, kept, storedAtMs),
    })
  }
}

/** The kept answer as the answer of this call; undefined when it does not fit what is asked for now. */
async function hit(call: ModelCall, kept: KeptAnswer, storedAtMs: number): Promise<LayerResult | undefined> {
  if (!('answer' in kept)) return undefined
  const { answer, verdicts } = kept
  const { check } = call.policy
  const [tier] = call.tiers
  const target = tier?.models[0]
  if (tier === undefined || target === undefined) return undefined
  const isChecked = check !== undefined && answer.toolCalls.length === 0
  const checked = isChecked ? await check(answer.text) : { fits: true as const, output: answer.text }
  if (!checked.fits || tier.escalateWhen?.(checked.output)) return undefined
  call.history.cache = 'hit'
  call.history.verdicts.push(...verdicts)
  if (call.onEvent) replay(answer, call.onEvent)
  return { ...answer, target, output: checked.output, costNano: 0, cached: { storedAtMs } }
}

/** A watcher sees what it would see of a model that answers at once. */
function replay({ text, toolCalls }: KeptCall['answer'], onEvent: (event: CallEvent) => void): void {
  if (text !== '') {
    onEvent({ type: 'text-start' })
    onEvent({ type: 'text-delta', text })
    onEvent({ type: 'text-end' })
  }
  for (const { name } of toolCalls) onEvent({ type: 'tool-call', name })
}

function timeLeftMs({ deadlineMs = Number.POSITIVE_INFINITY }: ModelCall, clock: Clock): number {
  return deadlineMs - clock.monotonic()
}

/** As long as one attempt may take, and no more than half of what is left: the rest is for the caller's own call. */
function patienceMs(call: ModelCall, clock: Clock): number {
  return Math.min(call.target.spec.timeout_ms, timeLeftMs(call, clock) / 2)
}
