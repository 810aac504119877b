import type { CircuitBreakerSpec } from '../../artifact/model.ts'

/** The window is counted in so many parts: it is exact to a tenth, and as large for a million calls as for ten. */
export const WINDOW_PARTS = 10

/** Counts of one part of the window. */
export interface WindowPart {
  /** The number of the part since time began. */
  readonly number: number
  readonly calls: number
  readonly failures: number
}

/** What a model has shown lately (BRK-1). Data: times by one clock, whichever that is. */
export interface Breaker {
  /** Oldest first. */
  readonly parts: readonly WindowPart[]
  /** Set while it is open or half open. */
  readonly opened?: Opened
}

export interface Opened {
  readonly atMs: number
  /** Then one call probes. */
  readonly untilMs: number
  /** What opened it. */
  readonly calls: number
  readonly failures: number
  /** What was seen last: `503`, `timeout`, `ECONNREFUSED`. */
  readonly seen: string
  /** The probe that is under way, and until when it is waited for: its holder may have died. */
  readonly probe?: { readonly id: string; readonly untilMs: number }
}

export type BreakerView =
  | { readonly state: 'closed'; readonly calls: number; readonly failures: number }
  | ({ readonly state: 'open'; readonly probeInMs: number } & Pick<Opened, 'calls' | 'failures' | 'seen'>)
  /** `isProbed`: a call is on its way, and says whether it closes. */
  | ({ readonly state: 'half_open'; readonly isProbed: boolean } & Pick<Opened, 'calls' | 'failures' | 'seen'>)

export const CLOSED: Breaker = Object.freeze({ parts: [] })

export function viewBreaker({ parts, opened }: Breaker, { window_ms: windowMs }: CircuitBreakerSpec, nowMs: number): BreakerView {
  if (opened === undefined) return { state: 'closed', ...sumOf(recentParts(parts, windowMs, nowMs)) }
  const { calls, failures, seen, untilMs, probe } = opened
  if (nowMs < untilMs) return { state: 'open', probeInMs: untilMs - nowMs, calls, failures, seen }
  return { state: 'half_open', isProbed: probe !== undefined && nowMs < probe.untilMs, calls, failures, seen }
}

/** Marks the probe of a half-open breaker as under way. */
export function takeProbe(breaker: Breaker, id: string, untilMs: number): Breaker {
  return breaker.opened === undefined ? breaker : { ...breaker, opened: { ...breaker.opened, probe: { id, untilMs } } }
}

/** How a call ended, as a breaker sees it; `unclear` says nothing about the provider (BRK-1). */
export type Outcome = { readonly type: 'answered' } | { readonly type: 'unclear' } | { readonly type: 'failed'; readonly seen: string }

/** @param probe the id with which the call was let through a half-open breaker. */
export function recordOutcome(
  breaker: Breaker,
  outcome: Outcome,
  { settings, nowMs, probe }: { readonly settings: CircuitBreakerSpec; readonly nowMs: number; readonly probe?: string | undefined },
): Breaker {
  const { opened } = breaker
  // Calls that were under way when it opened, and a probe that was given up, say nothing new.
  if (opened !== undefined)
    return probe !== undefined && opened.probe?.id === probe ? afterProbe(breaker, opened, outcome, settings, nowMs) : breaker
  if (outcome.type === 'unclear') return breaker
  const parts = countIn(recentParts(breaker.parts, settings.window_ms, nowMs), outcome, settings.window_ms, nowMs)
  const { calls, failures } = sumOf(parts)
  const isTooMany = calls >= settings.min_calls && failures >= calls * settings.failure_rate
  if (outcome.type !== 'failed' || !isTooMany) return { parts }
  return { parts: [], opened: { atMs: nowMs, untilMs: nowMs + settings.cooldown_ms, calls, failures, seen: outcome.seen } }
}

function afterProbe(breaker: Breaker, opened: Opened, outcome: Outcome, { cooldown_ms }: CircuitBreakerSpec, nowMs: number): Breaker {
  const { probe: _, ...rest } = opened
  if (outcome.type === 'answered') return CLOSED
  // It said nothing: the next call probes.
  if (outcome.type === 'unclear') return { ...breaker, opened: rest }
  return { ...breaker, opened: { ...rest, atMs: nowMs, untilMs: nowMs + cooldown_ms, seen: outcome.seen } }
}

function recentParts(parts: readonly WindowPart[], windowMs: number, nowMs: number): readonly WindowPart[] {
  const oldest = partNumber(nowMs, windowMs) - WINDOW_PARTS
  return parts.filter(({ number }) => number > oldest)
}

function countIn(parts: readonly WindowPart[], { type }: Outcome, windowMs: number, nowMs: number): readonly WindowPart[] {
  const number = partNumber(nowMs, windowMs)
  const last = parts.at(-1)
  const part = last?.number === number ? last : { number, calls: 0, failures: 0 }
  const counted = { number, calls: part.calls + 1, failures: part.failures + (type === 'failed' ? 1 : 0) }
  return part === last ? [...parts.slice(0, -1), counted] : [...parts, counted]
}

function partNumber(nowMs: number, windowMs: number): number {
  return Math.floor((nowMs * WINDOW_PARTS) / windowMs)
}

function sumOf(parts: readonly WindowPart[]): { readonly calls: number; readonly failures: number } {
  return parts.reduce((sum, { calls, failures }) => ({ calls: sum.calls + calls, failures: sum.failures + failures }), {
    calls: 0,
    failures: 0,
  })
}
