import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import { readAudit, verifyAudit } from '../../src/operations/audit.ts'
import type { Deployed } from '../../src/operations/deployed.ts'
import { readEnvironments } from '../../src/operations/environments.ts'
import { type LiftOptions, liftHolds, listHolds } from '../../src/operations/holds.ts'
import { listReleases } from '../../src/operations/releases.ts'
import { listVersions } from '../../src/operations/versions.ts'
import type { AuditCheckpoint } from '../../src/registry/audit.ts'
import { hostIn, MODEL, prompt, told } from '../support/configuration.ts'
import { promoteTo, rollBack } from '../support/pointers.ts'
import { type TestProject, testProject } from '../support/project.ts'

const TWO = 'environment "dev" {}\nenvironment "prod" {}\n'
const answer = (text: string) => prompt(`user = "${text}"`)
const other = (text: string) => answer(text).replace('"answer"', '"other"').slice(MODEL.length)

async function found<T>(asked: Promise<Deployed<T>>): Promise<T> {
  const result = await asked
  if (result.outcome === 'found') return result.value
  throw new Error(told(result.diagnostics).join('; '))
}

/** Two releases of dev, rolled back whole: two prompts are held since release 3. */
async function rolledBack(): Promise<TestProject> {
  const project = testProject(TWO + answer('1') + other('1'))
  await project.apply()
  project.write(TWO + answer('2') + other('2'))
  await project.apply()
  await rollBack(project, undefined, { reason: 'too long' })
  return project
}

const lift = (project: TestProject, options: Partial<LiftOptions>) =>
  found(liftHolds(hostIn(project.folder), { addresses: [], author: { actor: 'bo', reason: 'innocent' }, ...options }))

const names = (holds: readonly { readonly address: string; readonly version: number | null }[]) =>
  holds.map(({ address, version }) => `${address}@${version}`)

t.test('HOLD-4: innocent holds of a whole rollback are lifted by name or by its number, without publishing', async t => {
  const project = await rolledBack()
  const host = hostIn(project.folder)
  t.same(names((await found(listHolds(host, { lifted: false }))).holds), ['prompt.answer@2', 'prompt.other@2'])
  await t.rejects(lift(project, { addresses: ['prompt.answer', 'prompt.gone'] }), {
    code: 'hold/none',
    message: 'prompt.gone is not held in dev',
  })
  await t.rejects(lift(project, { addresses: ['prompt.answer@1'] }), { code: 'hold/none' })
  await t.rejects(lift(project, { addresses: ['prompt.answer'], rollback: 2 }), { code: 'hold/none' })
  await t.rejects(lift(project, { rollback: 2 }), { code: 'hold/none', message: 'dev has no hold of release 2' })
  t.equal((await found(listHolds(host, { lifted: false }))).holds.length, 2, 'a wrong name lifts nothing at all')

  t.same(names((await lift(project, { addresses: ['prompt.other@2'], rollback: 3 })).lifted), ['prompt.other@2'])
  t.match((await project.plan()).obstacles, [{ address: 'prompt.answer' }], 'the other one stays')
  t.same(names((await lift(project, { rollback: 3 })).lifted), ['prompt.answer@2'])
  t.same((await project.plan()).obstacles, [])
  t.match((await found(listHolds(host, { lifted: true }))).holds, [
    { lifted: { actor: 'bo', reason: 'innocent' } },
    { lifted: { actor: 'bo', reason: 'innocent' } },
  ])
  const registry = await project.registry()
  t.equal((await registry.head('dev')).release, 3)
  t.equal((await registry.audit({ action: 'hold.lift' })).length, 2, 'AUD-2')
  await registry.close()
})

t.test('versions say where each is active and held, releases where each came from', async t => {
  const project = await rolledBack()
  await promoteTo(project)
  const host = hostIn(project.folder)
  const { versions } = await found(listVersions(host, { limit: 20 }, 'prompt.answer'))
  t.same(
    versions.map(({ version, activeIn, heldIn }) => [version, activeIn, heldIn]),
    [
      [2, [], ['dev']],
      [1, ['dev', 'prod'], []],
    ],
  )
  const { releases } = await found(listReleases(host, { environment: 'prod', limit: 20 }))
  t.match(releases, [{ kind: 'promote', source: 'dev@3', changeCount: 4 }])
  t.same((await found(listReleases(host, { limit: 20, sinceMs: Date.now() + 60_000 }))).releases, [])
  t.equal((await found(listReleases(host, { limit: 20, sinceMs: Date.now() - 60_000 }))).releases.length, 3)
})

t.test('the audit log is asked by actor, action, address and time', async t => {
  const project = await rolledBack()
  await lift(project, { addresses: ['prompt.answer'] })
  const host = hostIn(project.folder)
  const rows = async (query: Parameters<typeof readAudit>[2]) =>
    (await found(readAudit(host, {}, query))).map(({ action, subject }) => `${action} ${subject}`)
  t.same(await rows({ actor: 'bo' }), ['hold.lift dev prompt.answer'])
  t.same(await rows({ action: 'release.rollback' }), ['release.rollback dev@3'])
  t.same(await rows({ address: 'prompt.other' }), [
    'hold.place dev prompt.other',
    'release.rollback dev@3',
    'release.apply dev@2',
    'release.apply dev@1',
  ])
  t.same(await rows({ address: 'model.fast' }), ['release.apply dev@1'])
  t.same(await rows({ address: 'other' }), [], 'a part of a name is no address')
  t.equal((await rows({ limit: 2 })).length, 2)
  t.equal((await rows({})).length, 6)
  t.same(await rows({ sinceMs: Date.now() + 60_000 }), [])
})

t.test('AUD-3: verifying names the first row that does not fit; a checkpoint shows a cut tail and a rewritten whole', async t => {
  const damage = async (statement: string, checkpoint?: (rows: number) => AuditCheckpoint) => {
    const project = await rolledBack()
    const file = new Sqlite(join(project.folder, '.flowrun/state.db'))
    file.exec(statement)
    file.close()
    return found(verifyAudit(hostIn(project.folder), {}, checkpoint?.(5)))
  }
  t.match(await damage(''), { intact: true, rows: 5 })
  t.same(await damage("UPDATE audit SET reason = 'none' WHERE seq = 3"), { intact: false, seq: 3, problem: 'altered' })
  t.same(await damage('DELETE FROM audit WHERE seq = 2'), { intact: false, seq: 2, problem: 'missing' })
  t.same(await damage('DELETE FROM audit WHERE seq = 5'), { intact: false, seq: 5, problem: 'missing' })
  t.same(await damage('UPDATE audit SET prev = hash, hash = prev WHERE seq = 4'), { intact: false, seq: 4, problem: 'unlinked' })
  t.same(await damage("UPDATE audit_head SET hash = 'x'"), { intact: false, seq: 5, problem: 'head' })
  const cut = 'DELETE FROM audit WHERE seq = 5; UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit WHERE seq = 4)'
  t.match(await damage(cut), { intact: true, rows: 4 }, 'by itself it is whole')
  const hash = '0'.repeat(64)
  t.same(await damage(cut, seq => ({ seq, hash })), { intact: false, seq: 5, problem: 'cut' })
  t.same(await damage('', seq => ({ seq, hash })), { intact: false, seq: 5, problem: 'rewritten' })

  const project = await rolledBack()
  const host = hostIn(project.folder)
  const whole = await found(verifyAudit(host, {}))
  if (!whole.intact) throw new Error('the log is broken')
  await lift(project, { rollback: 3 })
  t.match(
    await found(verifyAudit(host, {}, { seq: whole.rows, hash: whole.head })),
    { intact: true, rows: 7 },
    'a checkpoint holds while the log grows',
  )
})

t.test('environments tell release, drift and lock; one that cannot be read says so and is no error', async t => {
  const project = await rolledBack()
  project.write(
    `${TWO}environment "stage" {\n  state "http" {\n    address   = "http://127.0.0.1:1/state"\n    retry_max = 0\n  }\n}\n${answer('2')}`,
  )
  const environments = await found(readEnvironments(hostIn(project.folder)))
  t.match(environments, [
    { name: 'dev', isDefault: true, state: 'sqlite', standing: { kind: 'read', release: { number: 3 }, drift: 2, lock: undefined } },
    { name: 'prod', isDefault: false, standing: { kind: 'read', release: undefined, drift: undefined } },
    { name: 'stage', state: 'http', standing: { kind: 'unreachable', diagnostic: { code: /^state\// } } },
  ])
})

t.test('environments are listed where none of them is the default', async t => {
  const project = testProject('environment "prod" {}\nenvironment "stage" {}\n')
  t.same(
    (await found(readEnvironments(hostIn(project.folder)))).map(({ name, isDefault }) => [name, isDefault]),
    [
      ['prod', false],
      ['stage', false],
    ],
  )
})
