import t, { type Test } from 'tap'
import type { Closure, ClosureMember } from '../../src/artifact/closure.ts'
import { compact } from '../../src/base/compact.ts'
import type { JsonObject } from '../../src/base/json.ts'
import type { EffectExecutor, EffectResult } from '../../src/engine/durable/effect.ts'
import type { RunRecord } from '../../src/engine/durable/record-store.ts'
import { cachedEffects, childCache } from '../../src/engine/effects/step-cache.ts'
import { createFlows } from '../../src/engine/flows.ts'
import { loadSchemaValidator } from '../../src/engine/schema-validator.ts'
import { openCache } from '../support/answer-cache.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { openEngine, openRecords, submission, succeed } from '../support/runs.ts'
import { type CaseNode, graphOfCase, language } from '../support/workflow-case.ts'

const HOUR_MS = 3_600_000
const CACHE = { ttl_ms: HOUR_MS, scope: 'tenant' } as const
const INPUT = { type: 'object', properties: { text: { type: 'string' } } } as const

interface World {
  /** What was executed, by node: those of hits are not. */
  readonly begun: readonly string[]
  run(
    nodes: readonly CaseNode[],
    how?: { readonly input?: JsonObject; readonly tenant?: string; readonly digest?: string; readonly withoutCache?: true },
  ): Promise<RunRecord>
  steps(run: RunRecord): Promise<readonly { readonly path: string; readonly costNano: number | null; readonly facts?: JsonObject }[]>
  readonly clock: ReturnType<typeof createFakeClock>
  readonly cache: Awaited<ReturnType<typeof openCache>>
  readonly store: Awaited<ReturnType<typeof openRecords>>
}

async function world(t: Test, execute: EffectExecutor = async () => answered()): Promise<World> {
  const directory = t.testdir()
  const clock = createFakeClock()
  const [store, cache] = [await openRecords(directory, clock), await openCache(directory, clock)]
  const begun: string[] = []
  const dependencies = { clock, timers: clock, answerCache: cache }
  const counted: EffectExecutor = (command, ...rest) => {
    begun.push(command.path)
    return execute(command, ...rest)
  }
  const engine = openEngine(store, cachedEffects(counted, dependencies), {
    ...{ clock, timers: clock, random: () => 0.5, flows: createFlows({ language, validator: await loadSchemaValidator() }) },
    ...{ children: childCache(dependencies) ?? never() },
  })
  t.teardown(async () => {
    await clock.runUntil(engine.drain(0))
    await store.close()
    await cache.close()
  })
  return {
    ...{ begun, clock, cache, store },
    async run(nodes, { input = { text: 'a' }, tenant, digest = 'sha256:1', withoutCache } = {}) {
      const session = tenant === undefined ? {} : { tenant }
      const { run } = await engine.submit(
        submission({ rows: [] }, { closure: closureOf(nodes, digest), input, session, ...compact({ withoutCache }) }),
      )
      return (await clock.runUntil(engine.run(run.id))) ?? never()
    },
    steps: run => store.steps(run.id),
  }
}

function closureOf(nodes: readonly CaseNode[], digest: string): Closure {
  const member = (kind: string, spec: unknown): ClosureMember => ({ digest, artifact: { kind, spec } }) as unknown as ClosureMember
  const child = {
    ...graphOfCase({ input: INPUT, nodes: [{ name: 'inner', type: 'model' }], output: { $expr: 'input.text' } }),
    output: { schema: {}, value: { $expr: 'input.text' } },
  }
  const output = { schema: {}, value: { $expr: `[${nodes.map(({ name }) => `node.${name}`).join(', ')}]` } }
  return {
    address: 'workflow.w',
    members: new Map([
      ['workflow.w', member('workflow', { ...graphOfCase({ input: INPUT, nodes }), output })],
      ['workflow.child', member('workflow', child)],
      ['tool.any', member('tool', { replay: 'safe' })],
      ['prompt.any', member('prompt', { tiers: [] })],
    ]),
  }
}

function answered(attributes: JsonObject = {}, facts: JsonObject = {}): EffectResult {
  const usage = { input_tokens: 5, output_tokens: 3 }
  return {
    ...succeed({ output: 'yes', cached: false, cost: 0.5, latency_ms: 9, finish_reason: 'stop', tried: ['model.a'], ...attributes }),
    costNano: 500,
    facts: { model: 'small', usage, calls: [], passed_over: [], ...facts },
  }
}

function never(): never {
  throw new Error('It is there')
}

const asked = (type: 'model' | 'tool' | 'flow', changes: Partial<CaseNode> = {}): CaseNode => ({
  name: 'a',
  type,
  cache: CACHE,
  arguments: { with: { text: { $expr: 'input.text' } } },
  ...changes,
})

t.test('an equal step of a later run is taken from the cache: nothing is executed or paid, and its record says so', async t => {
  const { run, begun, steps, cache } = await world(t)
  const [first, second] = [await run([asked('model')]), await run([asked('model', { name: 'b' })])]
  t.same(begun, ['a'], 'the name of the node does not matter')
  t.match(first.output, [{ output: 'yes', cached: false, cost: 0.5 }])
  t.match(second.output, [{ output: 'yes', cached: true, cost: 0, latency_ms: 0, exit: 'done' }])
  t.match(second, { state: 'succeeded', costNano: 0 })
  t.match(await steps(second), [{ path: 'b', costNano: 0, facts: { cached: true, model: 'small', usage: { input_tokens: 5 } } }])
  t.match(await cache.statistics('dev'), { models: [{ model: 'prompt.any', id: 'node', entries: 1, hits: 1, savedNano: 500 }] })
})

t.test('CACHE-1: other arguments, another version of what is called, another tenant and a later time are other steps', async t => {
  const { run, begun, clock } = await world(t)
  await run([asked('tool')])
  await run([asked('tool')], { input: { text: 'b' } })
  await run([asked('tool')], { digest: 'sha256:2' })
  await run([asked('tool')], { tenant: 'acme' })
  t.equal(begun.length, 4)
  await run([asked('tool')], { tenant: 'acme' })
  t.equal(begun.length, 4)
  const shared = asked('tool', { cache: { ...CACHE, scope: 'environment' } })
  await run([shared], { tenant: 'other' })
  t.equal(begun.length, 4, 'one of everybody is what nobody’s tenant has')
  await clock.advance(HOUR_MS + 1)
  await run([asked('tool')])
  t.equal(begun.length, 5)
  await run([asked('tool')])
  t.equal(begun.length, 5)
})

t.test('only what succeeded is kept, and of models a whole answer of the first one that was asked', async t => {
  const failure = { status: 'failed', error: { code: 'tool/down', message: 'down', retryable: false } } as const
  for (const result of [
    { outcome: failure, costNano: 0 },
    { pause: { code: 'secret/missing', message: 'no key', retryable: false } },
    answered({ finish_reason: 'length' }),
    answered({ tried: ['model.a', 'model.b'] }),
    answered({}, { passed_over: [{ model: 'model.a', reason: 'breaker' }] }),
    answered({ cached: true }),
  ] as const) {
    const { run, begun } = await world(t, async () => result)
    for (let index = 0; index < 2; index++) await run([asked('model')])
    t.equal(begun.length, 2, JSON.stringify(result))
  }
})

t.test('CACHE-3: equal steps at once are executed once', async t => {
  let answer = (_: EffectResult) => {}
  const held = new Promise<EffectResult>(resolve => {
    answer = resolve
  })
  const { run, begun, clock } = await world(t, () => held)
  const runs = [run([asked('tool')]), run([asked('tool')]), run([asked('tool', { name: 'b' }), asked('tool', { name: 'c' })])]
  await clock.advance(2000)
  answer(answered())
  for (const ended of runs) t.match(await ended, { state: 'succeeded' })
  t.equal(begun.length, 1)
})

t.test('CACHE-4: a hit is a record, and what becomes of the cache changes no run', async t => {
  const { run, store, begun, cache } = await world(t)
  await run([asked('tool')])
  const hit = await run([asked('tool')])
  await cache.clear({ environment: 'dev' })
  t.match(await store.step(hit.id, 'a'), { outcome: { status: 'succeeded', attributes: { output: 'yes' } } })
  t.equal(begun.length, 1)
  Object.assign(cache, { claim: () => Promise.reject(new Error('The disk is gone')) })
  t.match(await run([asked('tool')]), { state: 'succeeded' })
  t.match(await run([asked('flow')]), { state: 'succeeded' })
  t.same(begun, ['a', 'a', 'inner'])
})

t.test('a flow is begun once for equal inputs: later nodes have its output, without a run of their own', async t => {
  const { run, store, begun } = await world(t)
  const [first, second] = [await run([asked('flow')]), await run([asked('flow')])]
  t.same(begun, ['inner'])
  t.match(first, { costNano: 500 })
  t.match(second, { state: 'succeeded', costNano: 0, output: [{ output: 'a', cost: 0 }] })
  const children = await store.listRuns({ project: 'shop', flow: 'workflow.child', limit: 9 })
  t.equal(children.length, 1)
  t.match(await store.step(second.id, 'a'), { facts: { cached: true }, outcome: { attributes: { run_id: children[0]?.id } } })
  await run([asked('flow')], { input: { text: 'b' } })
  t.same(begun, ['inner', 'inner'])
})

t.test('a run that is to use no cache takes nothing from it and leaves nothing there, nor do its children', async t => {
  const { run, store, begun, cache } = await world(t)
  for (let index = 0; index < 2; index++) await run([asked('tool'), asked('flow', { name: 'b' })], { withoutCache: true })
  t.same(begun, ['a', 'inner', 'a', 'inner'])
  t.match(await cache.statistics('dev'), { models: [] })
  const runs = await store.listRuns({ project: 'shop', limit: 9 })
  t.same(
    runs.map(({ withoutCache }) => withoutCache),
    [true, true, true, true],
  )
  await run([asked('tool')])
  const [kept] = await Promise.all([run([asked('tool')]), store.getRun(runs[0]?.id ?? '')])
  t.notOk(kept.withoutCache)
  t.equal(begun.length, 5, 'what others kept is theirs')
})

t.test('without a cache, and for a transform, which is computed, everything is as it was', async t => {
  const { run, begun } = await world(t)
  const { cache: _, ...plain } = asked('tool')
  for (let index = 0; index < 2; index++) await run([plain, { name: 't', type: 'transform', cache: CACHE, arguments: { value: 1 } }])
  t.same(begun, ['a', 'a'])
})
