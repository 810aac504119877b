/** How long a lease holds without being renewed (LOCK-3). */
export const LEASE_MS = 60_000
/** A third of the lease: two renewals may fail. */
export const RENEWAL_MS = 20_000

/** Who asks for a lock, and for what (LOCK-4). */
export interface LockHolder {
  readonly user: string
  readonly host: string
  /** 0: it is the lock of another program, which does not say. */
  readonly pid: number
  /** Changes when the host starts; with the same one, a pid that is gone is a dead holder. */
  readonly bootId: string
  /** As a person would type it: `apply`, `state mv prompt.a prompt.b`. */
  readonly operation: string
  readonly flowrunVersion: string
}

/** A lock in force. */
export interface Lock extends LockHolder {
  readonly id: string
  readonly environment: string
  readonly sinceMs: number
  /** When the holder last said that it lives; absent where locks do not expire, and nobody says it (LOCK-3). */
  readonly renewedAtMs?: number
}

/** A lock that expires unless its holder renews it. */
export interface Lease extends Lock {
  readonly renewedAtMs: number
}

export type LockOutcome =
  /** `tookOver`: a dead or expired holder whose lock was taken, for a notice. */
  { readonly outcome: 'locked'; readonly lock: HeldLock; readonly tookOver?: Lock } | { readonly outcome: 'held'; readonly by: Lock }

/** A lock of this process; a lease is renewed in the background until it is released. */
export interface HeldLock {
  readonly id: string
  /** Somebody took it over: finish by compare-and-swap alone (LOCK-5). */
  readonly lost: boolean
  /** Gives it up; releasing twice, or a lost lock, is no error. */
  release(): Promise<void>
}
