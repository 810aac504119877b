import type { StateVersion, StateWrite } from '../registry/release.ts'
import type { StateCodec } from './codec.ts'
import type { Lock, LockHolder, LockOutcome } from './lock.ts'
import type { StateSnapshot } from './state.ts'

/** Where the state of one project's environments is kept. Every member passes the same contract suite. */
export interface StateBackend {
  /** As a person would name the store: `.flowrun/state.db`. */
  readonly name: string
  /** How snapshots are written and read: as they are, or encrypted. */
  readonly codec: StateCodec
  /** The registry lives in the same store: a release writes the state in its own transaction (REL-1), and step A5 is void. */
  readonly withRegistry: boolean
  /** A lock can be looked at only by trying to take it: what takes none (LOCK-2) does not look. */
  readonly locksAreOpaque?: boolean

  /**
   * The current snapshot, its digest verified; undefined before the first write.
   *
   * @throws OperationError `state/corrupt`, `state/newer-format`.
   */
  read(environment: string): Promise<StateSnapshot | undefined>
  /** Compare-and-swap on lineage and serial; the predecessor is kept (STA-4, STA-9). */
  write(environment: string, write: StateWrite): Promise<StateWriteOutcome>

  /** Takes the environment's lock, or tells who has it (LOCK-3). A lease is renewed until it is released. */
  lock(environment: string, holder: LockHolder): Promise<LockOutcome>
  /** The lock in force, if any. */
  currentLock(environment: string): Promise<Lock | undefined>
  /** Removes the lock with this id, whoever holds it. False: there is no such lock. */
  forceUnlock(environment: string, id: string): Promise<boolean>

  /** Earlier snapshots, newest first: 30 are kept. */
  history(environment: string): Promise<readonly SnapshotSummary[]>
  /** An earlier snapshot, its digest verified; undefined when it is not kept. */
  snapshot(environment: string, serial: number): Promise<StateSnapshot | undefined>
  /** Lineage and serial of what is stored, readable or not: what a restore must name to replace it. */
  currentVersion(environment: string): Promise<StateVersion | undefined>

  close(): Promise<void>
}

export type StateWriteOutcome =
  | { readonly outcome: 'written' }
  /** Somebody else wrote: read again and fold, never overwrite. null: there is no state any more. */
  | { readonly outcome: 'conflict'; readonly found: StateVersion | null }

export interface SnapshotSummary {
  readonly lineage: string
  readonly serial: number
  readonly digest: string
  readonly blocks: number
  readonly writtenAtMs: number
  /** The kept text matches its digest. */
  readonly intact: boolean
}
