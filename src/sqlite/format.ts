import type Database from 'better-sqlite3'
import type { Clock } from '../base/clock.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { type FailedStore, foreignDatabase } from './failure.ts'

/** The tables of one kind of file, and the number of their format (VER-1). */
export interface Schema {
  readonly format: number
  /** The first format that this flowrun reads and brings up to date. */
  readonly oldestFormat: number
  readonly tables: string
  /** What moving the file away costs, as the end of a sentence. */
  readonly ifLost: string
  /** Further facts to keep in `meta` when the file is made; not kept: it is an empty one in memory, for readers. */
  readonly facts: (kept: boolean) => Readonly<Record<string, string>>
}

interface FormatOptions extends FailedStore {
  readonly schema: Schema
  readonly clock: Clock
  readonly flowrunVersion: string
}

/**
 * Whether the file has our tables, of a format that this flowrun may read or write (VER-5).
 *
 * @returns false for an empty database.
 * @throws OperationError `registry/newer-format`, `registry/older-format`, or `registry/corrupt` for the database of another program.
 */
export function checkFormat(connection: Database.Database, options: FormatOptions, access: 'read' | 'write'): boolean {
  const tables = connection.prepare(`SELECT count(*) AS tables, sum(name = 'meta') AS metas FROM sqlite_schema WHERE type = 'table'`)
  const { tables: count, metas } = tables.get() as { tables: number; metas: number | null }
  if (count === 0) return false
  if (metas !== 1) throw foreignDatabase(options)
  const rows = connection.prepare('SELECT key, value FROM meta').all() as readonly { key: string; value: string }[]
  const meta = new Map(rows.map(row => [row.key, row.value]))
  const needed = Number(meta.get(access === 'read' ? 'min_reader' : 'min_writer'))
  if (!Number.isInteger(needed)) throw foreignDatabase(options)
  if (needed > options.schema.format)
    throw newerFormat(options, meta.get('flowrun_version') ?? 'a later version', meta.get('format') ?? '?')
  if (Number(meta.get('format')) < options.schema.oldestFormat) throw olderFormat(options, meta.get('format') ?? '?')
  return true
}

export function createSchema(connection: Database.Database, options: FormatOptions, kept: boolean): void {
  connection.exec('CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID')
  connection.exec(options.schema.tables)
  const insert = connection.prepare('INSERT INTO meta(key, value) VALUES (?, ?)')
  const format = String(options.schema.format)
  const facts = {
    format,
    min_reader: format,
    min_writer: format,
    flowrun_version: options.flowrunVersion,
    created_at: String(options.clock.now()),
    ...options.schema.facts(kept),
  }
  for (const [key, value] of Object.entries(facts)) insert.run(key, value)
}

function newerFormat(options: FormatOptions, writtenBy: string, format: string): OperationError {
  return new OperationError({
    code: 'registry/newer-format',
    summary: `${options.name} was written by flowrun ${writtenBy}, and this is flowrun ${options.flowrunVersion}`,
    detail:
      `The file has database format ${format}; this flowrun knows formats up to ${options.schema.format}. ` +
      `Upgrade flowrun to ${writtenBy} or later. Nothing was changed.`,
  })
}

function olderFormat(options: FormatOptions, format: string): OperationError {
  const { oldestFormat, ifLost } = options.schema
  return new OperationError({
    code: 'registry/older-format',
    summary: `${options.name} was written by a flowrun that was not released, in format ${format}`,
    detail: `This flowrun reads formats from ${oldestFormat} on. Move the file away: ${ifLost}. Nothing was changed.`,
  })
}
