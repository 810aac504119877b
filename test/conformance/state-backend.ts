import { spawnSync } from 'node:child_process'
import type { Test } from 'tap'
import type { Clock } from '../../src/base/clock.ts'
import type { StateVersion } from '../../src/registry/release.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { LEASE_MS } from '../../src/state/lock.ts'
import { acquireLock } from '../../src/state/locking.ts'
import { thisHolder } from '../../src/state/process.ts'
import { emptyState, type StateSnapshot } from '../../src/state/state.ts'
import { contentFor } from '../support/releases.ts'

/** A clock that stands until a test moves it. */
export interface HeldClock extends Clock {
  advance(ms: number): void
}

export function heldClock(): HeldClock {
  let now = Date.UTC(2026, 10, 21, 14, 2, 11)
  return {
    now: () => now,
    monotonic: () => now,
    advance: ms => {
      now += ms
    },
  }
}

export interface StateBackendFactory {
  readonly clock: HeldClock
  /** What the store cannot do: no earlier snapshots, locks that do not expire. The contract holds what it does in their place. */
  readonly lacks?: readonly ('snapshots' | 'leases')[]
  /** Opens the same store again and again: the connections of several processes. */
  open(): Promise<StateBackend>
}

export function snapshotOf(serial: number, changes: Partial<StateSnapshot> = {}): StateSnapshot {
  return {
    ...emptyState('lineage-a'),
    serial,
    registryId: 'registry-1',
    release: serial,
    owned: new Map([['prompt.answer', { version: serial, digest: contentFor(`text ${serial}`).digest }]]),
    ...changes,
  }
}

/** What every state backend does. */
export function stateBackendContract(t: Test, name: string, fresh: (t: Test) => StateBackendFactory): void {
  const scenario = (title: string, run: (t: Test, backend: StateBackend, factory: StateBackendFactory) => Promise<void>) =>
    t.test(`${name}: ${title}`, async t => {
      const factory = fresh(t)
      const backend = await factory.open()
      await run(t, backend, factory)
      await backend.close()
    })
  const put = async ({ codec, write }: StateBackend, snapshot: StateSnapshot, expected: StateVersion | null) =>
    write('dev', await codec.encode(snapshot, expected, 'dev'))

  scenario('STA-1: what is written is read, in each environment', async (t, backend) => {
    t.equal(await backend.read('dev'), undefined)
    const snapshot = snapshotOf(1, {
      outputs: new Map([
        ['url', { sensitive: false, type: 'string', value: 'https://example.com' }],
        ['key', { sensitive: true, type: 'string' }],
      ]),
      checks: [{ address: 'check.health', status: 'fail', messages: ['it is down'] }],
    })
    t.same(await put(backend, snapshot, null), { outcome: 'written' })
    t.same(await backend.read('dev'), snapshot)
    t.equal(await backend.read('prod'), undefined)
  })

  scenario('STA-4: a write names what it replaces, and a conflict changes nothing', async (t, backend) => {
    const expected = { lineage: 'lineage-a', serial: 1 }
    await put(backend, snapshotOf(1), null)
    t.same(await put(backend, snapshotOf(2), null), { outcome: 'conflict', found: expected }, 'it was taken for new')
    t.same(await put(backend, snapshotOf(3), { lineage: 'lineage-a', serial: 2 }), { outcome: 'conflict', found: expected })
    t.same(await put(backend, snapshotOf(2), { lineage: 'lineage-b', serial: 1 }), { outcome: 'conflict', found: expected })
    const write = await backend.codec.encode(snapshotOf(2), expected, 'dev')
    t.same(await backend.write('dev', write), { outcome: 'written' })
    t.same(await backend.write('dev', write), { outcome: 'written' }, 'the same write again is done already')
    t.same(
      await put(backend, snapshotOf(2, { release: 9 }), expected),
      { outcome: 'conflict', found: { lineage: 'lineage-a', serial: 2 } },
      'an equal serial with other content is refused',
    )
    t.same(await backend.read('dev'), snapshotOf(2))
    t.same(await backend.currentVersion('dev'), { lineage: 'lineage-a', serial: 2 })
  })

  scenario('STA-9: each write keeps its predecessor, and 30 are kept', async (t, backend, { lacks }) => {
    if (lacks?.includes('snapshots')) {
      await put(backend, snapshotOf(1), null)
      await put(backend, snapshotOf(2), { lineage: 'lineage-a', serial: 1 })
      t.same(await backend.history('dev'), [])
      t.equal(await backend.snapshot('dev', 1), undefined)
      return
    }
    for (let serial = 1; serial <= 35; serial++) {
      const expected = serial === 1 ? null : { lineage: 'lineage-a', serial: serial - 1 }
      t.same(await put(backend, snapshotOf(serial), expected), { outcome: 'written' })
    }
    const history = await backend.history('dev')
    t.equal(history.length, 30)
    t.match(history[0], { serial: 34, blocks: 1, intact: true, lineage: 'lineage-a' })
    t.match(history.at(-1), { serial: 5 })
    t.same(await backend.snapshot('dev', 34), snapshotOf(34))
    t.equal(await backend.snapshot('dev', 4), undefined)
    t.same(await backend.history('prod'), [])
  })

  scenario('LOCK-3, LOCK-4: one holder at a time, who is named', async (t, backend, factory) => {
    const other = await factory.open()
    const mine = thisHolder('apply', '0.1.0', factory.clock)
    const taken = await backend.lock('dev', mine)
    if (taken.outcome !== 'locked') throw new Error('the lock is not free')
    t.equal(taken.tookOver, undefined)
    t.match(await other.lock('dev', { ...mine, operation: 'state mv a b' }), { outcome: 'held', by: { ...mine, id: taken.lock.id } })
    t.match(await other.lock('prod', mine), { outcome: 'locked' }, 'another environment is free')
    t.match(await other.currentLock('dev'), { id: taken.lock.id, operation: 'apply', pid: process.pid })
    await taken.lock.release()
    await taken.lock.release()
    t.equal(await other.currentLock('dev'), undefined)
    const next = await other.lock('dev', mine)
    t.match(next, { outcome: 'locked' })
    if (next.outcome === 'locked') await next.lock.release()
    await other.close()
  })

  scenario('LOCK-4: the lock of a dead local process is taken over at once', async (t, backend, factory) => {
    const dead = spawnSync(process.execPath, ['--version']).pid
    const mine = thisHolder('apply', '0.1.0', factory.clock)
    await backend.lock('dev', { ...mine, pid: dead })
    const taken = await backend.lock('dev', mine)
    t.match(taken, { outcome: 'locked', tookOver: { pid: dead } })
    await backend.lock('prod', { ...mine, pid: dead, host: 'elsewhere' })
    t.match(await backend.lock('prod', mine), { outcome: 'held' }, 'nobody here can tell whether it lives')
    await backend.lock('test', { ...mine, pid: dead, bootId: 'an earlier start' })
    t.match(await backend.lock('test', mine), { outcome: 'held' })
  })

  scenario('LOCK-3: an expired lease is taken over', async (t, backend, factory) => {
    const mine = thisHolder('apply', '0.1.0', factory.clock)
    await backend.lock('dev', { ...mine, host: 'elsewhere' })
    factory.clock.advance(LEASE_MS - 1)
    t.match(await backend.lock('dev', mine), { outcome: 'held' })
    factory.clock.advance(1)
    if (factory.lacks?.includes('leases')) {
      t.match(await backend.lock('dev', mine), { outcome: 'held', by: { renewedAtMs: undefined } }, 'it has no expiry: force-unlock ID')
      return
    }
    t.match(await backend.lock('dev', mine), { outcome: 'locked', tookOver: { host: 'elsewhere' } })
  })

  scenario('LOCK-5: a lock that was forced open is not given up twice', async (t, backend, factory) => {
    const mine = thisHolder('apply', '0.1.0', factory.clock)
    const first = await backend.lock('dev', mine)
    if (first.outcome !== 'locked') throw new Error('the lock is not free')
    t.equal(await backend.forceUnlock('dev', 'another id'), false)
    t.equal(await backend.forceUnlock('dev', first.lock.id), true)
    const second = await backend.lock('dev', mine)
    await first.lock.release()
    t.match(await backend.currentLock('dev'), { id: second.outcome === 'locked' ? second.lock.id : '' })
  })

  scenario('LOCK-6: waiting polls 1 s doubling to 16 s, and names the holder once', async (t, backend, factory) => {
    const { clock } = factory
    const holder = thisHolder('apply', '0.1.0', clock)
    const by = await backend.lock('dev', {
      ...holder,
      host: 'laptop-12',
      user: 'bo',
      pid: 8841,
      operation: 'state mv prompt.reply prompt.answer',
    })
    const waits: number[] = []
    let named = 0
    const alive = factory.lacks?.includes('leases') ? '' : ', alive 20 s ago'
    const wait = (timeoutMs: number, beforeWait: () => Promise<unknown> = async () => {}) =>
      acquireLock({
        backend,
        environment: 'dev',
        holder,
        timeoutMs,
        clock,
        onWaiting: () => named++,
        sleep: async ms => {
          waits.push(ms)
          clock.advance(ms)
          await beforeWait()
        },
      })
    const id = by.outcome === 'locked' ? by.lock.id : ''
    await t.rejects(wait(20_000), {
      code: 'state/locked',
      retryable: true,
      diagnostic: {
        summary: 'The state of dev is locked',
        detail: [
          `lock       ${id}`,
          `holder     bo@laptop-12, process 8841${alive}`,
          'operation  state mv prompt.reply prompt.answer',
          'since      2026-11-21 14:02:11Z (20 s ago)',
          '',
          'Wait for it, or ask bo. Only if the holder is gone:',
          `  flowrun force-unlock ${id}`,
          'Nothing was changed.',
        ].join('\n'),
      },
    })
    t.same(waits, [1000, 2000, 4000, 8000, 5000])
    t.equal(named, 1)
    await t.rejects(wait(0), { code: 'state/locked' }, 'it asks once, and waits for nothing')
    t.equal(named, 1)
    const taken = await wait(20_000, () => backend.forceUnlock('dev', id))
    t.match(taken, { outcome: 'locked' })
  })
}
