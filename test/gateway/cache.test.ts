import t, { type Test } from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import type { AnswerCache } from '../../src/gateway/cache/answer-cache.ts'
import { cacheKey } from '../../src/gateway/cache/key.ts'
import { LEASE_MS } from '../../src/gateway/cache/single-flight.ts'
import type { CachePolicy, CallEvent, CallHandler, CheckedAnswer, LayerResult, ModelCall } from '../../src/gateway/call.ts'
import { CallFailure } from '../../src/gateway/failure.ts'
import { cacheLayer } from '../../src/gateway/layers/cache.ts'
import { RedisUnavailable } from '../../src/redis/unavailable.ts'
import { answer, cachedCall, keptOf, openCache, resultOf, sqliteCache, target, tier } from '../support/answer-cache.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'

/** A layer over a provider that answers when the test says so. */
function layerOver(clock: FakeClock, answerCache: AnswerCache) {
  const warnings: string[] = []
  const layer = cacheLayer({ clock, timers: clock, answerCache, warn: line => warnings.push(line) })
  const made: { readonly call: ModelCall; answer(result?: Partial<LayerResult>): void; fail(): void }[] = []
  const next: CallHandler = call =>
    new Promise((resolve, reject) => {
      made.push({
        call,
        answer: result => resolve(resultOf(result)),
        fail: () => reject(new CallFailure({ class: 'server_error', message: 'it failed' })),
      })
    })
  return { made, warnings, call: (call: ModelCall = cachedCall()) => layer(call, next) }
}

async function sqliteLayer(t: Test) {
  const clock = createFakeClock()
  const cache = await sqliteCache(t, clock)
  return { clock, cache, ...layerOver(clock, cache) }
}

function policyOf({ policy: { cache } }: ModelCall): CachePolicy {
  if (cache === undefined) throw new Error('the call has no cache')
  return cache
}

/** Lets what has been set going go on: a store may take a few turns of the event loop. */
async function settled(clock: FakeClock): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await clock.advance(0)
}

/** Moves time in small steps, so that what polls does so when it is due. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 100) {
    await clock.advance(Math.min(100, ms - passedMs))
    await settled(clock)
  }
}

t.test('CACHE-1: the key is what is asked, of whom, and for whom', t => {
  const policy = (changes: object) => cachedCall({}, { cache: { ttlMs: 1, scope: 'tenant', closure: digestOf('closure'), ...changes } })
  const keyOf = (call: ModelCall) => cacheKey(call, policyOf(call))
  const caller = (changes: object) => ({ caller: { ...cachedCall().caller, ...changes } })
  const first = (spec: object) => ({ tiers: [{ models: [modelTarget(providerSpec({ type: 'openai' }), spec)], escalateOn: [] }] })
  const same: readonly ModelCall[] = [
    cachedCall({ attempt: 2, history: { ...cachedCall().history, streamHeld: true }, onEvent: () => {} }),
    cachedCall({ tiers: [{ ...tier, models: [target, modelTarget(providerSpec({ type: 'google' }), { id: 'stand-in' })] }] }),
    cachedCall(caller({ run: 'r', node: 'n', user: 'u', flow: 'workflow.other' })),
    cachedCall(first({ timeout_ms: 1, price: [{ above_input_tokens: 0 }], params: {} })),
    cachedCall({ input: { unused: 1 }, deadlineMs: 5 }),
  ]
  const others: readonly ModelCall[] = [
    cachedCall({ messages: [{ role: 'user', text: 'Where is my order?' }] }),
    cachedCall({ messages: [{ role: 'user', text: 'Where is my parcel?', files: [{ mediaType: 'image/png', data: 'AAAA' }] }] }),
    cachedCall({ messages: [{ role: 'user', text: 'Where is my parcel?', files: [{ mediaType: 'image/png', data: 'AAAB' }] }] }),
    cachedCall({ params: { temperature: 0 } }),
    cachedCall({ output: { type: 'object' } }),
    cachedCall({ tools: [{ name: 'look', input: {} }] }),
    cachedCall(caller({ environment: 'prod' })),
    cachedCall(caller({ tenant: 'acme' })),
    cachedCall(first({ id: 'newer' })),
    cachedCall(first({ params: { seed: 1 } })),
    policy({ closure: digestOf('another') }),
  ]
  const key = keyOf(cachedCall())
  for (const [index, call] of same.entries()) t.equal(keyOf(call), key, `same ${index}`)
  t.equal(new Set([key, ...others.map(keyOf)]).size, others.length + 1)
  const shared = policy({ scope: 'environment' })
  t.equal(keyOf({ ...shared, ...caller({ tenant: 'acme' }) }), keyOf(shared), 'one for all tenants where it is said')
  t.end()
})

t.test('GW-2: a hit asks no model, costs nothing, and is streamed', async t => {
  const { clock, cache, made, call } = await sqliteLayer(t)
  const miss = cachedCall()
  const first = call(miss)
  await settled(clock)
  made[0]?.answer()
  t.equal((await first).cached, undefined)
  t.equal(miss.history.cache, 'miss')
  await clock.advance(5)
  const events: CallEvent[] = []
  const again = cachedCall({ onEvent: event => events.push(event) })
  t.match(await call(again), {
    text: answer.text,
    output: answer.text,
    costNano: 0,
    usage: answer.usage,
    cached: { storedAtMs: clock.now() - 5 },
    target,
  })
  t.equal(again.history.cache, 'hit')
  t.same(events, [{ type: 'text-start' }, { type: 'text-delta', text: answer.text }, { type: 'text-end' }])
  t.equal(made.length, 1)
  await cache.statistics('dev')
  t.equal(clock.pending, 0, 'what is kept is in the file, and no timer is left')
})

t.test('without a policy nothing is looked for', async t => {
  const { clock, made, call } = await sqliteLayer(t)
  const { cache: _, ...policy } = cachedCall().policy
  const plain = cachedCall({ policy })
  const result = call(plain)
  await settled(clock)
  made[0]?.answer()
  await result
  t.equal(plain.history.cache, 'off')
})

t.test('CACHE-1, CACHE-2: only whole answers of the first model are kept', async t => {
  const standIn = modelTarget(providerSpec({ type: 'google' }), { id: 'stand-in' })
  const notKept: readonly Partial<LayerResult>[] = [
    { target: { ...standIn, address: 'model.backup' } },
    { finishReason: 'length' },
    { finishReason: 'content_filter' },
  ]
  for (const result of notKept) {
    const { clock, cache, made, call } = await sqliteLayer(t)
    const asked = call()
    await settled(clock)
    made[0]?.answer(result)
    await asked
    t.same((await cache.statistics('dev')).models, [], JSON.stringify(Object.keys(result)))
  }
  const { clock, cache, made, call } = await sqliteLayer(t)
  const blocked = call()
  await settled(clock)
  made[0]?.fail()
  await t.rejects(blocked, CallFailure)
  t.same((await cache.statistics('dev')).models, [], 'what a guard blocked is no answer')
})

t.test('CACHE-2: what guards found is said again, and tool calls are answers', async t => {
  const { clock, made, call } = await sqliteLayer(t)
  const verdict = { guard: 'guard.pii', detector: 'pii', action: 'redact', finding: '1 email' } as const
  const first = cachedCall()
  const result = call(first)
  await settled(clock)
  first.history.verdicts.push({ ...verdict, on: 'input' }, { ...verdict, on: 'output' })
  made[0]?.answer({ text: '', finishReason: 'tool_calls', toolCalls: [{ id: '1', name: 'look', arguments: '{}' }] })
  await result
  const events: CallEvent[] = []
  const again = cachedCall({ onEvent: event => events.push(event) }, { check: async () => ({ fits: false, violations: [] }) })
  t.match(await call(again), { toolCalls: [{ name: 'look' }] })
  t.same(again.history.verdicts, [{ ...verdict, on: 'output' }])
  t.same(events, [{ type: 'tool-call', name: 'look' }])
})

t.test('CACHE-2: an answer that no longer fits is a miss, and is replaced', async t => {
  const { clock, made, call } = await sqliteLayer(t)
  const fits =
    (wanted: string) =>
    async (text: string): Promise<CheckedAnswer> =>
      text === wanted ? { fits: true, output: { said: text } } : { fits: false, violations: [{ path: '', text: 'no' }] }
  const old = call()
  await settled(clock)
  made[0]?.answer()
  await old
  const checked = call(cachedCall({}, { check: fits('newer') }))
  await settled(clock)
  t.equal(made.length, 2)
  made[1]?.answer({ text: 'newer' })
  await checked
  t.match(await call(cachedCall({}, { check: fits('newer') })), { output: { said: 'newer' }, cached: {} })
  const escalating = call(cachedCall({ tiers: [{ ...tier, escalateWhen: output => output === 'newer' }, tier] }))
  await settled(clock)
  t.equal(made.length, 3, 'an answer that is not good enough is no hit')
  made[2]?.fail()
  await t.rejects(escalating)
})

t.test('CACHE-3: of a hundred equal calls of a process one is made, and the others are woken with its answer', async t => {
  const { clock, cache, made, call } = await sqliteLayer(t)
  const calls = Array.from({ length: 100 }, () => call())
  await settled(clock)
  t.equal(made.length, 1)
  t.ok(clock.pending >= 99, 'each waits at most as long as it may')
  made[0]?.answer()
  const results = await Promise.all(calls)
  t.equal(results.filter(({ cached }) => cached !== undefined).length, 99)
  t.equal(made.length, 1)
  await cache.statistics('dev')
  t.equal(clock.pending, 0, 'what is kept is in the file, and no timer is left')
})

t.test('CACHE-3: when the one who makes it fails or is cancelled, one other takes over, and the error is its own', async t => {
  const { clock, cache, made, call } = await sqliteLayer(t)
  const controller = new AbortController()
  const calls = [call(), call(cachedCall({ signal: controller.signal })), call(), call()]
  await settled(clock)
  made[0]?.fail()
  await t.rejects(async () => calls[0], CallFailure)
  await settled(clock)
  t.equal(made.length, 2, 'one takes over')
  made[1]?.answer({ finishReason: 'length' })
  t.equal((await calls[1])?.cached, undefined)
  await settled(clock)
  t.equal(made.length, 3, 'what may not be kept is nobody else’s answer')
  const cancelled = call(cachedCall({ signal: controller.signal }))
  await settled(clock)
  controller.abort()
  await t.rejects(cancelled, { message: 'the call was cancelled' }, 'one who waits can be cancelled')
  made[2]?.answer()
  t.match(await Promise.all(calls.slice(2)), [{ cached: undefined }, { cached: {} }])
  await cache.statistics('dev')
  t.equal(clock.pending, 0, 'what is kept is in the file, and no timer is left')
})

t.test('CACHE-3: one who waits does so at most its own limit, then calls by itself', async t => {
  const { clock, cache, made, call } = await sqliteLayer(t)
  const slow = call()
  await settled(clock)
  const patient = call()
  const hurried = call(cachedCall({ deadlineMs: clock.monotonic() + 2_000 }))
  await pass(clock, 999)
  t.equal(made.length, 1)
  await pass(clock, 1)
  t.equal(made.length, 2, 'half of its time is left for its own call')
  made[1]?.answer({ text: 'mine' })
  t.match(await hurried, { text: 'mine', cached: undefined })
  await pass(clock, target.spec.timeout_ms)
  t.equal(made.length, 3)
  made[2]?.answer()
  await patient
  made[0]?.answer()
  await slow
  await cache.statistics('dev')
  t.equal(clock.pending, 0, 'what is kept is in the file, and no timer is left')
})

t.test('CACHE-3: the holder keeps its lease as long as it works, and after its death another process takes over', async t => {
  const directory = t.testdir()
  const clock = createFakeClock()
  const caches = [await openCache(directory, clock), await openCache(directory, clock)] as const
  t.teardown(() => Promise.all(caches.map(cache => cache.close())))
  const [mine, theirs] = [layerOver(clock, caches[0]), layerOver(clock, caches[1])]
  const working = mine.call()
  await settled(clock)
  const waiting = theirs.call()
  await pass(clock, 3 * LEASE_MS)
  t.equal(theirs.made.length, 0)
  mine.made[0]?.answer()
  await working
  t.match(await clock.runUntil(waiting), { cached: {} }, 'it finds the answer of the other process')

  // One that is gone: nobody renews its lease.
  const other = cachedCall({ params: { seed: 2 } })
  await caches[0].claim(cacheKey(other, policyOf(other)), LEASE_MS)
  const taken = theirs.call(other)
  await pass(clock, LEASE_MS - 1)
  t.equal(theirs.made.length, 0)
  await pass(clock, 600)
  t.equal(theirs.made.length, 1, 'it looks twice a second')
  theirs.made[0]?.answer()
  t.match(await taken, { cached: undefined })
})

t.test('CACHE-4: a late holder does not keep its answer', async t => {
  const { clock, cache, made, call } = await sqliteLayer(t)
  const late = call(cachedCall({ deadlineMs: clock.monotonic() + 100 }))
  await settled(clock)
  await clock.advance(100)
  const key = cacheKey(cachedCall(), policyOf(cachedCall()))
  const claim = await cache.claim(key, LEASE_MS)
  t.equal(claim.state, 'free')
  made[0]?.answer({ text: 'late' })
  t.match(await late, { text: 'late', cached: undefined })
  t.same((await cache.statistics('dev')).models, [])
  if (claim.state === 'free') await cache.keep(key, claim.token, keptOf(), 1000)
  t.match(await call(), { text: answer.text, cached: {} })
})

t.test('CACHE-4: without the store every call is made, with one warning a minute', async t => {
  const clock = createFakeClock()
  const failing = (error: Error): AnswerCache => {
    const fail = async () => Promise.reject(error)
    return {
      name: '.flowrun/cache.db',
      claim: fail,
      extend: fail,
      keep: fail,
      release: fail,
      drop: fail,
      statistics: fail,
      clear: fail,
      close: fail,
    }
  }
  const { made, warnings, call } = layerOver(clock, failing(new Error('the disk is gone')))
  const calls = Array.from({ length: 5 }, () => call())
  await settled(clock)
  t.equal(made.length, 5, 'nobody waits for another')
  for (const { answer } of made) answer()
  t.ok((await Promise.all(calls)).every(({ cached }) => cached === undefined))
  t.same(warnings, ['The cache .flowrun/cache.db cannot be asked: the disk is gone. Until it can, every call is made'])
  await clock.advance(60_000)
  const later = call()
  await settled(clock)
  made[5]?.answer()
  await later
  t.equal(warnings.length, 2)

  const redis = layerOver(clock, failing(new RedisUnavailable('Redis is away')))
  const without = redis.call()
  await settled(clock)
  redis.made[0]?.answer()
  await without
  t.same(redis.warnings, [], 'the connection tells it')
})

t.test('CACHE-4: a store that is lost while the answer is made loses nobody’s answer', async t => {
  const clock = createFakeClock()
  const cache = await sqliteCache(t, clock)
  const lost = { ...cache, keep: async () => Promise.reject(new Error('lost')), release: async () => Promise.reject(new Error('lost')) }
  const { made, warnings, call } = layerOver(clock, lost)
  const calls = [call(), call()]
  await settled(clock)
  made[0]?.answer()
  t.match(await Promise.all(calls), [{ cached: undefined }, { cached: {} }])
  t.equal(warnings.length, 1)
})
