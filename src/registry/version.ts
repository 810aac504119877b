import type { Digest } from '../base/digest.ts'

/** An immutable, numbered artifact of one address. Numbers belong to the project and are never used twice (ID-6, ID-7). */
export interface ArtifactVersion {
  readonly address: string
  /** Counts from 1. */
  readonly version: number
  readonly digest: Digest
  /** What references to it are compiled against (ID-3). */
  readonly interfaceDigest: Digest
  /** Where it was copied from by a move, `prompt.reply@5`; null: it was published here. */
  readonly origin: string | null
  readonly createdAtMs: number
  readonly createdBy: string
  /** Empty when nobody wrote one. */
  readonly message: string
}

/** A version to look up, by its number or by its digest. */
export type VersionQuery = VersionName | { readonly address: string; readonly digest: Digest }

/** `prompt.answer@8` */
export interface VersionName {
  readonly address: string
  readonly version: number
}

/** A version that a release publishes; the commit inserts exactly this number or refuses (REL-7). */
export interface NewVersion extends VersionName {
  readonly digest: Digest
  readonly interfaceDigest: Digest
  /** Where it was copied from by a move. */
  readonly origin?: string
}

/**
 * A fact of the compiler: this version was compiled against that interface, and fits it. Facts only add up: a version
 * that was compiled anew against a changed interface of its target keeps its digest and gains a fact.
 */
export interface CompiledReference extends VersionName {
  readonly target: string
  readonly interfaceDigest: Digest
}
