import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Prepared, prepareModules } from '../../src/operations/modules/prepare.ts'
import { validate } from '../../src/operations/validate.ts'
import { hostIn, MODEL, projectFolder, told, writeProject } from '../support/configuration.ts'
import { type GitRepository, gitRepository } from '../support/git-repository.ts'
import { changesOf, isEmpty, testProject } from '../support/project.ts'

const KB = {
  'modules/kb/main.flow.hcl': `${MODEL}\nmodule "text" { source = "../text" }\n\nprompt "answer" {\n  model = model.fast\n  user  = module.text.text\n}\n\noutput "text" { value = module.text.text }\n`,
  'modules/text/main.flow.hcl': 'output "text" { value = file("text.md") }\n',
  'modules/text/text.md': 'One.',
}

const calling = ({ url }: Pick<GitRepository, 'url'>, ref: string) =>
  `module "kb" {\n  source = "git::${url}//modules/kb?ref=${ref}"\n}\n\noutput "text" { value = module.kb.text }\n`

async function prepare(folder: string, upgrade = false): Promise<readonly string[]> {
  const fetching: string[] = []
  const onFetching = (source: string) => fetching.push(source)
  return summary(await prepareModules(hostIn(folder), { root: folder, upgrade, onFetching }))
}

function summary(prepared: Prepared): readonly string[] {
  if (prepared.outcome === 'invalid') return prepared.diagnostics.map(({ code, detail }) => `${code}: ${detail}`)
  return [...prepared.modules.map(({ action, commit }) => `${action} ${commit}`), prepared.lock]
}

const problems = async (folder: string) => told(await validate(hostIn(folder), { variables: [] })).map(text => text.split(' ')[0])
const lockOf = (folder: string) => readFileSync(join(folder, '.flowrun.lock.hcl'), 'utf8')

t.test('init fetches a tag, locks its commit and digest, and does nothing the second time', async t => {
  const repository = gitRepository(KB, 'v1.0.0')
  const commit = repository.git('rev-parse', 'HEAD').trim()
  const folder = projectFolder(calling(repository, 'v1.0.0'))
  t.same(await problems(folder), ['config/module-not-fetched'], 'a plan fetches nothing')
  t.same(await prepare(folder), [`fetched ${commit}`, 'written'])
  t.same(await problems(folder), [])
  t.match(
    lockOf(folder),
    new RegExp(
      `^module "git::${repository.url}" {\n  ref    = "v1.0.0"\n  commit = "${commit}"\n  digest = "sha256:[0-9a-f]{64}"\n}$`,
      'm',
    ),
  )
  const before = lockOf(folder)
  repository.git('remote', 'remove', 'origin')
  rmSync(repository.url.slice('file://'.length), { recursive: true })
  t.same(await prepare(folder), [`kept ${commit}`, 'same'], 'nothing is contacted')
  t.equal(lockOf(folder), before)
  t.same(readdirSync(join(folder, '.flowrun/modules')), [/sha256:([0-9a-f]{64})/.exec(before)?.[1]], 'nothing is left behind')
})

t.test('a tag that moved stays where the lock has it, until it is upgraded', async t => {
  const repository = gitRepository(KB, 'v1')
  const folder = projectFolder(calling(repository, 'v1'))
  await prepare(folder)
  const first = repository.git('rev-parse', 'HEAD').trim()
  const second = repository.commit({ 'modules/text/text.md': 'Two.' }, 'v1')
  t.same(await prepare(folder), [`kept ${first}`, 'same'])
  rmSync(join(folder, '.flowrun'), { recursive: true })
  t.same(await prepare(folder), [`fetched ${first}`, 'same'], 'another machine gets what the lock says')
  t.same(await prepare(folder, true), [`upgraded ${second}`, 'written'])
  t.same(await prepare(folder, true), [`kept ${second}`, 'same'])
  t.same(await problems(folder), [])
})

t.test('trees that the lock does not name any more are removed, and what a killed init left', async t => {
  const repository = gitRepository(KB, 'v1')
  const folder = projectFolder(calling(repository, 'v1'))
  const modules = join(folder, '.flowrun/modules')
  await prepare(folder)
  const [first = ''] = readdirSync(modules)
  repository.commit({ 'modules/text/text.md': 'Two.' }, 'v2')
  for (const name of ['removing-x', 'fetching-old', 'fetching-now', 'mine']) mkdirSync(join(modules, name, 'inner'), { recursive: true })
  for (const name of ['removing-x', 'fetching-old', 'mine']) utimesSync(join(modules, name), 0, 0)
  writeProject(folder, calling(repository, 'v2'))
  await prepare(folder)
  const left = readdirSync(modules)
  t.notOk(left.includes(first))
  t.same(left.filter(name => name.length < 64).sort(), ['fetching-now', 'mine'], 'one that is at work is left, and what is not ours')
  t.equal(left.length, 3)
  t.same(await problems(folder), [])
  writeProject(folder, 'output "x" { value = 1 }\n')
  t.same(await prepare(folder), ['written'])
  t.same(readdirSync(modules).sort(), ['fetching-now', 'mine'])
})

t.test('files that somebody changed are found by every command, and fetched again', async t => {
  const folder = projectFolder(calling(gitRepository(KB, 'v1'), 'v1'))
  await prepare(folder)
  const [tree = ''] = readdirSync(join(folder, '.flowrun/modules'))
  for (const change of [
    () => appendFileSync(join(folder, '.flowrun/modules', tree, 'modules/text/text.md'), 'More.'),
    () => writeProject(join(folder, '.flowrun/modules', tree), { 'modules/kb/more.flow.hcl': 'locals { a = 1 }\n' }),
    () => rmSync(join(folder, '.flowrun/modules', tree, 'modules/text/text.md')),
  ]) {
    change()
    t.same(await problems(folder), ['config/module-altered'])
    t.match(await prepare(folder), [/^fetched/, 'same'])
    t.same(await problems(folder), [])
  }
})

t.test('a branch, a tag that is not there and a commit that is not there are refused at the source', async t => {
  const repository = gitRepository(KB, 'v1.0.0', 'v1.1.0')
  const commit = repository.git('rev-parse', 'HEAD').trim()
  const refuse = (ref: string) => prepare(projectFolder(calling(repository, ref)))
  t.match(await refuse('main'), [/^config\/moving-source: A branch moves.* Its tags are v1.0.0 and v1.1.0.$/])
  t.match(await refuse('v1.1'), [/^config\/unknown-ref: Its tags are v1.0.0 and v1.1.0.$/])
  t.match(await refuse(commit.slice(0, 10)), [/^config\/unknown-ref: A commit is written with all of its digits.$/])
  t.match(await refuse('0'.repeat(40)), [/^config\/unknown-ref: /])
  t.same(await refuse(commit), [`fetched ${commit}`, 'written'])
  t.match(await prepare(projectFolder(calling({ url: 'file:///absent/kb.git' }, 'v1'))), [
    /^config\/fetch-failed: Git says:\n {2}'\/absent\/kb.git' does not appear/,
  ])
})

t.test('a commit that no branch begins with is found in the history', async t => {
  const repository = gitRepository(KB)
  const old = repository.git('rev-parse', 'HEAD').trim()
  repository.commit({ 'modules/text/text.md': 'Two.' })
  t.same(await prepare(projectFolder(calling(repository, old))), [`fetched ${old}`, 'written'])
})

t.test('a fetched module calls other repositories, and nothing outside of its own', async t => {
  const inner = gitRepository(KB, 'v1')
  const outer = gitRepository({ 'main.flow.hcl': calling(inner, 'v1') }, 'v2')
  const folder = projectFolder(`module "outer" {\n  source = "git::${outer.url}?ref=v2"\n}\n\noutput "t" { value = module.outer.text }\n`)
  t.match(await prepare(folder), [/^fetched/, /^fetched/, 'written'])
  t.same(await problems(folder), [])

  const leading = gitRepository(
    { 'main.flow.hcl': 'module "up" { source = "../up" }\n\noutput "o" { value = file("../../../main.flow.hcl") }\n' },
    'v1',
  )
  const victim = projectFolder(`module "m" {\n  source = "git::${leading.url}?ref=v1"\n}\n`)
  t.match(await prepare(victim), [/^config\/outside-project: A module that was fetched calls modules of its own repository/])
})

t.test('a fetched module reads files of its repository only, and links do not lead out of it', async t => {
  const reading = gitRepository({ 'main.flow.hcl': 'output "o" { value = file("../../../main.flow.hcl") }\n' }, 'v1')
  const folder = projectFolder(`module "m" {\n  source = "git::${reading.url}?ref=v1"\n}\n`)
  await prepare(folder)
  t.same(await problems(folder), ['config/outside-project'])

  const linking = gitRepository({ 'main.flow.hcl': 'output "o" { value = 1 }\n' })
  symlinkSync('/etc/passwd', join(linking.git('rev-parse', '--show-toplevel').trim(), 'more.flow.hcl'))
  linking.commit({}, 'v1')
  t.match(await prepare(projectFolder(`module "m" {\n  source = "git::${linking.url}?ref=v1"\n}\n`)), [
    /^config\/fetch-failed: The link more.flow.hcl leads out/,
  ])
})

t.test('a lock that is broken, forged or no longer needed', async t => {
  const repository = gitRepository(KB, 'v1')
  const folder = projectFolder(calling(repository, 'v1'))
  await prepare(folder)
  const good = lockOf(folder)
  writeProject(folder, { '.flowrun.lock.hcl': good.replace(/sha256:[0-9a-f]{64}/, `sha256:${'0'.repeat(64)}`) })
  t.same(await problems(folder), ['config/module-not-fetched'])
  t.match(await prepare(folder), [/^config\/module-altered: The lock and the repository name one commit/])
  writeProject(folder, { '.flowrun.lock.hcl': good.replace('sha256:', 'sha256:../../') })
  t.match(await problems(folder), ['config/bad-name'])
  writeProject(folder, { '.flowrun.lock.hcl': `<<<<<<< ours\n${good}` })
  t.ok((await problems(folder)).length > 0)
  writeProject(folder, { '.flowrun.lock.hcl': good, 'main.flow.hcl': MODEL })
  t.same(await prepare(folder), ['written'])
  t.notMatch(lockOf(folder), /module "/)
  t.same(await prepare(folder), ['same'])
  t.notOk(existsSync(join(projectFolder(MODEL), '.flowrun')), 'a project without modules gets no folder')
})

t.test('blocks of modules are planned, applied, changed and archived like all others', async t => {
  const kb = {
    'kb/main.flow.hcl': `variable "language" {}\n\n${MODEL}\nprompt "answer" {\n  model  = model.fast\n  system = template("answer.md")\n  user   = "Hi."\n}\n\noutput "version" { value = prompt.answer.version }\n`,
    'kb/answer.md': 'In ${var.language}.\n',
  }
  const main = (...keys: readonly string[]) =>
    `module "kb" {\n  source   = "./kb"\n  for_each = toset(${JSON.stringify(keys)})\n  language = each.key\n}\n\noutput "de" { value = module.kb["de"].version }\n`
  const project = testProject({ 'main.flow.hcl': main('de', 'en'), ...kb })
  await project.apply()
  t.ok(isEmpty(await project.plan()), 'plan after apply is empty')
  project.write({ 'kb/answer.md': 'Answer in ${var.language}.\n', 'main.flow.hcl': main('de') })
  const next = await project.plan()
  t.same(changesOf(next), [
    'module.kb["de"].prompt.answer @1 @2 content',
    'module.kb["en"].model.fast @1 - not-in-for-each',
    'module.kb["en"].prompt.answer @1 - not-in-for-each',
    'module.kb["en"].provider.simulated @1 - not-in-for-each',
  ])
  t.same(
    next.outputs.map(({ name, after }) => [name, after]),
    [['de', 2]],
  )
})

t.test('REL-11: a saved plan sees that a module gained, lost or changed a file', async t => {
  const project = testProject({ 'main.flow.hcl': 'module "m" { source = "./modules/m" }\n', 'modules/m/main.flow.hcl': MODEL })
  const saved = await project.plan()
  const moved = async () => {
    const result = await project.applySaved(saved)
    return result.outcome === 'stale' ? result.moved.map(({ text }) => text) : [result.outcome]
  }
  project.write({ 'modules/m/more.flow.hcl': 'locals {}\n' })
  t.same(await moved(), ['modules/m/more.flow.hcl, new'])
  project.remove('modules/m/more.flow.hcl')
  project.write({ 'modules/m/main.flow.hcl': `${MODEL}\n` })
  t.match(await moved(), [/^modules\/m\/main.flow.hcl, .* → /])
  project.write({ 'modules/m/main.flow.hcl': MODEL })
  t.same(await moved(), ['applied'])
})

t.test('prevent_destroy and ignore_changes hold inside of a module', async t => {
  const main = (...keys: readonly string[]) => `module "kb" {\n  source   = "./kb"\n  for_each = toset(${JSON.stringify(keys)})\n}\n`
  const kb = (user: string, lifecycle: string) => ({
    'kb/main.flow.hcl': `${MODEL}\nprompt "answer" {\n  model = model.fast\n  user  = "${user}"\n  lifecycle { ${lifecycle} }\n}\n`,
  })
  const project = testProject({ 'main.flow.hcl': main('de', 'en'), ...kb('One.', 'prevent_destroy = true') })
  await project.apply()
  project.write(main('de'))
  t.same(await project.refusal(), ['plan/prevent-destroy "prevent_destroy = true"'])
  project.write({ 'main.flow.hcl': main('de', 'en'), ...kb('Two.', 'ignore_changes = [user]') })
  t.ok(isEmpty(await project.plan()))
})
