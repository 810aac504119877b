import type { RateLimitSpec } from '../../artifact/provider.ts'
import { LIMIT_WINDOW_MS } from './limit.ts'

/** Calls that count as made at the time of the last of them: so none leaves the minute too early. */
interface Stretch {
  readonly sinceMs: number
  atMs: number
  requests: number
  tokens: number
  /** It left the minute. */
  isOver: boolean
}

/** A call that was let through. */
export interface WindowEntry {
  readonly stretch: Stretch
  requests: 0 | 1
  tokens: number
}

/**
 * The calls of the last minute: no window of a minute holds more than the limit, wherever it begins. Each has its own time,
 * until there are very many: then those of 10 ms share one, and what is kept does not grow with their number.
 */
export interface SlidingWindow {
  readonly requests: number
  readonly tokens: number
  /** How many times are kept. */
  readonly size: number
  add(nowMs: number, tokens: number): WindowEntry
  /** What a call took after all; 0 requests: it was not made. */
  correct(entry: WindowEntry, requests: 0 | 1, tokens: number): void
  expire(nowMs: number): void
  /** When one more call of so many tokens fits, if no other comes before. */
  freeAtMs(nowMs: number, tokens: number, limits: RateLimitSpec): number
}

/** So many calls of a minute have a time each: 68 a second. */
const EXACT_MAX = 4_096
const STRETCH_MS = 10
/** Old stretches are dropped in batches: moving the rest for each would cost more than it frees. */
const BATCH = 1_024

export function createSlidingWindow(): SlidingWindow {
  let stretches: Stretch[] = []
  let first = 0
  let requests = 0
  let tokens = 0
  const expire = (nowMs: number) => {
    for (let stretch = stretches[first]; stretch !== undefined && nowMs >= stretch.atMs + LIMIT_WINDOW_MS; stretch = stretches[first]) {
      requests -= stretch.requests
      tokens -= stretch.tokens
      stretch.isOver = true
      first++
    }
    if (first >= BATCH && first * 2 >= stretches.length) {
      stretches = stretches.slice(first)
      first = 0
    }
  }
  const stretchAt = (nowMs: number): Stretch => {
    const last = stretches.at(-1)
    if (last !== undefined && !last.isOver && stretches.length - first >= EXACT_MAX && nowMs - last.sinceMs < STRETCH_MS) {
      last.atMs = nowMs
      return last
    }
    const stretch = { sinceMs: nowMs, atMs: nowMs, requests: 0, tokens: 0, isOver: false }
    stretches.push(stretch)
    return stretch
  }
  const count = (stretch: Stretch, moreRequests: number, moreTokens: number) => {
    stretch.requests += moreRequests
    stretch.tokens += moreTokens
    requests += moreRequests
    tokens += moreTokens
  }
  return {
    get requests() {
      return requests
    },
    get tokens() {
      return tokens
    },
    get size() {
      return stretches.length - first
    },
    add(nowMs, amount) {
      const stretch = stretchAt(nowMs)
      count(stretch, 1, amount)
      return { stretch, requests: 1, tokens: amount }
    },
    correct(entry, made, amount) {
      if (entry.stretch.isOver) return
      count(entry.stretch, made - entry.requests, amount - entry.tokens)
      entry.requests = made
      entry.tokens = amount
    },
    expire,
    freeAtMs(nowMs, amount, limits) {
      expire(nowMs)
      return roomAtMs(stretches, first, { requests, tokens }, amount, limits) ?? nowMs
    },
  }
}

/** @returns when enough has left the minute; undefined: there is room now. */
function roomAtMs(
  stretches: readonly Stretch[],
  first: number,
  counted: Pick<Stretch, 'requests' | 'tokens'>,
  amount: number,
  { requests_per_minute: maxRequests = Number.POSITIVE_INFINITY, tokens_per_minute: maxTokens = Number.POSITIVE_INFINITY }: RateLimitSpec,
): number | undefined {
  let { requests, tokens } = counted
  let atMs: number | undefined
  // A call that could take more than a whole minute's tokens has the minute to itself.
  const needed = Math.min(amount, maxTokens)
  for (let index = first; requests + 1 > maxRequests || tokens + needed > maxTokens; index++) {
    const stretch = stretches[index]
    if (stretch === undefined) break
    requests -= stretch.requests
    tokens -= stretch.tokens
    atMs = stretch.atMs + LIMIT_WINDOW_MS
  }
  return atMs
}
