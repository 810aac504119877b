import type { Artifact } from '../artifact/envelope.ts'
import type { Digest } from '../base/digest.ts'
import type { Ulid } from '../base/ids.ts'
import type { Import } from '../config/blocks/refactoring.ts'
import type { Configuration } from '../config/configuration.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { Pointer } from '../registry/pointer.ts'
import type { AddressMove, ReleaseWithChanges } from '../registry/release.ts'
import type { ArtifactVersion } from '../registry/version.ts'
import type { EnvironmentReads } from './environment-reads.ts'
import type { PlanBase, PlanMode, PlanSelection } from './plan.ts'
import type { Standing } from './standing.ts'
import type { PlanView } from './view.ts'

/** An import that is to be done, with the version that it names. */
export interface ImportSource {
  readonly block: Import
  readonly version: ArtifactVersion
  readonly artifact: Artifact
}

/** What a plan is made from: one configuration, and one moment of state and registry. */
export interface PlanSources {
  readonly mode: PlanMode
  readonly configuration: Configuration
  readonly base: PlanBase
  readonly view: PlanView
  /** Those that the plan covers. */
  readonly standings: readonly Standing[]
  readonly selection?: PlanSelection
  /** By the address that takes the version over. */
  readonly imports: ReadonlyMap<string, ImportSource>
  /** The release that moved a drifted address last. */
  readonly causes: ReadonlyMap<string, ReleaseWithChanges>
  /** The published version of (address, digest), if there is one; of a moved address that of its old one. */
  published(address: string, digest: Digest): ArtifactVersion | undefined
  highestVersion(address: string): number
  /** What a release of these addresses renames. */
  movesOf(addresses: readonly string[]): readonly AddressMove[]
  /** The artifact of a pointer; only those of changed blocks are read. */
  current(pointer: Pointer): Artifact
  readonly environmentReads: EnvironmentReads
  readonly applyId: Ulid
  readonly nowMs: number
  readonly warnings: readonly Diagnostic[]
}
