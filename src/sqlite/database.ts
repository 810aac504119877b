import { existsSync, mkdirSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import type { Clock } from '../base/clock.ts'
import { invariant } from '../base/invariant.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { busyFailure, directoryFailure, isBusy, sqliteCode, storeFailure } from './failure.ts'
import { checkFormat, createSchema, type Schema } from './format.ts'
import { groupReads } from './group-reads.ts'
import { groupWrites, type WriteGrouped } from './group-writes.ts'
import { limitLog } from './write-ahead-log.ts'

/** How long a statement is retried while another process writes. A write lasts milliseconds; 50 MB were measured at 335 ms. */
export const BUSY_WAIT_MS = 10_000

/** statfs types of NFS, SMB, CIFS, SMB2 and 9p, whose file locks SQLite cannot trust (STA-11). */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9p'],
])

export interface DatabaseOptions {
  readonly file: string
  /** As a person would name the file: `.flowrun/state.db`. */
  readonly name: string
  /** `read` leaves no trace: a file that is not there is an empty database in memory. */
  readonly mode: 'read' | 'write'
  readonly schema: Schema
  readonly clock: Clock
  readonly flowrunVersion: string
  /** What a commit outlives: a loss of power too, or the end of the process alone, which spares each one a flush of the disk. */
  readonly durability?: 'power' | 'process'
  readonly busyWaitMs?: number
  /** Of the write-ahead log, which is cut above it. */
  readonly maxLogBytes?: number
}

/** One SQLite file with WAL, by default synchronous=FULL. Transactions are synchronous inside, so none stays open across an await (STORE-4). */
export interface SqliteStore {
  readonly file: string
  readonly name: string
  readonly clock: Clock
  readonly flowrunVersion: string
  /** The statement of this text, prepared once. */
  prepared<Row>(sql: string): Database.Statement<unknown[], Row>
  /** Reads of one moment. */
  read<T>(work: () => T): Promise<T>
  /** Together with other reads of this turn of the event loop: for small reads of which there are many. */
  readonly readGrouped: SqliteStore['read']
  /** BEGIN IMMEDIATE (REL-13), then COMMIT when `keep` says so of the result, else ROLLBACK. */
  write<T>(work: () => T, keep?: (result: T) => boolean): Promise<T>
  /** Commits together with other writes of this turn of the event loop: for small writes of which there are many. */
  readonly writeGrouped: WriteGrouped
  close(): void
}

/**
 * Opens the file, and makes it with its directory when it is to be written.
 *
 * @throws OperationError `registry/…`, `state/network-file-system`.
 */
export async function openDatabase(options: DatabaseOptions): Promise<SqliteStore> {
  const exists = existsSync(options.file)
  if (options.mode === 'write') prepareDirectory(options)
  const { default: Sqlite } = await import('better-sqlite3')
  const inMemory = !exists && options.mode === 'read'
  let connection: Database.Database
  try {
    // timeout 0: the driver's own busy handler blocks the event loop and is unfair (STORE-1), so waiting is ours.
    connection = new Sqlite(inMemory ? ':memory:' : options.file, { timeout: 0 })
  } catch (error) {
    throw storeFailure(error, options, 'work')
  }
  const store = createStore(connection, options)
  try {
    await retryWhileBusy(options, () => {
      if (!inMemory) connection.pragma('journal_mode = WAL')
      connection.pragma(`synchronous = ${options.durability === 'process' ? 'NORMAL' : 'FULL'}`)
      connection.pragma('foreign_keys = ON')
      prepareSchema(connection, options, !inMemory)
    })
  } catch (error) {
    connection.close()
    throw storeFailure(error, options, 'work')
  }
  return store
}

function createStore(connection: Database.Database, options: DatabaseOptions): SqliteStore {
  const statements = new Map<string, Database.Statement>()
  const prepared = <Row>(sql: string): Database.Statement<unknown[], Row> => {
    let statement = statements.get(sql)
    if (!statement) {
      statement = connection.prepare(sql)
      statements.set(sql, statement)
    }
    // Rows are decoded here: each statement's text says its columns.
    return statement as Database.Statement<unknown[], Row>
  }
  const attempt = async <T>(work: () => T): Promise<T> => {
    try {
      return await retryWhileBusy(options, work)
    } catch (error) {
      throw error instanceof CommitFailure ? storeFailure(error.cause, options, 'commit') : storeFailure(error, options, 'work')
    }
  }
  const run = (sql: string) => void prepared(sql).run()
  const keepLogShort = limitLog(options, () => {
    try {
      connection.pragma('wal_checkpoint(TRUNCATE)')
    } catch (error) {
      // What was committed is kept: a disk that fails here fails the next commit.
      if (sqliteCode(error) === undefined) throw error
    }
  })
  const write: SqliteStore['write'] = async (work, keep = () => true) => {
    invariant(options.mode === 'write', 'registry/read-mode', `${options.name} was opened for reading`)
    const guarded = () => {
      // A newer flowrun may have raised min_writer since the file was opened (STORE-6).
      const needed = prepared<{ value: string }>(`SELECT value FROM meta WHERE key = 'min_writer'`).get()?.value
      if (needed !== String(options.schema.format)) checkFormat(connection, options, 'write')
      return work()
    }
    const result = await attempt(() => inTransaction(connection, run, 'BEGIN IMMEDIATE', guarded, keep))
    if (connection.open) keepLogShort()
    return result
  }
  const read: SqliteStore['read'] = work => attempt(() => inTransaction(connection, run, 'BEGIN', work, () => true))
  return {
    file: options.file,
    name: options.name,
    clock: options.clock,
    flowrunVersion: options.flowrunVersion,
    prepared,
    read,
    readGrouped: groupReads(read),
    write,
    writeGrouped: groupWrites({ write, savepoint: work => inSavepoint(run, work) }),
    close: () => connection.close(),
  }
}

/** Marks that the error came from COMMIT itself, after which only a read can tell what was kept. */
class CommitFailure extends Error {}

/** Runs a statement without rows: prepared once, a fifth of what `exec` takes to parse it again. */
type Run = (sql: string) => void

function inTransaction<T>(connection: Database.Database, run: Run, begin: string, work: () => T, keep: (result: T) => boolean): T {
  run(begin)
  try {
    const result = work()
    if (!keep(result)) run('ROLLBACK')
    else commit(run)
    return result
  } catch (error) {
    // SQLite has rolled back by itself after a full disk or an I/O error.
    if (connection.inTransaction) run('ROLLBACK')
    throw error
  }
}

function inSavepoint<T>(run: Run, work: () => T): T {
  run('SAVEPOINT grouped')
  try {
    const result = work()
    run('RELEASE grouped')
    return result
  } catch (error) {
    run('ROLLBACK TO grouped')
    run('RELEASE grouped')
    throw error
  }
}

function commit(run: Run): void {
  try {
    run('COMMIT')
  } catch (cause) {
    if (isBusy(cause)) throw cause
    throw new CommitFailure('COMMIT failed', { cause })
  }
}

async function retryWhileBusy<T>(options: DatabaseOptions, work: () => T): Promise<T> {
  const waitMs = options.busyWaitMs ?? BUSY_WAIT_MS
  const startedAt = options.clock.monotonic()
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error)) throw error
      if (options.clock.monotonic() - startedAt >= waitMs) throw busyFailure(options, waitMs)
    }
    // 1 to 4 ms with jitter: shared 1 : 1.4 among 4 writers, against 1 : 3.2 of the driver's busy handler (STORE-1).
    await delay(1 + Math.random() * 3)
  }
}

function prepareSchema(connection: Database.Database, options: DatabaseOptions, kept: boolean): void {
  if (checkFormat(connection, options, 'read')) return
  inTransaction(
    connection,
    sql => void connection.prepare(sql).run(),
    'BEGIN IMMEDIATE',
    () => {
      // Another process may have made it since.
      if (!checkFormat(connection, options, 'write')) createSchema(connection, options, kept)
    },
    () => true,
  )
}

function prepareDirectory(options: DatabaseOptions): void {
  const directory = dirname(options.file)
  try {
    mkdirSync(directory, { recursive: true })
  } catch (cause) {
    throw directoryFailure(cause, options)
  }
  requireLocalFileSystem(directory, statfsSync(directory).type)
}

/**
 * @param type as statfs tells it; its numbers mean these file systems on Linux alone.
 * @throws OperationError `state/network-file-system` (STA-11).
 */
export function requireLocalFileSystem(directory: string, type: number): void {
  const fileSystem = NETWORK_FILE_SYSTEMS.get(type)
  if (process.platform === 'linux' && fileSystem !== undefined) throw networkFileSystem(directory, fileSystem)
}

function networkFileSystem(directory: string, fileSystem: string): OperationError {
  return new OperationError({
    code: 'state/network-file-system',
    summary: `${directory} is on a network file system (${fileSystem})`,
    detail:
      'SQLite needs file locks that such a file system does not keep. Keep local data on a local disk with FLOWRUN_DATA_DIR, ' +
      'or share deployments through a remote target. Nothing was changed.',
  })
}
