import type { Digest } from '../base/digest.ts'
import type { Ulid } from '../base/ids.ts'
import type { HeldContent, Hold } from './hold.ts'
import type { Pointer, PointerChange, PointerFlip } from './pointer.ts'
import type { ArtifactVersion, CompiledReference, NewVersion } from './version.ts'

export type ReleaseKind = 'apply' | 'rollback' | 'promote' | 'destroy' | 'import'

/** An environment's numbered set of all pointers, as a change to the set before it. Numbers have no gaps (REG-2). */
export interface Release {
  readonly environment: string
  /** Counts from 1. */
  readonly number: number
  readonly kind: ReleaseKind
  readonly applyId: Ulid
  /** Whose configuration made it; null for a rollback or a promote from elsewhere. */
  readonly lineage: string | null
  readonly changeDigest: Digest
  /** The release whose set a rollback restored, if it restored one. */
  readonly restores: number | null
  readonly actor: string
  /** Where it came from: a commit, `dev@22`. Empty when nothing says. */
  readonly source: string
  /** The message or the reason. Empty when nobody wrote one. */
  readonly reason: string
  readonly createdAtMs: number
}

export interface ReleaseWithChanges extends Release {
  readonly changes: readonly PointerChange[]
}

/** Everything that steps A3 to A5 need; the registry checks it whole inside one transaction (REL-9). */
export interface ReleaseRequest {
  readonly environment: string
  readonly applyId: Ulid
  /** The release that the plan was made against; 0 for none (REL-3). */
  readonly base: number
  readonly kind: ReleaseKind
  readonly lineage: string | null
  readonly changeDigest: Digest
  readonly restores?: number
  readonly actor: string
  readonly source: string
  readonly reason: string
  /** Any order; the registry sorts by address. */
  readonly versions: readonly NewVersion[]
  readonly flips: readonly PointerFlip[]
  /**
   * What each changed version refers to, and what refers to a changed interface: for every block of the configuration
   * that is among `flips` or has a target among them.
   */
  readonly references: readonly CompiledReference[]
  /** Addresses that are renamed: versions, holds and history of `from` follow to `to`; the flips move the pointers (MOVE-1). */
  readonly moves?: readonly AddressMove[]
  /** Active holds that are lifted on purpose, with `overrideReason` (HOLD-3). */
  readonly holdsLifted?: readonly HeldContent[]
  readonly overrideReason?: string
  /** Why references may be left that were never compiled against what they lead to; audited (HOLD-6). */
  readonly forceIncompatible?: string
  /** Contents that are held from now on, with `reason` (HOLD-2). */
  readonly holdsPlaced?: readonly HeldContent[]
  /** The next state, where state and registry share a store (REL-1); else step A5 writes it. */
  readonly state?: StateWrite
}

export interface AddressMove {
  readonly from: string
  readonly to: string
}

/** A state as the registry's store keeps it: encoded text that it does not look into, guarded by lineage and serial (STA-4). */
export interface StateWrite {
  readonly lineage: string
  readonly serial: number
  readonly digest: Digest
  /** Blocks owned, for people who look at the history. */
  readonly blocks: number
  readonly body: string
  /** What the store must hold now; null: nothing yet. */
  readonly expected: StateVersion | null
}

export interface StateVersion {
  readonly lineage: string
  readonly serial: number
}

/** What a commit came to. Anything but `released` and `unchanged` changed nothing at all. */
export type ReleaseOutcome =
  /** `repeated`: this apply id was committed before, and this is the answer that it got (REL-2). */
  | { readonly outcome: 'released'; readonly release: Release; readonly repeated: boolean }
  /** No pointer differs: no release was made, and the state alone was written (REL-10). */
  | { readonly outcome: 'unchanged' }
  | ReleaseConflict

/** Why a commit refused. Several may hold at once; the first of this order is told. */
export type ReleaseConflict =
  /** The environment is at another release than the base; `releases` are those since, oldest first (REL-3). */
  | {
      readonly outcome: 'moved'
      readonly environment: string
      readonly base: number
      readonly head: number
      readonly releases: readonly ReleaseWithChanges[]
    }
  /** The state in the same store has another lineage or serial; null: there is none (STA-4). */
  | { readonly outcome: 'state-moved'; readonly found: StateVersion | null }
  /** Numbers that other texts took meanwhile (REL-7). */
  | { readonly outcome: 'version-taken'; readonly taken: readonly TakenVersion[] }
  /** Contents that were collected since they were uploaded: upload again (GC-1). */
  | { readonly outcome: 'content-missing'; readonly contents: readonly HeldContent[] }
  | { readonly outcome: 'owned-elsewhere'; readonly pointers: readonly Pointer[] }
  | { readonly outcome: 'held'; readonly holds: readonly Hold[] }
  /** References to addresses without a pointer in the resulting set. */
  | { readonly outcome: 'dangling'; readonly references: readonly BrokenReference[] }
  /** References to an interface that they were never compiled against. */
  | { readonly outcome: 'incompatible'; readonly references: readonly BrokenReference[] }

export interface TakenVersion {
  readonly wanted: NewVersion
  readonly existing: ArtifactVersion
}

export interface BrokenReference {
  readonly address: string
  readonly version: number
  readonly target: string
  /** The version that the target would have; null when it would have none. */
  readonly targetVersion: number | null
}
