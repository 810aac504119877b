import t from 'tap'
import { importVersion } from '../../src/operations/import.ts'
import { hostIn, prompt } from '../support/configuration.ts'
import { changesOf, isEmpty, type TestProject, testProject, withoutStatesOfReleases } from '../support/project.ts'
import { apply as release } from '../support/releases.ts'

const answer = (text: string, name = 'answer') => prompt(`user = "${text}"`).replace('"answer"', `"${name}"`)
const options = { dryRun: false, lockTimeoutMs: 1000, onWaitingForLock: () => {}, onTookOver: () => {}, onStillLocked: () => {} }

async function imported(project: TestProject, address: string, version: string, more: { dryRun?: boolean; takeOver?: string } = {}) {
  const result = await importVersion(hostIn(project.folder), { ...options, ...more }, address, version)
  if (result.outcome !== 'found') throw new Error(JSON.stringify(result))
  return result.value
}

t.test('MOVE-3: an import owns the address and makes the version active; what is configured otherwise is the next plan’s', async t => {
  const project = testProject(answer('One.'))
  await project.apply()
  project.write(answer('Two.'))
  await project.apply()
  const { lineage } = await imported(project, 'prompt.answer', 'prompt.answer@1')
  t.same(changesOf(await project.plan()), ['prompt.answer @1 @2 published-earlier'])
  const registry = await project.registry()
  t.match((await registry.pointers('dev')).pointers.get('prompt.answer'), { version: 1, owner: lineage })
  t.match(await registry.releases('dev', 1), [{ kind: 'import', reason: 'import prompt.answer prompt.answer@1' }])
  t.same(await registry.audit({ action: 'pointer.take' }), [], 'it was ours before')
  await registry.close()
})

t.test('a version of another address is published here too, with its origin and what it refers to', async t => {
  const project = testProject(answer('One.'))
  await project.apply()
  project.write(answer('One.') + answer('One.', 'copy').slice(answer('One.', 'copy').indexOf('prompt "')))
  const dry = await imported(project, 'prompt.copy', 'prompt.answer@1', { dryRun: true })
  t.match(dry.changes, [{ action: 'take', address: 'prompt.copy', version: 1, from: null }])
  t.same(changesOf(await project.plan()), ['prompt.copy - @1 new'], 'a dry run changes nothing')
  await imported(project, 'prompt.copy', 'prompt.answer@1')
  t.ok(isEmpty(await project.plan()))
  const registry = await project.registry()
  t.match(await registry.versionsOf('prompt.copy'), [{ version: 1, origin: 'prompt.answer@1' }])
  t.match(await registry.compiledReferences([{ address: 'prompt.copy', version: 1 }]), [{ target: 'model.fast' }])
  await registry.close()
})

t.test('an import of another kind, of nothing, or of what others own is refused', async t => {
  const project = testProject(answer('One.'))
  await project.apply()
  await t.rejects(imported(project, 'model.other', 'prompt.answer@1'), { code: 'state/other-kind' })
  await t.rejects(imported(project, 'prompt.answer', 'prompt.answer@9'), { code: 'registry/unknown-version' })
  await t.rejects(imported(project, 'prompt.answer', 'prompt.never@1'), { code: 'registry/never-published' })
})

t.test('DRIFT-9, AUD-2: what others own is taken with a reason, which the audit log keeps', async t => {
  const project = testProject(answer('One.'))
  await project.apply()
  const registry = await project.registry()
  const { release: base, pointers } = await registry.pointers('dev')
  const ownerBefore = pointers.get('prompt.answer')?.owner ?? null
  const theirs = { address: 'prompt.answer', before: 1, after: 1, ownerBefore, ownerAfter: 'lineage-b', takeOver: 'theirs now' }
  await release(registry, {}, { kind: 'import', base, lineage: 'lineage-b', flips: [theirs] })
  await t.rejects(imported(project, 'prompt.answer', 'prompt.answer@1'), { code: 'apply/owned-elsewhere' })
  await imported(project, 'prompt.answer', 'prompt.answer@1', { takeOver: 'the team moved here' })
  t.match(await registry.audit({ action: 'pointer.take', limit: 1 }), [
    { subject: 'dev prompt.answer', reason: 'the team moved here', detail: { release: 3, from: 'lineage-b' } },
  ])
  await registry.close()
})

t.test('STA-3: a first import whose state cannot be written is recognised by the next command', async t => {
  const project = testProject(
    `environment "dev" {}\nenvironment "prod" {\n  state "sqlite" { path = "data/prod.db" }\n}\n${answer('One.')}`,
  )
  await project.apply({ environment: 'dev' })
  const host = withoutStatesOfReleases(hostIn(project.folder))
  const here = { ...options, environment: 'prod' }
  await t.rejects(importVersion(host, here, 'provider.simulated', 'provider.simulated@1'), { code: 'state/not-written' })
  const plan = await project.plan({ environment: 'prod' })
  t.same([plan.obstacles, changesOf(plan)], [[], ['model.fast - @1 reactivated', 'prompt.answer - @1 reactivated']])
})
