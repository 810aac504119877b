import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Outcome } from '../../src/gateway/breaker/breaker.ts'
import { CallFailure } from '../../src/gateway/failure.ts'
import { createLoadFiles } from '../../src/gateway/load/files.ts'
import { createLoad } from '../../src/gateway/load/load.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'

const settings = { enabled: true, failure_rate: 0.5, window_ms: 30_000, min_calls: 4, cooldown_ms: 15_000 }
const target = modelTarget(providerSpec({ type: 'openai', api_key: { $secret: 'OPENAI_API_KEY' } }), { circuit_breaker: settings })
const failed: Outcome = { type: 'failed', seen: '503' }

/** The id of a process that has ended. */
const deadPid = spawnSync(process.execPath, ['-e', '']).pid

function processOf(t: Test, directory: string, clock: FakeClock, pid: number) {
  const files = createLoadFiles({ directory, clock, pid })
  const load = createLoad({ clock, timers: clock, files })
  t.teardown(() => load.close())
  const call = async (outcome: Outcome) => (await load.breakers.enter(target, 65_000))(outcome)
  return { files, load, call }
}

async function refusal(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => (error instanceof CallFailure ? error.message : Promise.reject(error)),
  )
}

t.test('a process goes on from what the last one has counted, and takes its file away', async t => {
  const directory = join(t.testdir({}), 'load')
  const clock = createFakeClock()
  for (let number = 0; number < 3; number++) {
    const { load, call } = processOf(t, directory, clock, deadPid)
    await call(failed)
    await load.close()
    await clock.advance(10)
    t.equal(readdirSync(directory).length, 1)
  }
  const { load, call, files } = processOf(t, directory, clock, deadPid)
  t.equal(await refusal(load.breakers.look(target)), undefined, 'three of three: too few')
  await call(failed)
  t.equal(await refusal(load.breakers.look(target)), '4 of 4 calls failed, 503; probed in 15 s')
  await load.close()
  await clock.advance(6_000)
  const next = processOf(t, directory, clock, deadPid)
  t.equal(await refusal(next.load.breakers.look(target)), '4 of 4 calls failed, 503; probed in 9 s')
  t.match(await next.files.read(), [
    { isRunning: false, breakers: [{ model: 'model.test', breaker: { opened: { failures: 4 } } }], limits: [] },
  ])
  t.match(await files.read(), [], 'a process does not see itself')
})

t.test('the counts of a process that runs are its own; that its breaker is open, others know when they start', async t => {
  const directory = t.testdir({})
  const clock = createFakeClock()
  const running = processOf(t, directory, clock, process.pid)
  await running.call(failed)
  await clock.advance(1_000)
  const beside = processOf(t, directory, clock, deadPid)
  for (let number = 0; number < 3; number++) await beside.call(failed)
  t.equal(await refusal(beside.load.breakers.look(target)), undefined)
  for (let number = 0; number < 3; number++) await running.call(failed)
  await running.load.close()
  await beside.load.close()
  await clock.advance(1)
  const later = processOf(t, directory, clock, deadPid)
  t.match(await refusal(later.load.breakers.look(target)), /^4 of 4/)
  t.match(await later.files.read(), [{ pid: process.pid, isRunning: true }, { isRunning: false }])
})

t.test('a breaker that opens is seen at once, counts within a second, and nothing is left running', async t => {
  const directory = t.testdir({})
  const clock = createFakeClock()
  const { load, call } = processOf(t, directory, clock, process.pid)
  const reader = createLoadFiles({ directory, clock, pid: deadPid })
  await call({ type: 'answered' })
  t.same(await reader.read(), [])
  await clock.advance(1_000)
  await load.close()
  t.match(await reader.read(), [{ breakers: [{ breaker: { parts: [{ calls: 1, failures: 0 }] } }] }])
  t.equal(clock.pending, 0)
})

t.test('no key and no secret is in a file; one that is damaged, old or of another form is none', async t => {
  const directory = t.testdir({
    'a.json': '{"format":1',
    'b.json': '{"format":2,"breakers":[],"limits":[]}',
    'c.json': '{"format":1,"breakers":[{}],"limits":[]}',
  })
  const clock = createFakeClock()
  const { load, call, files } = processOf(t, directory, clock, deadPid)
  await call(failed)
  await load.close()
  const own = readdirSync(directory).find(name => name.startsWith(String(deadPid))) ?? ''
  t.notMatch(readFileSync(join(directory, own), 'utf8'), 'OPENAI_API_KEY')
  const other = createLoadFiles({ directory, clock, pid: process.pid })
  t.equal((await other.read()).length, 1)
  await clock.advance(600_000)
  t.same(await other.read(), [])
  writeFileSync(
    join(directory, 'd.json'),
    JSON.stringify({ format: 1, pid: 'x', host: hostname(), saved_at_ms: clock.now(), breakers: [], limits: [] }),
  )
  t.match(await files.read(), [{ isRunning: false }])
  // A folder that cannot be written keeps nobody from a call.
  const blocked = processOf(t, join(directory, 'a.json', 'load'), clock, process.pid)
  await blocked.call(failed)
  await blocked.load.close()
})

t.test('limits of a process that has been quiet for a minute are not those of now', async t => {
  const directory = t.testdir({})
  const clock = createFakeClock()
  const { load, call } = processOf(t, directory, clock, process.pid)
  const scope = { key: 'k', block: 'provider.openai', limits: { requests_per_minute: 5 } }
  const signal = new AbortController().signal
  const model = { key: 'm', block: 'model.fast', limits: {} }
  const permit = await load.limiter.acquire({ provider: scope, model, tokens: 0, callMs: 1, untilMs: 1, signal })
  permit.settle(0)
  await call({ type: 'answered' })
  await load.close()
  const reader = createLoadFiles({ directory, clock, pid: deadPid })
  t.match(await reader.read(), [{ limits: [{ block: 'provider.openai', requests: 1 }, {}] }])
  await clock.advance(60_000)
  t.match(await reader.read(), [{ limits: [{ block: 'provider.openai', requests: 0 }, {}] }])
})
