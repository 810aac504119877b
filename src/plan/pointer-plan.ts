import { type Digest, digestOf } from '../base/digest.ts'
import type { Ulid } from '../base/ids.ts'
import type { Hold } from '../registry/hold.ts'
import type { PointedVersion, PointerFlip } from '../registry/pointer.ts'
import type { BrokenReference } from '../registry/release.ts'
import type { Forecast } from './plan.ts'

/**
 * A plan of pointers: a release that compiles nothing. A rollback goes back to versions that the environment had, a
 * promote takes those of another environment.
 */
export interface PointerPlan {
  readonly kind: 'rollback' | 'promote'
  readonly environment: string
  /** Sent with the release, so that it happens once (REL-2). */
  readonly applyId: Ulid
  /** The environment's release that the plan was made against; 0 before the first. */
  readonly base: number
  /** By address; what stays is not in it. */
  readonly moves: readonly PointerMove[]
  /** The release whose set a rollback restores. */
  readonly restores?: number
  /** Versions that are held from then on. */
  readonly held: readonly HeldVersion[]
  /** Of a rollback: runs that are not over and are pinned to what it leaves (HOLD-9); absent where nobody could tell. */
  readonly inFlight?: number
  /** Why it would be refused: holds in force on what it would point to (HOLD-3). */
  readonly obstacles: readonly HeldTarget[]
  /** References that would not fit any more, with both ends (HOLD-6). */
  readonly broken: readonly BrokenReference[]
  /** Of a promote: where the versions are from. */
  readonly source?: PointerSource
  /** Digest of what the plan does, whatever the base (REL-6). */
  readonly changeDigest: Digest
}

export interface PointerSource {
  readonly environment: string
  readonly release: number
  /** Pointers within reach that are the same on both sides. */
  readonly same: number
  /** Contents that another registry has to be given; 0: nothing is copied (PROM-1). */
  readonly copied: number
}

export interface PointerMove {
  readonly address: string
  /** null: nothing is active there now. */
  readonly before: PointedVersion | null
  /** null: it is archived. */
  readonly after: PointedVersion | null
  readonly ownerBefore: string | null
  readonly ownerAfter: string | null
  /** Variables folded into the artifact, with the digest of each value (PROM-3). */
  readonly folded?: Readonly<Record<string, Digest>>
  /** Addresses that reach this one through references, nearest first. */
  readonly usedBy: readonly string[]
  readonly forecast?: Forecast
  /** The number that the version has in the registry it comes from, where that is another one. */
  readonly numberedThere?: number
}

export interface HeldVersion {
  readonly address: string
  readonly version: number
  readonly digest: Digest
}

/** A version that may not be published, and the hold that says so. */
export interface HeldTarget extends HeldVersion {
  readonly hold: Hold
}

/** Digest of what moves where; holds are part of it, for they outlive the release. */
export function pointerDigest(plan: Pick<PointerPlan, 'kind' | 'moves' | 'held'>): Digest {
  return digestOf({
    kind: plan.kind,
    moves: plan.moves.map(({ address, before, after }) => ({
      address,
      before: before ? { ...before } : null,
      after: after ? { ...after } : null,
    })),
    held: plan.held.map(({ address, digest }) => ({ address, digest })),
  })
}

export function flipOf({ address, before, after, ownerBefore, ownerAfter, folded }: PointerMove): PointerFlip {
  return {
    address,
    before: before?.version ?? null,
    after: after?.version ?? null,
    ownerBefore,
    ownerAfter,
    ...(folded ? { folded } : {}),
  }
}

/** Of what moves, the versions that are held. */
export function heldTargets(moves: readonly PointerMove[], holds: readonly Hold[]): readonly HeldTarget[] {
  return moves.flatMap(({ address, after }): readonly HeldTarget[] => {
    const hold = after && holds.find(item => item.address === address && item.digest === after.digest)
    return after && hold ? [{ address, version: after.version, digest: after.digest, hold }] : []
  })
}

export function countMoves(moves: readonly PointerMove[]): { readonly add: number; readonly change: number; readonly destroy: number } {
  const add = moves.filter(({ before }) => before === null).length
  const destroy = moves.filter(({ after }) => after === null).length
  return { add, change: moves.length - add - destroy, destroy }
}
