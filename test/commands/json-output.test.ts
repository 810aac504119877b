import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import type { CommandFacts } from '../../src/views/help.ts'
import { builtCli, projectRoot } from '../support/built-cli.ts'
import { prompt } from '../support/configuration.ts'

const cli = builtCli()
const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, validateFormats: false })
for (const file of globSync('schemas/{state,output/*,events/*}.schema.json', { cwd: projectRoot }))
  ajv.addSchema(JSON.parse(readFileSync(join(projectRoot, file), 'utf8')))

const folder = mkdtempSync(join(tmpdir(), 'json-output-'))
t.teardown(() => rmSync(folder, { recursive: true }))

/** In this order, for each needs what those before it have made. */
const conversation: readonly (readonly [schema: string, words: readonly string[], exitCode?: number])[] = [
  ['version', ['version', '--json']],
  ['init', ['init', '.', '--json']],
  ['init', ['init', '--list-templates', '--json']],
  ['fmt', ['fmt', '--json']],
  ['explain', ['explain', '--json']],
  ['explain', ['explain', 'config/cycle', '--json']],
  ['validate', ['validate', '--json']],
  ['plan', ['plan', '--format', 'json']],
  ['graph', ['graph', '--json']],
  ['providers', ['providers', '--check', '--json']],
  ['models', ['models', '--json']],
  ['models', ['models', '--catalogue', '--json']],
  ['models-show', ['models', 'show', 'gpt-4o-mini', '--json']],
  ['apply', ['apply', '--format', 'json', '--yes']],
  ['apply', ['apply', '--format', 'json', '--yes']],
  ['show', ['show', '--json']],
  ['output', ['output', '--json']],
  ['versions', ['versions', 'prompt.answer', '--json']],
  ['releases', ['releases', '--json']],
  ['show', ['show', 'prompt.answer', '--json']],
  ['run', ['run', 'prompt.answer', '--field', 'question=hi', '--json']],
  ['run', ['run', 'prompt.answer', '--field', 'question=hi', '--dry-run', '--json']],
  ['models-status', ['models', 'status', '--json']],
  ['costs', ['costs', '--json']],
  ['costs', ['costs', '--by', 'day,flow,prompt,environment,tenant', '--json']],
  ['costs', ['costs', '--budgets', '--json']],
  ['costs', ['costs', '--estimated', '--json']],
  ['cache', ['cache', '--json']],
  ['cache-clear', ['cache', 'clear', '--older', '7d', '--json']],
  ['diff', ['diff', 'dev', '--json']],
  ['content-repair', ['content', 'repair', '--json']],
  ['state', ['state', '--json']],
  ['state-list', ['state', 'list', 'prompt.*', '--json']],
  ['state-show', ['state', 'show', 'prompt.answer', '--json']],
  ['state-pull', ['state', 'pull', '--json']],
  ['state-mv', ['state', 'mv', 'prompt.answer', 'prompt.reply', '--json']],
  ['state-rm', ['state', 'rm', 'prompt.*', '-dry-run', '--json']],
  ['state-history', ['state', 'history', '--json']],
  ['state-restore', ['state', 'restore', '1', '--json']],
  ['state-recover', ['state', 'recover', '--json']],
]

t.test('every command that knows JSON has a schema', t => {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'oclif.manifest.json'), 'utf8')) as { commands: Record<string, CommandFacts> }
  for (const { id, formats } of Object.values(manifest.commands)) {
    if (formats.includes('json')) t.ok(existsSync(join(projectRoot, `schemas/output/${id.replaceAll(':', '-')}.schema.json`)), id)
  }
  t.end()
})

/** A project of two environments, in a folder of its own. */
const releases: typeof conversation = [
  ['apply', ['apply', '--format', 'json', '--yes']],
  ['apply', ['apply', '--format', 'json', '--yes', '-var', 'tone=firm']],
  ['rollback', ['rollback', 'prompt.answer', '--reason', 'too firm', '--yes', '--json']],
  ['holds', ['holds', '--json']],
  ['holds-list', ['holds', 'list', '--all', '--json']],
  ['promote', ['promote', '--from', 'dev', '--to', 'prod', '--dry-run', '--json']],
  ['promote', ['promote', '--from', 'dev', '--to', 'prod', '--yes', '--json']],
  ['holds-lift', ['holds', 'lift', 'prompt.answer', '--reason', 'it was right', '--json']],
  ['rollback', ['rollback', '--to-release', '2', '--reason', 'it was right', '--yes', '--json']],
  ['audit', ['audit', '--json']],
  ['audit', ['audit', '--export', 'audit.jsonl', '--json']],
  ['audit-list', ['audit', 'list', '--address', 'prompt.answer', '--json']],
  ['audit-verify', ['audit', 'verify', '--json']],
  ['audit-checkpoint', ['audit', 'checkpoint', '--json']],
  ['environments', ['environments', '--json']],
  ['diff', ['diff', 'dev', 'prod', '--json']],
  ['diff', ['diff', 'dev@1', 'dev@2', '--stat', '--json']],
]

/** Runs of examples/support: one that is over, one that is changed before it begins, one that waits for a person. */
const runs: typeof conversation = [
  ['run', ['run', 'workflow.support', '--field', 'message=Thank you', '--json']],
  ['runs', ['runs', '--json']],
  ['runs-list', ['runs', 'list', '--state', 'succeeded', '--limit', '1', '--json']],
  ['runs-show', ['runs', 'show', '@last', '--json']],
  ['runs-watch', ['runs', 'watch', '@last', '--json']],
  ['run', ['run', 'prompt.lookup', '--field', 'question=hi', '--detach', '--json']],
  ['engine-status', ['engine', 'status', '--json']],
  ['runs-pause', ['runs', 'pause', '@last', '--json']],
  ['runs-resume', ['runs', 'resume', '@last', '--detach', '--json']],
  ['runs-cancel', ['runs', 'cancel', '@last', '--json']],
  ['runs-retry', ['runs', 'retry', '@last', '--json']],
  ['trace', ['trace', '@last', '--json']],
  ['trace', ['trace', '@last', '--node', 'answer', '--content', '--json']],
  ['run', ['run', 'workflow.support', '--field', 'message=A refund', '--json'], 5],
  ['runs-approve', ['runs', 'approve', '@last', '--yes', '--json']],
  ['runs-resume', ['runs', 'resume', '@last', '--json']],
  ['run', ['run', 'workflow.support', '--field', 'message=Money back', '--json'], 5],
  ['runs-reject', ['runs', 'reject', '@last', '--reason', 'paid already', '--yes', '--json']],
  ['runs-purge', ['runs', 'purge', '--before', '1d', '--yes', '--json']],
]

const withWorkflow = join(folder, 'workflow')
cpSync(join(projectRoot, 'examples/support'), withWorkflow, { recursive: true })

const twoEnvironments = join(folder, 'two')
mkdirSync(twoEnvironments)
writeFileSync(
  join(twoEnvironments, 'main.flow.hcl'),
  `environment "dev" {}\nenvironment "prod" {}\nvariable "tone" { default = "calm" }\n${prompt('user = "Be ${var.tone}."')}`,
)

for (const [cwd, commands] of [[folder, conversation] as const, [twoEnvironments, releases] as const, [withWorkflow, runs] as const]) {
  for (const [schema, words, exitCode = 0] of commands) {
    t.test(`flowrun ${words.join(' ')} prints what its schema says`, t => {
      const { stdout, stderr, status } = spawnSync(process.execPath, [cli, ...words], { cwd, encoding: 'utf8' })
      t.equal(status, exitCode, stderr || stdout.slice(0, 1000))
      t.equal(stderr, '', 'stderr is silent beside a machine format')
      const validate = ajv.getSchema(`/schemas/output/${schema}.schema.json`)
      if (validate === undefined) t.fail(`there is no schema ${schema}`)
      else t.ok(validate(JSON.parse(stdout)), ajv.errorsText(validate.errors))
      t.end()
    })
  }
}

t.test('an error is a document as well, and its diagnostics fit their schema', t => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [cli, 'version', '--format', 'xml', '--json'], {
    cwd: folder,
    encoding: 'utf8',
  })
  t.equal(status, 1)
  t.equal(stderr, '')
  const validate = ajv.getSchema('/schemas/output/diagnostic.schema.json')
  for (const diagnostic of JSON.parse(stdout).diagnostics) t.ok(validate?.(diagnostic), ajv.errorsText(validate?.errors))
  t.end()
})
