import t from 'tap'
import type { OperationHost } from '../../src/operations/project.ts'
import { hostIn, MODEL, prompt } from '../support/configuration.ts'
import { movesOf, promoteTo, rollBack } from '../support/pointers.ts'
import { changesOf, isEmpty, type TestProject, testProject, withoutStatesOfReleases } from '../support/project.ts'
import { apply as release } from '../support/releases.ts'

const TWO = 'environment "dev" {}\nenvironment "prod" {}\n'
const answer = (text: string) => prompt(`user = "${text}"`)
const other = (text: string) => answer(text).replace('"answer"', '"other"').slice(MODEL.length)

async function applied(project: TestProject, environment: string, text: string): Promise<void> {
  project.write(text)
  const result = await project.apply({ environment })
  if (result.outcome !== 'applied') throw new Error(JSON.stringify(result))
}

async function active(project: TestProject, environment: string): Promise<readonly string[]> {
  const registry = await project.registry()
  const { pointers } = await registry.pointers(environment)
  await registry.close()
  return [...pointers.values()].map(({ address, version }) => `${address}@${version}`)
}

t.test('PROM-1: a promote makes one release with the versions of the source, and copies nothing', async t => {
  const project = testProject('')
  await applied(project, 'prod', TWO + answer('1'))
  await applied(project, 'dev', TWO + answer('2') + other('1'))
  const planned = await promoteTo(project, { dryRun: true })
  t.match(planned, { outcome: 'planned', plan: { source: { environment: 'dev', release: 1, same: 2, copied: 0 } } })
  t.same(movesOf(planned.plan), ['prompt.answer @1 @2', 'prompt.other - @1'])
  t.same(await active(project, 'prod'), ['model.fast@1', 'prompt.answer@1', 'provider.simulated@1'], 'a dry run does nothing')
  const result = await promoteTo(project, { reason: 'Shorter' })
  t.match(result, {
    outcome: 'released',
    release: { environment: 'prod', number: 2, kind: 'promote', source: 'dev@1', reason: 'Shorter', actor: 'ana' },
  })
  t.same(await active(project, 'prod'), await active(project, 'dev'))
  t.match(await promoteTo(project), { outcome: 'nothing-to-do' })
  const registry = await project.registry()
  t.equal((await registry.head('prod')).release, 2)
  t.same((await registry.versionsOf('prompt.answer')).length, 2)
  await registry.close()
})

t.test('PROM-5: it carries the lineage of the target, whose state follows: the next plan there is empty', async t => {
  const project = testProject('')
  await applied(project, 'dev', TWO + answer('1'))
  t.match(await promoteTo(project), { outcome: 'released', release: { number: 1 } }, 'into an environment without a release')
  t.ok(isEmpty(await project.plan({ environment: 'prod' })))
  const registry = await project.registry()
  const owners = new Set([...(await registry.pointers('prod')).pointers.values()].map(({ owner }) => owner))
  t.same([...owners], [(await registry.release('prod', 1))?.lineage])
  await registry.close()
  await applied(project, 'dev', TWO + answer('2'))
  await promoteTo(project)
  t.ok(isEmpty(await project.plan({ environment: 'prod' })))
  project.write(TWO + answer('3'))
  t.same(changesOf(await project.plan({ environment: 'prod' })), ['prompt.answer @2 @3 content'])
})

t.test('STA-3: a first promote whose state cannot be written is recognised by the next command of the target', async t => {
  const environments = 'environment "dev" {}\nenvironment "prod" {\n  state "sqlite" { path = "data/prod.db" }\n}\n'
  const project = testProject('')
  await applied(project, 'dev', environments + answer('1'))
  await t.rejects(promoteTo(project, { host: withoutStatesOfReleases(hostIn(project.folder)) }), { code: 'state/not-written' })
  const plan = await project.plan({ environment: 'prod' })
  t.same([plan.obstacles, changesOf(plan)], [[], []], 'what was promoted is ours')
})

t.test('PROM-2: an address comes with all that it refers to, unless the target has the same; owners stay', async t => {
  const project = testProject('')
  await applied(project, 'prod', TWO + answer('1'))
  await applied(project, 'dev', (TWO + answer('2') + other('1')).replace('"simulated-small"', '"simulated-large"'))
  const registry = await project.registry()
  const owner = (await registry.pointers('prod')).pointers.get('prompt.answer')?.owner
  const result = await promoteTo(project, { addresses: ['prompt.answer'] })
  t.same(movesOf(result.plan), ['model.fast @1 @2', 'prompt.answer @1 @2'])
  t.equal(result.plan.source?.same, 1, 'the provider')
  t.equal((await registry.pointers('prod')).pointers.get('prompt.answer')?.owner, owner)
  await registry.close()
  await t.rejects(promoteTo(project, { addresses: ['prompt.anwser'] }), {
    code: 'registry/not-active',
    diagnostic: { suggestions: ['prompt.answer'] },
  })
})

t.test('a promote archives nothing, and needs two environments of which one has a release', async t => {
  const project = testProject('')
  await applied(project, 'prod', TWO + answer('1') + other('1'))
  await t.rejects(promoteTo(project), { code: 'promote/nothing' })
  await applied(project, 'dev', TWO + answer('2'))
  t.same(movesOf((await promoteTo(project)).plan), ['prompt.answer @1 @2'])
  t.ok((await active(project, 'prod')).includes('prompt.other@1'))
  await t.rejects(promoteTo(project, { to: 'dev' }), { code: 'promote/same-environment' })
  await t.rejects(promoteTo(project, { to: 'stage' }), { message: 'config/unknown-environment' })
})

t.test('PROM-3, HIST-12: what has the value of a variable in it goes only where the value is the same', async t => {
  const text = (tone: string, more = '') =>
    `environment "dev" {}\nenvironment "prod" {\n  variables = { tone = "${tone}" }\n}\nvariable "tone" { default = "calm" }\n${answer('Be ${var.tone}.')}${more}`
  const project = testProject('')
  await applied(project, 'dev', text('firm', other('1')))
  await t.rejects(promoteTo(project), {
    code: 'promote/variable-differs',
    message: 'var.tone has another value in prod',
    diagnostic: { detail: /prompt\.answer@1: var\.tone\nCompile it for prod: flowrun plan -e prod/ },
  })
  t.match(await promoteTo(project, { addresses: ['prompt.other'] }), { outcome: 'released' }, 'others may go')
  const flag = { kind: 'value', name: 'tone', text: 'calm' } as const
  t.match(await promoteTo(project, { variables: [flag], dryRun: true }), { outcome: 'planned' })
  project.write(text('calm'))
  t.match(await promoteTo(project), { outcome: 'released' })
  const registry = await project.registry()
  const [change] = (await registry.historyOf('prod', 'prompt.answer')).flatMap(({ changes }) => changes)
  t.same(Object.keys(change?.folded ?? {}), ['tone'], 'it is remembered for the next promote')
  await registry.close()
})

t.test('PROM-3: without a valid configuration the values count that the last release recorded', async t => {
  const text = (user: string) => `${TWO}variable "tone" { default = "calm" }\n${answer(user)}`
  const project = testProject('')
  await applied(project, 'prod', text('${var.tone} 1'))
  await applied(project, 'dev', text('${var.tone} 2'))
  project.write(`${text('${var.tone} 2')}prompt "broken" { model = model.gone }\n`)
  t.match(await promoteTo(project), { outcome: 'released' })
  await applied(project, 'dev', text('${var.tone} 3').replace('calm', 'firm'))
  project.write(`${text('${var.tone} 3')}prompt "broken" { model = model.gone }\n`)
  await t.rejects(promoteTo(project), { code: 'promote/variable-differs' })
})

t.test('PROM-4, HOLD-5: a hold of the target refuses, until it is overridden with a reason', async t => {
  const project = testProject('')
  await applied(project, 'dev', TWO + answer('1'))
  await promoteTo(project)
  await applied(project, 'dev', TWO + answer('2'))
  await promoteTo(project)
  await rollBack(project, 'prompt.answer', { environment: 'prod', reason: 'too long' })
  t.same((await project.plan({ environment: 'dev' })).obstacles, [], 'HOLD-1: another environment holds nothing')
  t.match(await promoteTo(project), { outcome: 'refused', plan: { obstacles: [{ version: 2, hold: { reason: 'too long' } }] } })
  t.match(await promoteTo(project, { overrideHold: 'it was the provider' }), { outcome: 'released', release: { number: 4 } })
  const registry = await project.registry()
  t.same(await registry.holds('prod'), [])
  t.match(await registry.audit({ action: 'hold.override' }), [{ reason: 'it was the provider' }])
  await registry.close()
})

t.test('PROM-4: an interface that does not fit in the target is refused with both ends', async t => {
  const project = testProject(TWO + MODEL)
  const registry = await project.registry()
  const pair = (version: string) => ({
    'tool.p': { text: `p${version}`, interfaceName: version },
    'workflow.w': { text: `w${version}`, refersTo: { 'tool.p': version } },
  })
  await release(registry, pair('1'), { environment: 'prod' })
  await release(registry, pair('2'), { environment: 'dev' })
  const refused = await promoteTo(project, { addresses: ['tool.p'] })
  t.match(refused, { outcome: 'refused', plan: { broken: [{ address: 'workflow.w', version: 1, target: 'tool.p', targetVersion: 2 }] } })
  t.match(await promoteTo(project, { addresses: ['workflow.w'] }), { outcome: 'released' }, 'the closure of both fits')
  await registry.close()
})

t.test('PROM-1: into another registry contents travel by digest, and numbers are assigned there', async t => {
  const environments = 'environment "dev" {}\nenvironment "prod" {\n  target "embedded" { path = "elsewhere" }\n}\n'
  const project = testProject('')
  const elsewhere = testProject('')
  const here = hostIn(project.folder)
  const isProd = (environment: object) => JSON.stringify(environment).includes('elsewhere')
  const host: OperationHost = {
    ...here,
    openStores: request => here.openStores({ ...request, root: isProd(request.environment) ? elsewhere.folder : request.root }),
  }
  for (const text of ['1', '2', '3']) await applied(project, 'dev', environments + answer(text))
  const first = await promoteTo(project, { host })
  t.match(first, { outcome: 'released', plan: { source: { copied: 3 }, moves: [{}, { after: { version: 1 }, numberedThere: 3 }, {}] } })
  t.same(await active(elsewhere, 'prod'), ['model.fast@1', 'prompt.answer@1', 'provider.simulated@1'])
  await applied(project, 'dev', environments + answer('4'))
  t.match(await promoteTo(project, { host }), {
    plan: { source: { copied: 1 }, moves: [{ before: { version: 1 }, after: { version: 2 }, numberedThere: 4 }] },
  })
  const there = await elsewhere.registry()
  const contents = await there.artifacts([...(await there.pointers('prod')).pointers.values()])
  t.equal(contents.size, 3, 'ID-8: each is digested before use')
  await there.close()
})

t.test('a promote shows tokens and cost of prompts that change', async t => {
  const project = testProject('')
  await applied(project, 'prod', TWO + answer('One.'))
  await applied(project, 'dev', TWO + answer('One, and two, and three.'))
  const { plan } = await promoteTo(project, { dryRun: true })
  t.match(plan.moves, [
    { forecast: { tokensBefore: { fixed: 2 }, tokensAfter: { fixed: 8 }, costAfter: { basis: { kind: 'simulated' } } } },
  ])
})
