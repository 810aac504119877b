import type { Digest } from '../base/digest.ts'

/** A mark that refuses to publish this very content again at this address in this environment (HOLD-1). */
export interface Hold {
  readonly environment: string
  readonly address: string
  readonly digest: Digest
  /** The release that left this content. */
  readonly rollback: number
  readonly reason: string
  readonly actor: string
  readonly createdAtMs: number
  readonly lifted?: { readonly atMs: number; readonly actor: string; readonly reason: string }
}

/** Who places or lifts, and why. */
export interface HoldAuthor {
  readonly actor: string
  readonly reason: string
}

/** Names a hold that a release lifts, or content that it holds. */
export interface HeldContent {
  readonly address: string
  readonly digest: Digest
}
