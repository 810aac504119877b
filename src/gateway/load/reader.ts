import type { ModelTarget } from '../call.ts'
import type { LoadProcess, LoadSnapshot } from './process.ts'

/** Breakers and rate limits as they are now, of processes that this one is none of. */
export interface LoadReader {
  /** @throws OperationError `redis/…`, `secret/missing`. */
  read(targets: readonly ModelTarget[]): Promise<LoadReport>
  close(): void
}

/** Either of one store that all share, or of each process. */
export type LoadReport =
  | { readonly type: 'shared'; readonly load: LoadSnapshot; readonly processes: number }
  | { readonly type: 'separate'; readonly processes: readonly LoadProcess[] }
