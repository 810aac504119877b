import { spawnSync } from 'node:child_process'
import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { plan } from '../../src/operations/plan.ts'
import type { OperationHost } from '../../src/operations/project.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { createSqliteStateBackend } from '../../src/state/backends/sqlite.ts'
import type { LockHolder } from '../../src/state/lock.ts'
import { thisHolder } from '../../src/state/process.ts'
import { killedText } from '../../src/views/recovered.ts'
import { hostIn, prompt } from '../support/configuration.ts'
import { type TestProject, testProject } from '../support/project.ts'

/** Leaves the lock of a process of this host that has ended, and does the work while it stands. */
async function killed(project: TestProject, operation: string, work: () => Promise<unknown>): Promise<string> {
  const registry = await project.registry()
  const { pid } = spawnSync(process.execPath, ['--version'])
  const holder: LockHolder = { ...thisHolder(operation, '1.0.0', systemClock), user: 'ana', pid }
  const taken = await createSqliteStateBackend(registry).lock('dev', holder)
  await registry.close()
  if (taken.outcome !== 'locked') throw new Error(taken.outcome)
  await work()
  const result = await plan(hostIn(project.folder), { variables: [], canAsk: false })
  if (result.outcome !== 'planned') throw new Error(result.outcome)
  return killedText(result.killed, systemClock.now()).split('\n')[0] ?? ''
}

t.test('LOCK-4: a killed apply or destroy is told, with the release that it had made, of whatever kind', async t => {
  const project = testProject(prompt('user = "One."'))
  const withoutLock = { lock: false } as const
  t.match(await killed(project, 'apply', async () => {}), /^Note: An apply by ana .* before it released anything\.$/)
  t.match(await killed(project, 'apply', () => project.apply(withoutLock)), /^Note: An apply by ana .* after it had made release 1\.$/)
  project.write(`${prompt('user = "One."').replace('"answer"', '"reply"')}moved {\n  from = prompt.answer\n  to   = prompt.reply\n}\n`)
  t.match(await killed(project, 'apply', () => project.apply(withoutLock)), /after it had made release 2\.$/, 'of kind import')
  t.match(await killed(project, 'destroy', async () => {}), /^Note: A destroy by ana .* before it released anything\.$/)
  const destroy = { ...withoutLock, mode: 'destroy' } as const
  t.match(await killed(project, 'destroy', () => project.apply(destroy)), /^Note: A destroy by ana .* after it had made release 3\.$/)
})

t.test('LOCK-4: the lock says whether an apply or a destroy holds it', async t => {
  const held: string[] = []
  const project = testProject(prompt('user = "One."'), (...here) => {
    const host = hostIn(...here)
    const openStores: OperationHost['openStores'] = async request => {
      const { backend, ...stores } = await host.openStores(request)
      const lock: StateBackend['lock'] = (environment, holder) => {
        held.push(holder.operation)
        return backend.lock(environment, holder)
      }
      return { ...stores, backend: { ...backend, lock } }
    }
    return { ...host, openStores }
  })
  await project.apply()
  await project.apply({ mode: 'destroy' })
  t.same(held, ['apply', 'destroy'])
})
