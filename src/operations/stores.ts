import type { StoreSettings } from '../config/blocks/environment-stores.ts'
import type { Registry } from '../registry/registry.ts'
import type { StateBackend } from '../state/backend.ts'

/** Registry and state of one project, opened together: the embedded ones share a file. */
export interface Stores {
  readonly registry: Registry
  readonly backend: StateBackend
  close(): Promise<void>
}

export interface StoresRequest {
  /** The folder of the project, absolute. */
  readonly root: string
  readonly project: string
  readonly environment: StoreSettings
  /** `read` leaves no trace. */
  readonly mode: 'read' | 'write'
  /** Registry reads and uploads at once; 10 unless said. */
  readonly parallelism?: number
  /** Ends the waits between attempts of a store that does not answer: the command was interrupted. */
  readonly signal?: AbortSignal
  /** The state may be empty here while it was elsewhere: it is about to be moved. */
  readonly isMigrating?: boolean
}

/** Given by the composition root, which alone knows the implementations. */
export type OpenStores = (request: StoresRequest) => Promise<Stores>
