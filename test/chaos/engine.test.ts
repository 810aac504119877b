import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import type { RecordStore } from '../../src/engine/durable/record-store.ts'
import { systemTimers } from '../../src/gateway/timers.ts'
import { type Behaviour, startSuspects } from '../support/engine-process.ts'
import { isAlive, openEngine, openRecords, sequence, submission, succeed } from '../support/runs.ts'
import { randomOf } from '../support/seeded.ts'
import { startToolServer } from '../support/tool-server.ts'

const KILLS = Number(process.env.FLOWRUN_CHAOS_KILLS ?? 50)
const SEED = Number(process.env.FLOWRUN_CHAOS_SEED ?? Date.now() % 1_000_000)
const WORKER = join(import.meta.dirname, '../support/engine-process.ts')
const POINTS = ['E1-attempt-begun', 'E2-effect-done', 'E3-step-recorded', 'E4-run-ended']
const POINT_KILLS = Math.ceil((KILLS * 2) / 5 / POINTS.length)
const RUNS = 200
const STEPS = 5

t.setTimeout(180_000 + KILLS * 4000)

interface Worker {
  readonly child: ChildProcess
  readonly ready: Promise<void>
  readonly ended: Promise<number | NodeJS.Signals | null>
}

interface WorkerOptions {
  readonly directory: string
  readonly url: string
  readonly concurrency?: number
  readonly crashAt?: string
  readonly heapMb?: number
}

function startWorker(t: Test, { directory, url, concurrency = 16, crashAt, heapMb }: WorkerOptions): Worker {
  const heap = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`]
  const child = spawn(process.execPath, [...heap, WORKER, JSON.stringify({ directory, url, concurrency })], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, FLOWRUN_TEST: '1', ...(crashAt && { FLOWRUN_CRASH_AT: crashAt }) },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = new Promise<number | NodeJS.Signals | null>(resolve => child.once('exit', (code, signal) => resolve(signal ?? code)))
  const ready = new Promise<void>(resolve => child.stdout?.once('data', () => resolve()))
  return { child, ended, ready: Promise.race([ready, ended.then(() => {})]) }
}

/** Runs by state, as people count them. */
async function standing(store: RecordStore): Promise<Readonly<Record<string, number>>> {
  const runs = await store.listRuns({ project: 'shop', limit: 10_000 })
  return Object.fromEntries([...Map.groupBy(runs, ({ state }) => state)].map(([state, group]) => [state, group.length]))
}

async function untilAllEnd(store: RecordStore, timeoutMs = 300_000): Promise<void> {
  const until = Date.now() + timeoutMs
  for (;;) {
    const { queued = 0, running = 0, waiting = 0 } = await standing(store)
    if (queued + running + waiting === 0) return
    if (Date.now() > until) throw new Error(`${queued} queued, ${running} running, ${waiting} waiting`)
    await delay(20)
  }
}

/** Runs, and a server that notes each step that was executed although its record was there. */
async function scene(t: Test, { runs, steps, latencyMs, seed }: { runs: number; steps: number; latencyMs: number; seed: number }) {
  const directory = t.testdir()
  const store = await openRecords(directory)
  const random = randomOf(seed)
  const again: string[] = []
  const server = await startToolServer(async ({ run, path }) => {
    if (await store.step(run, path)) again.push(`${run} ${path}`)
    await delay(random() * latencyMs)
    return path
  })
  t.teardown(async () => {
    server.close()
    await store.close()
  })
  const engine = openEngine(store, async () => succeed())
  const submitted = await Promise.all(Array.from({ length: runs }, () => engine.submit(submission(sequence(steps)))))
  return { directory, store, random, server, again, engine, ids: submitted.map(({ run }) => run.id) }
}

async function allSucceeded(t: Test, store: RecordStore, ids: readonly string[], steps: number): Promise<void> {
  for (const id of ids) {
    const run = await store.getRun(id)
    if (run?.state !== 'succeeded') t.fail(`${id} is ${run?.state}: ${JSON.stringify(run?.reason ?? run?.error)}`)
    const events = await store.events(id, 0)
    const gap = events.findIndex(({ seq }, index) => seq !== index + 1)
    if (gap !== -1) t.fail(`SSE-1: the events of ${id} have a gap at ${gap + 1}`)
    const ends = events.filter(({ type }) => type === 'run.succeeded').length
    if (ends !== 1) t.fail(`${id} ended ${ends} times`)
    if ((await store.steps(id)).length !== steps) t.fail(`${id} lacks steps`)
  }
}

t.test(`FAIL-14: ${RUNS} runs of ${STEPS} steps, the worker killed at random, seed ${SEED}`, async t => {
  const kills = KILLS - POINT_KILLS * POINTS.length
  let rest = kills
  for (let round = 0; rest > 0; round++) {
    const { directory, store, random, server, again, engine, ids } = await scene(t, {
      runs: RUNS,
      steps: STEPS,
      latencyMs: 60,
      seed: SEED + round,
    })
    let killed = 0
    for (let open = RUNS; open > 0 && rest > 0; rest--) {
      const worker = startWorker(t, { directory, url: server.url })
      await worker.ready
      await delay(20 + random() * 150)
      worker.child.kill('SIGKILL')
      await worker.ended
      killed++
      const { queued = 0, running = 0 } = await standing(store)
      open = queued + running
    }
    const last = startWorker(t, { directory, url: server.url })
    await untilAllEnd(store)
    // Three kills in a row without a record are taken for the run's own fault, and a person says that they were not.
    for (const { id, reason } of await store.listRuns({ project: 'shop', states: ['paused'], limit: RUNS })) {
      t.equal(reason?.code, 'run/poison')
      await engine.resume(id)
    }
    await untilAllEnd(store)
    last.child.kill('SIGTERM')
    t.equal(await last.ended, 0, 'SIGTERM drains')
    await allSucceeded(t, store, ids, STEPS)
    t.same(again, [], 'no recorded step was executed again')
    const repeated = server.begun.length - RUNS * STEPS
    t.ok(repeated <= killed * 16, `${repeated} steps in flight were begun again after ${killed} kills`)
    t.comment(`round ${round}: ${killed} kills, ${repeated} steps begun again`)
  }
})

t.test(`killed before and after effect, commit and end, ${POINT_KILLS} times each`, async t => {
  for (const crashAt of POINTS) {
    const { directory, store, server, again, ids } = await scene(t, { runs: POINT_KILLS * 4, steps: 2, latencyMs: 5, seed: SEED })
    for (let kill = 0; kill < POINT_KILLS; kill++) {
      // One at a time: a run that shares three such processes would be a suspect.
      const worker = startWorker(t, { directory, url: server.url, concurrency: 1, crashAt })
      t.equal(await worker.ended, 'SIGKILL', crashAt)
      const paused = await store.listRuns({ project: 'shop', states: ['paused'], limit: RUNS })
      for (const { id } of paused) await store.resume(id)
    }
    const last = startWorker(t, { directory, url: server.url })
    await last.ready
    await untilAllEnd(store)
    for (const { id } of await store.listRuns({ project: 'shop', states: ['paused'], limit: RUNS })) await store.resume(id)
    await untilAllEnd(store)
    last.child.kill('SIGKILL')
    await last.ended
    await allSucceeded(t, store, ids, 2)
    t.same(again, [], `${crashAt}: no recorded step was executed again`)
    const keys = new Set(server.begun.map(({ key }) => key))
    t.equal(keys.size, ids.length * 2, 'STEP-5: a repeated step has the key that it had')
  }
})

t.test(
  'HIST-8, FAIL-14: a worker that is stopped past its takeover and continues: its late record loses, and it begins nothing',
  async t => {
    const directory = t.testdir()
    const store = await openRecords(directory)
    let release = (_: string) => {}
    const held = new Promise<string>(resolve => {
      release = resolve
    })
    const server = await startToolServer(({ path }) => (path === 's0' ? held : Promise.resolve(path)))
    t.teardown(() => server.close())
    // An observer whose monotonic clock runs forty times as fast: what takes 15 s takes 400 ms.
    const clock = { now: systemClock.now, monotonic: () => systemClock.monotonic() * 40 }
    const timers = { after: (ms: number, run: () => void) => systemTimers.after(ms / 40, run) }
    const observer = openEngine(store, async command => succeed({ output: `observer ${command.path}` }), { clock, timers })
    const { run } = await observer.submit(submission(sequence(3)))
    const zombie = startWorker(t, { directory, url: server.url })
    while (server.begun.length === 0) await delay(5)
    stopBetweenWrites(zombie.child, directory)
    observer.start()
    await untilAllEnd(store)
    release('zombie')
    zombie.child.kill('SIGCONT')
    while (!(await store.events(run.id, 0)).some(({ type }) => type === 'step.late')) await delay(10)
    t.match(await store.getRun(run.id), { state: 'succeeded', output: { s0: { output: 'observer s0' } }, epoch: 2 })
    t.equal(server.begun.length, 1, 'it began nothing after the record that lost')
    zombie.child.kill('SIGTERM')
    t.equal(await zombie.ended, 0)
    await observer.drain(1000)
    await store.close()
  },
)

/** One that is stopped in the middle of a transaction keeps all others out, as SQLite promises. */
function stopBetweenWrites(child: ChildProcess, directory: string): void {
  const database = new Database(join(directory, 'engine.db'), { timeout: 60_000 })
  database.exec('BEGIN IMMEDIATE')
  child.kill('SIGSTOP')
  database.exec('ROLLBACK')
  database.close()
}

t.test('IDEM-3: 100 submits at once with one key, over four connections: one run', async t => {
  const directory = t.testdir()
  const stores = await Promise.all(Array.from({ length: 4 }, () => openRecords(directory)))
  const engines = stores.map(store => openEngine(store, async () => succeed()))
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => engines[index % 4]?.submit(submission(sequence(1), { idempotencyKey: 'order-1' }))),
  )
  t.equal(new Set(answers.map(answer => answer?.run.id)).size, 1)
  t.equal(answers.filter(answer => answer?.replayed === false).length, 1)
  for (const store of stores) await store.close()
})

t.test('OWN-8: runs that throw, hang and flood fail by themselves, and others keep their pace', async t => {
  const { directory, store, server, engine, ids } = await scene(t, { runs: 100, steps: 3, latencyMs: 5, seed: SEED })
  const bad = async (behaviour: Behaviour, deadlineMs: number) =>
    (await engine.submit(submission(sequence(1), { input: { behaviour }, priority: 9, deadlineAtMs: Date.now() + deadlineMs }))).run.id
  const throws = await bad('throw', 60_000)
  const hangs = await Promise.all(Array.from({ length: 8 }, () => bad('hang', 4000)))
  const floods = await bad('flood', 60_000)
  const worker = startWorker(t, { directory, url: server.url })
  await worker.ready
  await untilAllEnd(store)
  await allSucceeded(t, store, ids, 3)
  t.match(await store.getRun(throws), { state: 'failed', error: { code: 'node/failed', message: 'flowrun itself failed: Error' } })
  for (const id of hangs) t.match(await store.getRun(id), { state: 'failed', error: { code: /^(run\/deadline|node\/timeout)$/ } })
  t.match(await store.getRun(floods), { state: 'failed', error: { code: 'run/value-too-large' } })
  worker.child.kill('SIGKILL')
})

t.test('OWN-7: a memory bomb among 200 innocent runs kills two workers; in a process of its own it is found and paused', async t => {
  const { directory, store, server, engine, ids } = await scene(t, { runs: RUNS, steps: 3, latencyMs: 20, seed: SEED })
  const bomb = await engine.submit(submission(sequence(1), { input: { behaviour: 'bomb' }, priority: 1 }))
  let deaths = 0
  for (;;) {
    const worker = startWorker(t, { directory, url: server.url, heapMb: 64 })
    const isOver = await Promise.race([worker.ended.then(() => false), untilAllEnd(store).then(() => true)])
    if (isOver) {
      worker.child.kill('SIGTERM')
      t.equal(await worker.ended, 0, 'the third worker lives')
      break
    }
    deaths++
    t.ok(deaths <= 2, 'two workers, and no more')
  }
  t.equal(deaths, 2)
  t.match(await store.getRun(bomb.run.id), { state: 'paused', reason: { code: 'run/poison' }, deaths: 3 })
  await allSucceeded(t, store, ids, 3)
})

/** A run whose owners died twice. */
async function suspect(store: RecordStore, run: string): Promise<void> {
  for (const owner of ['dead-1', 'dead-2']) {
    await store.claim(owner, 1, run)
    await store.takeFrom(owner)
  }
}

t.test('OWN-7: while a suspect runs in a process of its own, others keep their pace in the worker; then it is cleared', async t => {
  const directory = t.testdir()
  const store = await openRecords(directory)
  let release = (_: string) => {}
  const held = new Promise<string>(resolve => {
    release = resolve
  })
  const server = await startToolServer(({ run, path }) => (run === slow.id && path === 's0' ? held : Promise.resolve(path)))
  t.teardown(async () => {
    server.close()
    await store.close()
  })
  const engine = openEngine(store, async () => succeed())
  const { run: slow } = await engine.submit(submission(sequence(2)))
  await suspect(store, slow.id)
  const worker = startWorker(t, { directory, url: server.url })
  while (server.begun.length === 0) await delay(5)
  const innocent = await Promise.all(Array.from({ length: 20 }, () => engine.submit(submission(sequence(3)))))
  const ids = innocent.map(({ run }) => run.id)
  while ((await standing(store)).succeeded !== ids.length) await delay(10)
  const { owner, state, deaths } = (await store.getRun(slow.id)) ?? {}
  t.same([state, deaths], ['running', 2], 'it is still at its step')
  const pid = (await store.owners()).find(({ id }) => id === owner)?.pid
  t.ok(pid !== undefined && pid !== worker.child.pid, 'in another process')
  release('late')
  await untilAllEnd(store)
  await allSucceeded(t, store, ids, 3)
  t.match(await store.getRun(slow.id), { state: 'succeeded', deaths: 0 })
  worker.child.kill('SIGTERM')
  t.equal(await worker.ended, 0)
})

t.test('OWN-7: a suspect that holds its process up is ended with it', async t => {
  const directory = t.testdir()
  const store = await openRecords(directory)
  const pids: number[] = []
  // As above: what takes 15 s takes 400 ms.
  const clock = { now: systemClock.now, monotonic: () => systemClock.monotonic() * 40 }
  const timers = { after: (ms: number, run: () => void) => systemTimers.after(ms / 40, run) }
  const engine = openEngine(store, async () => succeed(), {
    ...{ clock, timers },
    startSuspects() {
      const started = startSuspects({ directory, url: '', concurrency: 1 })
      pids.push(started.pid ?? 0)
      return started
    },
  })
  const { run } = await engine.submit(submission(sequence(1), { input: { behaviour: 'spin' } }))
  await suspect(store, run.id)
  engine.start()
  await untilAllEnd(store)
  t.match(await store.getRun(run.id), { state: 'paused', reason: { code: 'run/poison' } })
  await engine.drain(1000)
  t.ok(pids.length > 0)
  t.notOk(pids.some(isAlive), 'no process is left')
  await store.close()
})

t.test('STORE-5: the WAL cut at every frame: exactly the commits before the cut', async t => {
  const directory = t.testdir({ live: {}, cut: {} })
  const live = join(directory, 'live')
  const store = await openRecords(live)
  const file = join(live, 'engine.db')
  const acknowledged: { readonly bytes: number; readonly seq: number }[] = []
  const engine = openEngine(store, async () => succeed({ output: 'x'.repeat(500) }))
  const { run } = await engine.submit(submission(sequence(1)))
  for (let index = 0; index < 40; index++) {
    const outcome = { status: 'succeeded', exit: 'done', attributes: { output: 'x'.repeat(index * 100) } } as const
    await store.commitStep({ run: run.id, path: `p${index}`, outcome, attempts: 1, startedAtMs: 1, endedAtMs: 1, costNano: 1 })
    acknowledged.push({ bytes: statSync(`${file}-wal`).size, seq: index + 1 })
  }
  const pageBytes = readFileSync(`${file}-wal`).readUInt32BE(8)
  const frames = (statSync(`${file}-wal`).size - 32) / (pageBytes + 24)
  const first = ((acknowledged[0]?.bytes ?? 0) - 32) / (pageBytes + 24)
  const random = randomOf(SEED)
  for (let frame = first; frame <= frames; frame++) {
    // At the frame, and somewhere in the next one.
    for (const extra of [0, Math.floor(random() * (pageBytes + 23))]) {
      const folder = join(directory, 'cut', `${frame}-${extra}`)
      mkdirSync(folder)
      for (const end of ['', '-wal']) copyFileSync(file + end, join(folder, `engine.db${end}`))
      const bytes = Math.min(32 + frame * (pageBytes + 24) + extra, statSync(`${file}-wal`).size)
      truncateSync(join(folder, 'engine.db-wal'), bytes)
      const cut = new Database(join(folder, 'engine.db'))
      const expected = acknowledged.findLast(({ bytes: end }) => end <= bytes)?.seq ?? 0
      const { steps, cost } = cut.prepare('SELECT (SELECT count(*) FROM step) AS steps, (SELECT cost_nano FROM run) AS cost').get() as {
        steps: number
        cost: number
      }
      const check = cut.pragma('integrity_check', { simple: true })
      cut.close()
      if (steps !== expected || cost !== expected || check !== 'ok')
        t.fail(`cut at ${bytes}: ${steps} steps, cost ${cost}, expected ${expected}; ${check}`)
    }
  }
  t.ok(frames - first > 40, `${frames - first} frames were cut`)
  await store.close()
})
