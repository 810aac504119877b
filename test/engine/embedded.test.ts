import t, { type Test } from 'tap'
import type { Closure } from '../../src/artifact/closure.ts'
import type { JsonObject } from '../../src/base/json.ts'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import type { EffectExecutor } from '../../src/engine/durable/effect.ts'
import type { EmbeddedEngineOptions } from '../../src/engine/durable/embedded/engine.ts'
import type { Engine, Submission, WatchEvent } from '../../src/engine/durable/engine.ts'
import type { RecordStore, RunState } from '../../src/engine/durable/record-store.ts'
import { createFlows } from '../../src/engine/flows.ts'
import { loadSchemaValidator } from '../../src/engine/schema-validator.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'
import {
  closureOf,
  effect,
  type FakeCommand,
  type FakeFlow,
  openEngine,
  openRecords,
  sequence,
  submission,
  succeed,
} from '../support/runs.ts'
import { type CaseNode, closureOf as closureOfCase, graphOfCase, language } from '../support/workflow-case.ts'

interface Scene {
  readonly clock: FakeClock
  readonly store: RecordStore
  readonly engine: Engine
  /** Moves the wall clock, as a person does. */
  jump(ms: number): void
  submit(flow: FakeFlow, changes?: Partial<Submission>): Promise<string>
  state(id: string): Promise<RunState | undefined>
  /** Another process on the same file. */
  other(execute: EffectExecutor): Promise<{ readonly engine: Engine; readonly store: RecordStore }>
}

async function scene(t: Test, execute: EffectExecutor, changes: Partial<EmbeddedEngineOptions> = {}): Promise<Scene> {
  const directory = t.testdir()
  const clock = createFakeClock()
  let jumpedMs = 0
  const wall = { now: () => clock.now() + jumpedMs, monotonic: clock.monotonic }
  const open = async (execute: EffectExecutor) => {
    const store = await openRecords(directory, wall as FakeClock)
    const engine = openEngine(store, execute, { clock: wall, timers: clock, random: () => 0.5, ...changes })
    return { store, engine }
  }
  const { store, engine } = await open(execute)
  t.teardown(async () => {
    await clock.runUntil(engine.drain(0))
    await store.close()
  })
  return {
    ...{ clock, store, engine, other: open },
    jump(ms) {
      jumpedMs += ms
    },
    submit: async (flow, changes) => (await engine.submit(submission(flow, changes))).run.id,
    state: async id => (await store.getRun(id))?.state,
  }
}

const timer = (dueMs: number): FakeFlow => ({ rows: [{ t: { type: 'timer', dueMs } }] })
const APPROVAL: FakeCommand = {
  type: 'approval',
  title: 'T',
  body: 'B',
  bodyDigest: 'd',
  fields: {},
  assignees: ['user:ben'],
  actions: [{ name: 'approve', requireComment: false }],
  quorum: 1,
  separation: false,
  timeoutAtMs: 5000,
}

t.test('a run goes through its steps, and is told to those who watch', async t => {
  const { clock, engine, submit, store } = await scene(t, async command => succeed({ output: command.path }))
  const id = await submit(sequence(2))
  const events: WatchEvent[] = []
  const watch = engine.watch(id, 0, event => events.push(event))
  const run = await clock.runUntil(engine.run(id))
  t.match(run, { state: 'succeeded', output: { s1: { output: 's1' } } })
  await clock.runUntil(watch.ended)
  t.same(
    events.filter(event => 'seq' in event).map(({ type }) => type),
    ['run.queued', 'run.started', 'step.succeeded', 'step.succeeded', 'run.succeeded'],
  )
  t.same(
    events.flatMap(event => (event.type === 'step.started' && 'path' in event ? [event.path] : [])),
    ['s0', 's1'],
  )
  const replayed: WatchEvent[] = []
  await clock.runUntil(engine.watch(id, 3, event => replayed.push(event)).ended)
  t.same(
    replayed.map(event => 'seq' in event && event.seq),
    [4, 5],
    'SSE-1: it goes on after the last one that was seen',
  )
  t.equal(await store.getRun('none'), undefined)
})

t.test('STEP-6: a durable retry waits without a claim, and counts its attempts', async t => {
  let calls = 0
  const { clock, engine, submit, store, state } = await scene(t, async command => {
    calls++
    if (command.attempt < 3)
      return { outcome: { status: 'failed', error: { code: 'tool/down', message: 'down', retryable: true } }, costNano: 2 }
    return succeed({ attempt: command.attempt })
  })
  engine.start()
  const id = await submit({ ...sequence(1), retry: { max_attempts: 3, initial_ms: 10_000, max_ms: 60_000 } })
  await clock.advance(4000)
  t.equal(await state(id), 'waiting')
  t.match(await store.getRun(id), { owner: undefined })
  await clock.advance(40_000)
  t.match(await store.getRun(id), { state: 'succeeded', output: { s0: { attempt: 3 } }, costNano: 4 })
  t.match(await store.attempts(id), [{ number: 1, error: { code: 'tool/down' } }, { number: 2 }, { number: 3 }])
  t.equal(calls, 3)
})

t.test('a node that has no attempt left fails its run', async t => {
  const { clock, engine, submit } = await scene(t, async () => {
    throw new Error('broken')
  })
  const run = await clock.runUntil(engine.run(await submit(sequence(2))))
  t.match(run, { state: 'failed', error: { code: 'node/failed', message: 'flowrun itself failed: Error', path: 's0' } })
})

t.test('TIME-1: a wait of this process is not moved by a clock that is set, an hour either way', async t => {
  for (const hours of [1, -1]) {
    const jumps: number[] = []
    const { clock, engine, submit, state, jump } = await scene(t, async () => succeed(), { onClockJump: byMs => jumps.push(byMs) })
    engine.start()
    const id = await submit(timer(10_000))
    await clock.advance(2000)
    t.equal(await state(id), 'waiting')
    jump(hours * 3_600_000)
    await clock.advance(6000)
    t.equal(await state(id), 'waiting', 'not before')
    await clock.advance(4000)
    t.equal(await state(id), 'succeeded', 'not an hour late')
    t.same(jumps, [hours * 3_600_000])
    const late = await submit(timer(10_000))
    await clock.advance(12_000)
    t.equal(await state(late), 'succeeded', 'a later one goes by the new time')
  }
})

t.test('OWN-3: a clock that is set takes nothing over', async t => {
  const { clock, engine, submit, state, jump, other } = await scene(t, () => new Promise(() => {}))
  engine.start()
  const id = await submit(sequence(1))
  const second = await other(async () => succeed())
  second.engine.start()
  await clock.advance(5000)
  jump(3_600_000)
  await clock.advance(30_000)
  t.equal(await state(id), 'running')
  t.same(second.engine.status().running, [])
  await clock.runUntil(second.engine.drain(0))
  await second.store.close()
})

t.test('SIG-1: a run waits for a signal that has not come, and takes one that has', async t => {
  const { clock, engine, submit, state, store } = await scene(t, async () => succeed())
  engine.start()
  const flow: FakeFlow = { rows: [{ w: { type: 'signal', name: 'paid', timeoutAtMs: 60_000 } }] }
  const [early, late, never] = [await submit(flow), await submit(flow), await submit(flow)]
  await engine.signal({ run: early, name: 'paid', value: 1 })
  await clock.advance(2000)
  t.equal(await state(early), 'succeeded')
  t.equal(await state(late), 'waiting')
  await engine.signal({ run: late, name: 'other', value: 1 })
  await clock.advance(2000)
  t.equal(await state(late), 'waiting')
  await engine.signal({ run: late, name: 'paid', value: { amount: 2 } })
  await clock.advance(2000)
  t.match(await store.getRun(late), { state: 'succeeded', output: { w: { exit: 'received', output: { amount: 2 } } } })
  await clock.advance(60_000)
  t.match(await store.getRun(never), { state: 'succeeded', output: { w: { exit: 'expired' } } })
})

t.test('an approval holds no worker; a decision or its time ends it', async t => {
  const { clock, engine, submit, store } = await scene(t, async () => succeed())
  engine.start()
  const flow: FakeFlow = { rows: [{ ok: APPROVAL }, { after: effect() }] }
  const [decided, expired] = [await submit(flow), await submit(flow)]
  await clock.advance(1000)
  t.same(engine.status().running, [])
  t.match(await engine.decide({ run: decided, path: 'ok', by: 'ben', action: 'approve', bodyDigest: 'd', fields: {} }), { missing: 0 })
  await clock.advance(10_000)
  t.match(await store.getRun(decided), { state: 'succeeded', output: { ok: { exit: 'approve', decided_by: 'ben' } } })
  t.match(await store.getRun(expired), { state: 'succeeded', output: { ok: { exit: 'expired' } } })
})

t.test('what comes while another step is in flight is taken at once', async t => {
  const { clock, engine, submit, store } = await scene(t, () => new Promise(() => {}))
  engine.start()
  const id = await submit({
    rows: [{ e: effect(), t: { type: 'timer', dueMs: 3000 }, w: { type: 'signal', name: 's', timeoutAtMs: 99_000 } }],
  })
  await clock.advance(1000)
  await engine.signal({ run: id, name: 's', value: 1 })
  await clock.advance(3000)
  t.same(
    (await store.steps(id)).map(({ path }) => path),
    ['w', 't'],
  )
  t.same(engine.status().running, [id])
})

t.test('RUN-6: a child is a run of its own, whose end is a step of its parent', async t => {
  const { clock, engine, store } = await scene(t, async command => {
    if (command.path === 'bad') throw new Error('no')
    return succeed({ output: 7 })
  })
  const parent: FakeFlow = { rows: [{ c: { type: 'child', flow: 'workflow.child', input: { n: 1 }, detach: false } }] }
  const child = (path: string) => closureOf(parent, { 'workflow.child': { rows: [{ [path]: effect() }] } })
  const made = async (path: string) => (await engine.submit(submission(parent, { closure: child(path) }))).run.id
  const run = await clock.runUntil(engine.run(await made('good')))
  t.match(run, { state: 'succeeded', output: { c: { output: { good: { output: 7 } } } } })
  const runs = await store.listRuns({ project: 'shop', flow: 'workflow.child', limit: 9 })
  t.match(runs, [{ parent: { run: run?.id, path: 'c' }, input: { n: 1 }, deadlineAtMs: Number }])
  t.match(await clock.runUntil(engine.run(await made('bad'))), { state: 'failed', error: { code: 'node/failed', path: 'c' } })
})

t.test('CAN-1: cancelled: what can be repeated is aborted at once, `once` steps have their time, children end first', async t => {
  const aborted: string[] = []
  const { clock, engine, submit, store, state } = await scene(t, (command, _, __, { signal }) => {
    signal.addEventListener('abort', () => aborted.push(command.path))
    return new Promise((_, reject) => command.replay !== 'once' && signal.addEventListener('abort', () => reject(signal.reason)))
  })
  engine.start()
  const id = await submit({ rows: [{ safe: effect({ nodeType: 'model' }), once: effect({ replay: 'once' }) }, { next: effect() }] })
  await clock.advance(1000)
  t.equal(await engine.cancel(id, 'why'), 'running')
  await clock.advance(2000)
  t.same(aborted, ['safe'])
  t.equal(await state(id), 'running', 'the step that runs once is awaited')
  await clock.advance(30_000)
  t.match(await store.getRun(id), { state: 'cancelled', costNano: null })
  t.match(await store.steps(id), [{ path: 'once', outcome: { status: 'unknown' } }])

  const parent: FakeFlow = { rows: [{ c: { type: 'child', flow: 'workflow.child', input: 1, detach: false } }] }
  const closure = closureOf(parent, { 'workflow.child': timer(1_000_000) })
  const { run } = await engine.submit(submission(parent, { closure }))
  await clock.advance(2000)
  t.equal(await clock.runUntil(engine.cancel(run.id, 'why')), 'waiting')
  await clock.advance(5000)
  const [child] = await store.listRuns({ project: 'shop', flow: 'workflow.child', limit: 1 })
  t.equal(child?.state, 'cancelled')
  t.equal(await state(run.id), 'cancelled')
  t.ok((child?.endedAtMs ?? 0) <= ((await store.getRun(run.id))?.endedAtMs ?? 0))
  t.equal(await engine.cancel(run.id, 'again'), 'cancelled')
  t.equal(await engine.cancel('none', 'why'), undefined)
})

t.test('a cancel without a worker ends the run here', async t => {
  const { clock, engine, submit, state } = await scene(t, async () => succeed())
  const id = await submit(sequence(1), { notBeforeMs: Number.MAX_SAFE_INTEGER })
  t.equal(await clock.runUntil(engine.cancel(id, 'why')), 'queued')
  t.equal(await state(id), 'cancelled')
})

t.test('paused and resumed: nothing new begins meanwhile', async t => {
  let calls = 0
  const { clock, engine, submit, state } = await scene(t, async () => {
    calls++
    return succeed()
  })
  const id = await submit(sequence(2))
  t.equal(await engine.pause(id, { code: 'run/paused', message: 'by ana', retryable: false }), true)
  engine.start()
  await clock.advance(5000)
  t.equal(calls, 0)
  await engine.resume(id)
  await clock.advance(2000)
  t.equal(await state(id), 'succeeded')
})

t.test('what a step lacks pauses the run, and leaves no record', async t => {
  let isThere = false
  const { clock, engine, submit, store } = await scene(t, async () =>
    isThere ? succeed() : { pause: { code: 'secret/missing', message: 'no key', retryable: false } },
  )
  const id = await submit(sequence(1, { replay: 'once' }))
  t.match(await clock.runUntil(engine.run(id)), { state: 'paused', reason: { code: 'secret/missing' } })
  t.same(await store.steps(id), [])
  isThere = true
  await engine.resume(id)
  t.match(await clock.runUntil(engine.run(id)), { state: 'succeeded' })
})

t.test('BUD-8, STEP-5: the time of a step does not pass while its run is paused, or nobody works on it', async t => {
  let mode: 'lacks' | 'hangs' | 'works' = 'lacks'
  const took = { timeoutMs: 5000, replay: 'idempotent' } as const
  const { clock, engine, submit, store, other } = await scene(t, async () => {
    if (mode === 'lacks') return { pause: { code: 'secret/missing', message: 'no key', retryable: false } }
    await new Promise<void>(resolve => mode === 'works' && clock.after(1000, resolve))
    return succeed()
  })
  const paused = await submit(sequence(1, took))
  t.match(await clock.runUntil(engine.run(paused)), { state: 'paused' })
  await clock.advance(600_000)
  await engine.resume(paused)
  mode = 'works'
  t.match(await clock.runUntil(engine.run(paused)), { state: 'succeeded' }, 'ten minutes without a key')

  mode = 'hangs'
  engine.start()
  const left = await submit(sequence(1, took))
  await clock.advance(1000)
  await store.takeFrom(engine.owner)
  await clock.runUntil(engine.drain(0))
  await clock.advance(600_000)
  const second = await other(async () => {
    await new Promise<void>(resolve => clock.after(1000, resolve))
    return succeed()
  })
  t.match(await clock.runUntil(second.engine.run(left)), { state: 'succeeded' }, 'ten minutes without a process')
  await clock.runUntil(second.engine.drain(0))
  await second.store.close()
})

t.test('what cannot be recorded pauses the run, and is not done again and again', async t => {
  let calls = 0
  // Half of a surrogate pair has no digest (NUM-4), and a long value is kept by its own.
  const { clock, engine, submit, store } = await scene(t, async () => {
    calls++
    return succeed({ text: `${'x'.repeat(40_000)}\ud83d` })
  })
  engine.start()
  const id = await submit(sequence(2))
  await clock.advance(10_000)
  t.match(await store.getRun(id), { state: 'paused', reason: { code: 'run/interpreter-failed' } })
  t.equal(calls, 1)
})

t.test('STEP-5: an interrupted step runs again when that is safe, and is in doubt when it runs once', async t => {
  for (const [replay, onUnknown, end] of [
    ['safe', 'pause', 'succeeded'],
    ['idempotent', 'pause', 'succeeded'],
    ['once', 'pause', 'paused'],
    ['once', 'fail', 'failed'],
    ['once', 'retry', 'succeeded'],
  ] as const) {
    const { clock, engine, submit, store, other } = await scene(t, () => new Promise(() => {}))
    engine.start()
    const id = await submit({ ...sequence(1, { replay }), onUnknown })
    await clock.advance(1000)
    await store.takeFrom(engine.owner)
    const keys: string[] = []
    const second = await other(async (_, __, ___, { effectKey }) => {
      keys.push(effectKey)
      return succeed()
    })
    const run = await clock.runUntil(second.engine.run(id))
    t.equal(run?.state, end, `${replay}, ${onUnknown}`)
    if (end === 'paused') {
      t.equal(run?.reason?.code, 'run/unknown-effect')
      t.equal(await second.engine.settleUnknown(id, 's0', 'repeat'), true)
      t.match(await clock.runUntil(second.engine.run(id)), { state: 'succeeded' })
    }
    t.equal(keys.length, end === 'failed' ? 0 : 1)
    await clock.runUntil(second.engine.drain(0))
    await second.store.close()
  }
})

t.test('STEP-5: a call that may have been done is in doubt, also while its process lives', async t => {
  for (const [onUnknown, end] of [
    ['pause', 'paused'],
    ['fail', 'failed'],
  ] as const) {
    const { clock, engine, submit } = await scene(t, async () => ({ outcome: { status: 'unknown' }, costNano: 0 }))
    engine.start()
    const id = await submit({ ...sequence(1, { replay: 'once' }), onUnknown })
    t.equal((await clock.runUntil(engine.run(id)))?.state, end)
  }
})

t.test('a step has its time, and a run its deadline', async t => {
  const { clock, engine, submit, store } = await scene(t, () => new Promise(() => {}))
  engine.start()
  const slow = await submit(sequence(1, { timeoutMs: 5000 }))
  const late = await submit(sequence(1), { deadlineAtMs: clock.now() + 8000 })
  const once = { ...sequence(1, { replay: 'once', timeoutMs: 5000 }), onUnknown: 'retry' } as const
  const doubt = await submit(once)
  const asked = await submit({ ...once, onUnknown: 'pause' })
  const waiting = await submit(timer(99_000), { deadlineAtMs: clock.now() + 8000 })
  await clock.advance(12_000)
  t.match(await store.getRun(slow), { state: 'failed', error: { code: 'node/timeout' } })
  t.match(await store.getRun(late), { state: 'failed', error: { code: /run\/deadline|node\/timeout/ } })
  t.match(await store.getRun(doubt), { state: 'failed', error: { code: 'run/unknown-effect' } }, 'it is not begun again after its time')
  t.match(await store.getRun(asked), { state: 'paused', reason: { code: 'run/unknown-effect' } })
  t.match(await store.getRun(waiting), { state: 'failed', error: { code: 'run/deadline' } })
})

t.test('RUN-5: a retry goes on after what succeeded, or from a chosen node', async t => {
  const begun: string[] = []
  let isBroken = true
  const { clock, engine, submit, store } = await scene(t, async command => {
    begun.push(command.path)
    if (command.path === 's2' && isBroken) throw new Error('no')
    return succeed()
  })
  const id = await submit(sequence(3))
  t.match(await engine.retry(id, { submittedBy: 'ana' }), { outcome: 'not-ended', state: 'queued' })
  await clock.runUntil(engine.run(id))
  isBroken = false
  begun.length = 0
  const again = await engine.retry(id, { submittedBy: 'ana' })
  if (again.outcome !== 'submitted') return t.fail(again.outcome)
  t.match(await clock.runUntil(engine.run(again.run.id)), { state: 'succeeded', retryOf: id })
  t.same(begun, ['s2'])
  begun.length = 0
  const from = await engine.retry(id, { from: 's1', submittedBy: 'ana' })
  if (from.outcome !== 'submitted') return t.fail(from.outcome)
  await clock.runUntil(engine.run(from.run.id))
  t.same(begun, ['s1', 's2'])
  t.match(await engine.retry(id, { from: 'nope', submittedBy: 'ana' }), { outcome: 'unknown-node', nodes: ['s0', 's1', 's2'] })
  t.match(await engine.retry('none', { submittedBy: 'ana' }), { outcome: 'unknown-run' })
  t.match(await store.getRun(id), { state: 'failed' }, 'the old record stays')
})

t.test('OWN-4, OWN-5: a drain lets steps end, aborts what does not, and gives the runs up', async t => {
  let answer = (_: Awaited<ReturnType<EffectExecutor>>) => {}
  const { clock, engine, submit, store } = await scene(t, command =>
    command.path === 'slow'
      ? new Promise(() => {})
      : new Promise(resolve => {
          answer = resolve
        }),
  )
  engine.start()
  const [quick, slow] = [await submit(sequence(2)), await submit({ rows: [{ slow: effect() }] })]
  await clock.advance(1000)
  const drained = engine.drain(5000)
  answer(succeed())
  await clock.runUntil(drained)
  t.match(await store.getRun(quick), { state: 'queued', deaths: 0 })
  t.match(await store.steps(quick), [{ path: 's0' }])
  t.match(await store.getRun(slow), { state: 'queued', deaths: 0 })
  t.same(await store.steps(slow), [])
  t.same(await store.owners(), [])
})

t.test('OWN-5: a process that was stopped gives up what it had', async t => {
  const directory = t.testdir()
  const clock = createFakeClock()
  const store = await openRecords(directory, clock)
  let stoppedMs = 0
  const own = { now: clock.now, monotonic: () => clock.monotonic() + stoppedMs }
  const signals: AbortSignal[] = []
  const engine = openEngine(
    store,
    (_, __, ___, { signal }) => {
      signals.push(signal)
      return new Promise(() => {})
    },
    { clock: own, timers: clock },
  )
  engine.start()
  const { run } = await engine.submit(submission(sequence(1)))
  await clock.advance(5000)
  stoppedMs = 20_000
  await clock.advance(3000)
  t.equal(signals[0]?.aborted, true)
  t.same(await store.steps(run.id), [])
  t.match(await store.getRun(run.id), { state: 'running', epoch: 2 }, 'nobody else was there, so it is claimed anew')
  await clock.runUntil(engine.drain(0))
  await store.close()
})

t.test('lanes, priorities and room: as many at once as there may be', async t => {
  let most = 0
  let now = 0
  const { clock, engine, submit, store } = await scene(
    t,
    async () => {
      now++
      most = Math.max(most, now)
      await new Promise<void>(resolve => clock.after(100, resolve))
      now--
      return succeed()
    },
    { concurrency: 3 },
  )
  for (let index = 0; index < 10; index++) await submit(sequence(2), { lane: 'l', laneLimit: 2 })
  for (let index = 0; index < 10; index++) await submit(sequence(2))
  engine.start()
  await clock.advance(20_000)
  t.equal((await store.listRuns({ project: 'shop', states: ['succeeded'], limit: 99 })).length, 20)
  t.equal(most, 3)
})

t.test('RUN-8: an input, a signal and a decision of more than 8 MB are refused before anything is recorded', async t => {
  const { engine, store, submit } = await scene(t, async () => succeed())
  const large = 'x'.repeat(9 * 1024 * 1024)
  const refusal = {
    code: 'run/value-too-large',
    diagnostic: { notes: ['The value has 10 MB, and 8 MB are the most that a run keeps of one'] },
  }
  await t.rejects(submit(sequence(1), { input: { large } }), refusal)
  t.same(await store.listRuns({ project: 'shop', limit: 9 }), [])
  const id = await submit({ rows: [{ ok: APPROVAL }] })
  await t.rejects(engine.signal({ run: id, name: 'paid', value: large }), refusal)
  await t.rejects(engine.decide({ run: id, path: 'ok', by: 'ben', action: 'approve', bodyDigest: 'd', fields: { large } }), refusal)
})

t.test('OWN-7: a suspect that has recorded a step is cleared, and goes on where the others do', async t => {
  const held = Promise.withResolvers<void>()
  const { clock, engine, submit, store } = await scene(t, async ({ path }) => {
    if (path === 's1') await held.promise
    return succeed()
  })
  const id = await submit(sequence(3))
  for (const owner of ['dead-1', 'dead-2']) {
    await store.claim(owner, 1, id)
    await store.takeFrom(owner)
  }
  engine.start()
  await clock.advance(3000)
  t.match(await store.getRun(id), { deaths: 0 })
  held.resolve()
  const run = await clock.runUntil(engine.run(id))
  t.match(run, { state: 'succeeded', epoch: 4 }, 'claimed by two that died, one for suspects, and this one')
})

t.test('RUN-8: a run whose steps give more than its journal may hold fails, also when another process takes it up', async t => {
  const text = 'x'.repeat(600)
  const { clock, engine, store, submit } = await scene(t, async () => succeed({ output: text }), { maxJournalSize: 2000 })
  t.match(await clock.runUntil(engine.run(await submit(sequence(3)))), { state: 'succeeded' })
  const id = await submit({ rows: [...sequence(3).rows, { w: { type: 'signal', name: 'go', timeoutAtMs: 60_000 } }, { last: effect() }] })
  await engine.signal({ run: id, name: 'go', value: text })
  t.match(await clock.runUntil(engine.run(id)), { state: 'failed', error: { code: 'run/journal-too-large' } })
  t.same(
    (await store.steps(id)).map(({ path }) => path),
    ['s0', 's1', 's2', 'w'],
    'what came by a signal counts too',
  )
  const wide = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`a${index}`, effect()]))
  const taken = await submit({ rows: [wide, { last: effect() }] })
  for (const path of Object.keys(wide)) {
    const outcome = { status: 'succeeded', exit: 'done', attributes: { output: text } } as const
    await store.commitStep({ run: taken, path, outcome, attempts: 1, startedAtMs: 1, endedAtMs: 1, costNano: 0 })
  }
  t.match(await clock.runUntil(engine.run(taken)), { state: 'failed', error: { code: 'run/journal-too-large' } })
  t.equal(await store.step(taken, 'last'), undefined)
})

/** Runs of a graph, with the interpreter that they really have; `pay` runs once. */
const paying = (spec: JsonObject, nodes = PAYING): Closure => ({
  ...closureOfCase({
    'workflow.w': { kind: 'workflow', spec: graphOfCase({ nodes }) as unknown as JsonObject },
    'tool.pay': { kind: 'tool', spec: { replay: 'once', on_unknown: 'pause', ...spec } },
    'tool.ask': { kind: 'tool', spec: { replay: 'safe' } },
  }),
  address: 'workflow.w',
})
const PAYING: readonly CaseNode[] = [
  { name: 'pay', type: 'tool', arguments: { tool: { $ref: 'tool.pay' } } },
  { name: 'ask', type: 'tool', arguments: { tool: { $ref: 'tool.ask' } } },
]

t.test('STEP-5, CAN-1: a run that fails or is cancelled after a crash says what became of its steps that run once', async t => {
  const flows = createFlows({ language, validator: await loadSchemaValidator() })
  for (const [ending, onUnknown] of [
    ['failure', 'pause'],
    ['failure', 'fail'],
    ['cancel', 'pause'],
    ['deadline', 'fail'],
  ] as const) {
    let answer = (_: Awaited<ReturnType<EffectExecutor>>) => {}
    const { clock, engine, store, other, jump } = await scene(
      t,
      ({ path }) =>
        new Promise(resolve => {
          if (path === 'ask') answer = resolve
        }),
      { flows },
    )
    const closure = paying({ on_unknown: onUnknown })
    engine.start()
    const { run } = await engine.submit(submission({ rows: [] }, { closure, deadlineAtMs: clock.now() + 60_000 }))
    await clock.advance(1000)
    // Its process dies with the failure of one step recorded, and the other one under way.
    await store.takeFrom(engine.owner)
    if (ending === 'failure') {
      const outcome = { status: 'failed', error: { code: 'tool/down', message: 'down', retryable: false } } as const
      await store.commitStep({ run: run.id, path: 'ask', outcome, attempts: 1, startedAtMs: 1, endedAtMs: clock.now(), costNano: 0 })
    }
    if (ending === 'cancel') await store.requestCancel(run.id, 'why')
    if (ending === 'deadline') jump(90_000)
    answer(succeed())
    const begun: string[] = []
    const second = await other(async ({ path }) => {
      begun.push(path)
      return succeed()
    })
    let ended = await clock.runUntil(second.engine.run(run.id))
    if (ending === 'failure' && onUnknown === 'pause') {
      t.match(ended, { state: 'paused', reason: { code: 'run/unknown-effect' } }, 'a person says what became of it first')
      await second.engine.settleUnknown(run.id, 'pay', { status: 'succeeded', exit: 'done', attributes: { output: 1 } })
      ended = await clock.runUntil(second.engine.run(run.id))
      t.match(await store.step(run.id, 'pay'), { outcome: { status: 'succeeded' } })
    } else t.match(await store.step(run.id, 'pay'), { outcome: { status: 'unknown' } }, ending)
    if (ending === 'failure') t.match(ended, { state: 'failed', error: { code: 'tool/down', path: 'ask' } })
    else t.match(ended, ending === 'cancel' ? { state: 'cancelled' } : { state: 'failed', error: { code: 'run/deadline' } })
    t.same(begun, [], 'nothing more is begun')
    await clock.runUntil(second.engine.drain(0))
    await second.store.close()
  }
})

t.test('an engine takes as many of a flow as it was told, and others pass by', async t => {
  const now = new Map<string, number>()
  const most = new Map<string, number>()
  const { clock, engine, submit, store } = await scene(
    t,
    async (_, { flow }) => {
      const count = (now.get(flow) ?? 0) + 1
      now.set(flow, count)
      most.set(flow, Math.max(most.get(flow) ?? 0, count))
      await new Promise<void>(resolve => clock.after(100, resolve))
      now.set(flow, (now.get(flow) ?? 0) - 1)
      return succeed()
    },
    { concurrency: 6, lanes: { 'workflow.bulk': 2, 'workflow.never': 0 } },
  )
  for (const flow of ['workflow.never', ...Array<string>(10).fill('workflow.bulk'), 'workflow.w', 'workflow.w'])
    await submit(sequence(1), { flow })
  engine.start()
  await clock.advance(10_000)
  t.match(Object.fromEntries(most), { 'workflow.bulk': 2, 'workflow.w': 2 })
  const states = async (state: RunState) => (await store.listRuns({ project: 'shop', states: [state], limit: 20 })).map(({ flow }) => flow)
  t.same((await states('queued')).sort(), ['workflow.never'])
  t.equal((await states('succeeded')).length, 12)
})

t.test('STEP-9: a map writes a record for each item that is done, none before, and goes on where it was', async t => {
  const [items, done] = [700, 600]
  const nodes: readonly CaseNode[] = [
    {
      name: 'm',
      type: 'map',
      arguments: { items: { $expr: `range(${items})` }, concurrency: 4 },
      nodes: [{ name: 'x', type: 'tool', arguments: { tool: { $ref: 'tool.any' } } }],
      output: { $expr: 'node.x.output' },
    },
  ]
  const spec = graphOfCase({ nodes, output: { $expr: 'node.m.succeeded' } }) as unknown as JsonObject
  const members = { 'workflow.w': { kind: 'workflow', spec }, 'tool.any': { kind: 'tool', spec: { replay: 'safe' } } }
  const closure = { ...closureOfCase(members), address: 'workflow.w' }
  const flows = createFlows({ language, validator: await loadSchemaValidator() })
  const begun = new Set<string>()
  const { clock, engine, store, other } = await scene(
    t,
    ({ path }) => (begun.add(path).size > done ? new Promise(() => {}) : Promise.resolve(succeed({ output: 1 }))),
    { flows },
  )
  engine.start()
  const { run } = await engine.submit(submission({ rows: [] }, { closure }))
  for (let look = 0; look < 1000 && begun.size < done + 4; look++) await clock.advance(10)
  t.equal(begun.size, done + 4, 'as many are begun as may run at once')
  t.equal((await store.steps(run.id)).length, done)
  await store.takeFrom(engine.owner)
  const again = new Set<string>()
  const second = await other(async ({ path }) => {
    again.add(path)
    return succeed({ output: 1 })
  })
  t.match(await clock.runUntil(second.engine.run(run.id)), { state: 'succeeded', output: items })
  t.equal(again.size, items - done, 'only items without a record, though the journal is loaded in parts')
  await clock.runUntil(second.engine.drain(0))
  await second.store.close()
})

t.test('STEP-4: before a call that is paid for, or that must not be repeated blindly, its attempt is durable', async t => {
  const seen: Record<string, number> = {}
  const { clock, engine, submit, other } = await scene(t, async (command, run) => {
    // As another process would find it.
    const { store, engine: unused } = await other(async () => succeed())
    seen[command.path] = (await store.attempts(run.id)).filter(
      ({ path, endedAtMs }) => path === command.path && endedAtMs === undefined,
    ).length
    await unused.drain(0)
    await store.close()
    return succeed()
  })
  const commands = { free: effect(), once: effect({ replay: 'once' }), same: effect({ replay: 'idempotent' }) }
  const paid = { asked: effect({ nodeType: 'model' }), routed: effect({ nodeType: 'router' }), guarded: effect({ nodeType: 'guard' }) }
  await clock.runUntil(engine.run(await submit({ rows: [{ ...commands, ...paid }] })))
  t.same(seen, { free: 0, once: 1, same: 1, asked: 1, routed: 1, guarded: 1 })
})

t.test('STEP-7: a failure that is recorded is not executed again, whoever takes the run up', async t => {
  const { clock, engine, submit, store } = await scene(t, () => Promise.reject(new Error('executed')))
  const id = await submit({ rows: [{ a: effect() }] })
  const outcome = { status: 'failed', error: { code: 'tool/down', message: 'down', retryable: true } } as const
  await store.commitStep({ run: id, path: 'a', outcome, attempts: 1, startedAtMs: 1, endedAtMs: 1, costNano: 0 })
  t.match(await clock.runUntil(engine.run(id)), { state: 'failed', error: { code: 'tool/down' } })
})

t.test('RUN-7: a run that another process made due is claimed within a second, without a word from it', async t => {
  const { clock, engine, submit, state, other } = await scene(t, async () => succeed())
  const second = await other(async () => succeed())
  second.engine.start()
  await clock.advance(5000)
  const id = await submit(sequence(1))
  t.equal(await state(id), 'queued', 'who submits it does not work on it')
  await clock.advance(1100)
  t.not(await state(id), 'queued')
  await clock.advance(1000)
  t.equal(await state(id), 'succeeded')
  await clock.runUntil(second.engine.drain(0))
  await second.store.close()
  t.same(engine.status().running, [])
})

t.test('OWN-1: who runs one run claims that one alone, and its children', async t => {
  const { clock, engine, submit, state, store } = await scene(t, async () => succeed())
  const stranger = await submit(sequence(1), { priority: 9 })
  const parent: FakeFlow = { rows: [{ c: { type: 'child', flow: 'workflow.child', input: 1, detach: false } }] }
  const { run } = await engine.submit(submission(parent, { closure: closureOf(parent, { 'workflow.child': sequence(1) }) }))
  t.match(await clock.runUntil(engine.run(run.id)), { state: 'succeeded' })
  t.equal(await state(stranger), 'queued')
  t.match(await store.listRuns({ project: 'shop', flow: 'workflow.child', limit: 9 }), [{ state: 'succeeded' }])
})

t.test('RUN-3: a run that waits goes on with what it was submitted with, whatever was deployed since', async t => {
  const { clock, engine, submit, store } = await scene(t, async command => succeed({ output: command.path }))
  engine.start()
  const before = await submit({ rows: [{ w: { type: 'timer', dueMs: 5000 } }, { old: effect() }] })
  await clock.advance(2000)
  const after = await submit({ rows: [{ young: effect() }] })
  await clock.advance(6000)
  t.match(await store.getRun(before), { state: 'succeeded', output: { old: { output: 'old' } } })
  t.match(await store.getRun(after), { state: 'succeeded', output: { young: { output: 'young' } } })
})

t.test('STEP-6, CAN-1: what runs once is not tried again for a run that fails meanwhile', async t => {
  const flows = createFlows({ language, validator: await loadSchemaValidator() })
  for (const asksFirst of [false, true]) {
    const begun: string[] = []
    const down = { outcome: { status: 'failed', error: { code: 'tool/down', message: 'down', retryable: true } }, costNano: 0 } as const
    const { clock, engine, store } = await scene(
      t,
      async ({ path }) => {
        begun.push(path)
        await new Promise<void>(resolve => clock.after((path === 'ask') === asksFirst ? 1000 : 2000, resolve))
        return down
      },
      { flows },
    )
    engine.start()
    const [pay, ask] = PAYING
    const retry = { max_attempts: 3, initial_ms: 20_000, max_ms: 60_000 }
    const nodes = pay && ask ? [{ ...pay, retry }, ask] : []
    const { run } = await engine.submit(submission({ rows: [] }, { closure: paying({}, nodes) }))
    await clock.advance(5000)
    t.match(await store.getRun(run.id), { state: 'failed', error: { code: 'tool/down', path: 'ask' } })
    t.match(await store.step(run.id, 'pay'), { outcome: { status: 'failed', error: { code: 'tool/down' } }, attempts: 1 })
    await clock.advance(60_000)
    t.same(begun.toSorted(), ['ask', 'pay'])
  }
})

t.test('SSE-1: after an event that is none of the run, or is not kept, a watcher is given the run as it is', async t => {
  const { clock, engine, submit, store } = await scene(t, async () => succeed())
  const id = await submit(sequence(1))
  await clock.runUntil(engine.run(id))
  const seen = async (afterSeq: number) => {
    const events: WatchEvent[] = []
    await clock.runUntil(engine.watch(id, afterSeq, event => events.push(event)).ended)
    return events
  }
  t.match(await seen(99), [{ type: 'reset', record: { id, state: 'succeeded' } }])
  t.match(await seen(3), [{ type: 'run.succeeded', seq: 4 }])
  const { events } = store
  store.events = async (run, after) => (await events(run, after)).filter(({ seq }) => seq !== 2)
  t.match(await seen(2), [{ type: 'reset' }], 'it was purged')
  t.match(
    (await seen(0)).map(({ type }) => type),
    ['run.queued', 'reset', 'step.succeeded', 'run.succeeded'],
  )
})

t.test('watching a run that is not there, or was removed, ends', async t => {
  const { clock, engine } = await scene(t, async () => succeed())
  await clock.runUntil(engine.watch('none', 0, () => t.fail('nothing is told of it')).ended)
  await clock.runUntil(engine.watch('none', 7, () => t.fail('nothing is told of it')).ended)
})

t.test(
  'VER-4: a run of semantics that are not replayed here is put aside, with none of it done, and can be cancelled elsewhere',
  async t => {
    let calls = 0
    const { clock, engine, submit, store } = await scene(t, async () => {
      calls++
      return succeed()
    })
    engine.start()
    const id = await submit(sequence(1), { interpreter: 99 })
    await clock.advance(5000)
    t.match(await store.getRun(id), { state: 'paused', reason: { code: 'interpreter/unsupported', message: /semantics 99 .* replays 1$/ } })
    t.equal(calls, 0)
  },
)

t.test(
  'FAIL-2: while records cannot be written a step in flight ends and is recorded later, nothing begins, and submits are refused',
  async t => {
    const away = new OperationError({ code: 'registry/busy', summary: 'The store is away' }, { retryable: true })
    let isAway = false
    const begun: string[] = []
    const step = Promise.withResolvers<void>()
    const clock = createFakeClock()
    const real = await openRecords(t.testdir(), clock)
    const guarded =
      <A extends unknown[], R>(work: (...given: A) => Promise<R>) =>
      async (...given: A): Promise<R> => {
        if (isAway) throw away
        return work(...given)
      }
    const store: RecordStore = { ...real, submit: guarded(real.submit), claim: guarded(real.claim), commitStep: guarded(real.commitStep) }
    const execute: EffectExecutor = async ({ path }) => {
      begun.push(path)
      if (path === 's0') await step.promise
      return succeed()
    }
    const engine = openEngine(store, execute, { clock, timers: clock, random: () => 0.5 })
    t.teardown(async () => {
      await clock.runUntil(engine.drain(0))
      await real.close()
    })
    engine.start()
    const { run } = await engine.submit(submission(sequence(2)))
    const { run: queued } = await engine.submit(submission({ rows: [{ other: effect() }] }, { notBeforeMs: clock.now() + 5000 }))
    await clock.advance(1000)
    isAway = true
    step.resolve()
    await clock.advance(40_000)
    t.same(begun, ['s0'])
    await t.rejects(engine.submit(submission(sequence(1))), { code: 'registry/busy' })
    isAway = false
    await clock.advance(5000)
    t.match(await real.getRun(run.id), { state: 'succeeded' })
    t.match(await real.getRun(queued.id), { state: 'succeeded' })
    t.same(begun.toSorted(), ['other', 's0', 's1'], 'what was done is not done again')
  },
)
