import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startCli } from '../support/cli-process.ts'
import { startOpenAiServer } from '../support/openai-server.ts'
import type { ProtocolServer } from '../support/protocol-server.ts'
import { openRecords } from '../support/runs.ts'
import { THREE_NODES, threeCalls } from '../support/three-calls.ts'

t.setTimeout(240_000)

const SECRETS = { OPENAI_API_KEY: 'sk-proj-0123456789abcdef' }

interface Scene {
  readonly server: ProtocolServer
  readonly folder: string
  start(...words: readonly string[]): ReturnType<typeof startCli>
  /** How often each node was asked for. */
  asked(): Readonly<Record<string, number>>
  /** So many requests have come. */
  untilAsked(count: number): Promise<void>
}

async function scene(t: Test): Promise<Scene> {
  const server = await startOpenAiServer()
  t.teardown(() => server.close())
  const folder = t.testdir({ 'main.flow.hcl': threeCalls(server.url) })
  const environment = SECRETS
  return {
    server,
    folder,
    start(...words) {
      const started = startCli(words, { folder, environment })
      t.teardown(() => started.child.kill('SIGKILL'))
      return started
    },
    asked: () =>
      Object.fromEntries(
        THREE_NODES.map(name => [name, server.requests.filter(({ body }) => JSON.stringify(body).includes(`"${name}"`)).length]),
      ),
    async untilAsked(count) {
      while (server.requests.length < count) await delay(10)
    },
  }
}

const ANSWER = { text: ['yes'] }
const HANG = { fault: { kind: 'hang' } } as const

t.test('STEP-2: a run that was killed goes on with runs resume, and no recorded step is executed again', async t => {
  const { server, start, asked, untilAsked } = await scene(t)
  server.script(ANSWER, HANG)
  const killed = start('run', 'workflow.steps')
  await untilAsked(2)
  killed.child.kill('SIGKILL')
  t.equal((await killed.ended).signal, 'SIGKILL')
  server.script(ANSWER)
  const { code, stdout, stderr } = await start('runs', 'resume', '@last').ended
  t.equal(code, 0, stderr)
  t.same(JSON.parse(stdout), { text: 'yes yes yes' })
  t.same(asked(), { first: 1, second: 2, third: 1 }, 'the step in flight is repeated, the one that was recorded is not')
})

t.test('OWN-3: an engine takes over the run of a process that was killed, and drains with SIGTERM', async t => {
  const { server, start, asked, untilAsked } = await scene(t)
  server.script(ANSWER, HANG)
  const killed = start('run', 'workflow.steps')
  await untilAsked(2)
  killed.child.kill('SIGKILL')
  await killed.ended
  server.script(ANSWER)
  const engine = start('engine', 'start')
  const watched = await start('runs', 'watch', '@last', '--json').ended
  // Where the watch came before the engine, it shows the run as it stands.
  await untilAsked(4)
  if (watched.code === 0) t.match(JSON.parse(watched.stdout), { run: { state: 'succeeded' } })
  engine.child.kill('SIGTERM')
  const { code, stdout } = await engine.ended
  t.equal(code, 0)
  t.match(stdout, / workflow\.steps {2}succeeded /)
  t.same(asked(), { first: 1, second: 2, third: 1 })
})

t.test('OWN-7: a run that two engines died of is executed by a process of its own, which a third one starts', async t => {
  const { server, start, asked, untilAsked } = await scene(t)
  server.script(HANG, HANG)
  t.equal((await start('run', 'workflow.steps', '--detach').ended).code, 0)
  for (const count of [1, 2]) {
    const engine = start('engine')
    await untilAsked(count)
    engine.child.kill('SIGKILL')
    await engine.ended
  }
  const looked = Promise.withResolvers<void>()
  server.script({ ...ANSWER, after: looked.promise })
  const engine = start('engine', '--lanes', 'workflow.other=0,workflow.steps=2')
  await untilAsked(3)
  const { engines } = JSON.parse((await start('engine', 'status', '--json').ended).stdout)
  t.match(
    engines.filter(({ pid }: { readonly pid: number }) => pid !== engine.child.pid),
    [{ runs: 1, alive: true }],
  )
  looked.resolve()
  const watched = await start('runs', 'watch', '@last', '--json').ended
  if (watched.stdout !== '') t.match(JSON.parse(watched.stdout), { run: { state: 'succeeded' } })
  await untilAsked(5)
  engine.child.kill('SIGTERM')
  t.equal((await engine.ended).code, 0)
  t.same(asked(), { first: 3, second: 1, third: 1 })
})

t.test('STORE-3: an engine that fails to commit ends, and the next one goes on with what was recorded', async t => {
  const { server, folder, start, asked } = await scene(t)
  server.script(ANSWER)
  t.equal((await start('run', 'workflow.steps', '--detach').ended).code, 0)
  // The shared memory of the log has 32 KB too; the log of three steps is longer.
  const failing = startCli(['engine'], { folder, environment: SECRETS, fileBlocks: 64 })
  t.teardown(() => failing.child.kill('SIGKILL'))
  const { code, stderr } = await failing.ended
  t.equal(code, 1)
  t.match(stderr, /\[registry\/unreadable\]\nThe engine ends, for nothing can be recorded\.\n/)
  const records = await openRecords(`${folder}/.flowrun`)
  const [run] = await records.listRuns({ project: 'shop', limit: 1 })
  t.not(run?.state, 'succeeded', 'what was not committed is not there')
  const recorded = (await records.steps(run?.id ?? '')).length
  await records.close()
  const before = server.requests.length
  t.equal((await start('runs', 'resume', '@last', '--quiet').ended).code, 0)
  t.equal(server.requests.length - before, THREE_NODES.length - recorded, 'no recorded step is executed again')
  t.ok(before <= recorded + 1, 'at most the step whose record failed was done for nothing')
  t.equal(Object.keys(asked()).length, THREE_NODES.length)
})

t.test('OWN-4: Ctrl-C leaves the run to the engine, once the step in hand is recorded, and says how to go on', async t => {
  const { server, start, asked, untilAsked } = await scene(t)
  const answered = Promise.withResolvers<void>()
  server.script(ANSWER, { ...ANSWER, after: answered.promise })
  const interrupted = start('run', 'workflow.steps')
  await untilAsked(2)
  interrupted.child.kill('SIGINT')
  await interrupted.told('Waiting for the steps in hand')
  answered.resolve()
  const { code, stderr } = await interrupted.ended
  t.equal(code, 130)
  t.match(stderr, /was accepted, and is not lost\. To go on with it:\n {2}flowrun runs resume [0-9A-Z]{4}\n {2}flowrun engine start\n$/)
  server.script(ANSWER)
  t.equal((await start('runs', 'resume', '@last', '--quiet').ended).code, 0)
  t.equal(asked().first, 1)
  t.equal(asked().third, 1)
})

t.test('CAN-1: with --cancel-on-interrupt, Ctrl-C cancels the run', async t => {
  const { server, start, untilAsked } = await scene(t)
  server.script(HANG)
  const run = start('run', 'workflow.steps', '--cancel-on-interrupt', '--json')
  await untilAsked(1)
  run.child.kill('SIGINT')
  const { stdout, code } = await run.ended
  t.equal(code, 130)
  t.match(JSON.parse(stdout), { run: { state: 'cancelled' } })
})

t.test('--wait ends with 5 and leaves the run; --idempotency-key finds it again', async t => {
  const { server, start, untilAsked } = await scene(t)
  server.script(HANG)
  const words = ['run', 'workflow.steps', '--idempotency-key', 'order-1', '--json']
  const waiting = start(...words, '--wait', '1s')
  await untilAsked(1)
  const left = await waiting.ended
  t.equal(left.code, 5, left.stderr)
  t.match(JSON.parse(left.stdout), { run: { state: 'queued' } })
  server.script(ANSWER)
  const again = await start(...words).ended
  t.equal(again.code, 0)
  t.equal(JSON.parse(again.stdout).run.id, JSON.parse(left.stdout).run.id)
})
