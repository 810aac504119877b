import type { Digest } from '../../base/digest.ts'
import type { KeptAnswer } from './kept-answer.ts'

/** Answers that were kept for equal calls, and who is making which one now (CACHE-1 … CACHE-4). Every function rejects when the store cannot be asked. */
export interface AnswerCache {
  /** As a person would name it: `.flowrun/cache.db`, `Redis`. */
  readonly name: string
  /**
   * Looks for an answer; where there is none and nobody is making it, the caller is the one who makes it now, for the time
   * of a lease. One step for all who ask the store.
   */
  claim(key: Digest, leaseMs: number): Promise<Claim>
  /** Gives the holder of a key more time. @returns false when the lease is lost. */
  extend(key: Digest, token: string, leaseMs: number): Promise<boolean>
  /** Keeps an answer and ends the lease. @returns when, by the store's clock; undefined when nothing was kept: the lease is lost, or the answer is too large. */
  keep(key: Digest, token: string, answer: KeptAnswer, ttlMs: number): Promise<number | undefined>
  /** Ends the lease without an answer: the next who claims the key makes it. */
  release(key: Digest, token: string): Promise<void>
  /** Removes the answer that was kept at this moment, and no later one. */
  drop(key: Digest, storedAtMs: number): Promise<void>
  statistics(environment: string): Promise<CacheStatistics>
  clear(selection: CacheSelection): Promise<Cleared>
  close(): Promise<void>
}

export type Claim =
  | { readonly state: 'kept'; readonly answer: KeptAnswer; readonly storedAtMs: number }
  /** The caller makes it, and says so with the token. */
  | { readonly state: 'free'; readonly token: string }
  /** Somebody else is making it. */
  | { readonly state: 'taken' }

/** Of one environment: answers that have not expired. */
export interface CacheStatistics {
  /** What the store may hold before it drops what was used longest ago; absent: the store decides by itself. */
  readonly maxBytes?: number
  /** By address of the model. */
  readonly models: readonly ModelStatistics[]
}

export interface ModelStatistics {
  /** `model.fast` */
  readonly model: string
  readonly id: string
  readonly entries: number
  readonly bytes: number
  /** How often these answers were given again. */
  readonly hits: number
  /** Nano-dollars that the hits would have cost; null where the price of one of the answers is unknown. */
  readonly savedNano: number | null
  readonly oldestMs: number
}

export interface CacheSelection {
  readonly environment: string
  /** `model.fast`; absent: of all. */
  readonly model?: string
  /** Kept longer ago than this; absent: all. */
  readonly olderThanMs?: number
}

export interface Cleared {
  readonly entries: number
  readonly bytes: number
}
