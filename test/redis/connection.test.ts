import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createRedis, OUTAGE_NOTICE_MS, REDIS_TIMEOUT_MS } from '../../src/redis/connection.ts'
import { redisScript } from '../../src/redis/script.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { startRedis, withoutRedis } from '../support/redis.ts'

function redisAt(t: Test, url: string, options: { readonly timeoutMs?: number } = {}) {
  const clock = createFakeClock()
  const warnings: string[] = []
  const redis = createRedis({ url: async () => url, prefix: 'test:', clock, warn: line => warnings.push(line), ...options })
  t.teardown(() => redis.close())
  return { redis, clock, warnings }
}

const addTo = redisScript(`return redis.call('INCRBY', KEYS[1], ARGV[1])`)

t.test('with a Redis', { skip: withoutRedis }, async t => {
  t.test('commands and scripts are run under the prefix, and a script also where Redis has forgotten it', async t => {
    const { url } = await startRedis(t)
    const { redis, warnings } = redisAt(t, url)
    t.equal(redis.key('limit', 'requests'), 'test:limit:requests')
    await redis.command('SET', redis.key('a'), 'text')
    t.equal(await redis.command('GET', redis.key('a')), 'text')
    t.equal(await redis.run(addTo, [redis.key('n')], [2]), 2)
    await redis.command('SCRIPT', 'FLUSH')
    t.equal(await redis.run(addTo, [redis.key('n')], [3]), 5)
    t.same(warnings, [])
  })

  t.test('a lost Redis fails each request at once, with one warning a minute, and is found again when it is back', async t => {
    const server = await startRedis(t)
    const { redis, clock, warnings } = redisAt(t, server.url)
    await redis.run(addTo, [redis.key('n')], [1])
    await server.kill()
    const startedMs = performance.now()
    for (let request = 0; request < 20; request++)
      await t.rejects(redis.run(addTo, [redis.key('n')], [1]), { name: 'RedisUnavailable', message: /^Redis at redis:.*cannot be asked/ })
    t.ok(performance.now() - startedMs < 5 * REDIS_TIMEOUT_MS, 'nobody waits for what is away')
    t.equal(warnings.length, 1)
    await clock.advance(OUTAGE_NOTICE_MS)
    await t.rejects(redis.command('GET', 'a'))
    t.equal(warnings.length, 2)
    await server.restart()
    t.equal(await eventually(() => redis.run(addTo, [redis.key('n')], [1])), 1, 'the new server has nothing of the old one')
  })

  t.test('a refused password is told without the password', async t => {
    const { url } = await startRedis(t, '--requirepass', 'right')
    const { redis, warnings } = redisAt(t, url.replace('redis://', 'redis://:canary-4711@'))
    const failure = await redis.command('GET', 'a').then(
      () => undefined,
      (error: unknown) => error,
    )
    t.match(failure, { name: 'RedisUnavailable', message: /WRONGPASS|NOAUTH|invalid/ })
    t.notMatch([JSON.stringify(failure), String(failure), ...warnings].join('\n'), 'canary')
    const known = redisAt(t, url.replace('redis://', 'redis://:right@'))
    t.equal(await known.redis.command('PING'), 'PONG')
  })
})

t.test('a Redis that takes a connection and says nothing is given up in time', async t => {
  const silent = createServer(() => {})
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  t.teardown(() => silent.close())
  const address = silent.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const { redis } = redisAt(t, `redis://127.0.0.1:${port}`, { timeoutMs: 100 })
  await t.rejects(redis.command('PING'), { name: 'RedisUnavailable' })
})

t.test('nobody listens: each request fails at once', async t => {
  const { redis, warnings } = redisAt(t, 'redis://127.0.0.1:1')
  await t.rejects(redis.command('PING'), { message: 'Redis at redis://127.0.0.1:1 cannot be asked: connect ECONNREFUSED 127.0.0.1:1' })
  t.same(warnings, [
    'Redis at redis://127.0.0.1:1 cannot be asked: connect ECONNREFUSED 127.0.0.1:1. Until it is back, each process keeps its own rate limits and circuit breakers, and answers are not cached.',
  ])
})

t.test('a url that is none is refused, and is not said: it may have a password in it', async t => {
  for (const url of ['canary-4711', 'http://u:canary-4711@h', 'redis://', 'redis://h/canary-4711', 'rediss:canary-4711']) {
    const { redis } = redisAt(t, url)
    const failure = await redis.command('PING').then(
      () => undefined,
      (error: unknown) => error,
    )
    t.match(failure, { code: 'redis/invalid-url' }, url)
    t.notMatch(JSON.stringify(failure), 'canary')
  }
})

async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 3_000) throw error
      await delay(20)
    }
  }
}
