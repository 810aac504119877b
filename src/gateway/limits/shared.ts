import type { LimitScope } from './limit.ts'

/** Limits that many processes keep together. */
export interface SharedLimits {
  /** @throws RedisUnavailable */
  take(request: SharedRequest): Promise<SharedAnswer>
  /** None of these waits or throws: a permit that is not ended here ends by its lease. @param tokens null: as they were taken. */
  settle(id: string, request: SharedRequest, tokens: number | null): void
  giveBack(id: string, request: SharedRequest): void
  holdBack(scope: LimitScope, ms: number): void
  /** This process asks no more: the others share its part. */
  leave(): Promise<void>
}

export interface SharedRequest {
  readonly provider: LimitScope
  readonly model: LimitScope
  readonly tokens: number
  /** The call is over after this, whatever becomes of its process. */
  readonly leaseMs: number
}

export type SharedAnswer =
  | { readonly admitted: true; readonly id: string; readonly processes: number }
  /** `waitMs`: when it is worth asking again. */
  | { readonly admitted: false; readonly blockedBy: 'provider' | 'model'; readonly waitMs: number; readonly processes: number }
