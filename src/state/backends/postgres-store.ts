import { setTimeout as delay } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import { readAddress } from './postgres-address.ts'
import { DriverFailure, type FailedDatabase, isPassing, refusal, unreachable } from './postgres-failure.ts'

/** One for what the command does, one for the renewal of its lock. */
const CONNECTIONS = 2
const CONNECT_TIMEOUT_MS = 10_000
/** The server gives up a statement, or a session that died in a transaction and would keep its row locked. */
const STATEMENT_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 10_000
/** A network that swallows everything; the server's own timeout is heard first. */
const ANSWER_TIMEOUT_MS = 15_000
const TRIES = 4
/** Doubled each time: together 1.75 s, which a restart of the server's pooler takes. */
const FIRST_WAIT_MS = 250

/** Of READ COMMITTED with locked rows (REL-12). Its limits are of the transaction alone: a pooler gives the session to others (STORE-7). */
function beginning(access: Access, statementTimeoutMs: number): string {
  const mode = access === 'read' ? 'READ ONLY' : 'READ WRITE'
  const limits = `SET LOCAL statement_timeout = ${statementTimeoutMs}; SET LOCAL idle_in_transaction_session_timeout = ${IDLE_TIMEOUT_MS}`
  return `BEGIN ISOLATION LEVEL READ COMMITTED ${mode}; ${limits}`
}

export interface PostgresOptions {
  readonly url: string
  readonly schema: string
  /** PGSSLMODE, for a url without sslmode. */
  readonly sslMode: string | undefined
  readonly firstWaitMs?: number
  readonly statementTimeoutMs?: number
}

type Access = 'read' | 'write'

/** Rows as the statement names them; how many were written. */
export type Query = <Row extends object>(
  text: string,
  values?: readonly unknown[],
) => Promise<{ readonly rows: readonly Row[]; readonly count: number }>

/** A database, asked over connections that may be lost at any time. */
export interface PostgresStore extends FailedDatabase {
  /**
   * Runs `work` as one transaction, from its beginning again when the connection was lost. A COMMIT without an answer may
   * have been kept: `work` looks first whether it is done already (STORE-8).
   *
   * @throws OperationError `state/unreachable`, `state/unauthorized`, `postgres/…`.
   */
  transaction<T>(access: Access, work: (query: Query) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/**
 * Connects to nothing yet.
 *
 * @throws OperationError `postgres/invalid-url`.
 */
export async function openPostgresStore(options: PostgresOptions): Promise<PostgresStore> {
  const { url, schema, sslMode, firstWaitMs = FIRST_WAIT_MS, statementTimeoutMs = STATEMENT_TIMEOUT_MS } = options
  const { Client, Pool } = await import('pg')
  const { connectionString, name } = readAddress({ url, client: Client, sslMode })
  const pool = new Pool({
    connectionString,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    fallback_application_name: 'flowrun',
    allowExitOnIdle: true,
  })
  // A connection that is lost while nobody uses it is replaced when somebody does; its error has no other listener.
  pool.on('error', () => {})
  pool.on('connect', client => client.on('error', () => {}))
  const database = { name, schema }
  return {
    ...database,
    async transaction(access, work) {
      let uncertain = false
      for (let tries = 1; ; tries++) {
        const attempt: Attempt = { committing: false }
        try {
          return await inTransaction(pool, beginning(access, statementTimeoutMs), work, attempt)
        } catch (error) {
          if (!(error instanceof DriverFailure)) throw error
          if (attempt.committing && access === 'write') uncertain = true
          if (!isPassing(error)) throw refusal(error, database)
          if (tries === TRIES) throw unreachable(error, database, tries, uncertain)
        }
        await delay(firstWaitMs * 2 ** (tries - 1))
      }
    },
    close: () => pool.end(),
  }
}

interface Attempt {
  committing: boolean
}

/** Whatever goes wrong, the connection is thrown away, and with it what was not committed. */
async function inTransaction<T>(pool: Pool, begin: string, work: (query: Query) => Promise<T>, attempt: Attempt): Promise<T> {
  const client = await driven(pool.connect())
  let broken = true
  try {
    await driven(client.query(begin))
    const result = await work(queryOf(client))
    attempt.committing = true
    await driven(client.query('COMMIT'))
    broken = false
    return result
  } finally {
    client.release(broken)
  }
}

function queryOf(client: PoolClient): Query {
  return async <Row extends object>(text: string, values: readonly unknown[] = []) => {
    const { rows, rowCount } = await driven(client.query(text, [...values]))
    // Rows are decoded here: each statement's text says its columns.
    return { rows: rows as readonly Row[], count: rowCount ?? 0 }
  }
}

async function driven<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw new DriverFailure(cause)
  }
}
