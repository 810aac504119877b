import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t, { type Test } from 'tap'
import { typeCommand } from '../support/typed-command.ts'

/** A project, and what is typed in it where nobody can be asked. */
function shell(t: Test, text: string) {
  const directory = t.testdir({ 'main.flow.hcl': text })
  const write = (configuration: string) => writeFileSync(join(directory, 'main.flow.hcl'), configuration)
  const type = (...words: readonly string[]) => typeCommand(directory, words)
  const json = async (...words: readonly string[]) => JSON.parse((await type(...words, '--json')).out)
  return { directory, write, type, json }
}

const WHO = `
workflow "who" {
  concurrency {
    limit = 1
    key   = coalesce(session.tenant, "none")
  }
  node "transform" "said" { value = { user = session.user, locale = session.locale } }
  node "flow" "inner" { flow = workflow.inner }
  output { value = { said = node.said.output, inner = node.inner.output } }
}
workflow "inner" {
  node "transform" "said" { value = coalesce(session.tenant, "nobody") }
  output { value = node.said.output }
}
`

t.test('blocks.md 1.4: a session is what the submitter says of it, in the run and in those that it begins', async t => {
  const { type, json } = shell(t, WHO)
  const { run } = await json('run', 'workflow.who', '--session', 'user=ana', '--session', 'tenant=acme')
  t.match(run, { state: 'succeeded', session: { user: 'ana', tenant: 'acme' } })
  t.same(run.output, { said: { user: 'ana', locale: null }, inner: 'acme' })
  t.match((await type('runs', 'show', run.id)).out, /^ {2}session {5}user ana, tenant acme$/m)
})

t.test('IDEM-1: the session is part of what a key stands for', async t => {
  const { type } = shell(t, WHO)
  const submit = (user: string) => type('run', 'workflow.who', '--session', `user=${user}`, '--idempotency-key', 'k')
  t.match(await submit('ana'), { code: 0 })
  t.match(await submit('ana'), { code: 0, err: /has made this run before/ })
  t.match(await submit('ben'), { code: 1, err: /\[run\/other-body\]/ })
})

t.test('cli.md 2.4: the input comes from standard input where - stands after the flow', async t => {
  const { type } = shell(t, WHO)
  t.match(await type('run', 'workflow.who', '-', '--input', '{}'), { code: 1, err: /\[cli\/conflicting-flags\]/ })
  t.match(await type('run', 'workflow.who', 'input'), { code: 1, err: /\[cli\/unexpected-argument\]/ })
})

t.test('a session has names of its own', async t => {
  const { type } = shell(t, WHO)
  t.match(await type('run', 'workflow.who', '--session', 'usr=ana'), { code: 1, err: /cannot be "usr=ana"[\s\S]*Did you\s+mean\s+user\?/ })
  t.match(await type('run', 'workflow.who', '--session', 'ana'), { code: 1, err: /Write a name and a value: --session user=ana\./ })
})

const shop = (confirm: string, first = '"A-1"') => `
provider "simulated" {
  answer {
    when  = strcontains(request.text, "broken")
    error = "bad_request"
  }
  answer { text = "It is paid." }
}
model "fast" {
  provider = provider.simulated
  id       = "simulated-small"
}
prompt "first" {
  model = model.fast
  user  = ${first}
}
prompt "confirm" {
  model = model.fast
  user  = ${confirm}
}
workflow "order" {
  node "model" "first" { prompt = prompt.first }
  node "model" "confirm" {
    after  = [node.first]
    prompt = prompt.confirm
  }
  output { value = node.confirm.text }
}
`

t.test('RUN-5: a retry runs on the versions of its run, with --latest on those of now', async t => {
  const { write, type, json } = shell(t, shop('"broken"'))
  const { run: failed } = await json('run', 'workflow.order')
  t.equal(failed.state, 'failed')
  write(shop('"fine"', '"A-2"'))
  t.match(await json('runs', 'retry', failed.id), { run: { state: 'failed' } }, 'the working copy of then')
  const { run, nodes } = await json('runs', 'retry', failed.id, '--latest')
  t.match(run, { state: 'succeeded', output: 'It is paid.', retry_of: failed.id })
  const trace = await json('trace', failed.id, '--node', 'first')
  t.match(nodes[0], { path: 'first', started_at: trace.steps[0].started_at }, 'what was recorded counts, though its prompt is another one')
  write(shop('"fine"').replace('{ prompt = prompt.first }', '{\n    prompt  = prompt.first\n    timeout = "1m"\n  }'))
  const changed = await json('runs', 'retry', failed.id, '--latest')
  t.not(changed.nodes[0].started_at, trace.steps[0].started_at, 'a node that was changed is done again')
  t.match(await json('runs', 'retry', failed.id, '--latest', '--from', 'node.first', '--detach'), { run: { state: 'queued' } })
  write('workflow "other" {\n  output { value = 1 }\n}\n')
  t.match(await type('runs', 'retry', failed.id, '--latest'), { code: 1, err: /\[/ }, 'a flow that is gone cannot be the latest')
})

t.test('RUN-5: the latest of a deployed run are the active versions of its environment', async t => {
  const { write, type, json } = shell(t, shop('"broken"'))
  t.match(await type('apply', '--yes'), { code: 0 })
  const { run: failed } = await json('run', 'workflow.order', '-e', 'dev')
  t.match(failed, { state: 'failed', release: 1 })
  write(shop('"fine"'))
  t.match(await json('runs', 'retry', failed.id, '--latest'), { run: { state: 'failed', release: 1 } }, 'the working copy is not deployed')
  t.match(await type('apply', '--yes'), { code: 0 })
  t.match(await json('runs', 'retry', failed.id), { run: { state: 'failed', release: 1 } })
  t.match(await json('runs', 'retry', failed.id, '--latest'), { run: { state: 'succeeded', release: 2 } })
})

t.test('GC-5: a purge removes what runs were given and gave, leaves those that are not over, and is audited', async t => {
  const waiting =
    'workflow "wait" {\n  timeout = "48h"\n  node "wait" "go" {\n    signal  = "go"\n    timeout = "24h"\n  }\n  output { value = 1 }\n}\n'
  const echo =
    'workflow "echo" {\n  input {\n    field "text" { type = string }\n  }\n  node "transform" "said" { value = input.text }\n  output { value = node.said.output }\n}\n'
  const { directory, type, json } = shell(t, shop('"fine"') + waiting + echo)
  const { run: ended } = await json('run', 'workflow.echo', '--field', 'text=The canary sings')
  t.match(await json('run', 'workflow.order'), { run: { state: 'succeeded' } })
  const { run: open } = await json('run', 'workflow.wait')
  t.match([ended.state, open.state], ['succeeded', 'waiting'])
  const file = join(directory, '.flowrun/engine.db')
  const aged = new Sqlite(file)
  aged.prepare('UPDATE run SET ended_at = ended_at - 172800000').run()
  aged.close()
  t.match(await json('runs', 'purge', '--before', '1d', '--yes'), { removed: 2 })
  t.match(await type('runs', 'show', ended.id), { code: 1, err: /\[run\/unknown\]/ })
  t.match(await json('runs', 'show', open.id), { run: { state: 'waiting' } })
  const database = new Sqlite(file)
  const left = ['run_body', 'step', 'event'].flatMap(table => database.prepare(`SELECT * FROM ${table}`).all())
  t.notMatch(JSON.stringify(left), 'canary')
  t.match(database.prepare('SELECT count(*) AS calls FROM usage').get(), { calls: 2 }, 'what they cost stays')
  database.close()
  t.match((await json('audit')).rows, [{ action: 'run.purge', reason: 'runs purge', detail: { before: String } }], 'AUD-2')
})

t.test('IDEM-5: a key has 1 to 255 visible ASCII characters', async t => {
  const { type } = shell(t, WHO)
  const submit = (key: string) => type('run', 'workflow.who', '--detach', '--idempotency-key', key)
  for (const key of ['k', '!~', 'x'.repeat(255)]) t.match(await submit(key), { code: 0 }, key)
  for (const key of ['', ' ', 'a b', 'x'.repeat(256), 'schlüssel', 'tab\t', '\u007f'])
    t.match(await submit(key), { code: 1, err: /1 to\s+255\s+visible\s+ASCII\s+characters[\s\S]*No run was made/ }, JSON.stringify(key))
})

t.test('REG-8: registry and state are one file; runs, what they cost and budgets are another', async t => {
  const { directory, type } = shell(t, `environment "dev" {}\n${shop('"fine"')}`)
  t.match(await type('apply', '--yes'), { code: 0 })
  t.match(await type('run', 'workflow.order', '-e', 'dev'), { code: 0 })
  const tablesOf = (name: string) => {
    const database = new Sqlite(join(directory, '.flowrun', name), { readonly: true })
    const rows = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all() as { name: string }[]
    database.close()
    return rows.map(row => row.name)
  }
  const [state, engine] = [tablesOf('state.db'), tablesOf('engine.db')]
  for (const table of ['content', 'artifact_version', 'release', 'pointer', 'hold', 'audit', 'state']) t.ok(state.includes(table), table)
  for (const table of ['run', 'step', 'event', 'usage', 'reservation', 'budget_window']) t.ok(engine.includes(table), table)
  t.same(
    state.filter(table => table !== 'meta' && engine.includes(table)),
    [],
  )
})
