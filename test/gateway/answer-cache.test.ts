import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { digestOf } from '../../src/base/digest.ts'
import type { AnswerCache } from '../../src/gateway/cache/answer-cache.ts'
import { decodeAnswer, encodeAnswer } from '../../src/gateway/cache/kept-answer.ts'
import { createRedisCache } from '../../src/gateway/cache/redis.ts'
import { createRedis } from '../../src/redis/connection.ts'
import { answer, keptOf, openCache, sqliteCache } from '../support/answer-cache.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { startRedis, withoutRedis } from '../support/redis.ts'

const key = digestOf('one')
const other = digestOf('another')
const HOUR = 3_600_000

async function tokenOf(cache: AnswerCache, of = key, leaseMs = HOUR): Promise<string> {
  const claim = await cache.claim(of, leaseMs)
  if (claim.state !== 'free') throw new Error(`the key is ${claim.state}`)
  return claim.token
}

/** Short times of a store whose clock nobody can move. */
async function until(holds: () => Promise<boolean>): Promise<boolean> {
  const endMs = performance.now() + 60_000
  while (performance.now() < endMs) if (await holds()) return true
  return false
}

/** What every store holds to. */
async function contract(t: Test, open: (t: Test) => Promise<AnswerCache>): Promise<void> {
  await t.test('CACHE-3: one who claims a key makes its answer, others wait for it and get it', async t => {
    const cache = await open(t)
    const token = await tokenOf(cache)
    t.same(await cache.claim(key, HOUR), { state: 'taken' })
    t.equal((await cache.claim(other, HOUR)).state, 'free', 'of another key nothing is said')
    const storedAtMs = await cache.keep(key, token, keptOf(), HOUR)
    t.ok(storedAtMs !== undefined && storedAtMs > 0)
    t.same(await cache.claim(key, HOUR), { state: 'kept', answer: keptOf(), storedAtMs })
  })

  await t.test('CACHE-3: after one who gives up the next one makes it', async t => {
    const cache = await open(t)
    const token = await tokenOf(cache)
    await cache.release(key, 'of somebody else')
    t.equal((await cache.claim(key, HOUR)).state, 'taken')
    await cache.release(key, token)
    t.equal((await cache.claim(key, HOUR)).state, 'free')
  })

  await t.test('CACHE-4: one whose lease is lost neither keeps an answer nor gives up the lease of his successor', async t => {
    const cache = await open(t)
    const late = await tokenOf(cache, key, 1)
    let successor = ''
    t.ok(
      await until(async () => {
        const claim = await cache.claim(key, HOUR)
        successor = claim.state === 'free' ? claim.token : ''
        return claim.state === 'free'
      }),
      'somebody else takes over',
    )
    t.equal(await cache.extend(key, late, HOUR), false)
    t.equal(await cache.keep(key, late, keptOf(), HOUR), undefined)
    await cache.release(key, late)
    t.equal((await cache.claim(key, HOUR)).state, 'taken')
    t.equal(await cache.extend(key, successor, HOUR), true)
    t.not(await cache.keep(key, successor, keptOf(), HOUR), undefined)
  })

  await t.test('CACHE-2: an answer is kept for its time, and can be dropped before', async t => {
    const cache = await open(t)
    await cache.keep(key, await tokenOf(cache), keptOf(), 1)
    t.ok(await until(async () => (await cache.claim(key, 1)).state === 'free'))
    const storedAtMs = await cache.keep(other, await tokenOf(cache, other), keptOf(), HOUR)
    await cache.drop(other, (storedAtMs ?? 0) - 1)
    t.equal((await cache.claim(other, HOUR)).state, 'kept', 'a later one stays')
    await cache.drop(other, storedAtMs ?? 0)
    t.equal((await cache.claim(other, HOUR)).state, 'free')
  })

  await t.test('statistics and clearing know the environment and the model', async t => {
    const cache = await open(t)
    const entries = [
      keptOf(),
      keptOf({ costNano: 9 }),
      keptOf({ model: 'model.other', modelId: 'unpriced', costNano: null }),
      keptOf({ environment: 'prod' }),
    ]
    for (const [index, entry] of entries.entries()) {
      const name = digestOf(index)
      await cache.keep(name, await tokenOf(cache, name), entry, HOUR)
    }
    await cache.claim(digestOf(0), HOUR)
    await cache.claim(digestOf(0), HOUR)
    await cache.claim(digestOf(1), HOUR)
    // A hit is counted with the next answer that is kept.
    await cache.keep(key, await tokenOf(cache), keptOf({ environment: 'test' }), HOUR)
    const { models } = await cache.statistics('dev')
    t.match(models, [
      { model: 'model.other', id: 'unpriced', entries: 1, hits: 0, savedNano: null },
      { model: 'model.test', id: 'test-model', entries: 2, hits: 3, savedNano: 23 },
    ])
    t.ok(models.every(({ bytes, oldestMs }) => bytes > 100 && oldestMs > 0))
    t.match(await cache.clear({ environment: 'dev', olderThanMs: HOUR }), { entries: 0, bytes: 0 })
    t.match(await cache.clear({ environment: 'dev', model: 'model.test' }), { entries: 2 })
    t.match(await cache.clear({ environment: 'dev' }), { entries: 1 })
    t.match((await cache.statistics('prod')).models, [{ model: 'model.test', entries: 1 }])
  })
}

t.test('in SQLite', async t => {
  await contract(t, sqliteCache)

  await t.test('CACHE-2: time is that of the clock which is given', async t => {
    const clock = createFakeClock()
    const cache = await sqliteCache(t, clock)
    await cache.keep(key, await tokenOf(cache), keptOf(), HOUR)
    await clock.advance(HOUR - 1)
    t.equal((await cache.claim(key, 10)).state, 'kept')
    t.match(await cache.clear({ environment: 'dev', olderThanMs: HOUR }), { entries: 0 })
    await clock.advance(1)
    t.equal((await cache.claim(key, 10)).state, 'free')
    t.equal((await cache.claim(key, 10)).state, 'taken')
    await clock.advance(10)
    t.equal((await cache.claim(key, 10)).state, 'free')
  })

  await t.test('CACHE-3: an answer is found at once by the process that keeps it, and a moment later by all', async t => {
    const [directory, clock] = [t.testdir(), createFakeClock()]
    const [cache, elsewhere] = [await openCache(directory, clock), await openCache(directory, clock)]
    t.teardown(() => Promise.all([cache.close(), elsewhere.close()]))
    const storedAtMs = await cache.keep(key, await tokenOf(cache), keptOf(), HOUR)
    t.same(await cache.claim(key, HOUR), { state: 'kept', answer: keptOf(), storedAtMs })
    t.same(await elsewhere.claim(key, HOUR), { state: 'taken' }, 'nobody makes it again meanwhile')
    await clock.advance(20)
    t.ok(await until(async () => (await elsewhere.claim(key, HOUR)).state === 'kept'))
    t.match((await elsewhere.statistics('dev')).models, [{ entries: 1, hits: 2 }], 'the hit before it was there is counted too')
  })

  await t.test('CACHE-4: an answer that is not in the file yet when its lease ends gives way to the successor', async t => {
    const [directory, clock] = [t.testdir(), createFakeClock()]
    const [cache, elsewhere] = [await openCache(directory, clock), await openCache(directory, clock)]
    t.teardown(() => Promise.all([cache.close(), elsewhere.close()]))
    await cache.keep(key, await tokenOf(cache, key, 10), keptOf(), HOUR)
    await clock.advance(10)
    const successor = await tokenOf(elsewhere)
    await clock.advance(10)
    t.same((await cache.statistics('dev')).models, [])
    t.not(await elsewhere.keep(key, successor, keptOf({ costNano: 9 }), HOUR), undefined)
    await elsewhere.statistics('dev')
    t.match(await cache.claim(key, HOUR), { state: 'kept', answer: { costNano: 9 } })
  })

  await t.test('what was used longest ago makes room', async t => {
    const clock = createFakeClock()
    const text = 'x'.repeat(10_000)
    const large = keptOf({ answer: { ...answer, text } })
    const cache = await sqliteCache(t, clock, 55_000)
    const names = [0, 1, 2, 3, 4, 5].map(number => digestOf(number))
    for (const name of names.slice(0, 5)) {
      await cache.keep(name, await tokenOf(cache, name), large, HOUR)
      await clock.advance(1)
    }
    const isKept = async (name: (typeof names)[number]) => (await cache.claim(name, 1)).state === 'kept'
    const [oldest = key, second = key, , , , sixth = key] = names
    t.ok(await isKept(oldest), 'five have room')
    await clock.advance(1)
    await cache.keep(sixth, await tokenOf(cache, sixth), large, HOUR)
    await cache.statistics('dev')
    t.ok(await isKept(oldest), 'it was used a moment ago')
    t.notOk(await isKept(second))
    t.ok(await isKept(sixth))
    t.equal(
      await cache.keep(other, await tokenOf(cache, other), keptOf({ answer: { ...answer, text: text.repeat(6) } }), HOUR),
      undefined,
      'what is larger than all of it is not kept',
    )
    t.ok(await isKept(sixth), 'and nothing makes room for it')
    const { models, maxBytes = 0 } = await cache.statistics('dev')
    t.ok((models[0]?.bytes ?? 0) <= maxBytes)
  })

  await t.test('hits are in the file when it is closed, and reading leaves no file', async t => {
    const directory = t.testdir()
    const cache = await openCache(directory)
    await cache.keep(key, await tokenOf(cache), keptOf(), HOUR)
    await cache.claim(key, HOUR)
    await cache.close()
    const reader = await openCache(directory, systemClock, 1e9, 'read')
    t.match((await reader.statistics('dev')).models, [{ hits: 1 }])
    await reader.close()
    const none = await openCache(join(directory, 'none'), systemClock, 1e9, 'read')
    t.same((await none.statistics('dev')).models, [])
    await none.close()
  })

  await t.test('an entry of an unknown form is none', async t => {
    const directory = t.testdir()
    const cache = await openCache(directory)
    t.teardown(() => cache.close())
    const bodies = ['', '{', '[]', 'null', '{"format":2,"answer":{"text":""}}', '{"format":1}', '{"format":1,"answer":{"text":7}}']
    for (const body of bodies) {
      await cache.keep(key, await tokenOf(cache), keptOf(), HOUR)
      // With them it is in the file.
      await cache.statistics('dev')
      const file = new Database(join(directory, 'cache.db'))
      file.prepare('UPDATE answer SET body = ?').run(body)
      file.close()
      await cache.release(key, await tokenOf(cache))
      t.equal(decodeAnswer(body), undefined)
    }
    t.same(decodeAnswer(encodeAnswer(keptOf())), keptOf())
  })
})

t.test('in Redis', { skip: withoutRedis }, async t => {
  const { url } = await startRedis(t)
  let opened = 0
  await contract(t, async t => {
    // What stands in a prefix is no pattern.
    const redis = createRedis({ url: async () => url, prefix: `test[${opened++}]*:`, clock: systemClock, warn: line => t.fail(line) })
    t.teardown(() => redis.close())
    return createRedisCache(redis)
  })
})
