import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createWorkingCopy } from '../../src/operations/runs/working-copy.ts'
import { hostIn, writeProject } from '../support/configuration.ts'
import { createFakeClock } from '../support/fake-clock.ts'

const CALL = 'module "money" { source = "./money" }\n'
const BUDGET = `budget "daily" {\n  limit  = file("limit.txt")\n  per    = "day"\n  action = "pause"\n}\n`

t.test('BUD-7: budgets of the working copy are those of its files now, of modules and of files that they read too', async t => {
  const folder = t.testdir()
  writeProject(folder, { 'main.flow.hcl': CALL, 'money/main.flow.hcl': BUDGET, 'money/limit.txt': '$1' })
  const clock = createFakeClock()
  const read = createWorkingCopy({ ...hostIn(folder), clock })
  const limit = () => {
    const artifact = read('dev')?.get('module.money.budget.daily')?.artifact
    return artifact?.kind === 'budget' ? artifact.spec.limit_nano / 1e9 : undefined
  }
  let changes = 0
  const write = (path: string, text: string) => {
    writeFileSync(join(folder, path), text)
    // Whatever a disk says of times that are close together.
    utimesSync(join(folder, path), 0, ++changes)
  }
  t.equal(limit(), 1)
  await clock.advance(1000)
  t.equal(limit(), 1)
  write('money/limit.txt', '$2')
  t.equal(limit(), 1, 'files are looked at each second, and no more')
  await clock.advance(1000)
  t.equal(limit(), 2)
  write('money/main.flow.hcl', BUDGET.replace('file("limit.txt")', '"$3"'))
  await clock.advance(1000)
  t.equal(limit(), 3)
  write('main.flow.hcl', `${CALL} nonsense`)
  await clock.advance(1000)
  t.equal(limit(), undefined, 'what could not be published has none')
  write('main.flow.hcl', CALL)
  await clock.advance(1000)
  t.equal(limit(), 3)
})
