import t, { type Test } from 'tap'
import type { Clock } from '../../src/base/clock.ts'
import { createUlidSource } from '../../src/base/ids.ts'
import type { EffectExecutor } from '../../src/engine/durable/effect.ts'
import type { Engine } from '../../src/engine/durable/engine.ts'
import { type RecordStore, type RunRecord, TERMINAL_STATES } from '../../src/engine/durable/record-store.ts'
import { createRecordStore, openEngineDatabase } from '../../src/engine/durable/sqlite/store.ts'
import type { Timers } from '../../src/gateway/timers.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'
import { closureOf, effect, type FakeCommand, type FakeFlow, openEngine, submission, succeed } from '../support/runs.ts'
import { randomOf } from '../support/seeded.ts'

/** Worlds that are played: a short form with each commit, thousands of them nightly. */
const WORLDS = Number(process.env.FLOWRUN_CHAOS_KILLS ?? 25) * 2
const FIRST_SEED = Number(process.env.FLOWRUN_CHAOS_SEED ?? Date.now() % 1_000_000)
const RUNS = 12
const ACTS = 40
const HOUR_MS = 3_600_000

t.setTimeout(120_000 + WORLDS * 2000)

/** A process that can die: from then on nothing of it happens any more. */
interface Machine {
  readonly engine: Engine
  die(): void
}

interface World {
  readonly seed: number
  readonly random: () => number
  readonly clock: FakeClock
  readonly wall: Clock
  readonly store: RecordStore
  /** Effects that were begun, by run and path, and how many of them after their record. */
  readonly begun: Map<string, number>
  readonly recorded: Set<string>
  readonly again: string[]
  jumpedMs: number
  pids: number
  readonly alive: Set<number>
}

async function createWorld(seed: number): Promise<World> {
  const random = randomOf(seed)
  const clock = createFakeClock()
  const world = { jumpedMs: 0 }
  const wall = { now: () => clock.now() + world.jumpedMs, monotonic: clock.monotonic }
  const database = await openEngineDatabase({ file: ':memory:', name: 'memory', mode: 'write', clock: wall, flowrunVersion: '0.1.0' })
  const store = createRecordStore(database, error => {
    throw error
  })
  return Object.assign(world, {
    ...{ seed, random, clock, wall, store, pids: 0 },
    ...{ begun: new Map<string, number>(), recorded: new Set<string>(), again: [], alive: new Set<number>() },
  })
}

function startMachine(world: World): Machine {
  const { random, clock, wall, begun, recorded, again, alive } = world
  const pid = ++world.pids
  alive.add(pid)
  const never = new Promise<never>(() => {})
  const isDead = () => !alive.has(pid)
  const timers: Timers = { after: (ms, run) => clock.after(ms, () => !isDead() && run()) }
  // Everything that a process does to the world goes through its store, so a dead one is cut off there.
  const store = new Proxy(world.store, {
    get: (target, name: keyof RecordStore) => {
      if (name === 'onChange') return target.onChange
      return async (...given: readonly unknown[]) => {
        if (isDead()) return never
        const answer = await (target[name] as (...given: readonly unknown[]) => unknown)(...given)
        return isDead() ? never : answer
      }
    },
  })
  const execute: EffectExecutor = async (command, run) => {
    const key = `${run.id} ${command.path}`
    begun.set(key, (begun.get(key) ?? 0) + 1)
    if (recorded.has(key)) again.push(key)
    const fate = random()
    await new Promise<void>(resolve => timers.after(Math.floor(random() * 3000), resolve))
    if (fate < 0.1) return { outcome: { status: 'failed', error: { code: 'tool/down', message: 'down', retryable: true } }, costNano: 1 }
    return succeed({ output: command.path })
  }
  const bytes = (size: number) => Uint8Array.from({ length: size }, () => Math.floor(random() * 256))
  const engine = openEngine(store, execute, {
    ...{ clock: wall, timers, random, newId: createUlidSource(wall, bytes), concurrency: 1 + Math.floor(random() * 8) },
    process: { host: 'h', pid, bootId: 'b', version: '0.1.0', isAlive: other => alive.has(other) },
  })
  engine.start()
  return { engine, die: () => alive.delete(pid) }
}

function randomFlow(random: () => number, depth = 0): FakeFlow {
  const command = (): FakeCommand => {
    const kind = random()
    if (kind < 0.6) return effect({ replay: random() < 0.6 ? 'safe' : random() < 0.5 ? 'idempotent' : 'once' })
    if (kind < 0.8) return { type: 'timer', dueMs: Math.floor(random() * 20_000) }
    if (kind < 0.9 || depth > 0) return { type: 'signal', name: 'go', timeoutAtMs: 5000 + Math.floor(random() * 20_000) }
    return { type: 'child', flow: 'workflow.child', input: {}, detach: random() < 0.2 }
  }
  const rows = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, row) =>
    Object.fromEntries(Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) => [`s${row}${'abc'[index]}`, command()])),
  )
  return { rows, retry: { max_attempts: 20, initial_ms: 100, max_ms: 2000 }, onUnknown: random() < 0.5 ? 'pause' : 'retry' }
}

const pick = <T>(random: () => number, items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)]

/** One thing that happens to a world: a death, a start, a set clock, a signal, a cancel, a pause. */
async function act(world: World, machines: Machine[], runs: readonly string[]): Promise<void> {
  const { random, clock, store } = world
  const kind = random()
  const run = pick(random, runs) ?? ''
  if (kind < 0.2) machines.splice(Math.floor(random() * machines.length), 1)[0]?.die()
  else if (kind < 0.45 && machines.length < 3) machines.push(startMachine(world))
  else if (kind < 0.5) world.jumpedMs = (pick(random, [-1, 0, 1]) ?? 0) * HOUR_MS
  else if (kind < 0.6) await store.signal({ run, name: 'go', value: 1, receivedAtMs: clock.now() })
  else if (kind < 0.63) await store.requestCancel(run, 'why not')
  else if (kind < 0.67) await store.pause(run, { code: 'run/paused', message: 'a while', retryable: false })
  else if (kind < 0.72) await store.resume(run)
  await clock.advance(Math.floor(random() * 2500))
}

async function play(seed: number): Promise<World & { readonly runs: readonly RunRecord[] }> {
  const world = await createWorld(seed)
  const { random, clock, wall, store, recorded } = world
  const commit = store.commitStep
  Object.assign(store, {
    async commitStep(...given: Parameters<RecordStore['commitStep']>) {
      const answer = await commit(...given)
      recorded.add(`${given[0].run} ${given[0].path}`)
      return answer
    },
  })
  const machines = [startMachine(world)]
  const ids: string[] = []
  for (let index = 0; index < RUNS; index++) {
    const closure = closureOf(randomFlow(random), { 'workflow.child': randomFlow(random, 1) })
    const lane = random() < 0.3 ? { lane: 'narrow', laneLimit: 1 } : {}
    const { run } = (await machines[0]?.engine.submit(
      submission({ rows: [] }, { closure, priority: Math.floor(random() * 3), ...lane, deadlineAtMs: wall.now() + 30 * 86_400_000 }),
    )) ?? { run: { id: '' } }
    ids.push(run.id)
  }
  for (let index = 0; index < ACTS; index++) await act(world, machines, ids)
  // Then nothing bad happens any more, and people look after what is paused.
  // Waits that were loaded while the clock was set back may last hours: a later clock, and processes that trust it, end them.
  for (const machine of machines.splice(0)) machine.die()
  world.jumpedMs = 3 * HOUR_MS
  machines.push(startMachine(world))
  for (let look = 0; look < 100; look++) {
    const open = await store.listRuns({ project: 'shop', states: ['queued', 'running', 'waiting', 'paused'], limit: 999 })
    if (open.length === 0) break
    for (const { id, state } of open) {
      if (state !== 'paused') continue
      const doubts = (await store.waits(id)).filter(({ kind }) => kind === 'unknown')
      for (const { path } of doubts) await store.settleUnknown(id, path, 'repeat')
      if (doubts.length === 0) await store.resume(id)
    }
    await clock.advance(3000)
  }
  for (const machine of machines) machine.die()
  // What they had begun to write is through.
  for (let turn = 0; turn < 50; turn++) await new Promise<void>(resolve => setImmediate(resolve))
  return { ...world, runs: await store.listRuns({ project: 'shop', limit: 999 }) }
}

async function holds(t: Test, { seed, store, runs, begun, again }: Awaited<ReturnType<typeof play>>): Promise<void> {
  const wrong: string[] = []
  for (const { id, state, reason, parent } of runs) {
    if (!TERMINAL_STATES.has(state)) wrong.push(`RUN-2: ${id} is ${state} ${reason?.code ?? ''}`)
    const events = await store.events(id, 0)
    if (events.some(({ seq }, index) => seq !== index + 1)) wrong.push(`SSE-1: the events of ${id} have a gap`)
    const ends = events.filter(({ type }) => /^run\.(succeeded|failed|cancelled)$/.test(type)).length
    if (ends !== 1) wrong.push(`RUN-1: ${id} ended ${ends} times`)
    if ((await store.waits(id)).length > 0) wrong.push(`${id} has ended and waits`)
    if (parent && !runs.some(other => other.id === parent.run)) wrong.push(`RUN-6: ${id} has no parent`)
  }
  for (const key of again) wrong.push(`STEP-1: ${key} was executed after its record`)
  t.same(wrong, [], `seed ${seed}: ${runs.length} runs, ${begun.size} effects`)
  await store.close()
}

t.test(`${WORLDS} worlds of ${RUNS} runs, with deaths, set clocks, signals, cancels and pauses, from seed ${FIRST_SEED}`, async t => {
  for (let index = 0; index < WORLDS; index++) await holds(t, await play(FIRST_SEED + index))
})

t.test('a seed gives the same world again', async t => {
  const told = async () => {
    const { store, runs, begun } = await play(FIRST_SEED)
    const events = await Promise.all(runs.map(({ id }) => store.events(id, 0)))
    await store.close()
    return { begun: [...begun], events }
  }
  t.same(await told(), await told())
})
