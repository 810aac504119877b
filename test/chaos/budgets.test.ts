import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { engineSchema } from '../../src/engine/durable/sqlite/schema.ts'
import { openSpendingStore } from '../../src/gateway/ledger/sqlite/store.ts'
import { startCli } from '../support/cli-process.ts'
import { startOpenAiServer } from '../support/openai-server.ts'
import { threeCalls } from '../support/three-calls.ts'

t.setTimeout(300_000)

const ALWAYS = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER }
/** 12 tokens in, 7 out, a dollar per million each. */
const COST = 19_000
const ANSWER = { text: ['yes'] }

const BUDGET = `
budget "day" {
  limit      = "$1"
  per        = "day"
  applies_to = [workflow.steps]
}
`

/** What the file says, of budgets and of costs. */
async function standing(folder: string) {
  const place = {
    file: join(folder, '.flowrun/engine.db'),
    name: 'engine.db',
    project: 'shop',
    flowrunVersion: '1.0.0',
    schema: engineSchema,
  }
  const store = await openSpendingStore({ ...place, mode: 'read', clock: systemClock })
  const [window] = await store.ledger.windows('dev')
  const [costs] = await store.sums(ALWAYS, [])
  store.close()
  return { spent: window?.spentNano, reserved: window?.reservedNano, costs }
}

async function scene(t: Test) {
  const server = await startOpenAiServer()
  t.teardown(() => server.close())
  const folder = t.testdir({ 'main.flow.hcl': threeCalls(server.url) + BUDGET })
  const start = (words: readonly string[], crashAt?: string) => {
    const crash = crashAt === undefined ? {} : { FLOWRUN_TEST: '1', FLOWRUN_CRASH_AT: crashAt }
    const started = startCli(words, { folder, environment: { OPENAI_API_KEY: 'sk-proj-0123456789abcdef', ...crash } })
    t.teardown(() => started.child.kill('SIGKILL'))
    return started.ended
  }
  return { server, folder, start }
}

/** What stands when the first step was killed there: how much is settled, and how many calls have their record. */
const POINTS = [
  { at: 'E1-attempt-begun', asked: 0, settled: 0 },
  { at: 'E2-effect-done', asked: 1, settled: 0 },
  { at: 'E3-step-recorded', asked: 1, settled: 1 },
] as const

for (const { at, asked, settled } of POINTS) {
  t.test(`BUD-4: killed at ${at}, each reservation is settled once, with the record of its step or by who goes on`, async t => {
    const { server, folder, start } = await scene(t)
    server.script(ANSWER)
    t.equal((await start(['run', 'workflow.steps'], at)).signal, 'SIGKILL')
    t.equal(server.requests.length, asked)
    const killed = await standing(folder)
    t.equal(killed.spent ?? 0, settled * COST, 'what is recorded is settled, and nothing else')
    t.equal(killed.costs?.calls, settled, 'and its usage is there with it')
    t.equal((killed.reserved ?? 0) > 0, asked > settled, 'what was asked and not recorded stays reserved')
    const { code, stderr } = await start(['runs', 'resume', '@last'])
    t.equal(code, 0, stderr)
    const { spent, reserved, costs } = await standing(folder)
    t.equal(reserved, 0, 'nothing stays reserved')
    t.equal(costs?.calls, 3 + asked - settled, 'the step in hand was paid for twice')
    const estimated = costs?.estimatedNano ?? 0
    t.equal(estimated > 0, asked > settled, 'of the first time nobody knows what it took')
    t.equal(spent, 3 * COST + estimated)
    t.equal(costs?.costNano, spent, 'costs and budgets agree')
  })
}

t.test(
  'BUD-5: killed at every step in turn, with answers that never came: what is spent is what is known and what may be billed',
  async t => {
    const { server, folder, start } = await scene(t)
    server.script(ANSWER)
    for (const crashAt of ['E2-effect-done', 'E3-step-recorded', 'E2-effect-done', 'E3-step-recorded', 'E2-effect-done']) {
      const words = server.requests.length === 0 ? ['run', 'workflow.steps'] : ['runs', 'resume', '@last']
      t.equal((await start(words, crashAt)).signal, 'SIGKILL', crashAt)
    }
    const { code, stderr } = await start(['runs', 'resume', '@last'])
    t.equal(code, 0, stderr)
    const { spent, reserved, costs } = await standing(folder)
    t.equal(reserved, 0)
    t.equal(costs?.calls, server.requests.length, 'each request has its record')
    t.equal(costs?.costNano, spent)
    t.equal(spent, 3 * COST + (costs?.estimatedNano ?? 0))
  },
)
