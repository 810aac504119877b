import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import { closureFromJson } from '../../src/engine/durable/closure-json.ts'
import { typeCommand } from '../support/typed-command.ts'
import { waitingOrder } from '../support/waiting-order.ts'

t.test('GC-1: an apply removes what earlier ones have left, and nothing that a run in flight is pinned to', async t => {
  const directory = t.testdir({ 'main.flow.hcl': waitingOrder('One.') })
  const type = (...words: readonly string[]) => typeCommand(directory, words)
  const applied = async (text: string) => {
    writeFileSync(join(directory, 'main.flow.hcl'), waitingOrder(text))
    t.match(await type('apply', '--yes'), { code: 0 })
  }
  const inFile = <T>(name: string, work: (database: Sqlite.Database) => T): T => {
    const database = new Sqlite(join(directory, '.flowrun', name))
    try {
      return work(database)
    } finally {
      database.close()
    }
  }
  /** Leaves a content as an apply does that is killed before its release, some days ago. */
  const leave = (digest: string, body: string) =>
    inFile('state.db', database =>
      database
        .prepare(`INSERT INTO content VALUES (?, ?, 'application/json', 'inline', ?, NULL, NULL, 0, 'live')`)
        .run(digest, body.length, body),
    )
  const isThere = (digest: string) =>
    inFile('state.db', database => database.prepare('SELECT 1 FROM content WHERE digest = ?').get(digest)) !== undefined

  await applied('One.')
  writeFileSync(join(directory, 'main.flow.hcl'), waitingOrder('Tried out.'))
  const { run } = JSON.parse((await type('run', 'workflow.order', '--json')).out)
  t.equal(run.state, 'waiting')
  const { value } = inFile('engine.db', database =>
    database.prepare('SELECT value FROM blob JOIN run ON run.closure = blob.digest').get(),
  ) as { value: string }
  const tried = closureFromJson(JSON.parse(value)).members.get('prompt.answer')
  if (tried === undefined) throw new Error('the run has no prompt')
  leave(tried.digest, JSON.stringify(tried.artifact))
  leave(`sha256:${'0'.repeat(64)}`, 'left by somebody')

  await applied('Two.')
  t.notOk(isThere(`sha256:${'0'.repeat(64)}`))
  t.ok(isThere(tried.digest), 'a run in flight is pinned to it')

  t.match(await type('runs', 'cancel', run.id), { code: 0 })
  const engine = join(directory, '.flowrun/engine.db')
  writeFileSync(`${engine}-wal`, '')
  writeFileSync(engine, 'no database at all, but long enough to be taken for one'.repeat(20))
  await applied('Three.')
  t.ok(isThere(tried.digest), 'where nobody can tell what runs are pinned to, nothing is removed, and the apply is none the worse')
})
