import { cpSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { findFlow } from '../../src/operations/flow.ts'
import type { OperationHost, Project } from '../../src/operations/project.ts'
import type { RunEngine } from '../../src/operations/runs/access.ts'
import { findApproval } from '../../src/operations/runs/approval.ts'
import { cancelRun, retryRun } from '../../src/operations/runs/control.ts'
import { executeRun } from '../../src/operations/runs/execute.ts'
import { findRun, withRunEngine } from '../../src/operations/runs/find.ts'
import { readReport } from '../../src/operations/runs/report.ts'
import { compareSteps, namesOf, topOf } from '../../src/operations/runs/step-path.ts'
import { submitRun } from '../../src/operations/runs/submit.ts'
import { readStepTrace } from '../../src/operations/runs/trace.ts'
import { projectRoot } from '../support/built-cli.ts'
import { hostIn } from '../support/configuration.ts'

/** examples/support, with what executes its runs. */
async function inSupport(t: Test, work: (engine: RunEngine, host: OperationHost, project: Project) => Promise<void>): Promise<void> {
  const folder = t.testdir()
  cpSync(join(projectRoot, 'examples/support'), folder, { recursive: true })
  const host = hostIn(folder)
  const found = await withRunEngine(host, { onWarning: text => t.fail(text) }, (engine, project) => work(engine, host, project))
  t.equal(found.outcome, 'found')
}

async function submitted(host: OperationHost, engine: RunEngine, input: { readonly message: string; readonly pages?: readonly string[] }) {
  const flow = await findFlow(host, { flow: 'workflow.support', variables: [] })
  if (flow.outcome === 'invalid') throw new Error(flow.diagnostics[0]?.summary)
  return (await submitRun(host, engine, flow, { input: { ...input }, session: {} })).run
}

const never = new AbortController().signal

t.test('a report counts what a map did for the map, and what a child used for the node that began it', t =>
  inSupport(t, async (engine, host) => {
    const run = await submitted(host, engine, { message: 'Where is it?', pages: ['a', 'b', 'c'] })
    const { because, run: ended } = await executeRun(engine, run.id, { signal: never })
    t.match({ because, state: ended.state }, { because: 'ended', state: 'succeeded' })
    const { nodes, usage } = await readReport(engine, ended)
    const node = (path: string) => nodes.find(each => each.path === path)
    t.match(node('pages'), { status: 'succeeded', bodies: { done: 3, all: 3, concurrency: 4 }, isInner: false })
    t.same(
      nodes.filter(({ isInner }) => isInner).map(({ label, path }) => [label, path]),
      [0, 1, 2].map(index => [`[${index}]`, `pages[${index}].summarise`]),
    )
    const inner = nodes.filter(({ isInner }) => isInner).reduce((sum, each) => sum + (each.usage?.input ?? 0), 0)
    t.equal(node('pages')?.usage?.input, inner)
    t.ok((node('lookup')?.usage?.input ?? 0) > 0, 'the child asked a model')
    t.equal(usage?.input, inner + (node('lookup')?.usage?.input ?? 0) + (node('answer')?.usage?.input ?? 0), 'nothing is counted twice')
    t.match(node('draft'), { status: 'skipped', reason: 'not on route refund' })
  }),
)

t.test('VER-4: of a run of other semantics its records are told, and its graph is not read', t =>
  inSupport(t, async (engine, host) => {
    const run = await submitted(host, engine, { message: 'Where is it?' })
    const { run: ended } = await executeRun(engine, run.id, { signal: never })
    const { nodes } = await readReport(engine, { ...ended, interpreter: 99 })
    const steps = await engine.records.steps(run.id)
    t.same(
      nodes.map(({ path, status }) => [path, status]),
      steps.map(({ path, outcome }) => [path, outcome.status]),
    )
    t.ok(steps.length > 0)
  }),
)

t.test('DET-7: what a step was given is told again by the records, without having been kept', t =>
  inSupport(t, async (engine, host) => {
    const run = await submitted(host, engine, { message: 'I want a refund' })
    const left = await executeRun(engine, run.id, { signal: never })
    t.equal(left.because, 'awaits-people', 'only a person leads on')
    const draft = await readStepTrace(engine, left.run, 'draft')
    t.match(draft.given, { prompt: { $ref: 'prompt.refund' }, with: { message: 'I want a refund' } })
    t.match(draft.gave, { output: { amount: 1250 } })
    const release = await readStepTrace(engine, left.run, 'release')
    t.match(release, { given: { title: 'Refund of 1250 cents' }, node: { status: 'waiting' } })
    t.equal(release.gave, undefined)
    await t.rejects(readStepTrace(engine, left.run, 'drafts'), { code: 'run/unknown-node', diagnostic: { suggestions: ['draft'] } })
  }),
)

t.test('a run is named by its id, the end of it, or @last, and near ends are suggested', t =>
  inSupport(t, async (engine, host, project) => {
    await t.rejects(findRun(engine, project, '@last'), { code: 'run/unknown' })
    const first = await submitted(host, engine, { message: 'one' })
    const last = await submitted(host, engine, { message: 'two' })
    t.equal((await findRun(engine, project, '@last')).id, last.id)
    t.equal((await findRun(engine, project, first.id)).id, first.id)
    t.equal((await findRun(engine, project, first.id.slice(-20).toLowerCase())).id, first.id)
    const mistyped = `${first.id.slice(-8, -1)}${first.id.endsWith('7') ? '8' : '7'}`
    await t.rejects(findRun(engine, project, mistyped), { code: 'run/unknown', diagnostic: { suggestions: [first.id.slice(-8)] } })
    const short = await findRun(engine, project, mistyped.slice(-2)).catch((error: unknown) => error)
    t.match(short, { code: 'run/unknown', diagnostic: { suggestions: undefined } }, 'two characters are near to any run')
    await t.rejects(findRun(engine, project, '%'), { code: 'run/unknown' })
  }),
)

t.test('RUN-5: a cancelled run is retried as a new one, and RUN-1: one that is over is not changed', t =>
  inSupport(t, async (engine, host) => {
    const run = await submitted(host, engine, { message: 'Thank you' })
    t.equal((await cancelRun(engine, run)).state, 'cancelled')
    const cancelled = (await engine.records.getRun(run.id)) ?? run
    await t.rejects(cancelRun(engine, cancelled), { code: 'run/ended' })
    await t.rejects(findApproval(engine, cancelled, undefined), { code: 'run/ended' })
    await t.rejects(retryRun(engine, cancelled, { from: 'thank' }), { code: 'run/unknown-node', diagnostic: { suggestions: ['thanks'] } })
    const again = await retryRun(engine, cancelled, {})
    t.match(again, { retryOf: run.id, state: 'queued' })
    t.equal((await executeRun(engine, again.id, { signal: never })).run.state, 'succeeded')
  }),
)

t.test('paths of steps are taken apart, and stand in the order of their items', t => {
  t.same(namesOf('pages[17].extract.lines["a.b[0]"].trim'), ['pages', 'extract', 'lines', 'trim'])
  t.equal(topOf('pages[17].extract'), 'pages')
  const paths = ['each[10].a', 'each[2].b', 'each[2].a', 'each["y"].a', 'each["x"].a']
  t.same(paths.slice(0, 3).sort(compareSteps), ['each[2].a', 'each[2].b', 'each[10].a'])
  t.same(paths.slice(3).sort(compareSteps), ['each["x"].a', 'each["y"].a'])
  t.end()
})
