import type { Test } from 'tap'
import type { Claim, NewRun, RecordStore, RunRelease, StepRecord } from '../../src/engine/durable/record-store.ts'
import type { ApprovalCommand, StepOutcome } from '../../src/engine/interpreter/command.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'
import { newRun } from '../support/runs.ts'

export interface RecordStoreFactory {
  /** Opens the same store again and again: the connections of several processes. */
  open(clock: FakeClock): Promise<RecordStore>
}

const DAY_MS = 86_400_000
const DONE: StepOutcome = { status: 'succeeded', exit: 'done', attributes: { output: 1 } }
const BROKEN = { code: 'tool/failed', message: 'It broke', retryable: false }

/** What every store of runs does. A member gives a factory of fresh stores. */
export function recordStoreContract(t: Test, name: string, fresh: (t: Test) => RecordStoreFactory): void {
  const scenario = (title: string, run: (t: Test, given: Given) => Promise<void>) =>
    t.test(`${name}: ${title}`, async t => {
      const factory = fresh(t)
      const clock = createFakeClock()
      const store = await factory.open(clock)
      await run(t, givenOf(store, clock, factory))
      await store.close()
    })
  submits(scenario)
  claims(scenario)
  lanes(scenario)
  steps(scenario)
  waits(scenario)
  ends(scenario)
}

interface Given {
  readonly store: RecordStore
  readonly clock: FakeClock
  readonly factory: RecordStoreFactory
  /** A run of the number. */
  submit(number: number, changes?: Partial<NewRun>): Promise<string>
  claimOne(owner?: string, only?: string): Promise<Claim>
  step(run: string, path: string, changes?: Partial<StepRecord>): StepRecord
  ids(claims: readonly Claim[]): readonly string[]
}

type Scenario = (title: string, run: (t: Test, given: Given) => Promise<void>) => void

function givenOf(store: RecordStore, clock: FakeClock, factory: RecordStoreFactory): Given {
  return {
    ...{ store, clock, factory },
    async submit(number, changes = {}) {
      const id = `R${String(number).padStart(3, '0')}`
      const deadlineAtMs = clock.now() + 30 * DAY_MS
      const { run } = await store.submit(newRun(id, { createdAtMs: clock.now(), deadlineAtMs, fingerprint: 'same', ...changes }))
      return run.id
    },
    async claimOne(owner = 'o1', only) {
      const [claim] = await store.claim(owner, 1, only)
      if (claim === undefined) throw new Error('nothing to claim')
      return claim
    },
    step: (run, path, changes = {}) => ({
      ...{ run, path, outcome: DONE, attempts: 1, startedAtMs: clock.now(), endedAtMs: clock.now(), costNano: 5 },
      ...changes,
    }),
    ids: claims => claims.map(({ run }) => run),
  }
}

function submits(scenario: Scenario): void {
  scenario('a run that was submitted is there, queued, and was told', async (t, { store, submit }) => {
    const id = await submit(1, { input: { text: 'x'.repeat(100_000) }, priority: 3, laneLimit: 2, retryOf: 'R0' })
    t.match(await store.getRun(id), { id, state: 'queued', epoch: 0, deaths: 0, costNano: 0, priority: 3, laneLimit: 2, retryOf: 'R0' })
    t.same((await store.getRun(id))?.input, { text: 'x'.repeat(100_000) }, 'STEP-8: a long value comes back whole')
    t.match(await store.events(id, 0), [{ seq: 1, type: 'run.queued' }])
    t.equal(await store.getRun('R999'), undefined)
  })

  scenario('HOLD-9: runs are counted and listed by the closures that they are pinned to', async (t, { store, submit }) => {
    await submit(1, { closureDigest: 'sha256:a' })
    await submit(2, { closureDigest: 'sha256:b' })
    await submit(3, { closureDigest: 'sha256:a' })
    await submit(4, { closureDigest: 'sha256:a', environment: 'prod' })
    const filter = { project: 'shop', environment: 'dev' }
    t.same([...(await store.countClosures(filter))].sort(), [
      ['sha256:a', 2],
      ['sha256:b', 1],
    ])
    const pinned = { ...filter, closures: ['sha256:a', 'sha256:other'] }
    t.same(
      (await store.listRuns({ ...pinned, limit: 9 })).map(({ id }) => id),
      ['R003', 'R001'],
    )
    t.match(await store.countRuns(pinned), [{ state: 'queued', count: 2 }])
    t.same(await store.listRuns({ ...filter, closures: [], limit: 9 }), [])
  })

  scenario('IDEM-2: a key finds its run, ended or not, and refuses another body', async (t, { store, submit, claimOne }) => {
    const id = await submit(1, { idempotencyKey: 'k' })
    t.match(await store.submit(newRun('R002', { idempotencyKey: 'k', fingerprint: 'same' })), { replayed: true, run: { id } })
    await t.rejects(store.submit(newRun('R003', { idempotencyKey: 'k', fingerprint: 'other' })), { code: 'run/other-body' })
    t.equal((await submit(4, { idempotencyKey: 'k', environment: 'prod' })).length, 4, 'IDEM-1: another environment, another run')
    await store.release(await claimOne('o1', id), { to: 'succeeded', output: 1 })
    t.match(await store.submit(newRun('R005', { idempotencyKey: 'k', fingerprint: 'same' })), {
      replayed: true,
      run: { id, state: 'succeeded', output: 1 },
    })
  })

  scenario(
    'IDEM-3: of 100 submits at once with one key one makes a run; a refused one in the same commit harms no other',
    async (t, { store }) => {
      const answers = await Promise.allSettled(
        Array.from({ length: 100 }, (_, index) =>
          store.submit(newRun(`R${100 + index}`, { idempotencyKey: 'k', fingerprint: index % 10 === 5 ? 'other' : 'same' })),
        ),
      )
      t.equal(answers.filter(({ status }) => status === 'rejected').length, 10, 'STORE-2: each is refused by itself')
      t.equal((await store.listRuns({ project: 'shop', limit: 1000 })).length, 1)
    },
  )

  scenario('runs are listed newest first, by page, state and flow', async (t, { store, submit, claimOne }) => {
    for (let number = 1; number <= 5; number++) await submit(number, number === 2 ? { flow: 'prompt.p' } : {})
    await claimOne('o1', 'R003')
    const list = async (filter: object) => (await store.listRuns({ project: 'shop', limit: 10, ...filter })).map(({ id }) => id)
    t.same(await list({ limit: 2 }), ['R005', 'R004'])
    t.same(await list({ limit: 2, cursor: 'R004' }), ['R003', 'R002'])
    t.same(await list({ states: ['running'] }), ['R003'])
    t.same(await list({ flow: 'prompt.p' }), ['R002'])
    t.same(await list({ project: 'other' }), [])
  })
}

function claims(scenario: Scenario): void {
  scenario('OWN-2: the oldest of the highest priority first, each to one owner', async (t, { store, submit, ids }) => {
    await submit(1)
    await submit(2, { priority: 5 })
    await submit(3, { priority: 5 })
    t.same(ids(await store.claim('o1', 2)), ['R002', 'R003'])
    t.same(ids(await store.claim('o2', 9)), ['R001'])
    t.same(await store.claim('o2', 9), [])
    t.match(await store.getRun('R002'), { state: 'running', owner: 'o1', epoch: 1 })
  })

  scenario('a delayed run is not claimed before its time', async (t, { store, clock, submit, ids }) => {
    await submit(1, { notBeforeMs: clock.now() + 1000 })
    t.same(await store.claim('o1', 9), [])
    t.equal(await store.nextDueMs(), clock.now() + 1000)
    await clock.advance(1000)
    t.same(ids(await store.claim('o1', 9)), ['R001'])
  })

  scenario('RUN-1: a claim that was lost changes nothing', async (t, { store, submit, claimOne }) => {
    const run = await submit(1)
    const first = await claimOne('o1')
    t.same(await store.takeFrom('o1'), [run])
    t.match(await store.getRun(run), { state: 'queued', deaths: 1 })
    const second = await claimOne('o2')
    t.equal(second.epoch, 2)
    t.equal(await store.release(first, { to: 'succeeded', output: 'late' }), false)
    t.equal(await store.load(first), undefined)
    t.equal(await store.release(second, { to: 'succeeded', output: 'mine' }), true)
    t.equal(await store.release(second, { to: 'failed', error: BROKEN }), false, 'an end is written once')
    t.match(await store.getRun(run), { state: 'succeeded', output: 'mine' })
  })

  scenario(
    'OWN-7: two deaths make a suspect, which is claimed by name and alone; the third pauses it',
    async (t, { store, submit, claimOne, ids }) => {
      const bomb = await submit(1)
      for (const owner of ['o1', 'o2']) {
        await store.claim(owner, 9)
        await store.takeFrom(owner)
      }
      t.same(await store.suspects(9), [bomb])
      t.same(await store.suspects(9, { 'workflow.other': 0, 'workflow.w': 1 }), [bomb])
      t.same(await store.suspects(9, { 'workflow.w': 0 }), [], 'none of the flow is wanted')
      await submit(2)
      t.same(ids(await store.claim('o3', 9)), ['R002'], 'others pass by')
      t.same(await store.claim('o3', 1, bomb), [], 'not beside another')
      await claimOne('o4', bomb)
      t.same(await store.suspects(9), [])
      await submit(3)
      t.same(await store.claim('o4', 1, 'R003'), [], 'and nothing beside it')
      t.same(ids(await store.claim('o3', 9)), ['R003'], 'they go on in other processes')
      await store.takeFrom('o4')
      t.match(await store.getRun(bomb), { state: 'paused', reason: { code: 'run/poison' }, deaths: 3 })
      t.equal(await store.resume(bomb), true)
      t.match(await store.getRun(bomb), { state: 'queued', deaths: 0 })
    },
  )

  scenario('OWN-3: who takes runs from a dead owner hears of each', async (t, { store, submit, ids }) => {
    const runs = [await submit(1), await submit(2)]
    t.same(ids(await store.claim('o1', 9)), runs)
    const told: string[] = []
    const forget = store.onChange(run => told.push(run))
    await store.takeFrom('o1')
    forget()
    t.same(told, runs)
  })

  scenario('OWN-7: nor is one that is asked for by its id claimed beside another', async (t, { store, submit, claimOne, ids }) => {
    const bomb = await submit(1)
    for (const owner of ['o1', 'o2']) {
      await store.claim(owner, 9)
      await store.takeFrom(owner)
    }
    const other = await submit(2)
    const innocent = await claimOne('o3', other)
    t.same(await store.claim('o3', 1, bomb), [])
    await store.release(innocent, { to: 'queued' })
    t.same(ids(await store.claim('o3', 1, bomb)), [bomb])
    t.same(await store.claim('o3', 1, other), [], 'a suspect has nothing beside it')
    t.same(ids(await store.claim('o4', 1, other)), [other])
  })

  scenario('OWN-7: a record clears a run of the deaths that it shared', async (t, { store, submit, step }) => {
    const run = await submit(1)
    await store.claim('o1', 9)
    await store.takeFrom('o1')
    await store.claim('o2', 9)
    await store.commitStep(step(run, 'a'))
    t.equal((await store.getRun(run))?.deaths, 0)
    await store.retire('o2')
    t.match(await store.getRun(run), { state: 'queued', deaths: 0 }, 'OWN-4: who ends by itself has not died')
  })

  scenario('owners are found by their beats', async (t, { store }) => {
    const beat = { id: 'o1', host: 'h', pid: 1, bootId: 'b', version: '1', beat: 1 }
    await store.beat(beat)
    await store.beat({ ...beat, beat: 2 })
    t.same(await store.owners(), [{ ...beat, beat: 2 }])
    await store.retire('o1')
    t.same(await store.owners(), [])
  })
}

function lanes(scenario: Scenario): void {
  scenario('a lane lets so many run at once, by priority; others pass', async (t, { store, submit, ids }) => {
    for (const number of [1, 2, 3]) await submit(number, { lane: 'l', laneLimit: 1 })
    await submit(4, { lane: 'l', laneLimit: 1, priority: 9 })
    await submit(5)
    const claimed = await store.claim('o1', 9)
    t.same(ids(claimed), ['R004', 'R005'], 'the more important one took the slot')
    const [first] = claimed
    if (first) await store.release(first, { to: 'waiting' })
    const [second] = await store.claim('o1', 9)
    t.equal(second?.run, 'R001', 'one that waits takes no slot')
    if (second) await store.release(second, { to: 'failed', error: BROKEN })
    t.same(ids(await store.claim('o1', 9)), ['R002'])
    await store.pause('R002', BROKEN)
    t.same(ids(await store.claim('o1', 9)), ['R003'])
  })

  scenario(
    'a run of a full lane is claimed when its owner has died, and cancelled past its lane',
    async (t, { store, submit, ids, claimOne }) => {
      for (const number of [1, 2]) await submit(number, { lane: 'l', laneLimit: 1 })
      await claimOne()
      await store.takeFrom('o1')
      t.same(ids(await store.claim('o2', 9)), ['R001'])
      await store.requestCancel('R002', 'not needed')
      t.same(ids(await store.claim('o2', 9)), ['R002'])
    },
  )
}

function steps(scenario: Scenario): void {
  scenario(
    'STEP-3: of two records of one step the first counts, whoever wrote it; both cost money',
    async (t, { store, factory, clock, submit, claimOne, step }) => {
      const run = await submit(1)
      const claim = await claimOne()
      const other = await factory.open(clock)
      const big = { status: 'succeeded', exit: 'done', attributes: { output: 'é'.repeat(40_000) } } as const
      const won = await store.commitStep(step(run, 'a', { outcome: big, facts: { model: 'm' } }), claim)
      t.match(won, { won: true, held: true })
      const lost = await other.commitStep(step(run, 'a', { outcome: { status: 'failed', error: BROKEN } }))
      t.match(lost, { won: false, held: false })
      t.same(lost.kept.outcome, big)
      t.match(await other.load(claim), { steps: [{ path: 'a', facts: { model: 'm' } }] })
      t.equal((await store.getRun(run))?.costNano, 10)
      t.match(
        await store.events(run, 2),
        [
          { seq: 3, type: 'step.succeeded', data: { path: 'a' } },
          { seq: 4, type: 'step.repeated' },
        ],
        'SSE-1: no gap',
      )
      await other.close()
    },
  )

  scenario(
    'OWN-6: the record of one who lost the claim counts, and says that the claim is lost',
    async (t, { store, submit, claimOne, step }) => {
      const run = await submit(1)
      const zombie = await claimOne('o1')
      await store.takeFrom('o1')
      await claimOne('o2')
      t.match(await store.commitStep(step(run, 'a'), zombie), { won: true, held: false })
    },
  )

  scenario('STEP-10: what comes after the end costs, and changes nothing', async (t, { store, submit, claimOne, step }) => {
    const run = await submit(1)
    await store.release(await claimOne(), { to: 'cancelled' })
    t.match(await store.commitStep(step(run, 'a')), { won: false, held: false })
    t.same(await store.steps(run), [])
    t.match(await store.getRun(run), { state: 'cancelled', costNano: 5 })
    t.equal((await store.events(run, 0)).at(-1)?.type, 'step.late')
  })

  scenario('unknown costs stay unknown; attempts are kept one by one', async (t, { store, submit, claimOne, step }) => {
    const run = await submit(1)
    const claim = await claimOne()
    const attempt = { run, path: 'a', number: 1, epoch: 1, startedAtMs: 1 }
    await store.beginAttempt(attempt)
    await store.endAttempt({ ...attempt, endedAtMs: 2, error: BROKEN, retryAtMs: 9, costNano: 7 })
    await store.beginAttempt({ ...attempt, number: 2, startedAtMs: 9 })
    t.match((await store.load(claim))?.attempts, [
      { number: 1, error: BROKEN, retryAtMs: 9, costNano: 7 },
      { number: 2, startedAtMs: 9 },
    ])
    t.equal((await store.getRun(run))?.costNano, 7)
    await store.commitStep(step(run, 'a', { costNano: null }))
    t.equal((await store.getRun(run))?.costNano, null)
  })

  scenario('RUN-5: records of a former run count in a new one', async (t, { store, submit, step }) => {
    const run = await submit(1)
    await store.commitStep(step(run, 'a'))
    await store.submit(newRun('R002', { retryOf: run }), await store.steps(run))
    t.match(await store.steps('R002'), [{ run: 'R002', path: 'a', outcome: DONE }])
  })

  scenario('blobs are kept by digest', async (t, { store }) => {
    const digest = await store.putBlob({ b: 1, a: 2 })
    t.equal(await store.putBlob({ a: 2, b: 1 }), digest)
    t.same(await store.getBlob(digest), { a: 2, b: 1 })
    t.equal(await store.getBlob('sha256:none'), undefined)
  })
}

function waits(scenario: Scenario): void {
  scenario('a step that waited began when its wait did, whatever ended it', async (t, { store, clock, submit, claimOne, step }) => {
    const run = await submit(1)
    const claim = await claimOne()
    const beganAtMs = clock.now()
    await store.addWaits(claim, [
      { run, path: 't', kind: 'timer', dueAtMs: beganAtMs + 5000 },
      { run, path: 's', kind: 'signal', name: 'paid', dueAtMs: null },
      { run, path: 'r', kind: 'retry', dueAtMs: beganAtMs + 5000 },
    ])
    await clock.advance(5000)
    const nowMs = clock.now()
    const ended = { startedAtMs: nowMs, endedAtMs: nowMs }
    t.match(await store.commitStep(step(run, 't', ended), claim), { kept: { startedAtMs: beganAtMs, endedAtMs: nowMs } })
    await store.signal({ run, name: 'paid', value: 1, receivedAtMs: nowMs })
    await store.consumeSignal(claim, 's', 'paid')
    await store.commitStep(step(run, 'r', ended), claim)
    t.match(await store.step(run, 's'), { startedAtMs: beganAtMs, endedAtMs: nowMs })
    t.match(await store.step(run, 't'), { startedAtMs: beganAtMs, endedAtMs: nowMs })
    t.match(await store.step(run, 'r'), { startedAtMs: nowMs }, 'one that is tried again began with its attempt')
  })

  scenario('TIME-1: a timer wakes its run when it is due, and not before', async (t, { store, clock, submit, claimOne }) => {
    const run = await submit(1)
    const claim = await claimOne()
    const dueAtMs = clock.now() + 5000
    await store.addWaits(claim, [{ run, path: 't', kind: 'timer', dueAtMs }])
    await store.release(claim, { to: 'waiting' })
    t.match(await store.getRun(run), { state: 'waiting', owner: undefined })
    t.equal(await store.nextDueMs(), dueAtMs)
    await clock.advance(4999)
    t.same(await store.claim('o1', 9), [])
    await clock.advance(1)
    t.match(await store.load(await claimOne()), { waits: [{ path: 't', kind: 'timer', dueAtMs }] })
  })

  scenario('SIG-1: signals come before their wait and after, in order, each once', async (t, { store, submit, claimOne }) => {
    const run = await submit(1)
    const send = (value: string, dedupeKey?: string) =>
      store.signal({ run, name: 'paid', value, receivedAtMs: 1, ...(dedupeKey !== undefined && { dedupeKey }) })
    t.equal(await send('one', 'k'), 'stored')
    t.equal(await send('one', 'k'), 'repeated', 'SIG-2')
    t.equal(await send('two', 'k'), 'conflict')
    t.equal(await send('two'), 'stored')
    const claim = await claimOne()
    t.match(await store.consumeSignal(claim, 'a', 'paid'), { value: 'one', seq: 1 })
    t.equal(await store.consumeSignal(claim, 'a', 'paid'), undefined, 'the step has its record')
    t.match(await store.consumeSignal(claim, 'b', 'paid'), { value: 'two' })
    t.equal(await store.consumeSignal(claim, 'c', 'paid'), undefined)
    t.match(await store.step(run, 'b'), { outcome: { status: 'succeeded', exit: 'received', attributes: { output: 'two' } } })
    await store.addWaits(claim, [{ run, path: 'c', kind: 'signal', name: 'paid', dueAtMs: null }])
    await store.release(claim, { to: 'waiting' })
    await send('three')
    t.match(await store.getRun(run), { state: 'queued' })
    t.equal(await store.signal({ run: 'R9', name: 'paid', value: 1, receivedAtMs: 1 }), 'unknown-run')
    await store.release(await claimOne(), { to: 'cancelled' })
    t.equal(await send('four'), 'ended')
  })

  scenario('SIG-3: a signal and a timeout: the first that is recorded wins', async (t, { store, submit, claimOne, step }) => {
    const run = await submit(1)
    const claim = await claimOne()
    const expired = step(run, 'a', { outcome: { status: 'succeeded', exit: 'expired', attributes: {} } })
    await store.signal({ run, name: 'paid', value: 1, receivedAtMs: 1 })
    const [taken, late] = await Promise.all([store.consumeSignal(claim, 'a', 'paid'), store.commitStep(expired, claim)])
    t.match(taken, { value: 1 })
    t.match(late, { won: false, kept: { outcome: { exit: 'received' } } })
  })

  scenario('what comes for a run that runs is told to its owner, and never slept over', async (t, { store, submit, claimOne }) => {
    const run = await submit(1)
    const claim = await claimOne()
    await store.signal({ run, name: 's', value: 1, receivedAtMs: 1 })
    t.same(await store.held('o1'), { runs: [run], woken: [run] })
    await store.acknowledge(claim)
    t.same(await store.held('o1'), { runs: [run], woken: [] })
    await store.signal({ run, name: 's', value: 2, receivedAtMs: 1 })
    await store.release(claim, { to: 'waiting' })
    t.match(await store.getRun(run), { state: 'queued' }, 'it came between the last look and the release')
  })

  scenario('APPR-1: equal decisions of different people on what is shown make a quorum', async (t, { store, clock, submit, claimOne }) => {
    const run = await submit(1)
    const claim = await claimOne()
    const shown: ApprovalCommand = {
      ...{ type: 'approval', path: 'ok', node: 'ok', title: 'T', body: 'B', bodyDigest: 'd1', fields: {}, assignees: [] },
      ...{ quorum: 2, separation: true, timeoutAtMs: clock.now() + 1000 },
      actions: [
        { name: 'approve', requireComment: false },
        { name: 'reject', requireComment: true },
      ],
    }
    await store.addWaits(claim, [{ run, path: 'ok', kind: 'approval', shown, dueAtMs: shown.timeoutAtMs }])
    await store.release(claim, { to: 'waiting' })
    const decide = (by: string, changes = {}) =>
      store.decide({ run, path: 'ok', by, action: 'approve', bodyDigest: 'd1', fields: { amount: 1 }, ...changes })
    t.match(await decide('ben', { path: 'no' }), { outcome: 'not-waiting' })
    t.match(await decide('ben', { bodyDigest: 'd0' }), { outcome: 'changed', shown: { bodyDigest: 'd1' } })
    t.match(await decide('ben', { action: 'maybe' }), { outcome: 'unknown-action', actions: ['approve', 'reject'] })
    t.match(await decide('ben', { action: 'reject' }), { outcome: 'comment-required' })
    t.match(await decide('ana'), { outcome: 'own-run' })
    t.match(await decide('ben'), { outcome: 'recorded', missing: 1 })
    t.match(await decide('ben'), { outcome: 'decided-before' })
    t.match(await decide('cat', { fields: { amount: 2 } }), { outcome: 'recorded', missing: 1 }, 'another amount is another decision')
    t.match(await store.getRun(run), { state: 'waiting' })
    t.match(await decide('dan'), { outcome: 'recorded', missing: 0 })
    t.match(await store.getRun(run), { state: 'queued' })
    t.match((await store.step(run, 'ok'))?.outcome, {
      exit: 'approve',
      attributes: { output: { amount: 1 }, decided_by: 'ben, dan', body_digest: 'd1' },
    })
    t.match(await decide('eve'), { outcome: 'not-waiting' })
  })

  scenario('RUN-6: the end of a child wakes its parent', async (t, { store, submit, claimOne }) => {
    const parent = await submit(1)
    const claim = await claimOne()
    await store.addWaits(claim, [{ run: parent, path: 'c', kind: 'child', child: 'R002', dueAtMs: null }])
    await submit(2, { parent: { run: parent, path: 'c' } })
    await store.release(claim, { to: 'waiting' })
    await store.release(await claimOne('o2', 'R002'), { to: 'failed', error: BROKEN })
    t.match(await store.getRun(parent), { state: 'queued' })
  })

  scenario(
    'STEP-9: a long journal is loaded in parts, in the order in which its steps ended',
    async (t, { store, submit, claimOne, step }) => {
      const run = await submit(1)
      const names = Array.from({ length: 1203 }, (_, index) => `m[${index}].x`)
      // The later ones ended first.
      await Promise.all(names.map((path, index) => store.commitStep({ ...step(run, path), endedAtMs: 10_000 - index })))
      const loaded = await store.load(await claimOne())
      t.equal(loaded?.steps.length, 500)
      t.equal(loaded?.later.length, 703)
      t.same([...(loaded?.steps ?? [])].map(({ path }) => path).toSorted(), names.slice(-500).toSorted())
      t.same(loaded?.later, names.slice(0, 703).toReversed())
      t.match(await store.stepsAt(run, ['m[3].x', 'none']), [{ path: 'm[3].x', endedAtMs: 9997 }])
    },
  )

  scenario('RUN-8: of the events of a run 10,000 are kept, the last ones', async (t, { store, submit, claimOne }) => {
    const run = await submit(1)
    const waits = Array.from({ length: 10_050 }, (_, index) => ({ run, path: `t${index}`, dueAtMs: null, kind: 'timer' }) as const)
    await store.addWaits(await claimOne(), waits)
    const events = await store.events(run, 0)
    t.equal(events.length, 10_000)
    t.match(events.at(-1), { seq: 10_052, data: { path: 't10049' } })
    t.equal(events[0]?.seq, 53)
  })

  scenario('STEP-5: a doubt is ended by a record, or by leave to repeat', async (t, { store, submit, claimOne }) => {
    const run = await submit(1)
    const claim = await claimOne()
    await store.beginAttempt({ run, path: 'a', number: 1, epoch: 1, startedAtMs: 1 })
    await store.addWaits(claim, [
      { run, path: 'a', kind: 'unknown', dueAtMs: null },
      { run, path: 'b', kind: 'unknown', dueAtMs: null },
    ])
    await store.release(claim, { to: 'paused', reason: BROKEN })
    t.equal(await store.settleUnknown(run, 'x', 'repeat'), false)
    t.equal(await store.settleUnknown(run, 'a', 'repeat'), true)
    t.match(await store.getRun(run), { state: 'paused' }, 'another is open')
    t.equal(await store.settleUnknown(run, 'b', DONE), true)
    t.match(await store.getRun(run), { state: 'queued' })
    t.match(await store.attempts(run), [{ path: 'a', endedAtMs: Number }])
    t.match(await store.steps(run), [{ path: 'b', outcome: DONE }])
  })
}

function ends(scenario: Scenario): void {
  scenario(
    'CAN-1: a cancel of a run that nobody executes is for whoever claims it; twice is once',
    async (t, { store, submit, claimOne }) => {
      const run = await submit(1)
      await store.pause(run, BROKEN)
      t.equal(await store.requestCancel(run, 'why'), 'paused')
      t.equal(await store.requestCancel(run, 'why'), 'queued')
      t.match(await store.load(await claimOne()), { run: { cancelRequestedAtMs: Number } })
      t.equal(await store.requestCancel('R9', 'why'), undefined)
    },
  )

  scenario('CAN-2: a run that ended stays as it ended', async (t, { store, submit, claimOne }) => {
    const run = await submit(1)
    await store.release(await claimOne(), { to: 'succeeded', output: null })
    t.equal(await store.requestCancel(run, 'why'), 'succeeded')
    t.equal(await store.pause(run, BROKEN), false)
    t.equal(await store.resume(run), false)
    t.match(await store.getRun(run), { state: 'succeeded' })
  })

  scenario('a paused run is taken from its owner, and goes on when it is resumed', async (t, { store, submit, claimOne }) => {
    const run = await submit(1)
    const claim = await claimOne()
    t.equal(await store.pause(run, BROKEN), true)
    t.equal(await store.release(claim, { to: 'waiting' }), false)
    t.same(await store.claim('o1', 9), [])
    t.equal(await store.resume(run), true)
    t.equal((await claimOne()).epoch, 2)
  })

  scenario('a deadline counts in every state', async (t, { store, clock, submit, claimOne }) => {
    const run = await submit(1, { deadlineAtMs: clock.now() + 1000 })
    await store.pause(run, BROKEN)
    t.equal(await store.nextDueMs(), clock.now() + 1000)
    await clock.advance(1000)
    t.equal((await claimOne()).run, run)
  })

  scenario('every end is the last event of its run, and told once', async (t, { store, submit, claimOne }) => {
    const releases: readonly RunRelease[] = [{ to: 'succeeded', output: { a: 1 } }, { to: 'failed', error: BROKEN }, { to: 'cancelled' }]
    for (const [index, release] of releases.entries()) {
      const run = await submit(index)
      const told: string[] = []
      const forget = store.onChange(changed => told.push(changed))
      await store.release(await claimOne(), release)
      forget()
      t.same(told, [run])
      t.equal((await store.events(run, 0)).at(-1)?.type, `run.${release.to}`)
      t.match(await store.getRun(run), { state: release.to, endedAtMs: Number })
    }
  })

  scenario(
    'IDEM-4, GC-3: ended runs go when their time is over, with their keys; open ones never',
    async (t, { store, clock, submit, claimOne, step }) => {
      const run = await submit(1, { idempotencyKey: 'k', retentionMs: 1000, input: 'x'.repeat(50_000) })
      const open = await submit(2)
      await store.commitStep(step(run, 'a'))
      await store.release(await claimOne('o1', run), { to: 'succeeded', output: 'y'.repeat(50_000) })
      await clock.advance(2000)
      t.equal(await store.purge(clock.now(), 'retention'), 0, 'a key lives a day at least')
      await clock.advance(DAY_MS)
      t.equal(await store.purge(clock.now(), 'retention'), 1)
      t.equal(await store.getRun(run), undefined)
      t.same(await store.events(run, 0), [])
      t.equal(await submit(3, { idempotencyKey: 'k' }), 'R003', 'the key is new')
      await clock.advance(400 * DAY_MS)
      t.equal(await store.purge(clock.now(), 'end'), 0)
      t.match(await store.getRun(open), { id: open })
    },
  )
}
