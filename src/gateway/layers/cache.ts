import type { Clock } from '../../base/clock.ts'
import { RedisUnavailable } from '../../redis/unavailable.ts'
import type { AnswerCache } from '../cache/answer-cache.ts'
import { type KeptAnswer, keptAnswer } from '../cache/kept-answer.ts'
import { cacheKey } from '../cache/key.ts'
import { createLines, type Outcome } from '../cache/line.ts'
import type { CachePolicy, CallEvent, CallHandler, Layer, LayerResult, ModelCall } from '../call.ts'
import { sleep, type Timers } from '../timers.ts'

export interface CacheDependencies {
  readonly clock: Clock
  readonly timers: Timers
  /** Absent: nothing is kept. */
  readonly answerCache?: AnswerCache
  readonly leaseMs?: number
  /** Hears at most once a minute that the cache cannot be asked, without a full stop at its end. */
  readonly warn?: (line: string) => void
}

/** How long the others wait for one whose process has ended. Whoever makes an answer says three times in it that they still do. */
export const LEASE_MS = 10_000
/** A process asks the store this often whether another one has finished, from the first time on ever more rarely. */
const POLL_MIN_MS = 20
const POLL_MAX_MS = 500
const NOTICE_MS = 60_000

/**
 * Gives the answer that was kept for an equal call, and lets one of several equal calls make it: the others of this process
 * are woken when it is there, those of other processes look again and again. Whoever has waited as long as an attempt may
 * take calls by itself. Without the store each call is made (CACHE-1 … CACHE-4).
 */
export function cacheLayer(dependencies: CacheDependencies): Layer {
  const { answerCache: cache, clock, timers, leaseMs = LEASE_MS } = dependencies
  if (cache === undefined) return (call, next) => next(call)
  const lines = createLines(timers)
  const store: Store = { ask: guarded(cache, dependencies), clock, timers, leaseMs }
  return async (call, next) => {
    const policy = call.policy.cache
    if (policy === undefined) return next(call)
    call.history.cache = 'miss'
    const flight: Flight = { call, policy, key: cacheKey(call, policy), untilMs: clock.monotonic() + patienceMs(call, clock) }
    const place = await lines.join(flight.key, flight.untilMs - clock.monotonic(), call.signal)
    if (place.kind === 'kept') return (await hit(call, place.answer, place.storedAtMs)) ?? next(call)
    if (place.kind === 'alone') return next(call)
    let outcome: Outcome = { kind: 'first' }
    try {
      const found = await claim(flight, store)
      if (found === 'down') outcome = { kind: 'alone' }
      else if (found !== 'over') {
        const { result, kept } = 'token' in found ? await make(flight, found.token, next, store) : found
        if (kept) outcome = { kind: 'kept', ...kept }
        return result
      }
    } finally {
      lines.leave(flight.key, outcome)
    }
    return next(call)
  }
}

interface Flight {
  readonly call: ModelCall
  readonly policy: CachePolicy
  readonly key: ReturnType<typeof cacheKey>
  /** By the monotonic clock: then the call is made without waiting any longer. */
  readonly untilMs: number
}

interface Kept {
  readonly answer: KeptAnswer
  readonly storedAtMs: number
}

interface Made {
  readonly result: LayerResult
  /** For those who wait for the same. */
  readonly kept?: Kept
}

/** What the store says; undefined when it cannot be asked. */
type Ask = <T>(question: (cache: AnswerCache) => Promise<T>) => Promise<{ readonly said: T } | undefined>

interface Store {
  readonly ask: Ask
  readonly clock: Clock
  readonly timers: Timers
  readonly leaseMs: number
}

/** The store is no part of the answer: whatever befalls it, the call goes on, and people hear of it once a minute (CACHE-4). */
function guarded(cache: AnswerCache, { clock, warn }: CacheDependencies): Ask {
  let nextMs = Number.NEGATIVE_INFINITY
  return async question => {
    try {
      return { said: await question(cache) }
    } catch (error) {
      // The connection has told it.
      if (!(error instanceof RedisUnavailable) && clock.monotonic() >= nextMs) {
        nextMs = clock.monotonic() + NOTICE_MS
        const reason = error instanceof Error ? error.message : String(error)
        warn?.(`The cache ${cache.name} cannot be asked: ${reason}. Until it can, every call is made`)
      }
      return undefined
    }
  }
}

/**
 * Waits until there is an answer, or the caller is the one who makes it.
 *
 * @returns `over`: nobody has made one as long as the caller may wait; `down`: the store cannot be asked.
 */
async function claim({ call, key, untilMs }: Flight, store: Store): Promise<Made | { readonly token: string } | 'over' | 'down'> {
  const { ask, clock, timers } = store
  for (let pollMs = POLL_MIN_MS; ; pollMs = Math.min(pollMs * 1.5, POLL_MAX_MS)) {
    const claimed = (await ask(cache => cache.claim(key, leaseOf(call, store))))?.said
    if (claimed === undefined) return 'down'
    if (claimed.state === 'free') return claimed
    if (claimed.state === 'kept') {
      const { answer, storedAtMs } = claimed
      const result = await hit(call, answer, storedAtMs)
      if (result) return { result, kept: { answer, storedAtMs } }
      if ((await ask(cache => cache.drop(key, storedAtMs))) === undefined) return 'down'
    } else {
      if (clock.monotonic() + pollMs > untilMs) return 'over'
      await sleep(timers, pollMs, call.signal)
    }
  }
}

/** Makes the call as the holder of its key, and keeps the answer where it may be kept and the lease is not lost. */
async function make({ call, policy, key }: Flight, token: string, next: CallHandler, store: Store): Promise<Made> {
  const { ask, clock, timers } = store
  let cancel = () => {}
  const renewLater = () => {
    cancel = timers.after(store.leaseMs / 3, () => {
      // Where it is lost, or cannot be told, the answer is not kept: nothing else is to be done.
      void ask(cache => cache.extend(key, token, leaseOf(call, store)))
      renewLater()
    })
  }
  renewLater()
  let answer: KeptAnswer | undefined
  try {
    const result = await next(call)
    answer = keptAnswer(call, result)
    if (answer === undefined) return { result }
    const kept = answer
    const stored = await ask(cache => cache.keep(key, token, kept, policy.ttlMs))
    // Those who wait in this process wait for this very answer, kept or not.
    return { result, kept: { answer, storedAtMs: stored?.said ?? clock.now() } }
  } finally {
    cancel()
    if (answer === undefined) await ask(cache => cache.release(key, token))
  }
}

/** The kept answer as the answer of this call; undefined when it does not fit what is asked for now. */
async function hit(call: ModelCall, { answer, verdicts }: KeptAnswer, storedAtMs: number): Promise<LayerResult | undefined> {
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
function replay({ text, toolCalls }: KeptAnswer['answer'], onEvent: (event: CallEvent) => void): void {
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

/** Never longer than the call may last: nobody waits for one that has given up. */
function leaseOf(call: ModelCall, { leaseMs, clock }: Store): number {
  return Math.max(1, Math.ceil(Math.min(leaseMs, timeLeftMs(call, clock))))
}

/** As long as one attempt may take, and no more than half of what is left: the rest is for the caller's own call. */
function patienceMs(call: ModelCall, clock: Clock): number {
  return Math.min(call.target.spec.timeout_ms, timeLeftMs(call, clock) / 2)
}
