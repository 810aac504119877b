import type { Clock } from '../../base/clock.ts'
import type { Digest } from '../../base/digest.ts'
import { RedisUnavailable } from '../../redis/unavailable.ts'
import { sleep, type Timers } from '../timers.ts'
import type { AnswerCache } from './answer-cache.ts'
import type { KeptAnswer } from './kept-answer.ts'
import { createLines, type Outcome } from './line.ts'

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

/** What is made once for all who ask for it at the same time, and kept for those who ask later. */
export interface Question<Result> {
  readonly key: Digest
  readonly ttlMs: number
  readonly signal: AbortSignal
  /** So long the asker waits for another who makes the same; then it makes it by itself. */
  readonly patienceMs: number
  /** How long it has left to make it: nobody waits for one that has given up. Absent: as long as it takes. */
  readonly leftMs?: () => number
  readonly make: () => Promise<Result>
  /** What may be kept of it. */
  readonly keep: (result: Result) => KeptAnswer | undefined
  /** What was kept as the answer of this one; undefined when it does not fit what is asked for now. */
  readonly take: (kept: KeptAnswer, storedAtMs: number) => Promise<Result | undefined>
}

export type SingleFlight = <Result>(question: Question<Result>) => Promise<Result>

/**
 * Gives the answer that was kept for an equal question, and lets one of several equal ones make it: the others of this process
 * are woken when it is there, those of other processes look again and again. Whoever has lost patience makes it by itself.
 * Without the store each is made (CACHE-1 … CACHE-4). An error is the maker's own.
 */
export function createSingleFlight(dependencies: CacheDependencies): SingleFlight {
  const { answerCache: cache, clock, timers, leaseMs = LEASE_MS } = dependencies
  if (cache === undefined) return question => question.make()
  const lines = createLines(timers)
  const store: Store = { ask: guardedCache(cache, dependencies), clock, timers, leaseMs }
  return async question => {
    const { key, patienceMs, signal } = question
    const untilMs = clock.monotonic() + patienceMs
    const place = await lines.join(key, patienceMs, signal)
    if (place.kind === 'kept') return (await question.take(place.answer, place.storedAtMs)) ?? question.make()
    if (place.kind === 'alone') return question.make()
    let outcome: Outcome = { kind: 'first' }
    try {
      const found = await claim(question, untilMs, store)
      if (found === 'down') outcome = { kind: 'alone' }
      else if (found !== 'over') {
        const { result, kept } = 'token' in found ? await make(question, found.token, store) : found
        if (kept) outcome = { kind: 'kept', ...kept }
        return result
      }
    } finally {
      lines.leave(key, outcome)
    }
    return question.make()
  }
}

interface Kept {
  readonly answer: KeptAnswer
  readonly storedAtMs: number
}

interface Made<Result> {
  readonly result: Result
  /** For those who wait for the same. */
  readonly kept?: Kept
}

/** What the store says; undefined when it cannot be asked. */
export type Ask = <T>(question: (cache: AnswerCache) => Promise<T>) => Promise<{ readonly said: T } | undefined>

interface Store {
  readonly ask: Ask
  readonly clock: Clock
  readonly timers: Timers
  readonly leaseMs: number
}

/** The store is no part of the answer: whatever befalls it, what asks it goes on, and people hear of it once a minute (CACHE-4). */
export function guardedCache(cache: AnswerCache, { clock, warn }: CacheDependencies): Ask {
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
async function claim<Result>(
  question: Question<Result>,
  untilMs: number,
  store: Store,
): Promise<Made<Result> | { readonly token: string } | 'over' | 'down'> {
  const { key, signal } = question
  const { ask, clock, timers } = store
  for (let pollMs = POLL_MIN_MS; ; pollMs = Math.min(pollMs * 1.5, POLL_MAX_MS)) {
    const claimed = (await ask(cache => cache.claim(key, leaseOf(question, store))))?.said
    if (claimed === undefined) return 'down'
    if (claimed.state === 'free') return claimed
    if (claimed.state === 'kept') {
      const { answer, storedAtMs } = claimed
      const result = await question.take(answer, storedAtMs)
      if (result !== undefined) return { result, kept: { answer, storedAtMs } }
      if ((await ask(cache => cache.drop(key, storedAtMs))) === undefined) return 'down'
    } else {
      if (clock.monotonic() + pollMs > untilMs) return 'over'
      await sleep(timers, pollMs, signal)
    }
  }
}

/** Makes the answer as the holder of its key, and keeps it where it may be kept and the lease is not lost. */
async function make<Result>(question: Question<Result>, token: string, store: Store): Promise<Made<Result>> {
  const { key, ttlMs } = question
  const { ask, clock, timers } = store
  let cancel = () => {}
  const renewLater = () => {
    cancel = timers.after(store.leaseMs / 3, () => {
      // Where it is lost, or cannot be told, the answer is not kept: nothing else is to be done.
      void ask(cache => cache.extend(key, token, leaseOf(question, store)))
      renewLater()
    })
  }
  renewLater()
  let answer: KeptAnswer | undefined
  try {
    const result = await question.make()
    answer = question.keep(result)
    if (answer === undefined) return { result }
    const kept = answer
    const stored = await ask(cache => cache.keep(key, token, kept, ttlMs))
    // Those who wait in this process wait for this very answer, kept or not.
    return { result, kept: { answer, storedAtMs: stored?.said ?? clock.now() } }
  } finally {
    cancel()
    if (answer === undefined) await ask(cache => cache.release(key, token))
  }
}

/** Never longer than the maker may take: nobody waits for one that has given up. */
function leaseOf({ leftMs }: Pick<Question<never>, 'leftMs'>, { leaseMs }: Store): number {
  return Math.max(1, Math.ceil(Math.min(leaseMs, leftMs?.() ?? Number.POSITIVE_INFINITY)))
}
