import t from 'tap'
import { groupReads } from '../../src/sqlite/group-reads.ts'

t.test('reads of one turn are one transaction, and each gets its own', async t => {
  let transactions = 0
  const read = groupReads(async work => {
    transactions++
    return work()
  })
  t.strictSame(await Promise.all(['a', 'b', 'c'].map(name => read(() => name))), ['a', 'b', 'c'])
  t.equal(transactions, 1)
  t.equal(await read(() => 'later'), 'later')
  t.equal(transactions, 2)
})

t.test('a file that cannot be read fails all of them, and not those that come after', async t => {
  const read = groupReads(async work => work())
  const lost = new Error('disk I/O error')
  const failing = read(() => {
    throw lost
  })
  const beside = read(() => 1)
  await t.rejects(failing, lost)
  await t.rejects(beside, lost)
  t.equal(await read(() => 2), 2)
})
