import type { Digest } from '../base/digest.ts'

/** The active version of an address in one environment. */
export interface Pointer {
  readonly address: string
  readonly version: number
  readonly digest: Digest
  readonly interfaceDigest: Digest
  /** The lineage that published it; null when it was forgotten (REG-4). */
  readonly owner: string | null
  /** The release that moved it last. */
  readonly changedIn: number
}

/** All pointers of an environment, read in one transaction together with the release number (REG-5). */
export interface PointerSet {
  readonly registryId: string
  /** 0 before the first release. */
  readonly release: number
  /** By address, in the order of UTF-8 bytes. */
  readonly pointers: ReadonlyMap<string, Pointer>
}

/** Where an environment stands. */
export interface Head {
  readonly environment: string
  /** Empty until something is first written to this registry. */
  readonly registryId: string
  /** 0 before the first release. */
  readonly release: number
}

/** One pointer that a release moves. `after: null` archives it; equal versions change the owner alone. */
export interface PointerFlip {
  readonly address: string
  readonly before: number | null
  readonly after: number | null
  readonly ownerBefore: string | null
  readonly ownerAfter: string | null
  /** Why an address is taken from another lineage: consent to it, audited (DRIFT-9). */
  readonly takeOver?: string
  /** Variables folded into the artifact, with the digest of each value (PROM-3). */
  readonly folded?: Readonly<Record<string, Digest>>
}

/** One pointer that a release moved: the history of an address is the list of these (REG-3). */
export interface PointerChange {
  readonly address: string
  /** The release. */
  readonly number: number
  readonly before: PointedVersion | null
  readonly after: PointedVersion | null
  readonly ownerBefore: string | null
  readonly ownerAfter: string | null
  readonly folded: Readonly<Record<string, Digest>>
}

export interface PointedVersion {
  readonly version: number
  readonly digest: Digest
}
