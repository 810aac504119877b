import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { digestOfText, shortDigest } from '../../src/base/digest.ts'
import { uploadBatches } from '../../src/registry/content.ts'
import { requireLocalFileSystem } from '../../src/sqlite/database.ts'
import { registryContract } from '../conformance/registry.ts'
import type { ApplyRun } from '../support/apply-process.ts'
import { openRegistry } from '../support/open-registry.ts'
import { apply, contentFor, nextId, planRelease, upload } from '../support/releases.ts'

registryContract(t, 'sqlite', t => {
  const directory = t.testdir()
  return { open: (project = 'shop') => openRegistry(directory, { project }) }
})

const NOTHING_CHANGED = { diagnostic: { detail: /Nothing was changed\.$/ } }

/** A second program at the file, changing it behind flowrun's back. */
function otherProgram(t: Test, directory: string): Sqlite.Database {
  const connection = new Sqlite(join(directory, 'state.db'))
  t.teardown(() => connection.close())
  return connection
}

t.test('reading makes no file: without one, the registry is empty', async t => {
  const directory = join(t.testdir(), '.flowrun')
  const registry = await openRegistry(directory, { mode: 'read' })
  t.same(await registry.head('dev'), { environment: 'dev', registryId: '', release: 0 })
  t.equal((await registry.pointers('dev')).pointers.size, 0)
  await t.rejects(apply(registry, { 'prompt.p': { text: 'lost' } }), { code: 'registry/read-mode' })
  await registry.close()
  t.notOk(existsSync(directory))

  const written = await openRegistry(directory)
  await apply(written, { 'prompt.p': { text: 'one' } })
  const reader = await openRegistry(directory, { mode: 'read' })
  t.equal((await reader.pointers('dev')).pointers.size, 1)
  t.equal((await reader.head('dev')).registryId, (await written.head('prod')).registryId)
  await reader.close()
  await written.close()
  t.same(readdirSync(directory), ['state.db'], 'no journal is left, and no history before the first state')
})

t.test('REL-13: a full synchronous WAL, with foreign keys', async t => {
  const registry = await openRegistry(join(t.testdir(), 'a folder 📦'))
  t.teardown(() => registry.close())
  const pragma = (name: string) => Object.values(registry.store.prepared<object>(`PRAGMA ${name}`).get() ?? {})[0]
  t.equal(pragma('journal_mode'), 'wal')
  t.equal(pragma('synchronous'), 2)
  t.equal(pragma('foreign_keys'), 1)
  t.equal(pragma('busy_timeout'), 0, 'STORE-1: the driver never blocks the event loop')
})

t.test('ID-8: a content that was altered or lost is told from an empty one, and an upload repairs it', async t => {
  const directory = t.testdir()
  const registry = await openRegistry(directory)
  t.teardown(() => registry.close())
  await apply(registry, { 'prompt.answer': { text: 'Be kind' }, 'prompt.greet': { text: 'Say hello' } })
  const kind = contentFor('Be kind')
  otherProgram(t, directory).exec(`UPDATE content SET body = replace(body, 'kind', 'rude') WHERE digest = '${kind.digest}'`)
  const query = { address: 'prompt.answer', digest: kind.digest }
  await t.rejects(registry.artifacts([query]), {
    code: 'content/altered',
    diagnostic: {
      summary: 'The content of prompt.answer does not match its digest',
      detail: /^\.flowrun\/state\.db .*Nothing was changed\.$/s,
      notes: [`expected ${shortDigest(kind.digest)}`, /^found [0-9a-f]{8}$/],
    },
  })
  otherProgram(t, directory).exec(`UPDATE content SET body = NULL WHERE digest = '${kind.digest}'`)
  await t.rejects(registry.artifacts([query]), { code: 'content/missing' })
  await upload(registry, 'Be kind')
  t.match((await registry.artifacts([query])).get(kind.digest), { spec: { text: 'Be kind' } })

  const newer = JSON.stringify({ format: 'flowrun.artifact/9' })
  const digest = digestOfText(newer)
  await registry.uploadContents([{ digest, body: newer }])
  await t.rejects(registry.artifacts([{ address: 'prompt.new', digest }]), { code: 'content/newer-format' }, 'VER-1')
})

t.test('A2: contents are uploaded in batches of at most 1 MB', async t => {
  const content = (kilobytes: number) => ({ digest: contentFor('x').digest, body: 'é'.repeat(kilobytes * 512) })
  const sizes = [...uploadBatches([400, 400, 400, 3000, 10, 1024, 1].map(content))].map(batch => batch.map(one => one.body.length / 512))
  t.same(sizes, [[400, 400], [400], [3000], [10], [1024], [1]])
  t.same([...uploadBatches([])], [])
})

t.test('AUD-3: verify names the first row that was altered, taken out, swapped or put in', async t => {
  const damages = [
    ['nothing', 'SELECT 1', { intact: true, rows: 5 }],
    ['an altered reason', `UPDATE audit SET reason = 'nothing special' WHERE seq = 3`, { intact: false, seq: 3, problem: 'altered' }],
    [
      'an altered detail',
      `UPDATE audit SET detail = replace(detail, '1', '2') WHERE seq = 4`,
      { intact: false, seq: 4, problem: 'altered' },
    ],
    ['a detail that is no JSON', `UPDATE audit SET detail = '{' WHERE seq = 4`, { intact: false, seq: 4, problem: 'altered' }],
    ['a missing row', 'DELETE FROM audit WHERE seq = 2', { intact: false, seq: 2, problem: 'missing' }],
    ['a cut tail', 'DELETE FROM audit WHERE seq > 3', { intact: false, seq: 4, problem: 'missing' }],
    [
      'swapped rows',
      'UPDATE audit SET seq = -seq; UPDATE audit SET seq = CASE seq WHEN -2 THEN 3 WHEN -3 THEN 2 ELSE -seq END',
      { intact: false, seq: 2, problem: 'unlinked' },
    ],
    [
      'a row put in',
      `INSERT INTO audit SELECT project, 6, at, 'eve', action, subject, reason, detail, hash, prev FROM audit WHERE seq = 5`,
      { intact: false, seq: 6 },
    ],
    ['another head', `UPDATE audit_head SET hash = '${'0'.repeat(64)}'`, { intact: false, seq: 5, problem: 'head' }],
  ] as const
  for (const [title, sql, verdict] of damages) {
    const directory = t.testdir()
    const registry = await openRegistry(directory)
    for (let text = 1; text <= 5; text++) await apply(registry, { 'prompt.p': { text: `text ${text}` } })
    const connection = new Sqlite(join(directory, 'state.db'))
    connection.exec(sql)
    connection.close()
    t.match(await registry.verifyAudit(), verdict, title)
    await registry.close()
  }
})

t.test('VER-1, VER-5, STORE-6: a file of a newer flowrun is left alone, and both versions are named', async t => {
  const directory = t.testdir()
  const registry = await openRegistry(directory)
  t.teardown(() => registry.close())
  await apply(registry, { 'prompt.p': { text: 'one' } })
  const upgrade = otherProgram(t, directory)
  upgrade.exec(
    `UPDATE meta SET value = '2' WHERE key IN ('format', 'min_writer'); UPDATE meta SET value = '1.4.0' WHERE key = 'flowrun_version'`,
  )
  const refusal = {
    code: 'registry/newer-format',
    diagnostic: {
      summary: '.flowrun/state.db was written by flowrun 1.4.0, and this is flowrun 0.1.0',
      detail: /database format 2; .* up to 1\. .*Nothing was changed\.$/,
    },
  }
  await t.rejects(apply(registry, { 'prompt.p': { text: 'two' } }), refusal, 'by a process that had it open before the upgrade')
  t.equal((await registry.head('dev')).release, 1, 'it may still read')
  upgrade.exec(`UPDATE meta SET value = '2' WHERE key = 'min_reader'`)
  await t.rejects(openRegistry(directory), refusal)
})

t.test('FAIL-1: a file that is no registry, or a damaged one, is not touched', async t => {
  const directory = t.testdir()
  const file = join(directory, 'state.db')
  writeFileSync(file, 'This is a letter, and not a database. '.repeat(200))
  await t.rejects(openRegistry(directory), {
    code: 'registry/corrupt',
    diagnostic: { summary: '.flowrun/state.db is damaged', detail: /Nothing was changed\.$/ },
  })
  t.match(readFileSync(file, 'utf8'), /^This is a letter/)

  const foreign = t.testdir()
  const connection = new Sqlite(join(foreign, 'state.db'))
  connection.exec('CREATE TABLE recipes(name)')
  connection.close()
  await t.rejects(openRegistry(foreign), {
    code: 'registry/corrupt',
    diagnostic: { summary: '.flowrun/state.db is not a file of flowrun' },
  })

  const damaged = t.testdir()
  const registry = await openRegistry(damaged)
  await apply(registry, Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`prompt.p${index}`, { text: `text ${index}` }])))
  await registry.close()
  truncateSync(join(damaged, 'state.db'), Math.floor(statSync(join(damaged, 'state.db')).size / 3))
  const reading = async () => {
    const opened = await openRegistry(damaged)
    try {
      return await opened.pointers('dev')
    } finally {
      await opened.close()
    }
  }
  await t.rejects(reading(), { code: 'registry/corrupt', ...NOTHING_CHANGED })

  const blocked = t.testdir({ '.flowrun': 'a file where the directory should be' })
  await t.rejects(openRegistry(join(blocked, '.flowrun')), { code: 'registry/unreadable', ...NOTHING_CHANGED })
  const folder = t.testdir({ 'state.db': {} })
  await t.rejects(openRegistry(folder), { code: 'registry/unreadable', ...NOTHING_CHANGED })
  const empty = t.testdir({ 'state.db': '' })
  await (await openRegistry(empty)).close()
})

t.test('a writer that never ends is waited for, then named as what it is', async t => {
  const directory = t.testdir()
  const registry = await openRegistry(directory, { busyWaitMs: 40 })
  t.teardown(() => registry.close())
  await apply(registry, { 'prompt.p': { text: 'one' } })
  const other = otherProgram(t, directory)
  other.exec('BEGIN IMMEDIATE')
  t.equal((await registry.head('dev')).release, 1, 'LOCK-2: readers wait for nobody')
  await t.rejects(apply(registry, { 'prompt.p': { text: 'two' } }), {
    code: 'registry/busy',
    retryable: true,
    diagnostic: { summary: 'Another process keeps .flowrun/state.db locked', detail: /waited 0\.04 s .*Nothing was changed\.$/ },
  })
  other.exec('COMMIT')
  t.match(await apply(registry, { 'prompt.p': { text: 'two' } }), { outcome: 'released' })
})

t.test('FAIL-3: on a full disk the old release stays, and reads go on', async t => {
  const directory = t.testdir()
  const registry = await openRegistry(directory)
  t.teardown(() => registry.close())
  await apply(registry, { 'prompt.p': { text: 'one' } })
  const blocks = Object.fromEntries(
    Array.from({ length: 400 }, (_, index) => [`prompt.p${index}`, { text: `${index} ${'x'.repeat(400)}` }]),
  )
  const pages = Number(Object.values(registry.store.prepared<object>('PRAGMA page_count').get() ?? {})[0])
  for (const room of [4, 60, 120]) {
    registry.store.prepared(`PRAGMA max_page_count = ${pages + room}`).get()
    await t.rejects(apply(registry, blocks), { code: 'registry/full', retryable: true, ...NOTHING_CHANGED })
    t.equal((await registry.head('dev')).release, 1)
    t.equal((await registry.pointers('dev')).pointers.size, 1)
    t.match(await registry.verifyAudit(), { intact: true, rows: 1 })
  }
  registry.store.prepared('PRAGMA max_page_count = 1000000').get()
  t.match(await apply(registry, blocks), { outcome: 'released', release: { number: 2 } })
})

t.test('a directory that this user cannot write is named', { skip: process.platform === 'win32' }, async t => {
  const directory = join(t.testdir(), '.flowrun')
  mkdirSync(directory)
  const registry = await openRegistry(directory)
  await apply(registry, { 'prompt.p': { text: 'one' } })
  await registry.close()
  chmodSync(directory, 0o555)
  const script = join(import.meta.dirname, '../support/apply-process.ts')
  const run: ApplyRun = { directory, applyId: nextId(), blocks: 1, generation: 1, foreignState: false }
  // Root may write anywhere, so the test becomes nobody.
  const user = process.getuid?.() === 0 ? { uid: 65534 } : {}
  const { stdout } = spawnSync(process.execPath, [script, JSON.stringify({ ...run, ...user })], { encoding: 'utf8' })
  chmodSync(directory, 0o755)
  t.match(stdout, /^started\nregistry\/read-only\n.*Nothing was changed\.$/s)
})

t.test('STA-11: network file systems are refused', { skip: process.platform !== 'linux' }, async t => {
  for (const [type, name] of [
    [0x6969, 'NFS'],
    [0xff534d42, 'CIFS'],
    [0x01021997, '9p'],
  ] as const) {
    t.throws(() => requireLocalFileSystem('/mnt/team/.flowrun', type), {
      code: 'state/network-file-system',
      message: `/mnt/team/.flowrun is on a network file system (${name})`,
    })
  }
  t.doesNotThrow(() => requireLocalFileSystem('/data/ana/.flowrun', 0xef53))
})

t.test('a request that contradicts the registry is a bug of ours, and changes nothing', async t => {
  const registry = await openRegistry(t.testdir(), { clock: systemClock })
  t.teardown(() => registry.close())
  await apply(registry, { 'prompt.p': { text: 'one' } })
  await upload(registry, 'two')
  const request = await planRelease(registry, { 'prompt.p': { text: 'two' } })
  const flips = request.flips.map(flip => ({ ...flip, before: 7 }))
  await t.rejects(registry.commitRelease({ ...request, flips }), { code: 'registry/wrong-before' })
  t.equal((await registry.versionsOf('prompt.p')).length, 1)
})
