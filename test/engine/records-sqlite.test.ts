import Sqlite from 'better-sqlite3'
import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import { createRecordStore, openEngineDatabase } from '../../src/engine/durable/sqlite/store.ts'
import { recordStoreContract } from '../conformance/record-store.ts'
import { newRun, openRecords } from '../support/runs.ts'

recordStoreContract(t, 'sqlite', t => {
  const directory = t.testdir()
  return { open: clock => openRecords(directory, clock) }
})

t.test('FAIL-3: a full disk refuses submits and keeps what was accepted; with room it goes on', async t => {
  const file = `${t.testdir()}/engine.db`
  const database = await openEngineDatabase({ file, name: 'engine.db', mode: 'write', clock: systemClock, flowrunVersion: '0.1.0' })
  const store = createRecordStore(database, () => t.fail('a full disk is not a lost one'))
  const pages = database.prepared<{ page_count: number }>('PRAGMA page_count').get()?.page_count ?? 0
  database.prepared(`PRAGMA max_page_count = ${pages + 20}`).get()
  const submits = Array.from({ length: 100 }, (_, index) => store.submit(newRun(`R${100 + index}`, { input: 'x'.repeat(index * 300) })))
  await Promise.allSettled(submits)
  const accepted = new Set<string>()
  for (const [index, submit] of submits.entries())
    await submit.then(
      ({ run }) => accepted.add(run.id),
      error => t.match(error, { code: 'run/store-full', retryable: true }, `run ${index}`),
    )
  t.ok(accepted.size < 100)
  t.same(
    new Set((await store.listRuns({ project: 'shop', limit: 999 })).map(({ id }) => id)),
    accepted,
    'what is there was accepted, and the reverse',
  )
  database.prepared('PRAGMA max_page_count = 1000000').get()
  t.match(await store.submit(newRun('R300')), { replayed: false })
  await store.close()
})

t.test('STORE-3: what was not committed is acknowledged to nobody, and its process hears that it must end', async t => {
  const file = `${t.testdir()}/engine.db`
  const database = await openEngineDatabase({ file, name: 'engine.db', mode: 'write', clock: systemClock, flowrunVersion: '0.1.0' })
  const lost = new OperationError({ code: 'registry/unreadable', summary: 'engine.db cannot be read' })
  let isLost = false
  const writeGrouped: typeof database.writeGrouped = async (work, size) => {
    const result = await database.writeGrouped(work, size)
    // What an fsync that fails leaves: the commit may be there, and nobody knows.
    if (isLost) throw lost
    return result
  }
  const told: unknown[] = []
  const store = createRecordStore({ ...database, writeGrouped }, error => told.push(error))
  t.match(await store.submit(newRun('A', { idempotencyKey: 'a' })), { replayed: false })
  t.same(told, [])
  isLost = true
  await t.rejects(store.submit(newRun('B', { idempotencyKey: 'b' })), { code: 'registry/unreadable' })
  t.ok(told.length > 0 && told.every(error => error === lost))
  isLost = false
  t.match(await store.submit(newRun('C', { idempotencyKey: 'b' })), { replayed: true, run: { id: 'B' } }, 'STORE-8: the key settles it')
  await store.close()
})

t.test('STORE-2: writes of one turn are one commit; one that throws fails alone', async t => {
  const store = await openRecords(t.testdir())
  const submits = ['A', 'B', 'C'].map(id => store.submit(newRun(id, { idempotencyKey: id === 'C' ? 'A' : id, fingerprint: id })))
  const [a, b, c] = await Promise.allSettled(submits)
  t.same([a?.status, b?.status, c?.status], ['fulfilled', 'fulfilled', 'rejected'])
  t.equal((await store.listRuns({ project: 'shop', limit: 9 })).length, 2)
  await store.close()
})

t.test('IDEM-6: a submit that was answered is in the file, which is flushed with each commit', async t => {
  const file = `${t.testdir()}/engine.db`
  const database = await openEngineDatabase({ file, name: 'engine.db', mode: 'write', clock: systemClock, flowrunVersion: '0.1.0' })
  t.match(database.prepared('PRAGMA synchronous').get(), { synchronous: 2 }, 'FULL')
  const store = createRecordStore(database, () => t.fail('nothing is lost'))
  const other = new Sqlite(file, { readonly: true })
  for (let number = 0; number < 20; number++) {
    await store.submit(newRun(`R${number}`))
    t.match(other.prepare('SELECT id FROM run WHERE id = ?').get(`R${number}`), { id: `R${number}` })
  }
  other.close()
  await store.close()
})

t.test('RUN-4: the end of a run, its last event, what it cost and the wake of its parent are one commit', async t => {
  const directory = t.testdir()
  const store = await openRecords(directory)
  await store.submit(newRun('P'))
  const [parent] = await store.claim('o1', 1, 'P')
  if (parent === undefined) throw new Error('nothing to claim')
  await store.addWaits(parent, [{ run: 'P', path: 'c', kind: 'child', child: 'C', dueAtMs: null }])
  await store.release(parent, { to: 'waiting' })
  await store.submit(newRun('C', { parent: { run: 'P', path: 'c' } }))
  const [child] = await store.claim('o1', 1, 'C')
  if (child === undefined) throw new Error('nothing to claim')
  const before = [await store.getRun('C'), await store.getRun('P'), await store.events('C', 0)]
  const file = new Sqlite(`${directory}/engine.db`)
  // The wake of the parent is the last that is written.
  file.exec(`CREATE TRIGGER refuse BEFORE UPDATE ON run WHEN NEW.id = 'P' BEGIN SELECT RAISE(ABORT, 'not now'); END`)
  await t.rejects(store.release(child, { to: 'succeeded', output: 1 }))
  t.same([await store.getRun('C'), await store.getRun('P'), await store.events('C', 0)], before, 'nothing of it is there')
  file.exec('DROP TRIGGER refuse')
  file.close()
  t.equal(await store.release(child, { to: 'succeeded', output: 1 }), true)
  t.match(await store.getRun('C'), { state: 'succeeded', output: 1 })
  t.match((await store.events('C', 0)).at(-1), { type: 'run.succeeded', data: { cost_nano: 0 } })
  t.match(await store.getRun('P'), { state: 'queued' })
  t.equal(await store.release(child, { to: 'failed', error: { code: 'tool/failed', message: 'late', retryable: false } }), false, 'RUN-1')
  await store.close()
})
