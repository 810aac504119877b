import { join } from 'node:path'
import { mock } from 'node:test'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { shortDigest } from '../../src/base/digest.ts'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { openPostgresStateBackend, type PostgresStateOptions } from '../../src/state/backends/postgres.ts'
import { stateWrite } from '../../src/state/encoding.ts'
import { RENEWAL_MS } from '../../src/state/lock.ts'
import { thisHolder } from '../../src/state/process.ts'
import type { StateSnapshot } from '../../src/state/state.ts'
import { heldClock, snapshotOf, stateBackendContract } from '../conformance/state-backend.ts'
import { createAuthority } from '../support/certificates.ts'
import { startCuttingProxy } from '../support/cutting-proxy.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

/** The server's clock, which nothing but the server reads, is a function that a schema before pg_catalog can have too. */
const SERVER_TIME_IS_HELD = { options: '-c search_path=held,pg_catalog' }

function heldTime(now: number): string {
  return `
    CREATE SCHEMA IF NOT EXISTS held;
    CREATE OR REPLACE FUNCTION held.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT to_timestamp(${now / 1000})'`
}

/** A backend that sets the server's clock before it is asked. */
function atTime(backend: StateBackend, setTime: () => Promise<unknown>): StateBackend {
  return new Proxy(backend, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...words: unknown[]) => {
        await setTime()
        return member.apply(target, words)
      }
    },
  })
}

function open(url: string, changes: Partial<PostgresStateOptions> = {}): Promise<StateBackend> {
  return openPostgresStateBackend({
    url,
    schema: 'flowrun_state',
    skipSchemaCreation: false,
    sslMode: undefined,
    project: 'shop',
    flowrunVersion: '0.1.0',
    firstWaitMs: 1,
    ...changes,
  })
}

/** A write of this serial that replaces the one before it. */
function writeOf(serial: number, changes: Partial<StateSnapshot> = {}) {
  return stateWrite(snapshotOf(serial, changes), serial === 1 ? null : { lineage: 'lineage-a', serial: serial - 1 })
}

function testOver(postgres: TestPostgres): void {
  const { run } = postgres
  const holder = (operation: string) => ({ ...thisHolder(operation, '0.1.0', systemClock), host: 'elsewhere' })
  const openIn = async (t: Test, url: string, changes: Partial<PostgresStateOptions> = {}) => {
    const backend = await open(url, changes)
    t.teardown(() => backend.close())
    return backend
  }
  /** The same database as another user, who may connect and no more. */
  const asGuest = async (url: string) => {
    const guest = new URL(url)
    guest.username = `guest_${guest.pathname.slice(1)}`
    guest.password = 'secret-of-guest'
    await run(url, `CREATE ROLE ${guest.username} LOGIN PASSWORD '${guest.password}'`)
    return guest
  }

  stateBackendContract(t, 'postgres', () => {
    const clock = heldClock()
    let database: Promise<string> | undefined
    return {
      clock,
      async open() {
        database ??= postgres.createDatabase(SERVER_TIME_IS_HELD)
        const url = await database
        return atTime(await open(url), () => run(url, heldTime(clock.now())))
      },
    }
  })

  t.test('STA-4, REL-12: of 20 writers of one serial exactly one wins, each time', async t => {
    const url = await postgres.createDatabase()
    const writers = await Promise.all(Array.from({ length: 20 }, () => openIn(t, url)))
    for (let serial = 1; serial <= 10; serial++) {
      const answers = await Promise.all(
        writers.map((writer, index) => writer.write('dev', writeOf(serial, { registryId: `registry-${index}` }))),
      )
      const won = answers.flatMap(({ outcome }, index) => (outcome === 'written' ? [index] : []))
      t.equal(won.length, 1, `serial ${serial}`)
      t.match(await writers[0]?.read('dev'), { serial, registryId: `registry-${won[0]}` })
      t.match(
        answers.find(({ outcome }) => outcome === 'conflict'),
        { found: { lineage: 'lineage-a', serial } },
      )
    }
    t.same(
      (await writers[0]?.history('dev'))?.map(({ serial, intact }) => [serial, intact]),
      Array.from({ length: 9 }, (_, index) => [9 - index, true]),
    )
  })

  t.test('VER-5: the tables are made once, by whoever of many is first, and reading makes none', async t => {
    const url = await postgres.createDatabase()
    const many = await Promise.all(Array.from({ length: 10 }, () => openIn(t, url)))
    t.equal(await many[0]?.read('dev'), undefined)
    t.same(await many[0]?.history('dev'), [])
    t.equal(await many[0]?.currentLock('dev'), undefined)
    t.same(await run(url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'flowrun%'"), [], 'no trace')
    const answers = await Promise.all(many.map((backend, index) => backend.write(`env-${index}`, writeOf(1))))
    t.ok(answers.every(({ outcome }) => outcome === 'written'))
    t.same(await run(url, "SELECT value FROM flowrun_state.meta WHERE key = 'format'"), [{ value: '1' }])
    t.same(await run(url, "SELECT count(*)::int AS held FROM pg_locks WHERE locktype = 'advisory'"), [{ held: 0 }], 'STORE-7')
  })

  t.test('VER-1: tables of a newer flowrun are left alone, and so are those of another program', async t => {
    const url = await postgres.createDatabase()
    const backend = await openIn(t, url)
    await backend.write('dev', writeOf(1))
    await run(
      url,
      `UPDATE flowrun_state.meta SET value = CASE key WHEN 'format' THEN '3' WHEN 'min_writer' THEN '2' WHEN 'flowrun_version' THEN '9.1.0' ELSE value END`,
    )
    t.match(await backend.read('dev'), { serial: 1 }, 'it may be read')
    const newer = { code: 'state/newer-format', diagnostic: { summary: /were made by flowrun 9\.1\.0, and this is flowrun 0\.1\.0$/ } }
    await t.rejects(backend.write('dev', writeOf(2)), newer)
    await run(url, "UPDATE flowrun_state.meta SET value = '2' WHERE key = 'min_reader'")
    await t.rejects(backend.read('dev'), newer)

    await run(url, 'CREATE TABLE public.meta(name text); CREATE SCHEMA theirs; CREATE TABLE theirs.meta(key text, value text)')
    for (const schema of ['public', 'theirs']) {
      const other = await openIn(t, url, { schema })
      await t.rejects(other.read('dev'), { code: 'postgres/foreign-tables' })
      await t.rejects(other.write('dev', writeOf(1)), { code: 'postgres/foreign-tables' })
    }
  })

  t.test('skip_schema_creation: a schema that is not there is told, and one that is there is used', async t => {
    const url = await postgres.createDatabase()
    const guest = await asGuest(url)
    const backend = await openIn(t, guest.href, { schema: 'Our "States"', skipSchemaCreation: true })
    const missing = {
      code: 'postgres/not-there',
      diagnostic: { summary: `There is no schema Our "States" at ${guest.host}${guest.pathname}` },
    }
    await t.rejects(backend.read('dev'), missing)
    await t.rejects(backend.write('dev', writeOf(1)), missing)
    await run(url, `CREATE SCHEMA "Our ""States""" AUTHORIZATION ${guest.username}`)
    t.equal(await backend.read('dev'), undefined)
    t.same(await backend.write('dev', writeOf(1)), { outcome: 'written' })
    t.match(await backend.read('dev'), { serial: 1 })
  })

  t.test('what PostgreSQL refuses is told in its words, without the password', async t => {
    const url = await postgres.createDatabase()
    const guest = await asGuest(url)
    const told = async (changed: (url: URL) => void, work: (backend: StateBackend) => Promise<unknown>) => {
      const address = new URL(guest)
      changed(address)
      const error: unknown = await work(await openIn(t, address.href)).catch((error: unknown) => error)
      if (!(error instanceof OperationError)) throw error
      const { summary, detail = '' } = error.diagnostic
      t.notMatch(summary + detail, /secret-of-guest/)
      t.match(detail, /Nothing was changed\.$/)
      return [error.code, detail.split('. ')[0]]
    }
    const write = (backend: StateBackend) => backend.write('dev', writeOf(1))
    const read = (backend: StateBackend) => backend.read('dev')
    const name = guest.pathname.slice(1)
    t.same(await told(() => {}, write), ['postgres/denied', `PostgreSQL says: permission denied for database ${name}`])
    t.same(await told(url => (url.password = 'wrong'), read), [
      'state/unauthorized',
      `PostgreSQL says: password authentication failed for user "${guest.username}"`,
    ])
    t.match(await told(url => (url.password = ''), read), ['state/unauthorized', /The driver says: SASL/])
    t.same(await told(url => (url.pathname = '/nowhere'), read), [
      'postgres/not-there',
      'PostgreSQL says: database "nowhere" does not exist',
    ])
    t.match(await told(url => url.searchParams.set('sslmode', 'verify-full'), read), ['postgres/no-tls', /does not support SSL/])
    t.same(await told(url => (url.port = '1'), read), ['state/unreachable', 'It was tried 4 times: connect ECONNREFUSED 127.0.0.1:1'])

    await (await openIn(t, url)).write('dev', writeOf(1))
    t.same(await told(() => {}, read), ['postgres/denied', 'PostgreSQL says: permission denied for schema flowrun_state'])
    await run(url, 'DROP TABLE flowrun_state.snapshot')
    await t.rejects((await openIn(t, url)).write('dev', writeOf(2)), {
      code: 'postgres/refused',
      diagnostic: { detail: /relation .* does not exist/ },
    })
  })

  t.test('a url that cannot be used is refused before anything is asked', async t => {
    const refused = async (url: string, detail: RegExp) => {
      const error = { code: 'postgres/invalid-url', diagnostic: { detail } }
      await t.rejects(open(url), error)
    }
    await refused('mysql://u:p@db.example.com/x', /form postgres:/)
    await refused('postgres://u:p/q@db.example.com/x', /two hex digits/)
    await refused('postgres://db.example.com/x?sslmode=maybe', /none of disable, allow, prefer, require, verify-ca, verify-full/)
    await refused('postgres://db.example.com/x?sslmode=verify-ca', /needs sslrootcert/)
    await refused('postgres://db.example.com/x?sslrootcert=/no/such.pem', /ENOENT/)
    const backend = await open('postgresql://u:p@db.example.com/x')
    t.equal(backend.name, 'db.example.com:5432/x')
    await backend.close()
  })

  t.test('TLS is as sslmode says, and a certificate of nobody known is refused', { skip: process.platform === 'win32' }, async t => {
    const url = await postgres.createDatabase()
    const authority = createAuthority('flowrun tests')
    const { cert, key } = authority.issue('postgres')
    const place = async (name: string, pem: string) =>
      run(url, `COPY (SELECT '${Buffer.from(pem).toString('base64')}') TO PROGRAM 'umask 077; base64 -d > ${name}'`)
    await place('server.crt', cert)
    await place('server.key', key)
    await run(url, 'ALTER SYSTEM SET ssl = on')
    await run(url, 'SELECT pg_reload_conf()')
    // The server reads its settings again when it gets to it.
    const overTls = () =>
      run(`${url}?sslmode=require&uselibpqcompat=true`, 'SELECT').then(
        () => true,
        () => false,
      )
    while (!(await overTls())) await new Promise(setImmediate)

    const root = t.testdir({ 'ca.pem': authority.cert, 'other.pem': createAuthority('another').cert })
    const encrypted = async (query: Readonly<Record<string, string>>, changes: Partial<PostgresStateOptions> = {}) => {
      const address = new URL(url)
      for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value)
      const backend = await open(address.href, changes)
      try {
        await backend.read('dev')
        const [newest] = await run(
          url,
          `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
           WHERE application_name = 'flowrun' AND datname = current_database() ORDER BY backend_start DESC LIMIT 1`,
        )
        return newest?.ssl
      } finally {
        await backend.close()
      }
    }
    const refused = { code: 'postgres/no-tls' }
    await (await openIn(t, url)).write('dev', writeOf(1))
    t.equal(await encrypted({ sslmode: 'disable' }), false)
    t.equal(await encrypted({ sslmode: 'prefer' }), true)
    t.equal(await encrypted({ sslmode: 'require' }), true)
    t.equal(await encrypted({}, { sslMode: 'require' }), true, 'PGSSLMODE')
    await t.rejects(encrypted({ sslmode: 'verify-full' }), refused)
    for (const sslmode of ['verify-full', 'verify-ca']) {
      t.equal(await encrypted({ sslmode, sslrootcert: join(root, 'ca.pem') }), true)
      await t.rejects(encrypted({ sslmode, sslrootcert: join(root, 'other.pem') }), refused)
    }
  })

  t.test('a damaged state names the serial, both digests and the snapshot to go back to', async t => {
    const url = await postgres.createDatabase()
    const backend = await openIn(t, url, { keep: 3 })
    for (let serial = 1; serial <= 6; serial++) await backend.write('dev', writeOf(serial))
    t.same(
      (await backend.history('dev')).map(({ serial }) => serial),
      [5, 4, 3],
      'keep = 3',
    )
    const damage = (table: string, serial: number) =>
      run(url, `UPDATE flowrun_state.${table} SET body = body || ' ' WHERE serial = ${serial}`)
    await damage('state', 6)
    await damage('snapshot', 5)
    const detail = new RegExp(
      [
        `^127\\.0\\.0\\.1:${postgres.port}/test_\\d+: the snapshot with serial 6 does not match its digest`,
        `    · expected ${shortDigest(writeOf(6).digest)}`,
        '    · found    [0-9a-f]{8}',
        '',
        'Your deployed prompts are safe: they live in the registry\\. .* intact: serial 4, .* 1 block\\. To go back to it:',
        '  flowrun state restore 4',
        'Nothing was changed\\.$',
      ].join('\n'),
    )
    await t.rejects(backend.read('dev'), { code: 'state/corrupt', diagnostic: { summary: 'The state of dev cannot be read', detail } })
    await t.rejects(backend.snapshot('dev', 5), { code: 'state/corrupt' })
    t.match(await backend.history('dev'), [{ intact: false }, { intact: true }, { intact: true }])
    t.same(await backend.currentVersion('dev'), { lineage: 'lineage-a', serial: 6 })
    t.same(await backend.write('dev', writeOf(7)), { outcome: 'written' })
    t.same(
      (await backend.history('dev')).map(({ serial }) => serial),
      [5, 4, 3],
      'what was damaged is not kept',
    )
  })

  t.test('LOCK-3: of many that find an expired lease one takes it over; its holder learns so at the next renewal', async t => {
    mock.timers.enable({ apis: ['setInterval'] })
    t.teardown(() => mock.timers.reset())
    const url = await postgres.createDatabase()
    const first = await (await openIn(t, url)).lock('dev', holder('apply'))
    if (first.outcome !== 'locked') throw new Error('the lock is not free')
    const expire = () => run(url, "UPDATE flowrun_state.state_lock SET renewed_at = renewed_at - interval '60 s' RETURNING renewed_at")
    const before = await expire()
    mock.timers.tick(RENEWAL_MS)
    const renewed = () => run(url, 'SELECT renewed_at FROM flowrun_state.state_lock')
    while (JSON.stringify(await renewed()) === JSON.stringify(before)) await new Promise(setImmediate)
    t.equal(first.lock.lost, false, 'LOCK-3: it is renewed by the clock of the server')

    await expire()
    const others = await Promise.all(Array.from({ length: 10 }, () => openIn(t, url)))
    const answers = await Promise.all(others.map((backend, index) => backend.lock('dev', holder(`apply ${index}`))))
    t.equal(answers.filter(({ outcome }) => outcome === 'locked').length, 1)
    t.match(
      answers.find(({ outcome }) => outcome === 'locked'),
      { tookOver: { operation: 'apply', id: first.lock.id } },
    )
    mock.timers.tick(RENEWAL_MS)
    while (!first.lock.lost) await new Promise(setImmediate)
    await first.lock.release()
    t.match(await others[0]?.currentLock('dev'), { operation: /apply \d/ }, 'LOCK-5: it gives up only its own')
  })

  t.test('FAIL-9: a statement that waits for another without end is given up by the server, and told', async t => {
    const url = await postgres.createDatabase()
    const backend = await open(url, { statementTimeoutMs: 50 })
    t.teardown(() => backend.close())
    await backend.write('dev', stateWrite(snapshotOf(1), null))
    const other = new Client({ connectionString: url })
    await other.connect()
    t.teardown(() => other.end())
    await other.query('BEGIN; LOCK TABLE flowrun_state.state IN ACCESS EXCLUSIVE MODE')
    const stuck = {
      code: 'state/unreachable',
      diagnostic: { detail: 'It was tried 4 times: canceling statement due to statement timeout. Nothing was changed.' },
    }
    await t.rejects(backend.read('dev'), stuck)
    await t.rejects(backend.write('dev', stateWrite(snapshotOf(2), { lineage: 'lineage-a', serial: 1 })), stuck)
    await other.query('ROLLBACK')
    t.match(await backend.read('dev'), { serial: 1 })
  })

  t.test('STORE-8: an answer that is lost is settled by looking', async t => {
    const proxy = await startCuttingProxy(postgres.port)
    t.teardown(() => proxy.close())
    const url = new URL(await postgres.createDatabase())
    const direct = await openIn(t, url.href)
    url.port = String(proxy.port)
    await direct.write('dev', writeOf(1))
    /** Loses the answer of a COMMIT: the last statement of what `work` does on a connection of its own. */
    const losing = async <T>(work: (backend: StateBackend) => Promise<T>, statements: number): Promise<T> => {
      const backend = await openIn(t, url.href)
      proxy.arm({ at: statements, loses: 'answer', forGood: false })
      const answer = await work(backend)
      t.ok(proxy.statements > statements, 'it asked again')
      return answer
    }
    const locked = await losing(backend => backend.lock('dev', holder('apply')), 6)
    t.match(locked, { outcome: 'locked' }, 'the lock is its own')
    const id = locked.outcome === 'locked' ? locked.lock.id : ''
    t.equal(await losing(backend => backend.forceUnlock('dev', id), 5), true)
    t.same(await losing(backend => backend.write('dev', writeOf(2)), 8), { outcome: 'written' })
    t.match(await direct.read('dev'), { serial: 2 })

    const late = writeOf(3)
    await direct.write('dev', late)
    await direct.write('dev', writeOf(4))
    t.same(await direct.write('dev', late), { outcome: 'written' }, 'it was, and another has followed since')
    t.match(await direct.write('dev', writeOf(3, { release: 9 })), { outcome: 'conflict', found: { serial: 4 } })

    const backend = await openIn(t, url.href)
    proxy.arm({ at: 8, loses: 'answer', forGood: true })
    await t.rejects(backend.write('dev', writeOf(5)), {
      code: 'state/unreachable',
      diagnostic: { detail: /Whether the change was kept is not certain/ },
    })
    t.match(await direct.read('dev'), { serial: 5 })
  })
}

const postgres = await startPostgres(t)
if (typeof postgres === 'string') t.pass('state "postgres"', { skip: postgres })
else testOver(postgres)
