import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t, { type Test } from 'tap'
import { type MigrateOptions, type Migration, migrateStates, reconfigureStates } from '../../src/operations/state/migrate.ts'
import { pullState } from '../../src/operations/state/read.ts'
import { hostIn, MODEL } from '../support/configuration.ts'
import { startPostgres } from '../support/postgres.ts'
import { changesOf, isEmpty, type TestProject, testProject } from '../support/project.ts'
import { S3_KEYS, startS3Server } from '../support/s3-server.ts'
import { startStateServer } from '../support/state-server.ts'

const PROMPT = `${MODEL}prompt "one" {\n  model = model.fast\n  user  = "One."\n}\n`

/** The configuration with dev's state in that place. */
function keptIn(state: string): string {
  return `environment "dev" {\n  ${state}\n}\n${PROMPT}`
}

const HERE = 'state "sqlite" {}'
const THERE = 'state "sqlite" { path = "data/other.db" }'

async function migrate(project: TestProject, options: Partial<MigrateOptions> = {}, secrets: Readonly<Record<string, string>> = {}) {
  const asked: Migration[] = []
  const result = await migrateStates(hostIn(project.folder, secrets), {
    lockTimeoutMs: 0,
    onWaitingForLock: () => {},
    onTookOver: () => {},
    onStillLocked: error => {
      throw error
    },
    approve: async migration => {
      asked.push(migration)
      return true
    },
    ...options,
  })
  return { asked, environments: result.outcome === 'done' ? result.environments : [] }
}

async function pulled(project: TestProject, secrets: Readonly<Record<string, string>> = {}): Promise<string> {
  const found = await pullState(hostIn(project.folder, secrets), {})
  return found.outcome === 'found' ? found.value : 'invalid'
}

function recordOf(project: TestProject): string {
  return readFileSync(join(project.folder, '.flowrun/backend.json'), 'utf8')
}

t.test('a state moves from one file to another, with lineage and serial, and the old one stays', async t => {
  const project = testProject(keptIn(HERE))
  await project.apply()
  const before = await pulled(project)
  project.write(keptIn(THERE))
  await t.rejects(project.plan(), {
    code: 'state/backend-changed',
    diagnostic: {
      detail: /^was in {5}sqlite \.flowrun\/state\.db\nshould be {2}sqlite data\/other\.db,[\s\S]* flowrun init -migrate-state\n/,
    },
  })
  await t.rejects(project.apply(), { code: 'state/backend-changed' })
  t.match((await migrate(project, { approve: async () => false })).environments, [{ outcome: 'declined' }])
  await t.rejects(project.plan(), { code: 'state/backend-changed' }, 'declined is not moved')

  const { asked, environments } = await migrate(project)
  t.same(asked, [{ environment: 'dev', from: 'sqlite .flowrun/state.db', to: 'sqlite data/other.db', serial: 1, blocks: 3 }])
  t.match(environments, [{ environment: 'dev', outcome: 'moved', serial: 1 }])
  t.equal(await pulled(project), before)
  t.ok(isEmpty(await project.plan()))
  t.match((await migrate(project)).environments, [{ outcome: 'in-place' }], 'a second time there is nothing to do')
  const registry = await project.registry()
  t.match(await registry.audit({ limit: 5, action: 'state.migrate' }), [
    { subject: 'dev', detail: { serial: 1, to: 'sqlite data/other.db' } },
  ])
  await registry.close()

  t.comment('the next apply writes the new place, and the old one is as it was')
  project.write(keptIn(THERE).replace('One.', 'Two.'))
  t.match(await project.apply(), { outcome: 'applied', release: { number: 2 } }, 'numbers go on: the registry stayed')
  const old = new Sqlite(join(project.folder, '.flowrun/state.db'), { readonly: true })
  t.equal(old.prepare('SELECT body FROM state').pluck().get(), before.trim())
  old.close()

  t.comment('and back again: the older state that is there is replaced')
  project.write(keptIn(HERE).replace('One.', 'Two.'))
  t.ok(isEmpty(await project.plan()), 'STA-3: an older state of the same lineage catches up')
  t.match((await migrate(project)).environments, [{ outcome: 'moved', serial: 2 }])
  t.equal(JSON.parse(await pulled(project)).serial, 2)
})

t.test('a state moves to a server and back', async t => {
  const server = await startStateServer()
  t.teardown(() => server.close())
  const http = `state "http" {\n    address = "${server.url}/dev"\n    lock_address = "${server.url}/dev"\n    unlock_address = "${server.url}/dev"\n  }`
  const project = testProject(keptIn(HERE))
  await project.apply()
  const before = await pulled(project)
  project.write(keptIn(http))
  await t.rejects(project.plan(), { code: 'state/backend-changed' })
  t.match((await migrate(project)).environments, [{ outcome: 'moved', serial: 1, to: `http ${server.url}/dev` }])
  t.equal(await pulled(project), before)
  t.equal(server.lockOf('/dev'), undefined, 'the lock of the new place is given up')
  t.ok(isEmpty(await project.plan()))
  project.write(keptIn(http).replace('One.', 'Two.'))
  await project.apply()
  project.write(keptIn(THERE).replace('One.', 'Two.'))
  t.match((await migrate(project)).environments, [{ outcome: 'moved', serial: 2, from: `http ${server.url}/dev` }])
  t.ok(isEmpty(await project.plan()))

  t.comment('a server that gives back something else keeps no state safely')
  const other = testProject(keptIn(HERE))
  await other.apply()
  other.write(keptIn(http.replaceAll('/dev', '/other')))
  server.script({ kind: 'none' }, { kind: 'down' })
  await t.rejects(migrate(other), { code: 'state/unreachable' })
  t.match(recordOf(other), /"type":"sqlite"/, 'the state is where it was')
})

/** Moves a state from the file there, applies there, and moves it back. */
async function thereAndBack(t: Test, state: string, secrets: Readonly<Record<string, string>>): Promise<void> {
  const processEnvironment = secrets
  const project = testProject(keptIn(HERE))
  await project.apply()
  const before = await pulled(project)
  project.write(keptIn(state))
  await t.rejects(project.plan({ processEnvironment }), { code: 'state/backend-changed' })
  t.match((await migrate(project, {}, secrets)).environments, [{ outcome: 'moved', serial: 1 }])
  t.equal(await pulled(project, secrets), before, 'lineage, serial and content stay')
  t.ok(isEmpty(await project.plan({ processEnvironment })))

  project.write(keptIn(state).replace('One.', 'Two.'))
  t.match(await project.apply({ processEnvironment }), { outcome: 'applied', release: { number: 2 } })
  const after = await pulled(project, secrets)
  project.write(keptIn(HERE).replace('One.', 'Two.'))
  t.match((await migrate(project, {}, secrets)).environments, [{ outcome: 'moved', serial: 2 }])
  t.equal(await pulled(project), after)
  t.ok(isEmpty(await project.plan()))
  t.match(await project.apply(), { outcome: 'nothing-to-do' }, 'neither lock was left behind')
}

t.test('a state moves to PostgreSQL and back', async t => {
  const postgres = await startPostgres(t)
  if (typeof postgres === 'string') return void t.comment(`skipped: ${postgres}`)
  await thereAndBack(t, 'state "postgres" { url = secret("STATE_URL") }', { STATE_URL: await postgres.createDatabase() })
})

t.test('a state moves to S3 and back', async t => {
  const server = await startS3Server('acme')
  t.teardown(() => server.close())
  const settings = `bucket = "acme"\n    key = "states"\n    region = "us-east-1"\n    endpoint = "${server.url}"\n    force_path_style = true`
  const keys = `access_key = secret("STATE_ACCESS")\n    secret_key = secret("STATE_SECRET")`
  const { AWS_ACCESS_KEY_ID: STATE_ACCESS, AWS_SECRET_ACCESS_KEY: STATE_SECRET } = S3_KEYS
  await thereAndBack(t, `state "s3" {\n    ${settings}\n    ${keys}\n  }`, { STATE_ACCESS, STATE_SECRET })
})

t.test('a place that has the state already is used, and one of another configuration is not', async t => {
  const project = testProject(keptIn(THERE))
  await project.apply()
  const theirs = testProject(keptIn(HERE))
  await theirs.apply()
  project.write(keptIn(HERE))
  await t.rejects(project.plan(), { code: 'state/backend-changed' })
  const database = new Sqlite(join(project.folder, '.flowrun/state.db'))
  database.prepare(`ATTACH ? AS other`).run(join(theirs.folder, '.flowrun/state.db'))
  database.exec('INSERT INTO main.state SELECT * FROM other.state')
  database.close()
  await t.rejects(migrate(project), { code: 'state/destination-taken', diagnostic: { detail: /flowrun init -reconfigure\n/ } })
  await t.rejects(project.plan(), { code: 'state/other-registry' }, 'a state that is there is looked at as any other')
})

t.test('STA-4: a state that somebody else moved and went on with, while a person was asked, is not written over', async t => {
  const project = testProject(keptIn(HERE))
  await project.apply()
  project.write(keptIn(THERE))
  const result = await migrate(project, {
    approve: async () => {
      await migrate(project)
      project.write(`${keptIn(THERE)}output "later" { value = "kept" }\n`)
      await project.apply()
      return true
    },
  })
  t.match(result.environments, [{ outcome: 'found', serial: 2 }])
  t.match(JSON.parse(await pulled(project)), { serial: 2, outputs: { later: { value: 'kept' } } })
  const registry = await project.registry()
  t.equal((await registry.audit({ action: 'state.migrate' })).length, 1, 'AUD-2: what was not done is not told')
  await registry.close()
})

t.test('-reconfigure leaves the last place behind', async t => {
  const project = testProject(keptIn(HERE))
  t.match((await migrate(project)).environments, [{ outcome: 'in-place' }], 'nothing was ever kept')
  await project.apply()
  project.write(keptIn(THERE))
  await t.rejects(project.plan(), { code: 'state/backend-changed' })
  await reconfigureStates(hostIn(project.folder), {})
  t.match(changesOf(await project.plan()).length, 0, 'what is deployed belongs to the lineage of the old state')
  t.match((await project.plan()).obstacles.length, 3)
})

t.test('a record that cannot be read starts no empty state', async t => {
  const project = testProject(keptIn(HERE))
  await project.apply()
  const file = join(project.folder, '.flowrun/backend.json')
  t.ok(existsSync(file))
  writeFileSync(file, '{"format":"flowrun.backend/1","environments":[]}')
  t.ok(isEmpty(await project.plan()), 'where there is a state nobody asks')
  project.write(keptIn(THERE))
  for (const text of ['', '{}', 'null', '{"format":"flowrun.backend/1","environments":{"dev":{"type":"disk"}}}']) {
    writeFileSync(file, text)
    await t.rejects(project.plan(), { code: 'state/bad-backend-record' }, text)
  }
  await reconfigureStates(hostIn(project.folder), {})
  t.match(recordOf(project), /data\/other\.db/)
})

t.test('SEC-2: the record holds references to secrets, and no secret', async t => {
  const server = await startStateServer({ credentials: { username: 'ana', password: 'canary-7301' } })
  t.teardown(() => server.close())
  const http = `state "http" {\n    address  = "${server.url}/dev"\n    username = "ana"\n    password = secret("STATE_PASSWORD")\n    headers  = { "x-key" = "canary-9912" }\n  }`
  const secrets = { STATE_PASSWORD: 'canary-7301' }
  const project = testProject(keptIn(http))
  await project.apply({ processEnvironment: secrets })
  t.match(recordOf(project), /"password":\{"\$secret":"STATE_PASSWORD"\}/)
  t.notMatch(recordOf(project), /canary/)
  project.write(keptIn(HERE))
  t.match((await migrate(project, {}, secrets)).environments, [{ outcome: 'moved' }], 'and with the reference the old place is reached')
})
