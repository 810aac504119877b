import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { startOpenAiServer } from '../support/openai-server.ts'
import { typeCommand } from '../support/typed-command.ts'

const DAYS_MS = 3 * 86_400_000

const configuration = (url: string, text: string) => `
environment "dev" {}
provider "openai" {
  api_key  = secret("OPENAI_API_KEY")
  base_url = "${url}"
}
model "fast" {
  provider = provider.openai
  id       = "gpt-4o-mini"
}
prompt "answer" {
  model = model.fast
  user  = "${text}"
}
workflow "pay" {
  timeout = "240h"
  node "approval" "ok" {
    title      = "Pay?"
    body       = "Order A-20417"
    assignees  = ["role:lead"]
    timeout    = "120h"
    on_timeout = "reject"
    action "approve" {}
    action "reject" {}
  }
  node "model" "answer" {
    on     = [exit.ok.approve]
    prompt = prompt.answer
  }
  output { value = node.answer.text }
}
`

t.test(
  'HIST-7: a run that waits three days, through releases, a rollback, a rotated key and an upgrade, ends with its pins and the new key',
  async t => {
    const server = await startOpenAiServer()
    t.teardown(() => server.close())
    const directory = t.testdir()
    const write = (text: string) => writeFileSync(join(directory, 'main.flow.hcl'), configuration(server.url, text))
    const before = { environment: { OPENAI_API_KEY: 'the-old-key' } }
    const clock = { ...systemClock, now: () => systemClock.now() + DAYS_MS }
    const after = { environment: { OPENAI_API_KEY: 'the-new-key' }, clock }
    const type = (around: typeof before, ...words: readonly string[]) => typeCommand(directory, words, around)

    write('The first text.')
    t.match(await type(before, 'apply', '--yes'), { code: 0 })
    t.match(await type(before, 'run', 'workflow.pay', '-e', 'dev'), { code: 5 })
    for (const text of ['The second text.', 'The third text.', 'The fourth text.', 'The fifth text.']) {
      write(text)
      t.match(await type(before, 'apply', '--yes'), { code: 0 })
    }
    t.match(await type(before, 'rollback', 'prompt.answer', '--reason', 'too long', '--yes'), { code: 0 })
    // Both files as an earlier flowrun has left them.
    for (const name of ['state.db', 'engine.db']) {
      const database = new Sqlite(join(directory, '.flowrun', name))
      t.match(database.prepare(`UPDATE meta SET value = '0.1.0' WHERE key = 'flowrun_version'`).run(), { changes: 1 })
      database.close()
    }
    t.equal(server.requests.length, 0)
    t.match(await type(after, 'runs', 'approve', '@last', '--action', 'approve', '--yes'), { code: 0 })
    t.match(await type(after, 'runs', 'resume', '@last'), { code: 0 })
    const { run } = JSON.parse((await type(after, 'runs', 'show', '@last', '--json')).out)
    t.match(run, { state: 'succeeded', release: 1 })
    t.equal(server.requests.length, 1)
    const [asked] = server.requests
    t.equal(asked?.headers.authorization, 'Bearer the-new-key')
    t.match(JSON.stringify(asked?.body), /The first text\./)
  },
)
