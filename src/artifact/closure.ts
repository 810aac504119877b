import type { DigestedArtifact } from './envelope.ts'

/** All that is reachable from one address through references, itself included (ID-5): what one run needs, and nothing else. */
export interface Closure {
  readonly address: string
  /** By address; a pinned version by `memberKey`. */
  readonly members: ReadonlyMap<string, ClosureMember>
}

export interface ClosureMember extends DigestedArtifact {
  /** Absent: the working copy. */
  readonly version?: number
}
