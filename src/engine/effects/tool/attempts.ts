import { formatDuration } from '../../../base/duration.ts'
import type { JsonObject } from '../../../base/json.ts'
import { sleep } from '../../../gateway/timers.ts'
import type { ToolAnswer, ToolCall, ToolDependencies, ToolWay } from './call.ts'
import { ToolFailure } from './failure.ts'

/** All attempts in one process together (STEP-6); a node's own retry is for longer times. */
export const MAX_RETRY_MS = 60_000

/** How attempts ended, for traces: never content. */
export type AttemptFacts = JsonObject

export type ToolOutcome =
  | { readonly answer: ToolAnswer }
  | { readonly failure: ToolFailure }
  /** It may have been done once, and must not be done twice. */
  | { readonly isUnknown: true }

/**
 * Calls until there is an answer, as often as the tool's retry and replay allow.
 *
 * @param note is told of each attempt.
 */
export async function attempted(
  call: Omit<ToolCall, 'began'>,
  way: ToolWay,
  dependencies: ToolDependencies,
  note: (facts: AttemptFacts) => void,
): Promise<ToolOutcome> {
  const { clock, timers, random } = dependencies
  const { retry, replay } = call.spec
  const most = replay === 'once' ? 1 : retry.max_attempts
  const startedAt = clock.monotonic()
  for (let attempt = 1; ; attempt++) {
    const outcome = await once(call, way, dependencies, note)
    if (!('failure' in outcome)) return outcome
    const { retryable = false, retryAfterMs } = outcome.failure.details
    const usualMs = Math.min(retry.initial_ms * 2 ** (attempt - 1), retry.max_ms)
    // Half of it is drawn: many that failed together do not come back together.
    const delayMs = retryAfterMs ?? usualMs * (0.5 + random() / 2)
    const isOver = clock.monotonic() - startedAt + delayMs > MAX_RETRY_MS
    if (!retryable || attempt >= most || isOver) return outcome
    await sleep(timers, delayMs, call.signal)
  }
}

async function once(
  call: Omit<ToolCall, 'began'>,
  way: ToolWay,
  dependencies: ToolDependencies,
  note: (facts: AttemptFacts) => void,
): Promise<ToolOutcome> {
  const { clock, timers } = dependencies
  const { timeout_ms: timeoutMs, replay } = call.spec
  const time = new AbortController()
  const cancel = timers.after(timeoutMs, () => time.abort())
  const startedAt = clock.monotonic()
  const noted = (outcome: string, more: AttemptFacts = {}) =>
    note({ outcome, duration_ms: Math.round(clock.monotonic() - startedAt), ...more })
  let hasBegun = false
  try {
    const signal = AbortSignal.any([call.signal, time.signal])
    const answer = await way({ ...call, signal, began: () => (hasBegun = true) }, dependencies)
    noted('ok', { bytes: answer.bytes, ...(answer.statusCode !== undefined && { status: answer.statusCode }) })
    return { answer }
  } catch (thrown) {
    if (call.signal.aborted) throw thrown
    const failure = time.signal.aborted ? timedOut(call.address, timeoutMs) : thrown
    if (!(failure instanceof ToolFailure)) throw failure
    const { status, isUnanswered = false } = failure.details
    noted(failure.code, status === undefined ? {} : { status })
    return replay === 'once' && hasBegun && isUnanswered ? { isUnknown: true } : { failure }
  } finally {
    cancel()
  }
}

function timedOut(address: string, timeoutMs: number): ToolFailure {
  return new ToolFailure('tool/timeout', `${address} gave no answer in ${formatDuration(timeoutMs)}`, {
    retryable: true,
    isUnanswered: true,
  })
}
