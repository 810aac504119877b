import { spawn } from 'node:child_process'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { CacheRun } from '../support/cache-process.ts'
import { startRedis, withoutRedis } from '../support/redis.ts'

const SCRIPT = join(import.meta.dirname, '../support/cache-process.ts')
/** Longer than a busy machine keeps a process from renewing it, shorter than a test is waited for. */
const LEASE_MS = 2_000

t.setTimeout(240_000)

/** A model that answers when the test says so. */
async function startModel(t: Test) {
  const calls: ServerResponse[] = []
  const waiting: (() => void)[] = []
  const server = createServer((_, response) => {
    calls.push(response)
    for (const wake of waiting.splice(0)) wake()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    async called(count: number): Promise<void> {
      while (calls.length < count) await new Promise<void>(resolve => waiting.push(resolve))
    },
  }
}

function startCaller(t: Test, run: CacheRun) {
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(run)], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', chunk => {
      output += chunk
    })
  const ended = new Promise<string>(resolve => child.on('close', () => resolve(output)))
  return { ended, kill: () => child.kill('SIGKILL') }
}

async function overProcesses(t: Test, storeOf: (t: Test) => Promise<CacheRun['store']>): Promise<void> {
  await t.test('CACHE-3: of equal calls of three processes at once one is made', async t => {
    const model = await startModel(t)
    const run = { store: await storeOf(t), model: model.url, leaseMs: LEASE_MS }
    const callers = Array.from({ length: 3 }, () => startCaller(t, run))
    await model.called(1)
    model.calls[0]?.end('one answer')
    const results = await Promise.all(callers.map(({ ended }) => ended))
    t.same(
      results.map(result => JSON.parse(result)).sort((a, b) => a.cached - b.cached),
      [
        { text: 'one answer', cached: false },
        { text: 'one answer', cached: true },
        { text: 'one answer', cached: true },
      ],
    )
    t.equal(model.calls.length, 1)
  })

  await t.test('CACHE-3: when the process that makes the call is killed, one that waits takes over', async t => {
    const model = await startModel(t)
    const run = { store: await storeOf(t), model: model.url, leaseMs: LEASE_MS }
    const first = startCaller(t, run)
    await model.called(1)
    const others = [startCaller(t, run), startCaller(t, run)]
    first.kill()
    await first.ended
    await model.called(2)
    model.calls[1]?.end('of the next')
    const results = await Promise.all(others.map(({ ended }) => ended))
    t.same(
      results.map(result => JSON.parse(result)).sort((a, b) => a.cached - b.cached),
      [
        { text: 'of the next', cached: false },
        { text: 'of the next', cached: true },
      ],
    )
    t.equal(model.calls.length, 2)
  })
}

t.test('in SQLite', t => overProcesses(t, async t => ({ directory: t.testdir() })))

t.test('in Redis', { skip: withoutRedis }, t => overProcesses(t, async t => ({ url: (await startRedis(t)).url })))
