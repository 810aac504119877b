import t from 'tap'
import type { Lock } from '../../src/state/lock.ts'
import { takeoverText } from '../../src/views/recovered.ts'

const NOW = Date.parse('2026-11-21T14:02:11Z')
const lock: Lock = {
  id: '0f6e1c52-8f0b-4c3e-9d0a-2f7b1f6f3a10',
  environment: 'prod',
  user: 'ana',
  host: 'build-7',
  pid: 4711,
  bootId: 'boot',
  operation: 'apply',
  flowrunVersion: '1.0.0',
  sinceMs: NOW - 200_000,
}

t.test('LOCK-3, LOCK-4: a notice of a lock that was taken over says what is known of its holder', async t => {
  const prefix = 'Note: Took over the lock of prod from ana@build-7, process 4711, which'
  t.equal(takeoverText(lock, NOW), `${prefix} is gone.\n`, 'a lock that does not expire is taken from the dead alone')
  t.equal(takeoverText({ ...lock, renewedAtMs: NOW - 5000 }, NOW), `${prefix} is gone.\n`)
  t.equal(takeoverText({ ...lock, renewedAtMs: NOW - 75_000 }, NOW), `${prefix} was last heard of 1 min ago.\n`)
})
