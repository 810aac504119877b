import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Engine } from '../../src/engine/durable/engine.ts'
import type { RecordStore } from '../../src/engine/durable/record-store.ts'
import { effect, type FakeFlow, openEngine, openRecords, sequence, submission, succeed } from '../support/runs.ts'
import { startToolServer } from '../support/tool-server.ts'
import { printTable } from './measure.ts'

const SUBMITTERS = 32
const RUNS = 5000
/** Of each step, as in the measurements of other engines. */
const RESULT = { output: 'x'.repeat(1000) }

/** Runs of five steps without work, durable by a flush of the disk; how it recovers; how it bears a long queue and a wide step. */
export async function engineBench(): Promise<void> {
  const flow = sequence(5)
  const idle = await inStore(async () => process.memoryUsage.rss())
  const { runsPerSecond, p50Ms, p99Ms, cpuUs, rss } = await inStore(store => throughput(store, flow))
  const recovery = await recoveryOf200()
  printTable(
    `Runs of five steps, 1 KB each, ${SUBMITTERS} submitters in the process`,
    ['', ''],
    [
      ['runs', `${Math.round(runsPerSecond)}/s`],
      ['CPU of one run', `${Math.round(cpuUs)} µs`],
      ['submit, p50', `${p50Ms.toFixed(1)} ms`],
      ['submit, p99', `${p99Ms.toFixed(1)} ms`],
      ['memory before, after', `${megabytes(idle)}, ${megabytes(rss)}`],
      ['a worker from its start to ready', `${Math.round(recovery.readyMs)} ms`],
      ['200 open runs after kill -9, from ready to all steps begun again', `${Math.round(recovery.begunMs)} ms`],
    ],
  )
  const rows: (readonly string[])[] = []
  for (const queued of [1, 10_000, 100_000]) {
    const perClaimUs = await inStore(store => claimTime(store, queued))
    rows.push([queued.toLocaleString('en'), `${perClaimUs.toFixed(0)} µs`])
  }
  printTable('One claim of a run, ended again', ['queued', 'each'], rows)
  const wide: FakeFlow = {
    rows: Array.from({ length: 100 }, (_, row) =>
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`s${row}_${index}`, effect()])),
    ),
  }
  const wideMs = await inStore(async store => {
    const { engine } = workerOf(store)
    const { run } = await engine.submit(submission(wide))
    const began = performance.now()
    await engine.run(run.id)
    const ms = performance.now() - began
    await engine.drain(0)
    return ms
  })
  printTable('One run of 10,000 steps, 100 at once', ['', ''], [['all of it', `${Math.round(wideMs)} ms`]])
}

async function inStore<T>(work: (store: RecordStore, directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'flowrun-bench-'))
  const store = await openRecords(directory)
  try {
    return await work(store, directory)
  } finally {
    await store.close()
    rmSync(directory, { recursive: true })
  }
}

function workerOf(store: RecordStore): { readonly engine: Engine } {
  return { engine: openEngine(store, async () => succeed(RESULT)) }
}

async function throughput(store: RecordStore, flow: FakeFlow) {
  const { engine } = workerOf(store)
  engine.start()
  const wanted = submission(flow)
  const latencies: number[] = []
  const began = performance.now()
  const cpu = process.cpuUsage()
  let made = 0
  await Promise.all(
    Array.from({ length: SUBMITTERS }, async () => {
      while (made++ < RUNS) {
        const submittedAt = performance.now()
        await engine.submit(wanted)
        latencies.push(performance.now() - submittedAt)
      }
    }),
  )
  while (!(await isEmpty(store))) await delay(10)
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  await engine.drain(0)
  latencies.sort((a, b) => a - b)
  const at = (part: number) => latencies[Math.floor(latencies.length * part)] ?? 0
  return {
    runsPerSecond: (RUNS / ms) * 1000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuUs: (user + system) / RUNS,
    rss: process.memoryUsage.rss(),
  }
}

async function isEmpty(store: RecordStore): Promise<boolean> {
  return (await store.listRuns({ project: 'shop', states: ['queued', 'running'], limit: 1 })).length === 0
}

/** Kills a worker with 200 steps in flight, and lets another take over. */
async function recoveryOf200(): Promise<{ readonly readyMs: number; readonly begunMs: number }> {
  return inStore(async (store, directory) => {
    let begun = 0
    const server = await startToolServer(() => {
      begun++
      return new Promise(() => {})
    })
    const { engine } = workerOf(store)
    for (let index = 0; index < 200; index++) await engine.submit(submission(sequence(1)))
    const first = await startWorker(directory, server.url)
    while (begun < 200) await delay(5)
    first.kill()
    const second = await startWorker(directory, server.url)
    const readyAt = performance.now()
    while (begun < 400) await delay(2)
    const begunMs = performance.now() - readyAt
    second.kill()
    server.close()
    return { readyMs: second.readyMs, begunMs }
  })
}

async function startWorker(directory: string, url: string) {
  const startedAt = performance.now()
  const file = join(import.meta.dirname, '../support/engine-process.ts')
  const child = spawn(process.execPath, [file, JSON.stringify({ directory, url, concurrency: 200 })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise(resolve => child.stdout.once('data', resolve))
  return { readyMs: performance.now() - startedAt, kill: () => child.kill('SIGKILL') }
}

async function claimTime(store: RecordStore, queued: number): Promise<number> {
  const { engine } = workerOf(store)
  const wanted = submission(sequence(1))
  for (let made = 0; made < queued; made += 1000)
    await Promise.all(Array.from({ length: Math.min(1000, queued - made) }, () => engine.submit(wanted)))
  const claims = Math.min(queued, 500)
  const began = performance.now()
  for (let claim = 0; claim < claims; claim += 20) {
    const claimed = await store.claim('bench', Math.min(20, claims - claim))
    await Promise.all(claimed.map(one => store.release(one, { to: 'cancelled' })))
  }
  return ((performance.now() - began) / claims) * 1000
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
