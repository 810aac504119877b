import type { RateLimitSpec } from '../../artifact/provider.ts'
import type { LimitScope } from './limit.ts'
import { createSlidingWindow, type SlidingWindow } from './window.ts'

/** What is counted for one key or model. */
export interface Counter {
  readonly window: SlidingWindow
  /** The block that was seen last: blocks of the same key count together, each call against its own limits. */
  scope: LimitScope
  inFlight: number
  /** Monotonic. */
  notBeforeMs: number
  /** Until then those who share the limit have no room. Monotonic. */
  sharedUntilMs: number
}

export function createCounter(scope: LimitScope): Counter {
  return { window: createSlidingWindow(), scope, inFlight: 0, notBeforeMs: 0, sharedUntilMs: 0 }
}

/** What holds a call up, for people: `requests_per_minute = 500 of provider.openai`. */
export interface Obstacle {
  /** Infinity: until a call ends. */
  readonly untilMs: number
  readonly text: string
}

/** @returns undefined when one more call of so many tokens fits now. */
export function obstacleOf(counter: Counter, limits: RateLimitSpec, tokens: number, nowMs: number): Obstacle | undefined {
  const { block } = counter.scope
  if (counter.notBeforeMs > nowMs) return { untilMs: counter.notBeforeMs, text: `${block} was told to wait by the provider` }
  const { max_concurrency: concurrency = Number.POSITIVE_INFINITY } = limits
  if (counter.inFlight >= concurrency) return { untilMs: Number.POSITIVE_INFINITY, text: `max_concurrency = ${concurrency} of ${block}` }
  if (counter.sharedUntilMs > nowMs)
    return { untilMs: counter.sharedUntilMs, text: `the rate limit of ${block}, which other processes share` }
  const { requests_per_minute: requests, tokens_per_minute: perMinute } = limits
  const untilMs = counter.window.freeAtMs(nowMs, tokens, limits)
  if (untilMs <= nowMs) return undefined
  const byRequests = requests !== undefined && counter.window.requests >= requests
  return {
    untilMs,
    text: byRequests ? `requests_per_minute = ${requests} of ${block}` : `tokens_per_minute = ${perMinute} of ${block}`,
  }
}
