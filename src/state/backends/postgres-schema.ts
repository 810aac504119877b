import { DriverFailure, foreignTables, isMissing, missingSchema, newerFormat, sqlState } from './postgres-failure.ts'
import type { PostgresStore, Query } from './postgres-store.ts'

/**
 * What makes the tables of each format from those of the one before, the first from nothing. Within a major version they only
 * add (VER-5). Times are the server's, which all writers share.
 */
const MIGRATIONS: readonly ((schema: string) => readonly string[])[] = [
  schema => [
    `CREATE TABLE ${schema}.meta(key text PRIMARY KEY, value text NOT NULL)`,
    `CREATE TABLE ${schema}.state(
      project text NOT NULL, environment text NOT NULL, lineage text NOT NULL, serial integer NOT NULL, digest text NOT NULL, blocks integer NOT NULL,
      written_at timestamptz NOT NULL, body text NOT NULL, PRIMARY KEY(project, environment)
    )`,
    `CREATE TABLE ${schema}.snapshot(
      project text NOT NULL, environment text NOT NULL, serial integer NOT NULL, lineage text NOT NULL, digest text NOT NULL, blocks integer NOT NULL,
      written_at timestamptz NOT NULL, body text NOT NULL, PRIMARY KEY(project, environment, serial)
    )`,
    `CREATE TABLE ${schema}.state_lock(
      project text NOT NULL, environment text NOT NULL, id text NOT NULL, holder text NOT NULL, host text NOT NULL, pid integer NOT NULL,
      boot_id text NOT NULL, operation text NOT NULL, flowrun_version text NOT NULL, since timestamptz NOT NULL, renewed_at timestamptz NOT NULL,
      PRIMARY KEY(project, environment)
    )`,
  ],
]
const FORMAT = MIGRATIONS.length

/** The tables of states in a schema of a database, made when they are first written to. */
export interface PostgresTables {
  readonly name: string
  /** Reads of one moment; undefined where nothing was ever written. */
  read<T>(work: (query: Query, schema: string) => Promise<T>): Promise<T | undefined>
  write<T>(work: (query: Query, schema: string) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface TablesOptions {
  readonly store: PostgresStore
  readonly flowrunVersion: string
  /** The schema is made by somebody else; its tables are made all the same. */
  readonly skipSchemaCreation: boolean
}

/** There are no tables, or those of an older format: a write makes them. */
class Outdated extends Error {}

export function createPostgresTables(options: TablesOptions): PostgresTables {
  const { store, skipSchemaCreation } = options
  const schema = quoted(store.schema)
  const guarded = <T>(access: 'read' | 'write', work: (query: Query, schema: string) => Promise<T>) =>
    store.transaction(access, async query => {
      const format = await formatFor(access, query, options)
      if (format < (access === 'write' ? FORMAT : 1)) throw new Outdated()
      return work(query, schema)
    })
  return {
    name: store.name,
    async read(work) {
      try {
        return await guarded('read', work)
      } catch (error) {
        if (!(error instanceof Outdated)) throw error
      }
      if (skipSchemaCreation) await store.transaction('read', query => requireSchema(query, store))
      return undefined
    },
    async write(work) {
      try {
        return await guarded('write', work)
      } catch (error) {
        if (!(error instanceof Outdated)) throw error
      }
      await store.transaction('write', query => migrate(query, options))
      return guarded('write', work)
    },
    close: () => store.close(),
  }
}

/**
 * The format of the tables; 0 when there are none.
 *
 * @throws OperationError `state/newer-format`, `postgres/foreign-tables`.
 */
async function formatFor(access: 'read' | 'write', query: Query, { store, flowrunVersion }: TablesOptions): Promise<number> {
  const meta = await readMeta(query, store)
  if (meta === undefined) return 0
  const format = Number(meta.get('format'))
  const needed = Number(meta.get(access === 'read' ? 'min_reader' : 'min_writer'))
  if (!Number.isInteger(format) || !Number.isInteger(needed)) throw foreignTables(store)
  if (needed > FORMAT) {
    throw newerFormat(store, { writtenBy: meta.get('flowrun_version') ?? 'a later version', format, known: FORMAT, flowrunVersion })
  }
  return format
}

async function readMeta(query: Query, store: PostgresStore): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const { rows } = await query<{ key: string; value: string }>(`SELECT key, value FROM ${quoted(store.schema)}.meta`)
    return new Map(rows.map(({ key, value }) => [key, value]))
  } catch (error) {
    if (!(error instanceof DriverFailure)) throw error
    // A column of that name is not there: 42703.
    if (sqlState(error) === '42703') throw foreignTables(store)
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Makes what is missing. Processes that do so at once are let in one after another, and the later ones find it done (VER-5). */
async function migrate(query: Query, options: TablesOptions): Promise<void> {
  const { store, flowrunVersion, skipSchemaCreation } = options
  const schema = quoted(store.schema)
  await query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`flowrun ${schema}`])
  if (skipSchemaCreation) await requireSchema(query, store)
  else if (!(await hasSchema(query, schema))) await query(`CREATE SCHEMA ${schema}`)
  const { rows } = await query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [`${schema}.meta`])
  const format = rows[0]?.found ? await formatFor('write', query, options) : 0
  for (const statements of MIGRATIONS.slice(format)) for (const statement of statements(schema)) await query(statement)
  const facts = { format: FORMAT, min_reader: FORMAT, min_writer: FORMAT, flowrun_version: flowrunVersion }
  for (const [key, value] of Object.entries(facts)) {
    await query(`INSERT INTO ${schema}.meta(key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, [
      key,
      value,
    ])
  }
}

async function requireSchema(query: Query, store: PostgresStore): Promise<void> {
  if (!(await hasSchema(query, quoted(store.schema)))) throw missingSchema(store)
}

/** CREATE SCHEMA IF NOT EXISTS asks for the right to create one even where it is there. */
async function hasSchema(query: Query, schema: string): Promise<boolean> {
  const { rows } = await query<{ found: boolean }>('SELECT to_regnamespace($1) IS NOT NULL AS found', [schema])
  return rows[0]?.found === true
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}
