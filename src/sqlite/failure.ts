import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { OperationError } from '../diagnostics/operation-error.ts'

const NOTHING_CHANGED = 'Nothing was changed.'
/** A commit whose fsync failed may or may not be on the disk: only a later read can tell. */
const UNCERTAIN = 'Whether the change was kept is not certain; the next command finds out.'

/** The file that failed, and its name for people. */
export interface FailedStore {
  readonly file: string
  readonly name: string
  readonly schema: {
    /** What moving the file away costs, as the end of a sentence. */
    readonly ifLost: string
  }
}

/** SQLite's own name of what failed, `SQLITE_FULL`; undefined when the error is not SQLite's. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return error.code.startsWith('SQLITE_') ? error.code : undefined
}

export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === 'SQLITE_BUSY' || code === 'SQLITE_BUSY_RECOVERY' || code === 'SQLITE_BUSY_SNAPSHOT' || code === 'SQLITE_LOCKED'
}

/** Turns what SQLite throws into what a person can act on; other errors are returned as they are. */
export function storeFailure(error: unknown, store: FailedStore, during: 'work' | 'commit'): unknown {
  const code = sqliteCode(error)
  if (code === undefined || !(error instanceof Error)) return error
  // The shared memory of the WAL is a file too, and growing it is what a full disk stops first.
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE') return full(error, store)
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return corrupt(error, store)
  if (code.startsWith('SQLITE_READONLY') || (code.startsWith('SQLITE_CANTOPEN') && !isWritable(store))) return readOnly(error, store)
  if (code.startsWith('SQLITE_IOERR') || code.startsWith('SQLITE_CANTOPEN') || code === 'SQLITE_PERM' || code === 'SQLITE_AUTH')
    return unreadable(error, store, 'SQLite', during === 'commit' ? UNCERTAIN : NOTHING_CHANGED)
  return error
}

export function busyFailure(store: FailedStore, waitedMs: number): OperationError {
  return new OperationError(
    {
      code: 'registry/busy',
      summary: `Another process keeps ${store.name} locked`,
      detail: `flowrun waited ${waitedMs / 1000} s for it. Close programs that have this file open, then try again. ${NOTHING_CHANGED}`,
    },
    { retryable: true },
  )
}

/** The directory of the file could not be made. */
export function directoryFailure(cause: unknown, store: FailedStore): unknown {
  if (!(cause instanceof Error) || !('code' in cause)) return cause
  if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT') return full(cause, store)
  if (cause.code === 'EACCES' || cause.code === 'EPERM' || cause.code === 'EROFS') return readOnly(cause, store)
  return unreadable(cause, store, 'The system', NOTHING_CHANGED)
}

function readOnly(cause: unknown, store: FailedStore): OperationError {
  return new OperationError(
    {
      code: 'registry/read-only',
      summary: `${store.name} cannot be written`,
      detail: `This user needs the right to write ${dirname(store.file)} and the files in it. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}

export function foreignDatabase(store: FailedStore): OperationError {
  return new OperationError({
    code: 'registry/corrupt',
    summary: `${store.name} is not a file of flowrun`,
    detail: `It is a SQLite database of another program. Move it away, or name another directory with FLOWRUN_DATA_DIR. ${NOTHING_CHANGED}`,
  })
}

function full(cause: Error, store: FailedStore): OperationError {
  return new OperationError(
    {
      code: 'registry/full',
      summary: `The disk that holds ${store.name} is full`,
      detail: `Make room on it, then run the command again. What is deployed stays as it was. ${NOTHING_CHANGED}`,
    },
    { retryable: true, cause },
  )
}

function corrupt(cause: Error, store: FailedStore): OperationError {
  return new OperationError(
    {
      code: 'registry/corrupt',
      summary: `${store.name} is damaged`,
      detail: `SQLite says: ${cause.message}. Restore the file from a backup, or move it away: ${store.schema.ifLost}. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}

function unreadable(cause: Error, store: FailedStore, speaker: 'SQLite' | 'The system', outcome: string): OperationError {
  return new OperationError(
    {
      code: 'registry/unreadable',
      summary: `${store.name} cannot be read`,
      detail: `${speaker} says: ${cause.message}. Check the disk, and that this user may read the file and its directory. ${outcome}`,
    },
    { cause },
  )
}

function isWritable(store: FailedStore): boolean {
  try {
    accessSync(dirname(store.file), constants.W_OK)
    return true
  } catch {
    return false
  }
}
