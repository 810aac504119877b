import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
