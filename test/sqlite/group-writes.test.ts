import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { openDatabase, type SqliteStore } from '../../src/sqlite/database.ts'
import { groupWrites } from '../../src/sqlite/group-writes.ts'

async function open(t: Test): Promise<SqliteStore> {
  const file = join(t.testdir(), 'test.db')
  const schema = {
    format: 1,
    oldestFormat: 1,
    tables: 'CREATE TABLE entry(name TEXT PRIMARY KEY) WITHOUT ROWID',
    ifLost: 'nothing',
    facts: () => ({}),
  }
  const store = await openDatabase({ file, name: 'test.db', mode: 'write', schema, clock: systemClock, flowrunVersion: '1.0.0' })
  t.teardown(() => store.close())
  return store
}

const add = (store: SqliteStore, name: string) =>
  store.writeGrouped(() => {
    store.prepared('INSERT INTO entry(name) VALUES (?)').run(name)
    return name
  })

const names = (store: SqliteStore) =>
  store.read(() =>
    store
      .prepared<{ name: string }>('SELECT name FROM entry')
      .all()
      .map(({ name }) => name),
  )

t.test('STORE-2: writes of one turn are committed together, and told afterwards', async t => {
  const store = await open(t)
  const wanted = Array.from({ length: 450 }, (_, index) => `entry ${String(index).padStart(3, '0')}`)
  t.strictSame(await Promise.all(wanted.map(name => add(store, name))), wanted)
  t.strictSame(await names(store), wanted)
})

t.test('STORE-2: one that fails leaves nothing behind, and the others are kept', async t => {
  const store = await open(t)
  await add(store, 'b')
  const half = store.writeGrouped(() => {
    store.prepared('INSERT INTO entry(name) VALUES (?)').run('half')
    throw new Error('in the middle')
  })
  const outcomes = await Promise.allSettled([add(store, 'a'), add(store, 'b'), half, add(store, 'c')])
  t.strictSame(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
  )
  t.match(outcomes[2], { reason: { message: 'in the middle' } })
  t.strictSame(await names(store), ['a', 'b', 'c'])
  await add(store, 'd')
  t.strictSame(await names(store), ['a', 'b', 'c', 'd'])
})

t.test('STORE-2: a group ends at 200 writes or 1 MB, and a longer write goes by itself', async t => {
  const groups: number[] = []
  let size = 0
  const grouped = groupWrites({
    async write(work) {
      size = 0
      const result = work()
      groups.push(size)
      return result
    },
    savepoint: work => work(),
  })
  const ofSizes = (kilobytes: readonly number[]) => Promise.all(kilobytes.map(kilobyte => grouped(() => size++, kilobyte * 1024)))
  await ofSizes([600, 300, 200, 5000, 1, 1])
  t.strictSame(groups.splice(0), [2, 1, 1, 2])
  await ofSizes(Array.from({ length: 450 }, () => 1))
  t.strictSame(groups, [200, 200, 50])
})
