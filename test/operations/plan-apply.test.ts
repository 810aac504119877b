import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import type { Artifact } from '../../src/artifact/envelope.ts'
import { interfaceDigestOf } from '../../src/artifact/interface.ts'
import { canonicalJson } from '../../src/base/canonical-json.ts'
import { digestOfText } from '../../src/base/digest.ts'
import type { JsonValue } from '../../src/base/json.ts'
import type { OperationError } from '../../src/diagnostics/operation-error.ts'
import { deployedClosure } from '../../src/operations/closure.ts'
import { readOutputs } from '../../src/operations/outputs.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { decodePlan, encodePlan } from '../../src/plan/plan-file.ts'
import { hostIn, MODEL, prompt } from '../support/configuration.ts'
import { changesOf, isEmpty, type TestProject, testProject } from '../support/project.ts'
import { apply as release } from '../support/releases.ts'
import { type StateRequest, startStateServer } from '../support/state-server.ts'

const answer = (text: string, ...lines: readonly string[]) => prompt(`user = "${text}"`, ...lines)
const only = (text: string) => text.slice(text.indexOf('prompt "'))
const FIRST = ['provider.simulated - @1 new', 'model.fast - @1 new', 'prompt.answer - @1 new']

async function applied(project: TestProject, text?: string): Promise<Plan> {
  if (text !== undefined) project.write(text)
  const result = await project.apply()
  if (result.outcome !== 'applied') throw new Error(JSON.stringify(result))
  return result.plan
}

t.test('a plan names the version numbers that apply makes, leaves no trace, and is empty after apply', async t => {
  const project = testProject(answer('One.'))
  const first = await project.plan()
  t.same(changesOf(first), FIRST)
  t.notOk(existsSync(join(project.folder, '.flowrun')), 'a plan writes nothing')
  const result = await project.apply()
  t.match(result, { outcome: 'applied', release: { number: 1, actor: 'ana', reason: 'a test' } })
  t.ok(isEmpty(await project.plan()))
  t.match(await project.apply(), { outcome: 'nothing-to-do' })

  project.write(answer('Two.'))
  t.same(changesOf(await project.plan()), ['prompt.answer @1 @2 content'])
  await applied(project)
  t.same(
    changesOf(await applied(project, answer('One.'))),
    ['prompt.answer @2 @1 published-earlier'],
    'ID-7: the same content keeps its number',
  )
  t.same(changesOf(await applied(project, answer('Three.'))), ['prompt.answer @1 @3 content'], 'ID-6: no number is used twice')
  const registry = await project.registry()
  t.same(
    (await registry.versionsOf('prompt.answer')).map(({ version }) => version),
    [3, 2, 1],
  )
  await registry.close()
})

t.test('a block that is gone is archived with its versions, and comes back under its number', async t => {
  const project = testProject(answer('One.'))
  await applied(project)
  const gone = await applied(project, MODEL)
  t.same(changesOf(gone), ['prompt.answer @1 - not-in-configuration'])
  t.equal(gone.changes[0]?.keptVersions, 1)
  t.same(changesOf(await applied(project, answer('One.'))), ['prompt.answer - @1 reactivated'])
  t.ok(isEmpty(await project.plan()))
})

t.test('instances that are no longer there say why, and may be kept from it', async t => {
  const languages = (list: string, lifecycle = '') =>
    answer('In ${each.key}.', `for_each = toset(${list})`, ...(lifecycle ? [lifecycle] : []))
  const project = testProject(languages('["de", "en"]'))
  await applied(project)
  project.write(languages('["en"]'))
  t.same(changesOf(await project.plan()), ['prompt.answer["de"] @1 - not-in-for-each'])
  project.write(languages('["en"]', 'lifecycle { prevent_destroy = true }'))
  t.same(await project.refusal(), ['plan/prevent-destroy "prevent_destroy = true"'])
  project.write(languages('[]', 'lifecycle { prevent_destroy = 1 < 2 }'))
  t.same(await project.refusal(), ['plan/prevent-destroy "prevent_destroy = 1 < 2"', 'plan/prevent-destroy "prevent_destroy = 1 < 2"'])
  project.write(languages('["de", "en"]', 'lifecycle { prevent_destroy = true }'))
  t.ok(isEmpty(await project.plan()))

  const counted = testProject(answer('x', 'count = 2'))
  await applied(counted)
  counted.write(answer('x', 'count = 1'))
  t.same(changesOf(await counted.plan()), ['prompt.answer[1] @1 - not-in-count'])
})

t.test('ignore_changes keeps what is published, and outputs speak of that', async t => {
  const text = (user: string, repair: number, ignored: string) =>
    `${answer(user, `repair = ${repair}`, `lifecycle { ignore_changes = ${ignored} }`)}output "version" { value = prompt.answer.version }\n`
  const project = testProject(text('One.', 1, '[user]'))
  await applied(project)
  project.write(text('Two.', 1, '[user]'))
  t.ok(isEmpty(await project.plan()))
  const changed = await applied(project, text('Two.', 2, '[user]'))
  t.same(changesOf(changed), ['prompt.answer @1 @2 content'])
  t.match(changed.changes[0]?.after?.artifact.spec, { repair: 2, messages: [{ role: 'user', text: 'One.' }] })
  t.match(changed.outputs, [{ name: 'version', before: 1, after: 2 }])
  project.write(text('Three.', 0, 'all'))
  t.ok(isEmpty(await project.plan()))
})

t.test('versions that others read are those that apply makes, through any number of blocks', async t => {
  const chain = (text: string) => {
    const prompts = ['a', 'b', 'c', 'd'].map((name, index, all) => {
      const from = all[index - 1]
      return `prompt "${name}" {\n  model = model.fast\n  user  = "${from ? `After ${'${prompt.'}${from}.version}` : text}"\n}\n`
    })
    return `${MODEL}${prompts.join('')}output "last" { value = prompt.d.version }\n`
  }
  const project = testProject(chain('One.'))
  await applied(project)
  t.ok(isEmpty(await project.plan()))
  const second = await applied(project, chain('Two.'))
  t.same(
    changesOf(second),
    ['a', 'b', 'c', 'd'].map(name => `prompt.${name} @1 @2 content`),
  )
  t.match(second.outputs, [{ name: 'last', before: 1, after: 2 }])
  t.match(second.changes[3]?.after?.artifact.spec, { messages: [{ text: 'After 2' }] })
  t.ok(isEmpty(await project.plan()))
  t.same(
    changesOf(await applied(project, chain('One.'))),
    ['a', 'b', 'c', 'd'].map(name => `prompt.${name} @2 @1 published-earlier`),
  )
})

t.test('a pinned version must be there, and is what runs', async t => {
  const pinned = (version: number) => answer('x').replace('model.fast\n', `pin(model.fast, ${version})\n`)
  const project = testProject(pinned(1))
  t.same(await project.refusal(), ['plan/unknown-version "model.fast"'])
  await applied(project, MODEL)
  await applied(project, pinned(1))
  await applied(project, pinned(1).replace('simulated-small', 'simulated-large'))
  const registry = await project.registry()
  t.teardown(() => registry.close())
  const { members } = (await deployedClosure(registry, 'dev', 'prompt.answer')).closure
  t.match(members.get('model.fast')?.artifact.spec, { id: 'simulated-large' })
  t.match(members.get('model.fast@1')?.artifact.spec, { id: 'simulated-small' })
  t.ok(isEmpty(await project.plan()))
})

t.test('environments have releases of their own, and share the numbers of versions', async t => {
  const text = (user: string) =>
    `environment "dev" {}\nenvironment "prod" {\n  variables = { tone = "calm" }\n}\nvariable "tone" { default = "warm" }\n${answer(user)}`
  const project = testProject(text('${var.tone} one.'))
  t.match(await project.apply(), { release: { number: 1, environment: 'dev' } })
  t.same(changesOf(await project.plan({ environment: 'prod' })), [
    'provider.simulated - @1 reactivated',
    'model.fast - @1 reactivated',
    'prompt.answer - @2 new',
  ])
  t.match(await project.apply({ environment: 'prod' }), { release: { number: 1, environment: 'prod' } })
  t.match((await project.plan({ processEnvironment: { FLOWRUN_ENV: 'prod' } })).environment, 'prod')
  project.write(text('${var.tone} two.'))
  t.same(changesOf(await project.plan()), ['prompt.answer @1 @3 content'])
  t.same(await project.refusal({ environment: 'production' }), ['config/unknown-environment'])
})

t.test('the state is where the environment says, and the registry in the data directory', async t => {
  const project = testProject(`environment "dev" {\n  state "sqlite" { path = "data/shop.db" }\n}\n${answer('One.')}`)
  await applied(project)
  t.ok(existsSync(join(project.folder, 'data/shop.db')))
  t.ok(existsSync(join(project.folder, '.flowrun/state.db')))
  t.ok(isEmpty(await project.plan()))
})

t.test('so many earlier states are kept as the environment says', async t => {
  const project = testProject(`environment "dev" {\n  state "sqlite" { keep = 2 }\n}\n${answer('1')}`)
  for (const text of ['1', '2', '3', '4', '5'])
    await applied(project, `environment "dev" {\n  state "sqlite" { keep = 2 }\n}\n${answer(text)}`)
  const history = new Sqlite(join(project.folder, '.flowrun/state-history.db'), { readonly: true })
  t.same(history.prepare('SELECT serial FROM snapshot ORDER BY serial').pluck().all(), [3, 4])
  history.close()
})

t.test('outputs: an apply of outputs alone makes no release, and sensitive ones are not kept', async t => {
  const output = (value: string, line = '') =>
    `${MODEL}variable "tone" {\n  default   = "canary-8123"\n  sensitive = true\n}\noutput "x" {\n  value = ${value}\n  ${line}\n}\n`
  const project = testProject(output('1'))
  await applied(project)
  project.write(output('[2]'))
  t.match(await project.apply(), { outcome: 'applied', release: undefined }, 'REL-10')
  const host = hostIn(project.folder)
  t.match(await readOutputs(host, {}), { value: new Map([['x', { sensitive: false, type: 'tuple([number])', value: [2] }]]) })
  const hidden = await applied(project, output('var.tone', 'sensitive = true'))
  t.notMatch(encodePlan(hidden, '0.1.0'), /canary/)
  t.match(await readOutputs(host, {}), { value: new Map([['x', { sensitive: true }]]) })
  t.notMatch(readFileSync(join(project.folder, '.flowrun/state.db'), 'latin1'), /canary/)
  t.ok(isEmpty(await project.plan()))
})

t.test('variables reach a plan from flags, files and the process environment', async t => {
  const project = testProject({
    'main.flow.hcl': `variable "tone" { type = string }\n${answer('${var.tone}')}`,
    'other.flowvars': 'tone = "file"\n',
  })
  const text = async (options: Parameters<TestProject['plan']>[0]) => (await project.plan(options)).changes[2]?.after?.artifact.spec
  t.same(await project.refusal(), ['config/missing-variable "variable \\"tone\\""'])
  t.match(await text({ variables: [{ kind: 'value', name: 'tone', text: 'flag' }] }), { messages: [{ text: 'flag' }] })
  t.match(await text({ variables: [{ kind: 'file', path: 'other.flowvars' }] }), { messages: [{ text: 'file' }] })
  t.match(await text({ processEnvironment: { FLOWRUN_VAR_tone: 'process' } }), { messages: [{ text: 'process' }] })
})

t.test('a declined, refused or interrupted apply changes nothing', async t => {
  const project = testProject(answer('One.'))
  t.match(await project.apply({ approve: async () => 'no' }), { outcome: 'declined' })
  const controller = new AbortController()
  controller.abort()
  t.match(await project.apply({ signal: controller.signal }), { outcome: 'interrupted' })
  project.write('prompt "answer" {}\n')
  t.match(await project.apply(), { outcome: 'invalid' })
  project.write(answer('One.'))
  t.same(changesOf(await project.plan()), FIRST)
})

t.test('REL-5: a base that moved is no obstacle when the plan would do the same', async t => {
  const project = testProject(answer('One.'))
  await applied(project)
  project.write(answer('Two.'))
  let asked = 0
  const result = await project.apply({
    approve: async () => {
      asked++
      const registry = await project.registry()
      await release(registry, { 'prompt.other': { text: 'theirs' } }, { lineage: 'lineage-b' })
      await registry.close()
      return 'unattended'
    },
  })
  t.match([asked, result], [1, { outcome: 'applied', release: { number: 3 } }])
})

t.test('REL-5, DRIFT-14: where a base moved so that the plan is another one, a person is asked again', async t => {
  const project = testProject(answer('One.'))
  await applied(project)
  project.write(answer('Two.'))
  await releaseByOthers(project, 'theirs')
  const seen: (readonly string[])[] = []
  const result = await project.apply({
    approve: async (plan, moved) => {
      seen.push([...changesOf(plan), ...(moved ?? []).map(({ number }) => `moved by ${number}`)])
      if (seen.length === 1) await releaseByOthers(project, 'theirs again')
      return 'yes'
    },
  })
  t.match(result, { outcome: 'applied', release: { number: 4 } })
  t.same(seen, [['prompt.answer @2 @3 content'], ['prompt.answer @3 @4 content', 'moved by 3']])
})

t.test('REL-5: what was approved beforehand is planned again and shown, five times with pauses of chance', async t => {
  const pauses: number[] = []
  const chances = [0.5, 0.25, 1, 0]
  const project = testProject(answer('One.'), (...given) => ({
    ...hostIn(...given),
    random: () => chances[pauses.length] ?? 1,
    sleep: async ms => void pauses.push(ms),
  }))
  await applied(project)
  project.write(answer('Two.'))
  const seen: (readonly string[])[] = []
  const apply = (contests: number) =>
    project.apply({
      approve: async plan => {
        seen.push(changesOf(plan))
        if (seen.length <= contests) await releaseByOthers(project, `against ${changesOf(plan)}`)
        return 'unattended'
      },
    })
  await t.rejects(apply(5), { code: 'apply/contended', retryable: true } satisfies Partial<OperationError>)
  t.same(pauses, [100, 100, 800, 0], 'parts of 200, 400, 800 and 1,600 ms')
  t.same(seen[4], ['prompt.answer @5 @6 content'])
  seen.length = 0
  t.match(await apply(1), { outcome: 'applied', release: { number: 8 } })
  t.same(seen, [['prompt.answer @6 @7 content'], ['prompt.answer @7 @8 content']])
  const controller = new AbortController()
  const interrupted = testProject(answer('One.'), (...given) => ({
    ...hostIn(...given),
    sleep: async () => {
      controller.abort()
      throw controller.signal.reason
    },
  }))
  await applied(interrupted)
  interrupted.write(answer('Two.'))
  const approve = async () => {
    await releaseByOthers(interrupted, 'theirs')
    return 'unattended' as const
  }
  t.match(await interrupted.apply({ approve, signal: controller.signal }), { outcome: 'interrupted', uploaded: 0 })
})

t.test('REL-6: what an apply would lift, and what its changes reach, are part of what was agreed to', async t => {
  const project = testProject(answer('One.'))
  await applied(project)
  const { changes } = await applied(project, answer('Two.'))
  const holdsPlaced = changes.flatMap(({ address, after }) => (after ? [{ address, digest: after.digest }] : []))
  await applied(project, answer('One.'))
  project.write(answer('Two.'))
  const meanwhile = (where: TestProject, options: Parameters<typeof release>[2]) => async (_: Plan, moved?: readonly unknown[]) => {
    if (moved !== undefined) return 'unattended' as const
    const registry = await where.registry()
    const made = await release(registry, { 'prompt.other': { text: 'theirs' } }, { lineage: 'lineage-b', ...options })
    await registry.close()
    t.equal(made.outcome, 'released')
    return 'unattended' as const
  }
  const authorship = { actor: 'ana', source: '', message: '', overrideHold: 'the former ones are mended' }
  const held = project.apply({ authorship, approve: meanwhile(project, { holdsPlaced }) })
  await t.rejects(held, { code: 'apply/moved' }, 'a hold that was placed while it was asked is not lifted unseen')

  const other = testProject(answer('One.'))
  await applied(other)
  await applied(other, answer('One.').replace('"simulated-small"', '"simulated-large"'))
  const owner = (await applied(other, answer('One.'))).base.lineage
  // What others do to the model is left alone, and so no change of this plan.
  other.write(answer('Two.').replace('"simulated-small"', '"simulated-small"\n  lifecycle {\n    ignore_changes = all\n  }'))
  const flips = [{ address: 'model.fast', before: 1, after: 2, ownerBefore: owner, ownerAfter: owner }]
  let asked = 0
  const approve = async (plan: Plan, moved?: readonly unknown[]) => {
    asked++
    await meanwhile(other, { flips, lineage: null, kind: 'rollback' })(plan, moved)
    return asked === 1 ? ('yes' as const) : ('no' as const)
  }
  t.match(await other.apply({ approve }), { outcome: 'declined' }, 'another model answers than the one that was seen')
  t.equal(asked, 2)
})

/** A release by somebody else that moves prompt.answer to its next version. */
async function releaseByOthers(project: TestProject, text: string): Promise<void> {
  const registry = await project.registry()
  const { pointers } = await registry.pointers('dev')
  const pointer = pointers.get('prompt.answer')
  const [newest] = await registry.versionsOf('prompt.answer')
  const version = (newest?.version ?? 0) + 1
  const artifact: Artifact = {
    format: 'flowrun.artifact/1',
    kind: 'prompt',
    refs: ['model.fast'],
    secrets: [],
    spec: { tiers: [{ model: { $ref: 'model.fast' } }], messages: [{ role: 'user', text }], repair: 1, on_truncated: 'fail' },
  }
  const body = canonicalJson(artifact as unknown as JsonValue)
  const digest = digestOfText(body)
  await registry.uploadContents([{ digest, body }])
  await release(
    registry,
    {},
    {
      actor: 'bo',
      lineage: pointer?.owner ?? null,
      versions: [{ address: 'prompt.answer', version, digest, interfaceDigest: interfaceDigestOf(artifact) }],
      flips: [
        {
          address: 'prompt.answer',
          before: pointer?.version ?? null,
          after: version,
          ownerBefore: pointer?.owner ?? null,
          ownerAfter: pointer?.owner ?? null,
        },
      ],
    },
  )
  await registry.close()
}

t.test('STA-5, AUD-2: accepting a registry is audited once, ahead of the release that it is accepted for', async t => {
  const project = testProject(answer('One.'))
  await applied(project)
  const file = new Sqlite(join(project.folder, '.flowrun/state.db'))
  file.exec("UPDATE environment_head SET registry_id = '01M7Z0Y3A644BY1WB8K7R75X0F'")
  file.close()
  await t.rejects(project.apply(), { code: 'state/other-registry' })
  project.write(answer('Two.'))
  let asked = 0
  const result = await project.apply({
    acceptRegistry: 'the registry moved',
    approve: async () => {
      if (asked++ === 0) await releaseByOthers(project, 'theirs')
      return 'yes'
    },
  })
  t.match([asked, result], [2, { outcome: 'applied', release: { number: 3 } }])
  const registry = await project.registry()
  t.match(
    (await registry.audit({ limit: 3 })).map(({ action, subject, reason }) => [action, subject, reason]),
    [
      ['release.apply', 'dev@3', 'a test'],
      ['registry.accept', 'dev', 'the registry moved'],
      ['release.apply', 'dev@2', 'a test'],
    ],
  )
  await registry.close()
})

t.test('REL-2: a saved plan is applied once, however often it is asked for', async t => {
  const project = testProject(answer('One.'))
  const saved = decodePlan(encodePlan(await project.plan(), '0.1.0'), 'x.plan', '0.1.0')
  t.match(await project.applySaved(saved), { outcome: 'applied', release: { number: 1 } })
  t.match(await project.applySaved(saved), { outcome: 'applied', release: { number: 1 } })
  t.ok(isEmpty(await project.plan()))
  const registry = await project.registry()
  t.equal((await registry.releases('dev')).length, 1)
  await registry.close()
})

t.test('REL-11: a saved plan is refused when something that it was made from has changed', async t => {
  const text = {
    'main.flow.hcl': prompt('user = "${template("a.md")}${nonsensitive(env("TONE", ""))}${var.tier}"').concat(
      'variable "tier" { default = "x" }\n',
    ),
    'a.md': 'One.',
    'dev.flowvars': 'tier = "y"\n',
  }
  const project = testProject(text)
  const saved = await project.plan()
  const rows = async (options = {}) => {
    const result = await project.applySaved(saved, options)
    return result.outcome === 'stale' ? result.moved.map(({ what, text }) => `${what} ${text.replace(/,.*/, '')}`) : result.outcome
  }
  project.write({ 'a.md': 'Two.' })
  t.same(await rows(), ['file a.md'])
  project.remove('a.md')
  t.same(await rows(), ['file a.md is gone'])
  project.write({ ...text, 'more.flow.hcl': '' })
  t.same(await rows(), ['file more.flow.hcl'])
  project.remove('more.flow.hcl')
  project.write({ 'dev.flowvars': 'tier = "z"\n' })
  t.same(await rows(), ['file dev.flowvars'])
  project.write({ ...text, 'z.auto.flowvars': '' })
  t.same(await rows(), ['file z.auto.flowvars'])
  project.remove('z.auto.flowvars')
  t.same(await rows({ processEnvironment: { TONE: 'x' } }), ['variable TONE of the process environment has another value'])
  t.same(await rows({ processEnvironment: { FLOWRUN_VAR_tier: 'x' } }), [
    'variable FLOWRUN_VAR_tier of the process environment has another value',
  ])
  project.remove('main.flow.hcl')
  t.equal(await rows(), 'applied', 'without a configuration it is whole in itself')
})

t.test('REL-11: a saved plan is refused when a search finds other files now', async t => {
  const project = testProject({
    'main.flow.hcl': prompt('user = "${join(" ", fileset("topics", "**/*.md"))} ${fileexists("tone.md") ? file("tone.md") : "calm"}"'),
    'topics/a.md': '',
    'topics/b/c.md': '',
  })
  const saved = await project.plan()
  const rows = async () => {
    const result = await project.applySaved(saved)
    return result.outcome === 'stale' ? result.moved.map(({ what, text }) => `${what} ${text}`) : result.outcome
  }
  project.write({ 'topics/b/d.md': '', 'topics/b/d.txt': '', 'tone.md': 'warm' })
  t.same(await rows(), ['file tone.md, new', 'file topics/b/d.md, new'])
  for (const name of ['topics/b/d.md', 'tone.md', 'topics/a.md']) project.remove(name)
  t.same(await rows(), ['file topics/a.md is gone'])
  rmSync(join(project.folder, 'topics'), { recursive: true })
  t.same(await rows(), ['file topics/a.md is gone', 'file topics/b/c.md is gone'])
  project.write({ 'topics/a.md': 'Its content is not read.', 'topics/b/c.md': '' })
  t.equal(await rows(), 'applied')
})

t.test('a saved plan is stale when what it speaks of was released by others', async t => {
  const project = testProject(answer('One.'))
  await applied(project)
  project.write(answer('Two.'))
  const saved = await project.plan()
  project.write(answer('Three.'))
  await applied(project)
  project.write(answer('Two.'))
  const result = await project.applySaved(saved)
  t.match(result, {
    outcome: 'stale',
    moved: [
      { what: 'release', text: '1 → 2, by ana: prompt.answer @1 → @2' },
      { what: 'version', text: 'prompt.answer@2 is taken, by another text' },
    ],
  })
})

t.test('REL-5: a saved plan is applied when the base moved elsewhere', async t => {
  const project = testProject(answer('One.'))
  await applied(project)
  project.write(answer('Two.'))
  const saved = await project.plan()
  const registry = await project.registry()
  await release(registry, { 'prompt.other': { text: 'theirs' } }, { lineage: 'lineage-b' })
  await registry.close()
  t.match(await project.applySaved(saved), { outcome: 'applied', release: { number: 3 } })
  t.ok(isEmpty(await project.plan()))
})

t.test('HIST-4: of two saved plans against one base the second is applied, unless the first moved what it reaches', async t => {
  const text = (answer: string, other: string, backup: string) =>
    `${MODEL.replace('"simulated-small"\n', '"simulated-small"\n  fallback = [model.backup]\n')}model "backup" {
  provider = provider.simulated
  id       = "${backup}"
}
prompt "answer" {
  model = model.fast
  user  = "${answer}"
}
prompt "other" {
  model = model.backup
  user  = "${other}"
}
`
  const project = testProject(text('1', '1', 'simulated-small'))
  await applied(project)
  const planned = async (configuration: string) => {
    project.write(configuration)
    return await project.plan()
  }
  const first = await planned(text('2', '1', 'simulated-small'))
  const disjoint = await planned(text('1', '2', 'simulated-small'))
  const backup = await planned(text('1', '1', 'simulated-large'))
  const again = await planned(text('3', '1', 'simulated-small'))
  project.remove('main.flow.hcl')
  t.match(await project.applySaved(disjoint), { outcome: 'applied', release: { number: 2 } })
  t.match(await project.applySaved(first), { outcome: 'applied', release: { number: 3, changeDigest: first.changeDigest } })
  t.match(await project.applySaved(again), { outcome: 'stale' }, 'the same address')
  const later = await planned(text('4', '2', 'simulated-small'))
  project.remove('main.flow.hcl')
  t.match(await project.applySaved(backup), { outcome: 'applied', release: { number: 4 } }, 'what refers to it may move')
  t.match(
    await project.applySaved(later),
    { outcome: 'stale', moved: [{ what: 'release', text: /model\.backup @1 → @2/ }] },
    'REL-6: what is two references away belongs to what was planned',
  )
})

t.test('FAIL-7, FAIL-8: a plan and an apply call no provider and need no secret', async t => {
  const vendor = 'provider "openai" {\n  api_key  = secret("NOBODY_HAS_IT")\n  base_url = "http://127.0.0.1:1/v1"\n}\n'
  const project = testProject(
    `${vendor}${answer('One.').replace('provider "simulated" {}\n', '').replaceAll('provider.simulated', 'provider.openai')}`,
  )
  await applied(project)
  t.ok(isEmpty(await project.plan()))
})

t.test('ID-2, AUD-4: one meaning is one content, whatever it is named, and the audit log has none of it', async t => {
  const project = testProject(`${answer('A text of ours.')}\n${only(answer('A text of ours.').replace('"answer"', '"twin"'))}`)
  const { changes } = await applied(project)
  const [one, two] = changes.filter(({ kind }) => kind === 'prompt')
  t.equal(one?.after?.digest, two?.after?.digest)
  const registry = await project.registry()
  const rows = (query: string) => registry.store.prepared<{ count: number }>(query).get()?.count
  t.equal(rows('SELECT count(*) AS count FROM content'), 3, 'a provider, a model, and both prompts')
  const log = JSON.stringify(registry.store.prepared('SELECT * FROM audit').all())
  t.match(log, 'release.apply')
  t.notMatch(log, 'A text of ours.')
  await registry.close()
})

t.test('VER-1, VER-2: a plan file that is not what flowrun wrote is refused', async t => {
  const text = encodePlan(await testProject(answer('One.')).plan(), '0.1.0')
  const code = (content: string, version = '0.1.0') => {
    try {
      decodePlan(content, 'x.plan', version)
      return 'accepted'
    } catch (error) {
      return (error as OperationError).code
    }
  }
  t.equal(code(text), 'accepted')
  t.equal(code(text, '0.1.9'), 'accepted')
  t.equal(code(text, '0.2.0'), 'plan/other-version')
  t.equal(code(text.replace('flowrun.plan/1', 'flowrun.plan/2')), 'plan/other-version')
  t.equal(code(text.replace('One.', 'Two.')), 'plan/altered')
  for (const other of [
    '',
    '{}',
    '[]',
    'null',
    '"x"',
    text.slice(0, -20),
    '{"format":"flowrun.plan/1","flowrun_version":"0.1.0","plan":[]}',
  ])
    t.equal(code(other), 'plan/not-a-plan', other.slice(0, 20))
})

t.test('DRIFT-5: what somebody rolled back is held, and an apply needs a reason to publish it again', async t => {
  const project = testProject(answer('One.'))
  await applied(project)
  const { changes, base } = await applied(project, answer('Two.'))
  const registry = await project.registry()
  const held = changes[0]?.after
  await release(
    registry,
    {},
    {
      kind: 'rollback',
      lineage: null,
      actor: 'bo',
      reason: 'answers too long',
      flips: [{ address: 'prompt.answer', before: 2, after: 1, ownerBefore: base.lineage, ownerAfter: base.lineage }],
      ...(held ? { holdsPlaced: [{ address: 'prompt.answer', digest: held.digest }] } : {}),
    },
  )
  await registry.close()
  const made = await project.plan()
  t.same(changesOf(made), ['prompt.answer @1 @2 published-earlier'])
  t.match(made.drift, [
    { address: 'prompt.answer', before: 2, after: 1, release: 3, actor: 'bo', cause: 'rollback', reason: 'answers too long' },
  ])
  t.match(made.obstacles, [{ kind: 'held', address: 'prompt.answer', version: 2, release: 3, reason: 'answers too long' }])
  t.match(await project.apply(), { outcome: 'refused' })
  t.match(await project.applySaved(made), { outcome: 'refused' })
  const authorship = { actor: 'ana', source: '', message: '', overrideHold: 'fixed elsewhere' }
  t.match(await project.apply({ authorship }), { outcome: 'applied', release: { number: 4 } })
  t.ok(isEmpty(await project.plan()))
})

t.test('DRIFT-5: the text before the rollback is no change, and the state adopts it', async t => {
  const project = testProject(answer('One.'))
  await applied(project)
  const { base } = await applied(project, answer('Two.'))
  const registry = await project.registry()
  await release(
    registry,
    {},
    {
      kind: 'rollback',
      lineage: null,
      flips: [{ address: 'prompt.answer', before: 2, after: 1, ownerBefore: base.lineage, ownerAfter: base.lineage }],
    },
  )
  await registry.close()
  project.write(answer('One.'))
  const made = await project.plan()
  t.same([changesOf(made), made.adoptions.converged.map(({ address }) => address)], [[], ['prompt.answer']])
  t.match(await project.apply(), { outcome: 'applied', release: undefined }, 'DRIFT-6: no release')
  t.ok(isEmpty(await project.plan()))
})

t.test('DRIFT-9: an address of another configuration is not touched', async t => {
  const project = testProject(answer('One.'))
  const registry = await project.registry()
  await release(registry, { 'prompt.answer': { text: 'theirs' } }, { lineage: 'lineage-b' })
  await registry.close()
  const made = await project.plan()
  t.match(made.obstacles, [{ kind: 'owned-elsewhere', address: 'prompt.answer', lineage: 'lineage-b' }])
  t.match(await project.apply(), { outcome: 'refused' })
})

t.test('an overflow of the window is told with its figures', async t => {
  const small = MODEL.replace('id  ', 'limits {\n    context_window  = 20\n    reserved_tokens = 5\n  }\n  id  ')
  const project = testProject(`${small}prompt "answer" {\n  model = model.fast\n  user  = "${'word '.repeat(30)}"\n}\n`)
  t.same(await project.refusal(), ['prompt/context-overflow "model.fast"'])
})

t.test('FAIL-9: repeating a saved plan writes the state that was left behind', async t => {
  const server = await startStateServer()
  t.teardown(() => server.close())
  const at = (text: string) =>
    `environment "dev" {\n  state "http" {\n    address   = "${server.url}/dev"\n    retry_max = 0\n  }\n}\n${answer(text)}\noutput "said" { value = "${text}" }\n`
  const project = testProject(at('One.'))
  await project.apply()
  project.write(at('Two.'))
  const saved = await project.plan()
  const isWrite = ({ method }: StateRequest) => method === 'POST'
  const before = server.requests.filter(isWrite).length
  // Read, then compared before the write, which the server refuses.
  server.script({ kind: 'none' }, { kind: 'none' }, { kind: 'down' })
  await t.rejects(project.applySaved(saved), { code: 'state/not-written' })
  server.script()
  t.match(await project.applySaved(saved), { outcome: 'applied', release: { number: 2 } })
  t.match(JSON.parse(server.stored('/dev') ?? '').outputs, { said: { value: 'Two.' } }, 'with its outputs')
  const { flowrun } = JSON.parse(server.stored('/dev') ?? '')
  t.match(JSON.parse(flowrun.body), { release: 2, serial: 3 })
  t.match(await project.applySaved(saved), { outcome: 'applied', release: { number: 2 } })
  t.equal(server.requests.filter(isWrite).length, before + 2, 'once, and not again')
  t.ok(isEmpty(await project.plan()))
})

t.test('a state backend that cannot be opened leaves no registry open', async t => {
  const project = testProject(answer('One.'))
  await project.apply()
  project.write(
    `environment "dev" {\n  state "http" {\n    address  = "http://127.0.0.1:1/dev"\n    password = secret("NOT_THERE")\n  }\n}\n${answer('One.')}`,
  )
  await t.rejects(project.apply(), { code: 'secret/missing' })
  // The last connection that closes takes the log of the file with it.
  t.notOk(existsSync(join(project.folder, '.flowrun/state.db-wal')))
})
