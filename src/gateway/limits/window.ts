import type { RateLimitSpec } from '../../artifact/provider.ts'
import { LIMIT_WINDOW_MS } from './limit.ts'

/** A call that was let through. */
export interface WindowEntry {
  readonly atMs: number
  requests: 0 | 1
  tokens: number
}

/** The calls of the last minute, each with its own time: no window of a minute holds more than the limit, wherever it begins. */
export interface SlidingWindow {
  readonly requests: number
  readonly tokens: number
  add(nowMs: number, tokens: number): WindowEntry
  /** What a call took after all; 0 requests: it was not made. */
  correct(entry: WindowEntry, requests: 0 | 1, tokens: number): void
  expire(nowMs: number): void
  /** When one more call of so many tokens fits, if no other comes before. */
  freeAtMs(nowMs: number, tokens: number, limits: RateLimitSpec): number
}

/** Old entries are dropped in batches: moving the rest for each would cost more than it frees. */
const BATCH = 1_024

export function createSlidingWindow(): SlidingWindow {
  let entries: WindowEntry[] = []
  let first = 0
  let requests = 0
  let tokens = 0
  const expire = (nowMs: number) => {
    for (let entry = entries[first]; entry !== undefined && nowMs >= entry.atMs + LIMIT_WINDOW_MS; entry = entries[first]) {
      requests -= entry.requests
      tokens -= entry.tokens
      entry.requests = 0
      entry.tokens = 0
      first++
    }
    if (first >= BATCH && first * 2 >= entries.length) {
      entries = entries.slice(first)
      first = 0
    }
  }
  return {
    get requests() {
      return requests
    },
    get tokens() {
      return tokens
    },
    add(nowMs, amount) {
      const entry: WindowEntry = { atMs: nowMs, requests: 1, tokens: amount }
      entries.push(entry)
      requests++
      tokens += amount
      return entry
    },
    correct(entry, made, amount) {
      // It left the window meanwhile.
      if (entry.requests === 0) return
      requests += made - entry.requests
      tokens += amount - entry.tokens
      entry.requests = made
      entry.tokens = amount
    },
    expire,
    freeAtMs(
      nowMs,
      amount,
      { requests_per_minute: maxRequests = Number.POSITIVE_INFINITY, tokens_per_minute: maxTokens = Number.POSITIVE_INFINITY },
    ) {
      expire(nowMs)
      let requestsLeft = requests
      let tokensLeft = tokens
      let atMs = nowMs
      // A call that could take more than a whole minute's tokens has the minute to itself.
      const needed = Math.min(amount, maxTokens)
      for (let index = first; requestsLeft + 1 > maxRequests || tokensLeft + needed > maxTokens; index++) {
        const entry = entries[index]
        if (entry === undefined) break
        requestsLeft -= entry.requests
        tokensLeft -= entry.tokens
        atMs = entry.atMs + LIMIT_WINDOW_MS
      }
      return atMs
    },
  }
}
