import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mock } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import Sqlite from 'better-sqlite3'
import t, { type Test } from 'tap'
import { shortDigest } from '../../src/base/digest.ts'
import type { SqliteRegistry } from '../../src/registry/sqlite/registry.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { createSqliteStateBackend } from '../../src/state/backends/sqlite.ts'
import { decodeState, encodeState, stateWrite } from '../../src/state/encoding.ts'
import { RENEWAL_MS } from '../../src/state/lock.ts'
import { thisHolder } from '../../src/state/process.ts'
import { emptyState } from '../../src/state/state.ts'
import { heldClock, snapshotOf, stateBackendContract } from '../conformance/state-backend.ts'
import { openRegistry } from '../support/open-registry.ts'
import { planRelease, upload } from '../support/releases.ts'

stateBackendContract(t, 'sqlite', t => {
  const directory = t.testdir()
  const clock = heldClock()
  return {
    clock,
    async open() {
      const registry = await openRegistry(directory, { clock })
      return { ...createSqliteStateBackend(registry), close: () => registry.close() }
    },
  }
})

t.test('a state is canonical JSON, and decodes to itself', async t => {
  const snapshot = snapshotOf(3, { outputs: new Map([['n', { sensitive: false, type: 'number', value: 3 }]]) })
  t.same(decodeState(encodeState(snapshot), 'dev'), snapshot)
  t.match(encodeState(emptyState('l')), /^\{"checks":\[\],"format":"flowrun.state\/1","lineage":"l","outputs":\{\},/)
  t.throws(() => decodeState('{"format":"flowrun.state/2"}', 'dev'), { code: 'state/newer-format' }, 'VER-1: newer than known')
})

t.test('STA-1: what is stored is of the published schema, and a sensitive output has no value in it', async t => {
  const schema = JSON.parse(readFileSync(new URL('../../schemas/state.schema.json', import.meta.url), 'utf8'))
  const validate = new Ajv2020({ strict: true }).compile(schema)
  const snapshot = snapshotOf(3, {
    outputs: new Map([
      ['list', { sensitive: false, type: 'tuple([number, string])', value: [1, 'a'] }],
      ['key', { sensitive: true, type: 'string' }],
    ]),
    checks: [{ address: 'check.health', status: 'unknown', messages: [] }],
  })
  for (const state of [snapshot, emptyState('l')]) t.ok(validate(JSON.parse(encodeState(state))), JSON.stringify(validate.errors))
  const leaked = JSON.parse(encodeState(snapshot))
  leaked.outputs.key.value = 'sk-live'
  t.notOk(validate(leaked))
})

interface Stored {
  readonly directory: string
  readonly registry: SqliteRegistry
  readonly backend: StateBackend
}

async function storeIn(t: Test): Promise<Stored> {
  const directory = t.testdir()
  const registry = await openRegistry(directory)
  t.teardown(() => registry.close())
  return { directory, registry, backend: createSqliteStateBackend(registry) }
}

/** Changes a file behind flowrun's back. */
function tamper(directory: string, sql: string, file = 'state.db'): void {
  const connection = new Sqlite(join(directory, file))
  connection.exec(sql)
  connection.close()
}

t.test('REL-1: a release and its state are one transaction', async t => {
  const { registry, backend } = await storeIn(t)
  await upload(registry, 'one', 'two')
  const first = await planRelease(registry, { 'prompt.p': { text: 'one' } })
  t.match(await registry.commitRelease({ ...first, state: stateWrite(snapshotOf(1), null) }), { outcome: 'released' })
  t.match(await backend.read('dev'), { serial: 1 })

  const second = await planRelease(registry, { 'prompt.p': { text: 'two' } })
  const stale = { ...second, state: stateWrite(snapshotOf(3), { lineage: 'lineage-a', serial: 2 }) }
  t.same(await registry.commitRelease(stale), { outcome: 'state-moved', found: { lineage: 'lineage-a', serial: 1 } })
  t.equal((await registry.head('dev')).release, 1, 'the release went with the state')
  const state = stateWrite(snapshotOf(2), { lineage: 'lineage-a', serial: 1 })
  t.match(await registry.commitRelease({ ...second, state }), { outcome: 'released', release: { number: 2 } })
  t.match(await registry.commitRelease({ ...second, state }), { outcome: 'released', repeated: true }, 'REL-2: again, with its state')
  t.match(await backend.history('dev'), [{ serial: 1, intact: true }])

  const nothing = await planRelease(registry, { 'prompt.p': { text: 'two' } })
  const outputs = stateWrite(snapshotOf(3), { lineage: 'lineage-a', serial: 2 })
  t.same(await registry.commitRelease({ ...nothing, state: outputs }), { outcome: 'unchanged' }, 'REL-10: the state alone')
  t.match(await backend.read('dev'), { serial: 3 })
  t.equal((await registry.head('dev')).release, 2)
  t.same(await registry.commitRelease({ ...nothing, state: stateWrite(snapshotOf(9), null) }), {
    outcome: 'state-moved',
    found: { lineage: 'lineage-a', serial: 3 },
  })
})

t.test('a damaged state names the serial, both digests and the snapshot to go back to', async t => {
  const { directory, registry, backend } = await storeIn(t)
  await upload(registry, 'one')
  await registry.commitRelease(await planRelease(registry, { 'prompt.p': { text: 'one' } }))
  for (let serial = 1; serial <= 3; serial++) {
    const expected = serial === 1 ? null : { lineage: 'lineage-a', serial: serial - 1 }
    await backend.write('dev', stateWrite(snapshotOf(serial), expected))
  }
  const good = stateWrite(snapshotOf(3), null)
  tamper(directory, `UPDATE state SET body = replace(body, '"release":3', '"release":4')`)
  const altered = encodeState(snapshotOf(3)).replace('"release":3', '"release":4')
  const damage = {
    code: 'state/corrupt',
    diagnostic: {
      summary: 'The state of dev cannot be read',
      detail: new RegExp(
        [
          '^\\.flowrun/state\\.db: the snapshot with serial 3 does not match its digest$',
          `^ {4}· expected ${shortDigest(good.digest)}$`,
          `^ {4}· found {4}${shortDigest(stateWrite({ ...snapshotOf(3), release: 4 }, null).digest)}$`,
          '^$',
          '^Your deployed prompts are safe: they live in the registry \\(dev@1\\)\\. .*intact: serial 2, \\d{4}-\\d\\d-\\d\\d .*Z, 1 block\\. To go back to it:$',
          '^ {2}flowrun state restore 2$',
          '^The next plan then finds what release 1 did, and adopts it\\.$',
          '^Nothing was changed\\.$',
        ].join('\\n'),
        'm',
      ),
    },
  }
  t.equal(altered, encodeState({ ...snapshotOf(3), release: 4 }))
  await t.rejects(backend.read('dev'), damage)

  t.same(await backend.currentVersion('dev'), { lineage: 'lineage-a', serial: 3 })
  const earlier = await backend.snapshot('dev', 2)
  if (!earlier) return t.fail('serial 2 is kept')
  const restored = stateWrite({ ...earlier, serial: 4 }, { lineage: 'lineage-a', serial: 3 })
  t.same(await backend.write('dev', restored), { outcome: 'written' })
  t.match(await backend.read('dev'), { serial: 4, release: 2 })
  t.same(
    (await backend.history('dev')).map(row => row.serial),
    [2, 1],
    'what was damaged is not kept',
  )

  tamper(directory, `UPDATE state SET body = 'x'`)
  tamper(directory, `UPDATE snapshot SET body = 'y' WHERE serial = 2`, 'state-history.db')
  await t.rejects(backend.read('dev'), { code: 'state/corrupt', diagnostic: { detail: /intact: serial 1,/ } })
  await t.rejects(backend.snapshot('dev', 2), { code: 'state/corrupt' })
  t.match(await backend.history('dev'), [
    { serial: 2, intact: false },
    { serial: 1, intact: true },
  ])
  tamper(directory, 'DELETE FROM snapshot', 'state-history.db')
  await t.rejects(backend.read('dev'), {
    code: 'state/corrupt',
    diagnostic: { detail: /No earlier snapshot is intact.*\n {2}flowrun state recover\n/ },
  })
})

t.test('LOCK-3, LOCK-5: a lease is renewed every 20 s, and one that was taken over is known as lost', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const clock = heldClock()
  const registry = await openRegistry(t.testdir(), { clock })
  t.teardown(() => registry.close())
  const backend = createSqliteStateBackend(registry)
  const taken = await backend.lock('dev', thisHolder('apply', '0.1.0', clock))
  if (taken.outcome !== 'locked') throw new Error('the lock is not free')
  const since = clock.now()
  const pass = async (ms: number) => {
    clock.advance(ms)
    mock.timers.tick(ms)
    await new Promise(setImmediate)
  }
  for (let seconds = 20; seconds <= 120; seconds += 20) {
    await pass(RENEWAL_MS)
    t.match(await backend.currentLock('dev'), { sinceMs: since, renewedAtMs: since + seconds * 1000 })
  }
  t.equal(taken.lock.lost, false)
  await backend.forceUnlock('dev', taken.lock.id)
  await pass(RENEWAL_MS)
  t.equal(taken.lock.lost, true)
  await taken.lock.release()
})

t.test('FAIL-15: a clock that jumps ends a lease early; the compare-and-swap keeps what both write', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const clock = heldClock()
  const registry = await openRegistry(t.testdir(), { clock })
  t.teardown(() => registry.close())
  const backend = createSqliteStateBackend(registry)
  const first = await backend.lock('dev', thisHolder('apply', '0.1.0', clock))
  clock.advance(2 * 3_600_000)
  const second = await backend.lock('dev', thisHolder('apply', '0.1.0', clock))
  t.match([first, second], [{ outcome: 'locked' }, { outcome: 'locked', tookOver: { sinceMs: clock.now() - 2 * 3_600_000 } }])
  t.match(await backend.write('dev', stateWrite(snapshotOf(1), null)), { outcome: 'written' })
  t.match(
    await backend.write('dev', stateWrite({ ...snapshotOf(1), release: 9 }, null)),
    { outcome: 'conflict' },
    'STA-4: who is late writes over nothing',
  )
  for (const taken of [first, second]) if (taken.outcome === 'locked') await taken.lock.release()
})

t.test('a damaged file of earlier states says what it is, and hides nothing', async t => {
  const { directory, backend } = await storeIn(t)
  await backend.write('dev', stateWrite(snapshotOf(1), null))
  writeFileSync(join(directory, 'state-history.db'), 'not a database, and long enough to look at. '.repeat(100))
  await t.rejects(backend.write('dev', stateWrite(snapshotOf(2), { lineage: 'lineage-a', serial: 1 })), {
    code: 'registry/corrupt',
    diagnostic: {
      summary: '.flowrun/state-history.db is damaged',
      detail: /or move it away: only earlier snapshots of the state are lost with it\. Nothing was changed\.$/,
    },
  })
  t.match(await backend.read('dev'), { serial: 1 })
  tamper(directory, `UPDATE state SET body = 'x'`)
  await t.rejects(backend.read('dev'), { code: 'state/corrupt', diagnostic: { detail: /flowrun state recover/ } })
})

t.test('the file of earlier states may be lost: the next write makes it anew', async t => {
  const { directory, registry, backend } = await storeIn(t)
  await backend.write('dev', stateWrite(snapshotOf(1), null))
  await backend.write('dev', stateWrite(snapshotOf(2), { lineage: 'lineage-a', serial: 1 }))
  await registry.close()
  rmSync(join(directory, 'state-history.db'))
  const again = await openRegistry(directory)
  t.teardown(() => again.close())
  const reopened = createSqliteStateBackend(again)
  t.match(await reopened.read('dev'), { serial: 2 })
  t.same(await reopened.history('dev'), [])
  await reopened.write('dev', stateWrite(snapshotOf(3), { lineage: 'lineage-a', serial: 2 }))
  t.match(await reopened.history('dev'), [{ serial: 2 }])
})
