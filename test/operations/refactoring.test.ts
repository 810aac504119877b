import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import { MODEL, prompt } from '../support/configuration.ts'
import { changesOf, isEmpty, type TestProject, testProject } from '../support/project.ts'
import { nextId } from '../support/releases.ts'

const named = (name: string, text: string, ...lines: readonly string[]) =>
  prompt(`user = "${text}"`, ...lines).replace('"answer"', `"${name}"`)
const only = (text: string) => text.slice(text.indexOf('prompt "'))
const moved = (from: string, to: string) => `\nmoved {\n  from = ${from}\n  to   = ${to}\n}\n`
const imported = (to: string, id: string, ...lines: readonly string[]) =>
  `\nimport {\n  to = ${to}\n  id = "${id}"\n${lines.join('\n')}\n}\n`

async function applied(project: TestProject, text?: string, options: Parameters<TestProject['apply']>[0] = {}) {
  if (text !== undefined) project.write(text)
  const result = await project.apply(options)
  if (result.outcome !== 'applied') throw new Error(JSON.stringify(result))
  return result
}

/** Somebody else moves a pointer of dev, or takes it. */
async function byOthers(project: TestProject, address: string, after: number, ownerAfter?: string): Promise<void> {
  const registry = await project.registry()
  const { release, pointers } = await registry.pointers('dev')
  const { version: before, owner: ownerBefore, digest } = pointers.get(address) ?? { version: null, owner: null, digest: digestOf('') }
  const flip = { address, before, after, ownerBefore, ownerAfter: ownerAfter ?? ownerBefore, ...(ownerAfter && { takeOver: 'theirs now' }) }
  const author = { lineage: ownerAfter ?? null, actor: 'bo', source: '', reason: '' } as const
  const kind = ownerAfter === undefined ? 'promote' : 'import'
  const request = {
    environment: 'dev',
    applyId: nextId(),
    base: release,
    kind,
    changeDigest: digest,
    versions: [],
    references: [],
  } as const
  const outcome = await registry.commitRelease({ ...request, ...author, flips: [flip] })
  await registry.close()
  if (outcome.outcome !== 'released') throw new Error(JSON.stringify(outcome))
}

t.test('MOVE-1: a moved block keeps its versions, its hold and its history, and is moved once', async t => {
  const project = testProject(named('reply', 'One.'))
  await applied(project)
  await applied(project, named('reply', 'Two.'))
  project.write(named('answer', 'Two.') + moved('prompt.reply', 'prompt.answer'))
  const plan = await project.plan()
  t.same(changesOf(plan), ['prompt.answer @2 @2 moved'])
  t.equal(plan.changes[0]?.previousAddress, 'prompt.reply')
  t.match(await applied(project), { release: { number: 3, kind: 'import' } })
  t.ok(isEmpty(await project.plan()), 'the moved block may stay')
  const registry = await project.registry()
  t.same(
    (await registry.versionsOf('prompt.answer')).map(({ version, origin }) => `${version} ${origin}`),
    ['2 prompt.reply@2', '1 prompt.reply@1'],
  )
  t.same(
    (await registry.historyOf('dev', 'prompt.answer')).map(({ number }) => number),
    [3, 2, 1],
  )
  t.notOk((await registry.pointers('dev')).pointers.has('prompt.reply'))
  await registry.close()
  t.same(changesOf(await applied(project, named('answer', 'Three.')).then(({ plan }) => plan)), ['prompt.answer @2 @3 content'])
})

t.test('MOVE-1: a move with another text is both, and goes through chains and instances', async t => {
  const project = testProject(named('a', 'One.'))
  await applied(project)
  const chain = moved('prompt.a', 'prompt.b') + moved('prompt.b', 'prompt.c["x"]')
  project.write(named('c', 'New ${each.key}.', 'for_each = toset(["x"])') + chain)
  const plan = await project.plan()
  t.same(changesOf(plan), ['prompt.c["x"] @1 @2 content'])
  t.equal(plan.changes[0]?.previousAddress, 'prompt.a')
  await applied(project)
  project.write(named('d', 'New ${each.key}.', 'for_each = toset(["x"])') + chain + moved('prompt.c', 'prompt.d'))
  t.same(changesOf(await project.plan()), ['prompt.d["x"] @2 @2 moved'], 'all instances go along')
})

t.test('MOVE-2: what refers to a moved block gets a new version in the same release, marked', async t => {
  const project = testProject(named('answer', 'One.'))
  await applied(project)
  project.write(
    named('answer', 'One.').replaceAll('model "fast"', 'model "quick"').replaceAll('model.fast', 'model.quick') +
      moved('model.fast', 'model.quick'),
  )
  t.same(changesOf(await project.plan()), ['model.quick @1 @1 moved', 'prompt.answer @1 @2 references-moved'])
  await applied(project)
  t.ok(isEmpty(await project.plan()))
})

t.test('MOVE-1: the other environment moves when it applies, also one that was never there before', async t => {
  const environments = 'environment "dev" {}\nenvironment "prod" {}\nenvironment "new" {}\n'
  const project = testProject(environments + named('reply', 'One.'))
  for (const environment of ['dev', 'prod']) await applied(project, undefined, { environment })
  project.write(environments + named('answer', 'One.') + moved('prompt.reply', 'prompt.answer'))
  t.same(changesOf(await project.plan({ environment: 'new' })), [
    'provider.simulated - @1 reactivated',
    'model.fast - @1 reactivated',
    'prompt.answer - @1 reactivated',
  ])
  for (const environment of ['new', 'dev', 'prod']) {
    await applied(project, undefined, { environment })
    t.ok(isEmpty(await project.plan({ environment })), environment)
  }
  const registry = await project.registry()
  t.equal((await registry.versionsOf('prompt.answer')).length, 1)
  t.same(
    (await registry.historyOf('prod', 'prompt.answer')).map(({ number }) => number),
    [2, 1],
  )
  await registry.close()
})

t.test('a move to where something is active is refused with a warning, and the old address goes', async t => {
  const project = testProject(named('reply', 'One.') + only(named('answer', 'Two.')))
  await applied(project)
  project.write(named('answer', 'Two.') + moved('prompt.reply', 'prompt.answer'))
  const plan = await project.plan()
  t.same(changesOf(plan), ['prompt.reply @1 - not-in-configuration'])
  t.match(plan.warnings, [{ code: 'plan/move-blocked' }])
})

t.test('MOVE-1: a moved block in a module is about all instances of that module, and of no other', async t => {
  const root = (inner: string) => ({
    'main.flow.hcl': `${only(named('reply', 'Root.'))}${MODEL}module "kb" {
  source   = "./kb"
  for_each = toset(["a.b", "de"])
}
module "kbx" { source = "./kbx" }
`,
    'kb/main.flow.hcl': `module "inner" { source = "./inner" }\n`,
    'kb/inner/main.flow.hcl': `${MODEL}${inner}`,
    'kbx/main.flow.hcl': MODEL + only(named('reply', 'Beside.')),
  })
  const project = testProject(root(only(named('reply', 'One.'))))
  await applied(project)
  project.write(root(only(named('answer', 'One.')) + moved('prompt.reply', 'prompt.answer')))
  const plan = await project.plan()
  t.same(changesOf(plan), [
    'module.kb["a.b"].module.inner.prompt.answer @1 @1 moved',
    'module.kb["de"].module.inner.prompt.answer @1 @1 moved',
  ])
  t.equal(plan.changes[1]?.previousAddress, 'module.kb["de"].module.inner.prompt.reply')
  await applied(project)
  t.ok(isEmpty(await project.plan()))
  const registry = await project.registry()
  t.match(await registry.versionsOf('module.kb["de"].module.inner.prompt.answer'), [{ version: 1 }])
  await registry.close()

  const both = only(named('final', 'One.')) + moved('prompt.reply', 'prompt.answer') + moved('prompt.answer', 'prompt.final')
  const files = root(both)
  const renamed = files['main.flow.hcl'].replace('module "kb"', 'module "base"') + moved('module.kb', 'module.base')
  project.write({ ...files, 'main.flow.hcl': renamed })
  t.same(
    changesOf(await project.plan()).filter(line => line.includes('prompt.')),
    ['a.b', 'de'].map(key => `module.base["${key}"].module.inner.prompt.final @1 @2 references-moved`),
    'the module itself moves first, then what is in it',
  )
})

t.test('MOVE-3: a removed block in a module gives up what that module had', async t => {
  const files = (inner: string) => ({
    'main.flow.hcl': `module "kb" {\n  source   = "./kb"\n  for_each = toset(["de", "en"])\n}\n`,
    'kb/main.flow.hcl': MODEL + inner,
  })
  const project = testProject(files(only(named('old', 'One.')) + only(named('reply', 'Two.'))))
  await applied(project)
  const removed = 'removed {\n  from = prompt.old\n  lifecycle { destroy = false }\n}\n'
  project.write(files(removed + only(named('reply', 'Two.'))))
  const { plan } = await applied(project)
  t.same(
    plan.changes.map(({ address, action }) => `${address} ${action}`),
    ['module.kb["de"].prompt.old forget', 'module.kb["en"].prompt.old forget'],
  )
  t.ok(isEmpty(await project.plan()))
  project.write(files(removed + only(named('old', 'One.')) + moved('prompt.reply', 'model.reply')))
  t.same(await project.refusal(), ['config/moved-kind "moved"', 'config/removed-still-there "removed"'], 'each is told once')
})

t.test('a move in a module to where something else is active is told with whole addresses', async t => {
  const files = (inner: string) => ({ 'main.flow.hcl': 'module "kb" { source = "./kb" }\n', 'kb/main.flow.hcl': MODEL + inner })
  const project = testProject(files(only(named('reply', 'One.')) + only(named('answer', 'Two.'))))
  await applied(project)
  project.write(files(only(named('answer', 'Two.')) + moved('prompt.reply', 'prompt.answer')))
  t.match((await project.plan()).warnings, [
    {
      code: 'plan/move-blocked',
      summary: 'module.kb.prompt.reply cannot be moved to module.kb.prompt.answer, where something else is active',
      detail: /flowrun versions module\.kb\.prompt\.reply$/,
    },
  ])
})

t.test('MOVE-3: a removed block gives its pointer up, or archives it', async t => {
  const project = testProject(named('answer', 'One.') + only(named('old', 'Two.')) + only(named('gone', 'Three.')))
  await applied(project)
  const removed = '\nremoved {\n  from = prompt.old\n  lifecycle { destroy = false }\n}\n\nremoved {\n  from = prompt.gone\n}\n'
  project.write(named('answer', 'One.') + removed)
  t.same(changesOf(await project.plan()), ['prompt.gone @1 - removed', 'prompt.old @1 - removed'])
  await applied(project)
  t.ok(isEmpty(await project.plan()))
  const registry = await project.registry()
  const { pointers } = await registry.pointers('dev')
  t.match(pointers.get('prompt.old'), { version: 1, owner: null })
  t.notOk(pointers.has('prompt.gone'))
  await registry.close()
  project.write(named('answer', 'One.') + only(named('old', 'Two.')))
  t.same(changesOf(await project.plan()), ['prompt.old @1 @1 imported'], 'DRIFT-10: adopted as an import, and shown as such')
  t.match(await applied(project), { release: { kind: 'import' } })
  t.ok(isEmpty(await project.plan()))
})

t.test('an import takes over a version that is there: of nobody, of another address, and with consent of others', async t => {
  const project = testProject(named('answer', 'One.'))
  await applied(project)
  project.write(named('answer', 'One.') + only(named('copy', 'One.')) + imported('prompt.copy', 'prompt.answer@1'))
  const plan = await project.plan()
  t.same(changesOf(plan), ['prompt.copy @1 @1 imported'])
  t.match(plan.changes[0], { action: 'import', imported: { address: 'prompt.answer', version: 1, active: null } })
  await applied(project)
  const again = await project.registry()
  t.match(await again.versionsOf('prompt.copy'), [{ version: 1, origin: 'prompt.answer@1' }])
  await again.close()
  t.ok(isEmpty(await project.plan()), 'an import that is done says nothing more')
  project.write(named('answer', 'One.') + only(named('copy', 'Two.')) + imported('prompt.copy', 'prompt.answer@1'))
  t.same(changesOf(await project.plan()), ['prompt.copy @1 @2 content'])
  project.write(named('answer', 'One.') + only(named('third', 'Other.')) + imported('prompt.third', 'prompt.answer@1'))
  t.match(
    (await project.plan()).changes.find(({ address }) => address === 'prompt.third'),
    { action: 'update', reason: 'imported' },
    'C is not R: an import and a change',
  )
  project.write(named('answer', 'One.') + imported('prompt.nowhere', 'prompt.answer@1'))
  t.same(await project.refusal(), ['plan/import-without-block "import"'])
  project.write(named('answer', 'One.') + imported('prompt.answer', 'prompt.answer@9'))
  t.same(changesOf(await project.plan()), ['prompt.copy @1 - not-in-configuration'], 'what is ours already is not imported')
  project.write(named('answer', 'One.') + only(named('copy', 'x')) + imported('prompt.fresh', 'prompt.none@9') + only(named('fresh', 'x')))
  t.same(await project.refusal(), ['plan/unknown-version "import"'])
})

t.test('DRIFT-9: what another configuration owns is taken over with consent alone', async t => {
  const project = testProject(named('answer', 'One.'))
  await applied(project)
  await byOthers(project, 'prompt.answer', 1, 'lineage-b')
  t.match((await project.plan()).obstacles, [{ kind: 'owned-elsewhere', address: 'prompt.answer' }])
  t.match(await project.apply(), { outcome: 'refused' }, 'also where nothing else would change')
  project.write(named('answer', 'Two.') + imported('prompt.answer', 'prompt.answer@1', '  take_over = true', '  reason = "we keep it now"'))
  const plan = await project.plan()
  t.match(plan.changes, [{ address: 'prompt.answer', action: 'update', imported: { takeOver: 'we keep it now', active: 1 } }])
  await applied(project)
  t.ok(isEmpty(await project.plan()))
  const registry = await project.registry()
  const [taken] = await registry.audit({ action: 'pointer.take' })
  t.match(taken, { reason: 'we keep it now', detail: { from: 'lineage-b' } }, 'AUD-2: the reason of the block is kept')
  await registry.close()
})

t.test('-target takes what a block needs along, -exclude what needs it; the rest waits', async t => {
  const project = testProject(named('a', 'One.') + only(named('b', 'One.')))
  const part = await project.plan({ selection: { targets: ['prompt.a'], excludes: [] } })
  t.same(changesOf(part), ['provider.simulated - @1 new', 'model.fast - @1 new', 'prompt.a - @1 new'])
  t.same(part.selection, { covered: 3, of: 4 })
  t.same(changesOf(await project.plan({ selection: { targets: ['prompt.*'], excludes: ['prompt.b'] } })), changesOf(part))
  t.same(changesOf(await project.plan({ selection: { targets: [], excludes: ['model.fast'] } })), ['provider.simulated - @1 new'])
  t.same(await project.refusal({ selection: { targets: ['prompt.c'], excludes: [] } }), ['plan/no-such-address'])
  await applied(project, undefined, { selection: { targets: ['prompt.a'], excludes: [] } })
  t.same(changesOf(await project.plan()), ['prompt.b - @1 new'])
  await applied(project)
  project.write(`${named('a', 'Two.')}output "n" { value = prompt.a.version }\n${only(named('b', 'Two.'))}`)
  t.same(changesOf(await project.plan({ selection: { targets: ['prompt.b'], excludes: [] } })), ['prompt.b @1 @2 content'])
  await applied(project, undefined, { selection: { targets: ['prompt.b'], excludes: [] } })
  t.match((await project.plan()).outputs, [{ name: 'n', action: 'create', after: 2 }], 'outputs follow with the whole')
  t.same(await project.refusal({ replace: ['prompt.a'] }), ['plan/nothing-to-replace'])
})

t.test('destroy archives what is ours and keeps every version; prevent_destroy and protected say no', async t => {
  const text = `environment "dev" {}\n${named('answer', 'One.')}output "x" { value = 1 }\n`
  const project = testProject(text)
  await applied(project)
  const plan = await project.plan({ mode: 'destroy' })
  t.same(changesOf(plan), ['model.fast @1 - destroy', 'prompt.answer @1 - destroy', 'provider.simulated @1 - destroy'])
  t.match(plan.outputs, [{ name: 'x', action: 'delete' }])
  project.write(named('answer', 'One.', 'lifecycle { prevent_destroy = true }'))
  t.same(await project.refusal({ mode: 'destroy' }), ['plan/prevent-destroy "prevent_destroy = true"'])
  project.write(text.replace('"dev" {}', '"dev" { protected = true }'))
  await t.rejects(project.apply({ mode: 'destroy' }), { code: 'apply/protected' })
  t.match(await applied(project, undefined, { mode: 'destroy', allowProtected: true }), { release: { kind: 'destroy', number: 2 } })
  t.ok(isEmpty(await project.plan({ mode: 'destroy' })))
  t.same(changesOf(await project.plan()).length, 3)
  t.same(changesOf(await applied(project).then(result => result.plan)).at(-1), 'prompt.answer - @1 reactivated')
})

t.test('DRIFT-13: refresh-only adopts what others did, and releases nothing; trusting the state sees nothing of it', async t => {
  const project = testProject(named('answer', 'One.'))
  await applied(project)
  await applied(project, named('answer', 'Two.'))
  await byOthers(project, 'prompt.answer', 1)
  t.match((await project.plan()).drift, [{ address: 'prompt.answer', before: 2, after: 1, actor: 'bo' }])
  t.same(changesOf(await project.plan()), ['prompt.answer @1 @2 published-earlier'])
  t.ok(isEmpty(await project.plan({ refresh: false })), 'the state says what the configuration says')
  const refresh = await project.plan({ mode: 'refresh-only' })
  t.same(
    [changesOf(refresh), refresh.adoptions.converged.map(({ address, version }) => `${address}@${version}`)],
    [[], ['prompt.answer@1']],
  )
  t.match(await applied(project, undefined, { mode: 'refresh-only' }), { release: undefined })
  t.same((await project.plan()).drift, [], 'what is adopted is no drift any more')
  t.same(changesOf(await applied(project, undefined, { refresh: false }).then(result => result.plan)), [
    'prompt.answer @1 @2 published-earlier',
  ])
})

t.test('blocks that imports lack are written on request, and are what was published', async t => {
  const project = testProject(named('answer', 'One.', 'params { temperature = 0.2 }'))
  await applied(project)
  project.write(named('answer', 'One.', 'params { temperature = 0.2 }') + imported('prompt.copy', 'prompt.answer@1'))
  const file = { path: join(project.folder, 'imported.flow.hcl'), name: 'imported.flow.hcl' }
  t.same(changesOf(await project.plan({ generate: file })), ['prompt.copy @1 @1 imported'])
  t.match(readFileSync(file.path, 'utf8'), /^prompt "copy" \{\n {2}model = model\.fast\n/)
  t.same(changesOf(await project.plan()), ['prompt.copy @1 @1 imported'], 'it is a file of the configuration now')
  project.write(
    named('answer', 'One.', 'params { temperature = 0.2 }') +
      imported('prompt.more', 'prompt.answer@1') +
      imported('prompt.copy', 'prompt.answer@1'),
  )
  await t.rejects(project.plan({ generate: file }), { code: 'cli/cannot-write' }, 'a file that is there is not touched')
})

t.test('checks are in the plan and, after apply, in the state; strict makes a failed one an error', async t => {
  const check = (condition: string) =>
    `\ncheck "window" {\n  assert {\n    condition     = ${condition}\n    error_message = "Too small."\n  }\n}\n`
  const project = testProject(named('answer', 'One.') + check('1 > 2'))
  const { plan } = await applied(project)
  t.same(plan.checks, [{ address: 'check.window', status: 'fail', messages: ['Too small.'] }])
  t.match(plan.warnings, [{ code: 'config/check-failed' }])
  t.same(await project.refusal({ strict: true }).then(told => told.filter(line => line.startsWith('plan/'))), ['plan/checks-failed'])
  project.write(named('answer', 'One.') + check('2 > 1'))
  t.match((await project.plan({ strict: true })).checks, [{ status: 'pass' }])
})
