import type { Artifact } from '../artifact/envelope.ts'
import type { Digest } from '../base/digest.ts'
import type { Ulid } from '../base/ids.ts'
import type { AuditCheckpoint, AuditEntry, AuditQuery, AuditRow, AuditVerdict } from './audit.ts'
import type { Content, ContentQuery } from './content.ts'
import type { HeldContent, Hold, HoldAuthor } from './hold.ts'
import type { Head, Pointer, PointerSet } from './pointer.ts'
import type { Release, ReleaseOutcome, ReleaseRequest, ReleaseWithChanges } from './release.ts'
import type { ArtifactVersion, CompiledReference, VersionName, VersionQuery } from './version.ts'

/**
 * The part of a target that keeps versions, pointers, releases and the audit log of one project. Readers take no lock
 * and see one moment each. Failures of the store are OperationErrors `registry/…` that say that nothing was changed;
 * conflicts with other people are answers of `commitRelease`.
 */
export interface Registry {
  /** As a person would name the store: `.flowrun/state.db`. */
  readonly name: string

  head(environment: string): Promise<Head>
  /** All environments that have a release, by name. */
  heads(): Promise<readonly Head[]>

  /** The current set, with its release number, in one read transaction (REG-5). */
  pointers(environment: string): Promise<PointerSet>
  /** The set as release `number` left it (REG-3); empty for a release that does not exist. */
  pointersAt(environment: string, number: number): Promise<PointerSet>
  /** Where an address is active, by environment. */
  pointersTo(address: string): Promise<ReadonlyMap<string, Pointer>>

  /** Newest first; empty when nothing was ever published there. */
  versionsOf(address: string): Promise<readonly ArtifactVersion[]>
  /** The highest number of each address of the project, archived ones too (ID-6). */
  highestVersions(): Promise<ReadonlyMap<string, number>>
  /** The version of each query, or undefined, in the order asked. */
  findVersions(queries: readonly VersionQuery[]): Promise<readonly (ArtifactVersion | undefined)[]>

  /** What the compiler knows of these versions: all that they refer to, by each interface that they were compiled against (ID-3). */
  compiledReferences(versions: readonly VersionName[]): Promise<readonly CompiledReference[]>

  /**
   * Contents by digest, each digested before use (ID-8).
   *
   * @throws OperationError `content/missing`, `content/altered`, `content/newer-format`.
   */
  artifacts(queries: readonly ContentQuery[]): Promise<ReadonlyMap<Digest, Artifact>>

  /** Newest first. */
  releases(environment: string, limit?: number): Promise<readonly Release[]>
  release(environment: string, number: number): Promise<ReleaseWithChanges | undefined>
  /** Releases with a higher number than `number`, oldest first: what a state has not seen (STA-3). */
  releasesSince(environment: string, number: number): Promise<readonly ReleaseWithChanges[]>
  /** After a lost answer, the first thing to ask (REL-4). */
  releaseByApplyId(applyId: Ulid): Promise<Release | undefined>
  /** The changes of one address, newest first. */
  historyOf(environment: string, address: string): Promise<readonly ReleaseWithChanges[]>
  /** Of each address the release that moved it last, with that change alone; those that never moved are left out. */
  lastMoves(environment: string, addresses: readonly string[]): Promise<ReadonlyMap<string, ReleaseWithChanges>>

  /** Holds in force; with `lifted`, past ones too. Newest first. */
  holds(environment: string, lifted?: boolean): Promise<readonly Hold[]>

  /** Lifts holds without publishing anything, audited; those that were in force are given back (HOLD-4). */
  liftHolds(environment: string, held: readonly HeldContent[], author: HoldAuthor): Promise<readonly HeldContent[]>

  /** Chains what was done outside of a release: a pushed state, a removed lock (AUD-2). */
  record(entry: AuditEntry): Promise<void>
  audit(query: AuditQuery): Promise<readonly AuditRow[]>
  /** Walks the chain; a checkpoint that was kept elsewhere shows a tail that was cut, and a chain that was written anew. */
  verifyAudit(checkpoint?: AuditCheckpoint): Promise<AuditVerdict>

  /** Step A2: keeps contents by digest in one transaction; known ones are offered anew (GC-1). Split by `uploadBatches`. */
  uploadContents(batch: readonly Content[]): Promise<void>
  /**
   * Removes contents that no version and no evidence names, and that nobody has offered for a day (GC-1), in transactions
   * that are short (GC-4). It may be ended anywhere, and done again.
   *
   * @param pinned what runs in flight are pinned to; asked only where there is something to remove.
   * @returns how many were removed.
   */
  collectContents(pinned: () => Promise<ReadonlySet<Digest>>): Promise<number>
  /** Steps A3 to A5: everything or nothing. Sending the same apply id again returns the first answer (REL-2). */
  commitRelease(request: ReleaseRequest): Promise<ReleaseOutcome>

  close(): Promise<void>
}
