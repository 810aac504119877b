import type { RateLimitSpec } from '../../artifact/provider.ts'

/** Requests and tokens are counted over this time, whenever it begins. */
export const LIMIT_WINDOW_MS = 60_000

/** What counts together, and how much of it may be: a key of a provider, or a model under such a key. */
export interface LimitScope {
  /** A digest: who has the same key counts together. */
  readonly key: string
  /** The block that sets the limits, for people: `provider.openai`. */
  readonly block: string
  readonly limits: RateLimitSpec
}

/** A call that wants to be made. */
export interface LimitRequest {
  readonly provider: LimitScope
  readonly model: LimitScope
  /** Served in turn; absent: those without one are a tenant of their own. */
  readonly tenant?: string | undefined
  /** At most what the call takes, input and output. */
  readonly tokens: number
  /** How long it lasts at most, once it is made. */
  readonly callMs: number
  /** By the monotonic clock: it does not wait beyond. */
  readonly untilMs: number
  readonly signal: AbortSignal
}

/** Leave to make one call; it ends by one of the two. */
export interface Permit {
  /** The call was made. @param tokens that it took; null: nobody knows, so the bound stays. */
  settle(tokens: number | null): void
  /** Nothing was sent: nothing is counted (GW-7). */
  giveBack(): void
}

export interface RateLimiter {
  /** @throws CallFailure `permit_timeout`, `aborted`. */
  acquire(request: LimitRequest): Promise<Permit>
  /** The provider takes no call of this key for a while (RATE-3). */
  holdBack(scope: LimitScope, ms: number): void
  status(): readonly LimitStatus[]
}

/** What is counted now, of a key or a model. */
export interface LimitStatus {
  readonly key: string
  readonly block: string
  readonly limits: RateLimitSpec
  readonly requests: number
  readonly tokens: number
  readonly inFlight: number
  readonly waiting: number
  /** Wall time; absent: calls are taken. */
  readonly notBeforeAtMs?: number
}

/**
 * The limits of a process among `processes` that cannot speak with one another (RATE-2). At least one call goes through:
 * a limit of nothing would be an outage of our making.
 */
export function divideLimits(limits: RateLimitSpec, processes: number): RateLimitSpec {
  if (processes <= 1) return limits
  const share = (limit: number | undefined) => (limit === undefined ? undefined : Math.max(1, Math.floor(limit / processes)))
  const [requests, tokens, concurrency] = [limits.requests_per_minute, limits.tokens_per_minute, limits.max_concurrency].map(share)
  return {
    ...(requests !== undefined && { requests_per_minute: requests }),
    ...(tokens !== undefined && { tokens_per_minute: tokens }),
    ...(concurrency !== undefined && { max_concurrency: concurrency }),
  }
}
