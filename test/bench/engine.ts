import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Engine } from '../../src/engine/durable/engine.ts'
import type { RecordStore } from '../../src/engine/durable/record-store.ts'
import { openEngine, sequence, submission, succeed } from '../support/runs.ts'
import { startToolServer } from '../support/tool-server.ts'
import { type Load, measureLoad, RESULT, RUNS, STEPS, SUBMITTERS } from './engine/load.ts'
import { measureMap } from './engine/map.ts'
import { measureRestate, type RestateFigures } from './engine/restate.ts'
import { inStore } from './engine/store.ts'
import { printTable } from './measure.ts'

interface OwnFigures extends Load {
  readonly cpuUs: number
  readonly idleBytes: number
  readonly loadedBytes: number
}

/** Runs of five steps without work, durable by a flush of the disk; how it recovers; how it bears a long queue and a wide step. */
export async function engineBench(): Promise<void> {
  const idleBytes = await inStore(async () => process.memoryUsage.rss())
  const own = { ...(await inStore(throughput)), idleBytes }
  const recovery = await recoveryOf200()
  const restate = await measureRestate()
  printRuns(own, recovery, typeof restate === 'string' ? undefined : restate)
  if (typeof restate === 'string') process.stdout.write(`${restate}\n`)
  const rows: (readonly string[])[] = []
  for (const queued of [1, 10_000, 100_000]) {
    const perClaimUs = await inStore(store => claimTime(store, queued))
    rows.push([queued.toLocaleString('en'), `${perClaimUs.toFixed(0)} µs`])
  }
  printTable('A run claimed by itself and ended, by runs that are queued', ['queued', 'median'], rows)
  const { items, ms, cpuMs, grownBytes } = await measureMap()
  printTable(
    `One run: a map of ${items.toLocaleString('en')} items, 100 at once, a tool call of 0.5 KB each`,
    ['', ''],
    [
      ['all of it', `${Math.round(ms)} ms`],
      ['CPU', `${Math.round(cpuMs)} ms`],
      ['memory grown by', megabytes(grownBytes)],
    ],
  )
}

function printRuns(own: OwnFigures, recovery: Awaited<ReturnType<typeof recoveryOf200>>, restate: RestateFigures | undefined): void {
  const rows: readonly (readonly [string, string, (string | undefined)?])[] = [
    ['runs', `${Math.round(own.runsPerSecond)}/s`, restate && `${Math.round(restate.runsPerSecond)}/s`],
    ['submit, p50', `${own.p50Ms.toFixed(1)} ms`, restate && `${restate.p50Ms.toFixed(1)} ms`],
    ['submit, p99', `${own.p99Ms.toFixed(1)} ms`, restate && `${restate.p99Ms.toFixed(1)} ms`],
    ['memory, idle', megabytes(own.idleBytes), restate && megabytes(restate.idleBytes)],
    ['memory, after it', megabytes(own.loadedBytes), restate && megabytes(restate.loadedBytes)],
    ['from start to ready', `${Math.round(recovery.readyMs)} ms`, restate && `${Math.round(restate.readyMs)} ms`],
    ['CPU of one run', `${Math.round(own.cpuUs)} µs`],
    ['200 open runs after kill -9, from ready to all steps begun again', `${Math.round(recovery.begunMs)} ms`],
  ]
  printTable(
    `${RUNS} runs of ${STEPS} steps, 1 KB each, ${SUBMITTERS} submitters in the process, a flush of the disk before each answer`,
    restate ? ['', 'flowrun', `Restate ${restate.version}`] : ['', 'flowrun'],
    rows.map(([name, mine, theirs]) => (restate ? [name, mine, theirs ?? ''] : [name, mine])),
  )
  if (restate)
    process.stdout.write(
      'Restate: one node, 4 partitions; submits by HTTP, its handler in this process; memory is that of its server alone.\n',
    )
}

function workerOf(store: RecordStore): { readonly engine: Engine } {
  return { engine: openEngine(store, async () => succeed(RESULT)) }
}

async function throughput(store: RecordStore): Promise<Omit<OwnFigures, 'idleBytes'>> {
  let steps = 0
  const engine = openEngine(store, async () => {
    steps++
    return succeed(RESULT)
  })
  engine.start()
  const wanted = submission(sequence(STEPS))
  const cpu = process.cpuUsage()
  const load = await measureLoad(
    () => engine.submit(wanted),
    async () => {
      while (steps < RUNS * STEPS || engine.status().running.length > 0) await delay(5)
    },
  )
  const { user, system } = process.cpuUsage(cpu)
  await engine.drain(0)
  return { ...load, cpuUs: (user + system) / RUNS, loadedBytes: process.memoryUsage.rss() }
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

const CLAIMS = 300
/** The first ones plan their statements and read the file: they are made, and not counted. */
const CLAIMS_WARM_UP = 100

/** Of one at a time, from a queue that is filled up again after each: the median in µs. Two commits, a flush of the disk each. */
async function claimTime(store: RecordStore, queued: number): Promise<number> {
  const { engine } = workerOf(store)
  const wanted = submission(sequence(1))
  for (let made = 0; made < queued; made += 1000)
    await Promise.all(Array.from({ length: Math.min(1000, queued - made) }, () => engine.submit(wanted)))
  const times: number[] = []
  for (let claim = 0; claim < CLAIMS_WARM_UP + CLAIMS; claim++) {
    const began = performance.now()
    const claimed = await store.claim('bench', 1)
    await Promise.all(claimed.map(one => store.release(one, { to: 'cancelled' })))
    times.push((performance.now() - began) * 1000)
    await engine.submit(wanted)
  }
  const counted = times.slice(CLAIMS_WARM_UP).sort((a, b) => a - b)
  return counted[CLAIMS / 2] ?? 0
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? 'unknown' : `${Math.round(bytes / 1e6)} MB`
}
