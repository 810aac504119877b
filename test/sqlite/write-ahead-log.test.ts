import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openDatabase } from '../../src/sqlite/database.ts'

const MB = 1024 * 1024

t.test('STORE-4: a log that a reader let grow is cut when the reader has gone', async t => {
  const file = join(t.testdir(), 'test.db')
  const schema = { format: 1, oldestFormat: 1, tables: 'CREATE TABLE entry(value BLOB)', ifLost: 'nothing', facts: () => ({}) }
  let nowMs = 0
  const clock = { now: () => nowMs, monotonic: () => nowMs }
  const options = { file, name: 'test.db', schema, clock, flowrunVersion: '1.0.0' }
  const store = await openDatabase({ ...options, mode: 'write', maxLogBytes: 8 * MB })
  const reader = await openDatabase({ ...options, mode: 'read' })
  t.teardown(() => store.close())
  const add = (bytes: number) => {
    nowMs += 2000
    return store.write(() => store.prepared('INSERT INTO entry(value) VALUES (zeroblob(?))').run(bytes))
  }
  const logBytes = () => statSync(`${file}-wal`).size
  reader.prepared('BEGIN').run()
  const count = reader.prepared<{ rows: number }>('SELECT count(*) AS rows FROM entry')
  t.same(count.get(), { rows: 0 })
  for (let entry = 0; entry < 6; entry++) await add(2 * MB)
  t.ok(logBytes() > 8 * MB, 'nothing that the reader may need is cut')
  t.same(count.get(), { rows: 0 })
  reader.prepared('COMMIT').run()
  reader.close()
  await add(1)
  t.equal(logBytes(), 0)
  t.same(await store.read(() => store.prepared('SELECT count(*) AS rows FROM entry').get()), { rows: 7 })
})
