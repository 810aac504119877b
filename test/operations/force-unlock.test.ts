import { spawnSync } from 'node:child_process'
import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { type FoundLock, forceUnlock } from '../../src/operations/force-unlock.ts'
import { removeFromState } from '../../src/operations/state/remove.ts'
import { createSqliteStateBackend } from '../../src/state/backends/sqlite.ts'
import { LEASE_MS, type Lock, type LockHolder } from '../../src/state/lock.ts'
import { thisHolder } from '../../src/state/process.ts'
import { hostIn, MODEL } from '../support/configuration.ts'
import { type TestProject, testProject } from '../support/project.ts'

const self = thisHolder('state mv prompt.a prompt.b', '1.0.0', systemClock)
const FAR_AWAY: LockHolder = { ...self, user: 'bo', host: 'laptop-12', pid: 8841, bootId: 'another' }

/** A process of this host that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

async function locked(project: TestProject, holder: LockHolder): Promise<string> {
  const registry = await project.registry()
  const taken = await createSqliteStateBackend(registry).lock('dev', holder)
  await registry.close()
  if (taken.outcome === 'held') throw new Error('it is held already')
  return taken.lock.id
}

/** Unlocks, and gives what a person would have seen. */
async function unlock(project: TestProject, id: string, answer = true, clock = systemClock) {
  const seen: FoundLock[] = []
  const result = await forceUnlock(hostIn(project.folder, {}, clock), {
    id,
    approve: async found => {
      seen.push(found)
      return answer
    },
  })
  return { seen, outcome: result.outcome === 'found' ? result.value.outcome : 'invalid' }
}

async function currentLock(project: TestProject): Promise<Lock | undefined> {
  const registry = await project.registry()
  const lock = await createSqliteStateBackend(registry).currentLock('dev')
  await registry.close()
  return lock
}

t.test('LOCK-3, AUD-2: a lock is removed by its id, after a look at its holder, and audited', async t => {
  const project = testProject(MODEL)
  await project.apply()
  await t.rejects(unlock(project, 'x'), { code: 'state/not-locked' })
  const id = await locked(project, FAR_AWAY)
  await t.rejects(unlock(project, 'x'), {
    code: 'state/unknown-lock',
    diagnostic: { detail: new RegExp(`lock {7}${id}\nholder {5}bo@laptop-12, process 8841`) },
  })
  t.match(await unlock(project, id, false), { outcome: 'declined', seen: [{ holder: 'alive', lock: { user: 'bo', pid: 8841 } }] })
  t.equal((await currentLock(project))?.id, id, 'it stays')

  t.match(await unlock(project, id), { outcome: 'removed' })
  t.equal(await currentLock(project), undefined)
  const registry = await project.registry()
  t.match(await registry.audit({ limit: 5, action: 'state.unlock' }), [
    { subject: 'dev', detail: { id, holder: 'bo@laptop-12', process: 8841 } },
  ])
  await registry.close()
})

t.test('LOCK-4: a holder that is gone, or silent, is told from one at work', async t => {
  const project = testProject(MODEL)
  await project.apply()
  const gone = await locked(project, { ...self, pid: deadPid() })
  t.match(await unlock(project, gone), { seen: [{ holder: 'gone' }] })
  const here = await locked(project, self)
  t.match(await unlock(project, here), { seen: [{ holder: 'alive' }] })
  const far = await locked(project, FAR_AWAY)
  const later = { now: () => Date.now() + LEASE_MS + 1000, monotonic: () => 0 }
  t.match(await unlock(project, far, true, later), { seen: [{ holder: 'silent' }] })
})

t.test('LOCK-2, LOCK-4: a state command waits for the lock, and takes over that of a dead neighbour', async t => {
  const project = testProject(`${MODEL}prompt "one" {\n  model = model.fast\n  user  = "x"\n}\n`)
  await project.apply()
  const tookOver: number[] = []
  const options = {
    dryRun: false,
    lockTimeoutMs: 0,
    onWaitingForLock: () => {},
    onTookOver: (from: Lock) => tookOver.push(from.pid),
    onStillLocked: () => {},
  }
  const remove = () => removeFromState(hostIn(project.folder), options, ['prompt.one'])
  const id = await locked(project, FAR_AWAY)
  await t.rejects(remove(), {
    code: 'state/locked',
    diagnostic: { detail: new RegExp(`flowrun force-unlock ${id}\nNothing was changed\\.$`) },
  })
  t.match(
    await removeFromState(hostIn(project.folder), { ...options, dryRun: true }, ['prompt.one']),
    { outcome: 'found' },
    'a dry run takes none',
  )
  await unlock(project, id)
  const pid = deadPid()
  await locked(project, { ...self, pid })
  t.match(await remove(), { outcome: 'found', value: { release: 2 } })
  t.same(tookOver, [pid])
  t.equal(await currentLock(project), undefined, 'and gives it up')
})
