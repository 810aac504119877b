import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import type { Registry } from '../../src/registry/registry.ts'
import { hostIn, MODEL, prompt } from '../support/configuration.ts'
import { movesOf, rollBack } from '../support/pointers.ts'
import { changesOf, isEmpty, type TestProject, testProject } from '../support/project.ts'
import { apply as release } from '../support/releases.ts'

const answer = (text: string) => prompt(`user = "${text}"`)

async function applied(project: TestProject, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    project.write(text)
    const result = await project.apply()
    if (result.outcome !== 'applied') throw new Error(JSON.stringify(result))
  }
}

/** Versions that are active: `prompt.answer@2`. */
async function active(project: TestProject, environment = 'dev'): Promise<readonly string[]> {
  const registry = await project.registry()
  const { pointers } = await registry.pointers(environment)
  await registry.close()
  return [...pointers.values()].map(({ address, version }) => `${address}@${version}`)
}

t.test('HOLD-2: a rollback goes to the version before, keeps the owner, and holds what it leaves', async t => {
  const project = testProject('')
  await applied(project, answer('1'), answer('2'), answer('3'))
  const result = await rollBack(project, 'prompt.answer', { reason: 'too long' })
  t.match(result, {
    outcome: 'released',
    release: { number: 4, kind: 'rollback', lineage: null, actor: 'ana', reason: 'too long', restores: null },
  })
  t.same(movesOf(result.plan), ['prompt.answer @3 @2', 'holds prompt.answer@3'])
  const registry = await project.registry()
  t.match(await registry.holds('dev'), [{ address: 'prompt.answer', rollback: 4, reason: 'too long', actor: 'ana' }])
  const [changed] = await registry.historyOf('dev', 'prompt.answer')
  t.equal(changed?.changes[0]?.ownerAfter, changed?.changes[0]?.ownerBefore)
  t.match(
    (await registry.audit({ limit: 2 })).map(({ action, subject, reason }) => [action, subject, reason]),
    [
      ['hold.place', 'dev prompt.answer', 'too long'],
      ['release.rollback', 'dev@4', 'too long'],
    ],
    'AUD-2: release and hold are chained',
  )
  await registry.close()
})

t.test('HOLD-2: two rollbacks go two back, never to and fro; then there is nowhere to go', async t => {
  for (const placesHolds of [true, false]) {
    const project = testProject('')
    await applied(project, answer('1'), answer('2'), answer('3'))
    t.same(movesOf((await rollBack(project, 'prompt.answer', { placesHolds })).plan).slice(0, 1), ['prompt.answer @3 @2'])
    t.same(movesOf((await rollBack(project, 'prompt.answer', { placesHolds })).plan).slice(0, 1), ['prompt.answer @2 @1'])
    await t.rejects(rollBack(project, 'prompt.answer'), { code: 'rollback/nowhere' })
    t.same(await active(project), ['model.fast@1', 'prompt.answer@1', 'provider.simulated@1'])
    const registry = await project.registry()
    t.equal((await registry.head('dev')).release, 5, 'what goes nowhere makes no release')
    t.equal((await registry.holds('dev')).length, placesHolds ? 2 : 0)
    await registry.close()
  }
})

t.test('HOLD-7: a rollback costs a row for each pointer that moves, however many versions there are and however long', async t => {
  const project = testProject('')
  await applied(project, ...['1', '2', '3', '4'].map(text => answer(text.repeat(50_000))))
  const tables = ['content', 'artifact_version', 'reference', 'pointer', 'pointer_change', 'hold', 'release', 'audit']
  const count = async () => {
    const registry = await project.registry()
    const rows = tables.map(table => registry.store.prepared<{ count: number }>(`SELECT count(*) AS count FROM ${table}`).get()?.count ?? 0)
    await registry.close()
    return rows
  }
  const before = await count()
  await rollBack(project, 'prompt.answer')
  const after = await count()
  t.same(
    tables.map((table, index) => `${table} ${(after[index] ?? 0) - (before[index] ?? 0)}`),
    ['content 0', 'artifact_version 0', 'reference 0', 'pointer 0', 'pointer_change 1', 'hold 1', 'release 1', 'audit 2'],
  )
})

t.test('--to chooses among what the environment has had; a held one needs a reason', async t => {
  const project = testProject('')
  await applied(project, answer('1'), answer('2'), answer('3'))
  await rollBack(project, 'prompt.answer')
  await applied(project, answer('4'))
  const refused = await rollBack(project, 'prompt.answer@3')
  t.match(refused, { outcome: 'refused', plan: { obstacles: [{ version: 3, hold: { actor: 'ana', rollback: 4 } }] } })
  t.match(await rollBack(project, 'prompt.answer@3', { overrideHold: 'it was the provider' }), { outcome: 'released' })
  const registry = await project.registry()
  t.match(await registry.holds('dev', true), [{ lifted: undefined }, { lifted: { reason: 'it was the provider', actor: 'ana' } }])
  await registry.close()
  await t.rejects(rollBack(project, 'prompt.answer@3'), { code: 'rollback/nowhere', message: 'prompt.answer is @3 in dev already' })
  await t.rejects(rollBack(project, 'prompt.answer@9'), { code: 'rollback/never-active' })
  await t.rejects(rollBack(project, 'prompt.anwser'), { code: 'registry/never-published', diagnostic: { suggestions: ['prompt.answer'] } })
})

t.test('HOLD-6: what an environment never had does not come by a rollback, which passes gates by', async t => {
  const environments = 'environment "dev" {}\nenvironment "prod" {}\n'
  const project = testProject(environments + answer('1'))
  await project.apply({ environment: 'prod' })
  project.write(environments + answer('2'))
  await project.apply({ environment: 'dev' })
  await t.rejects(rollBack(project, 'prompt.answer@2', { environment: 'prod' }), { code: 'rollback/never-active' })
})

t.test('HOLD-4: a whole release is restored: un-archived, archived, and all that it leaves is held under one number', async t => {
  const other = prompt('user = "b"').replace('"answer"', '"other"').slice(MODEL.length)
  const project = testProject('')
  await applied(project, answer('1'), answer('2') + other, answer('3').slice(0, MODEL.length) + other)
  t.same(await active(project), ['model.fast@1', 'prompt.other@1', 'provider.simulated@1'])
  const result = await rollBack(project, 1)
  t.same(movesOf(result.plan), ['prompt.answer - @1', 'prompt.other @1 -', 'holds prompt.other@1'])
  t.match(result, { release: { number: 4, restores: 1 } })
  t.same(await active(project), ['model.fast@1', 'prompt.answer@1', 'provider.simulated@1'])
  const plan = await project.plan()
  t.match(plan.obstacles, [{ kind: 'held', address: 'prompt.other', release: 4 }], 'the next apply would bring it back, and is refused')
  await t.rejects(rollBack(project, 9), { code: 'registry/unknown-release' })
  await t.rejects(rollBack(project, 4), { code: 'rollback/nowhere' })
})

t.test('HOLD-4: without a number it goes to the release before, and two go two back', async t => {
  const project = testProject('')
  await t.rejects(rollBack(project), { code: 'rollback/nowhere', diagnostic: { detail: /no release at all/ } })
  await applied(project, answer('1'), answer('2'), answer('3'))
  t.match(await rollBack(project), { release: { restores: 2 } })
  t.match(await rollBack(project), { release: { restores: 1 } })
  await t.rejects(rollBack(project, undefined), { code: 'rollback/nowhere' }, 'release 0 archived nothing')
  t.same(await active(project), ['model.fast@1', 'prompt.answer@1', 'provider.simulated@1'])
})

t.test('a rollback needs no valid configuration, and moves nothing that is declined', async t => {
  const project = testProject('')
  await applied(project, answer('1'), answer('2'))
  writeFileSync(join(project.folder, 'main.flow.hcl'), `${answer('2')}prompt "broken" { model = model.gone }\n`)
  t.match(await rollBack(project, 'prompt.answer', { approve: async () => 'no' }), { outcome: 'declined' })
  t.same(await active(project), ['model.fast@1', 'prompt.answer@2', 'provider.simulated@1'])
  t.match(await rollBack(project, 'prompt.answer'), { outcome: 'released' })
})

t.test('HOLD-8: it writes no state; the owner finds it rolled back, or follows', async t => {
  const project = testProject('')
  await applied(project, answer('1'), answer('2'))
  const serial = () => {
    const database = new Sqlite(join(project.folder, '.flowrun/state.db'), { readonly: true })
    const found = database.prepare('SELECT serial FROM state').pluck().get()
    database.close()
    return found
  }
  const before = serial()
  await rollBack(project, 'prompt.answer')
  t.equal(serial(), before)
  const held = await project.plan()
  t.match(held.drift, [{ address: 'prompt.answer', cause: 'rollback', reason: 'a test', before: 2, after: 1 }])
  t.match(held.obstacles, [{ kind: 'held', version: 2, release: 3 }], 'DRIFT-5')
  project.write(answer('1'))
  t.same(changesOf(await project.plan()), [], 'DRIFT-6: the configuration says what was rolled back to')
  t.match(await project.apply(), { outcome: 'applied', release: undefined })
  t.ok(isEmpty(await project.plan()))
})

t.test('HIST-2: roll back @2; CI applies main: refused; a third text is @3; the text of @2 again is refused', async t => {
  const project = testProject('')
  await applied(project, answer('1'), answer('2'))
  await rollBack(project, 'prompt.answer', { reason: 'chats abandoned' })
  t.match(await project.apply(), { outcome: 'refused', plan: { obstacles: [{ version: 2, actor: 'ana', reason: 'chats abandoned' }] } })
  t.same(await active(project), ['model.fast@1', 'prompt.answer@1', 'provider.simulated@1'])
  await applied(project, answer('3'))
  t.same(await active(project), ['model.fast@1', 'prompt.answer@3', 'provider.simulated@1'])
  project.write(answer('2'))
  t.match(
    await project.apply(),
    { outcome: 'refused', plan: { obstacles: [{ version: 2, release: 3 }] } },
    'HOLD-5: a third version lifts nothing',
  )
  const overridden = await project.apply({ authorship: { actor: 'bo', source: '', message: '', overrideHold: 'fixed upstream' } })
  t.match(overridden, { outcome: 'applied', release: { number: 5 } })
  const registry = await project.registry()
  t.match(await registry.audit({ action: 'hold.override' }), [{ actor: 'bo', reason: 'fixed upstream', subject: 'dev prompt.answer' }])
  await registry.close()
})

t.test('HIST-3: dev and prod plan the same number for two texts; the second to apply takes the next', async t => {
  const text = (user: string) => `environment "dev" {}\nenvironment "prod" {}\n${answer(user)}`
  const project = testProject(text('1'))
  await project.apply({ environment: 'dev' })
  await project.apply({ environment: 'prod' })
  project.write(text('of prod'))
  const forProd = await project.plan({ environment: 'prod' })
  project.write(text('of dev'))
  const forDev = await project.plan({ environment: 'dev' })
  t.same([changesOf(forDev), changesOf(forProd)], [['prompt.answer @1 @2 content'], ['prompt.answer @1 @2 content']])
  t.match(await project.apply({ environment: 'dev' }), { outcome: 'applied' })
  project.write(text('of prod'))
  const planned = await project.plan({ environment: 'prod' })
  t.same(changesOf(planned), ['prompt.answer @1 @3 content'])
  const saved = await project.applySaved(forProd)
  t.match(saved, { outcome: 'stale', moved: [{ what: 'version', text: /prompt.answer@2 is taken/ }] })
  t.match(await project.apply({ environment: 'prod' }), { outcome: 'applied', release: { number: 2 } })
  t.match(await active(project, 'prod'), ['model.fast@1', 'prompt.answer@3', 'provider.simulated@1'])
})

/** A target and what refers to it, whose interfaces moved together from 1 to 2. */
async function pairOfInterfaces(project: TestProject) {
  const registry = await project.registry()
  const pair = (version: string) => ({
    'prompt.p': { text: `p${version}`, interfaceName: version },
    'workflow.w': { text: `w${version}`, refersTo: { 'prompt.p': version } },
  })
  await release(registry, pair('1'))
  await release(registry, pair('2'))
  return registry
}

t.test('HOLD-6: what would not fit is refused with both ends, forced with a reason, or taken along', async t => {
  const project = testProject(MODEL)
  const registry = await pairOfInterfaces(project)
  const refused = await rollBack(project, 'prompt.p')
  t.match(refused, {
    outcome: 'refused',
    plan: { broken: [{ address: 'workflow.w', version: 2, target: 'prompt.p', targetVersion: 1 }], moves: [{ usedBy: ['workflow.w'] }] },
  })
  t.equal((await registry.head('dev')).release, 2)
  t.match(await rollBack(project, 'prompt.p', { forceIncompatible: 'w is not called' }), { outcome: 'released' })
  t.match(await registry.audit({ action: 'release.force' }), [{ reason: 'w is not called', subject: 'dev@3' }])
  const later = await release(registry, {
    'prompt.p': { text: 'p1', interfaceName: '1' },
    'workflow.w': { text: 'w2' },
    'prompt.q': { text: 'q' },
  })
  t.match(later, { outcome: 'released' }, 'a pair that was let through refuses no later release')
  await registry.close()

  const second = testProject(MODEL)
  const other = await pairOfInterfaces(second)
  const both = await rollBack(second, 'prompt.p', { withDependents: true })
  t.same(movesOf(both.plan), ['prompt.p @2 @1', 'workflow.w @2 @1', 'holds prompt.p@2', 'holds workflow.w@2'])
  t.match(await rollBack(second, 'workflow.w@2', { withDependents: true }), { outcome: 'refused', plan: { obstacles: [{}, {}] } })
  await other.close()
})

t.test('a rollback is planned again when the environment moves: the same goes on, another is asked about', async t => {
  const project = testProject('')
  const other = (text: string) => prompt(`user = "${text}"`).replace('"answer"', '"other"').slice(MODEL.length)
  await applied(project, answer('1') + other('1'), answer('2') + other('1'))
  let asked = 0
  const result = await rollBack(project, 'prompt.answer', {
    approve: async () => {
      asked++
      if (asked === 1) await applied(project, answer('2') + other('2'))
      return 'unattended'
    },
  })
  t.match(result, { outcome: 'released', release: { number: 4 } })
  t.equal(asked, 1, 'the same change needs no second question')

  asked = 0
  const attempt = rollBack(project, 'prompt.other', {
    approve: async () => {
      asked++
      if (asked === 1) await applied(project, answer('3') + other('3'))
      return 'unattended'
    },
  })
  await t.rejects(attempt, { code: 'apply/moved' })
  t.same(await active(project), ['model.fast@1', 'prompt.answer@3', 'prompt.other@3', 'provider.simulated@1'])
})

t.test('a rollback takes the lock of an encrypted state only with its passphrase; without it nothing is changed', async t => {
  const encrypted = (text: string) =>
    `environment "dev" {\n  state "sqlite" {\n    encryption {\n      key_provider = "passphrase"\n      passphrase   = secret("STATE_PASSPHRASE")\n    }\n  }\n}\n${answer(text)}`
  const secrets = { STATE_PASSPHRASE: 'correct horse battery staple' }
  const project = testProject(encrypted('1'))
  await project.apply({ processEnvironment: secrets })
  project.write(encrypted('2'))
  await project.apply({ processEnvironment: secrets })
  await t.rejects(rollBack(project, 'prompt.answer'), {
    code: 'secret/missing',
    diagnostic: { summary: 'The secret "STATE_PASSPHRASE" is not set', detail: /Nothing was changed\.$/ },
  })
  t.ok((await active(project)).includes('prompt.answer@2'))
  const registry = await project.registry()
  t.same(await registry.holds('dev'), [])
  t.equal((await registry.releases('dev')).length, 2)
  await registry.close()
})

t.test('refresh asks the registry as often for forty drifted blocks as for one', async t => {
  const asked: string[] = []
  const counted = (registry: Registry): Registry =>
    new Proxy(registry, {
      get: (target, name, receiver) => {
        asked.push(String(name))
        return Reflect.get(target, name, receiver)
      },
    })
  const hostOf: typeof hostIn = (...given) => {
    const host = hostIn(...given)
    return {
      ...host,
      openStores: async request => {
        const stores = await host.openStores(request)
        return { ...stores, registry: counted(stores.registry) }
      },
    }
  }
  const askedFor = async (blocks: number) => {
    const prompts = (text: string) =>
      Array.from({ length: blocks }, (_, index) => `prompt "p${index}" {\n  model = model.fast\n  user  = "${text}"\n}\n`).join('')
    const project = testProject('', hostOf)
    await applied(project, `${MODEL}${prompts('1')}`, `${MODEL}${prompts('2')}`)
    await rollBack(project)
    asked.length = 0
    const { drift } = await project.plan()
    t.equal(drift.length, blocks)
    t.match(
      drift,
      Array.from({ length: blocks }, () => ({ cause: 'rollback', actor: 'ana', release: 3 })),
    )
    return [...asked]
  }
  t.same(await askedFor(40), await askedFor(1))
})
