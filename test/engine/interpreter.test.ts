import t from 'tap'
import type { Closure } from '../../src/artifact/closure.ts'
import type { Command } from '../../src/engine/interpreter/command.ts'
import { graphOf } from '../../src/engine/interpreter/flow-graph.ts'
import { createInterpretation } from '../../src/engine/interpreter/interpreter.ts'
import { matchesCode, nodeNamed, retryAfter } from '../../src/engine/interpreter/retry.ts'
import { type CaseGraph, closureOf, drive, factsOf, graphOfCase, START_MS, scriptOf, settingsOf } from '../support/workflow-case.ts'

const succeeded = { status: 'succeeded', exit: 'done', attributes: { output: 1 } } as const

function settingsFor(graph: CaseGraph, input = {}) {
  return settingsOf(graphOfCase(graph), factsOf({ input }), closureOf())
}

t.test('STEP-6: a failed attempt is tried again as the node says', t => {
  const retry = { max_attempts: 5, initial_ms: 1000, max_ms: 5000 }
  const busy = { code: 'provider/overloaded', message: 'busy', retryable: true }
  const wrong = { code: 'run/bad-output', message: 'wrong', retryable: false }
  t.same(
    [1, 2, 3, 4, 5].map(attempt => retryAfter({ retry }, attempt, busy)),
    [1000, 2000, 4000, 5000, undefined],
    'it waits twice as long each time, up to a limit, and ends',
  )
  t.equal(retryAfter({}, 1, busy), undefined, 'without retry there is one attempt')
  t.equal(retryAfter({ retry }, 1, wrong), undefined, 'what will not go better is not tried again')
  t.equal(retryAfter({ retry: { ...retry, on: ['run/*'] } }, 1, wrong), 1000, 'codes that are named are')
  t.equal(retryAfter({ retry: { ...retry, on: ['run/*'] } }, 1, busy), undefined, 'and then no others')
  t.ok(matchesCode(['*'], 'any/thing'))
  t.notOk(matchesCode(['run/bad'], 'run/bad-output'), 'without a star a code is whole')
  t.end()
})

t.test('a node is found by its name, in bodies too', t => {
  const { nodes } = graphOfCase({
    nodes: [
      { name: 'a', type: 'model' },
      { name: 'm', type: 'map', nodes: [{ name: 'l', type: 'loop', nodes: [{ name: 'x', type: 'tool' }] }] },
    ],
  })
  t.equal(nodeNamed({ nodes }, 'a')?.type, 'model')
  t.equal(nodeNamed({ nodes }, 'x')?.type, 'tool')
  t.equal(nodeNamed({ nodes }, 'y'), undefined)
  t.end()
})

t.test('the graph of a prompt is one model node that gets the whole input', t => {
  const input = { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] }
  const { members } = closureOf({ 'prompt.p': { kind: 'prompt', spec: { input, tiers: [], messages: [] } } })
  const closure: Closure = { address: 'prompt.p', members }
  const graph = graphOf(closure)
  const { commands, outcome } = drive(
    settingsOf(graph, factsOf({ input: { q: 'hi' } }), closure),
    scriptOf({ answer: { give: { output: 'Hello' } } }),
  )
  t.match(commands.get('answer'), { nodeType: 'model', arguments: { prompt: { $ref: 'prompt.p' }, with: { q: 'hi' } }, timeoutMs: 120_000 })
  t.same(outcome, { state: 'succeeded', output: 'Hello' })
  t.end()
})

t.test('the graph of a workflow is its own, and nothing else has one', t => {
  const spec = { ...graphOfCase({ nodes: [{ name: 'a', type: 'model' }] }) }
  const { members } = closureOf({
    'workflow.w': { kind: 'workflow', spec: JSON.parse(JSON.stringify(spec)) },
    'model.m': { kind: 'model', spec: {} },
  })
  t.equal(graphOf({ address: 'workflow.w', members }).nodes[0]?.name, 'a')
  t.throws(() => graphOf({ address: 'model.m', members }), { code: 'run/not-a-flow' })
  t.end()
})

t.test('DET-5: a graph of semantics that this interpreter does not know is not touched', t => {
  const settings = settingsFor({ nodes: [{ name: 'a', type: 'model' }] })
  t.throws(() => createInterpretation({ ...settings, graph: { ...settings.graph, interpreter: 99 } }), {
    code: 'run/unsupported-interpreter',
  })
  t.end()
})

t.test('RUN-8: a graph with too many nodes fails before anything is asked', t => {
  const nodes = Array.from({ length: 1001 }, (_, index) => ({ name: `n${index}`, type: 'model' }) as const)
  const interpretation = createInterpretation(settingsFor({ nodes }))
  t.same(interpretation.take(), [])
  t.match(interpretation.outcome, { state: 'failed', error: { code: 'run/too-many-nodes' } })
  t.end()
})

t.test('people see how each node stands', t => {
  const interpretation = createInterpretation(
    settingsFor({
      nodes: [
        { name: 'r', type: 'router', arguments: { routes: [{ name: 'a', when: true }] } },
        { name: 'x', type: 'model', sources: ['r>other'] },
        { name: 'm', type: 'map', arguments: { items: [1, 2, 3], concurrency: 2 }, nodes: [{ name: 'y', type: 'model' }], output: 1 },
        { name: 'w', type: 'wait', arguments: { duration_ms: 5 } },
        { name: 'z', type: 'model', sources: ['m'] },
      ],
    }),
  )
  interpretation.take()
  t.same(interpretation.nodes(), [
    { path: 'r', type: 'router', status: 'succeeded', exit: 'a', matched: true },
    { path: 'x', type: 'model', status: 'skipped', reason: 'not on route other' },
    { path: 'm', type: 'map', status: 'running' },
    { path: 'm[0].y', type: 'model', status: 'running' },
    { path: 'm[1].y', type: 'model', status: 'running' },
    { path: 'w', type: 'wait', status: 'waiting' },
    { path: 'z', type: 'model', status: 'pending' },
  ])
  t.end()
})

t.test('a step that nobody asked for, and one that comes after the end, change nothing', t => {
  const interpretation = createInterpretation(settingsFor({ nodes: [{ name: 'a', type: 'model' }], output: { $expr: 'node.a.output' } }))
  interpretation.settle('nowhere', succeeded, START_MS)
  t.equal(interpretation.outcome, undefined)
  interpretation.settle('a', succeeded, START_MS + 1)
  interpretation.settle('a', { status: 'failed', error: { code: 'x/y', message: '', retryable: false } }, START_MS + 2)
  t.same(interpretation.outcome, { state: 'succeeded', output: 1 })
  t.same(interpretation.take(), [])
  t.end()
})

t.test('NUM-4: what a step gave that is no text fails who reads it, and does not crash', t => {
  const nodes = [
    { name: 'a', type: 'model' },
    { name: 'b', type: 'transform', sources: ['a'], arguments: { value: { $expr: 'node.a.text' } } },
  ] as const
  const { outcome } = drive(settingsFor({ nodes }), scriptOf({ a: { give: { text: '\ud800' } } }))
  t.match(outcome, { state: 'failed', error: { code: 'run/expression-failed', path: 'b' } })
  t.end()
})

t.test('a node knows what it took, a map what its items did, and an unknown cost stays unknown', t => {
  const x = { name: 'x', type: 'model' } as const
  const graph: CaseGraph = {
    nodes: [
      { name: 'a', type: 'model' },
      { name: 'm', type: 'map', arguments: { items: [1, 2] }, nodes: [x], output: 1 },
      { name: 'n', type: 'map', arguments: { items: [1, 2] }, nodes: [{ ...x, name: 'y' }], output: 1 },
      { name: 't', type: 'transform', arguments: { value: 1 } },
    ],
    output: { $expr: '[node.a.attempts, node.a.cost, node.m.cost, node.n.cost, node.t.cost]' },
  }
  const interpretation = createInterpretation(settingsFor(graph))
  const spent = { attempts: 3, costNano: 500_000_000 }
  for (const path of ['a', 'm[0].x', 'm[1].x', 'n[0].y']) interpretation.settle(path, succeeded, START_MS, spent)
  interpretation.settle('n[1].y', succeeded, START_MS, { attempts: 1, costNano: null })
  t.same(interpretation.outcome, { state: 'succeeded', output: [3, 0.5, 1, null, 0] })
  t.end()
})

t.test('a run that costs more than max_cost fails, and what is in flight is stopped', t => {
  const nodes = ['a', 'b', 'c'].map(name => ({ name, type: 'model' }) as const)
  const settings = settingsFor({ nodes })
  const interpretation = createInterpretation({ ...settings, graph: { ...settings.graph, max_cost_nano: 1_000_000_000 } })
  interpretation.take()
  interpretation.settle('a', succeeded, START_MS, { attempts: 1, costNano: 1_000_000_000 })
  t.same(interpretation.take(), [], 'what is allowed may be spent')
  interpretation.settle('b', succeeded, START_MS + 1, { attempts: 1, costNano: 1 })
  t.same(interpretation.take(), [{ type: 'abort', paths: ['c'] }])
  t.match(interpretation.outcome, { state: 'failed', error: { code: 'run/max-cost', message: 'The run costs more than $1', path: 'b' } })
  t.end()
})

t.test('weights are met, and a key stays where it is', t => {
  const routes = [
    { name: 'stable', weight: 90 },
    { name: 'next', weight: 10 },
  ]
  const graph = graphOfCase({
    nodes: [{ name: 'r', type: 'router', arguments: { kind: 'weighted', default: 'stable', key: { $expr: 'session.user' }, routes } }],
    output: { $expr: 'node.r.route' },
  })
  const routeOf = (user: string) => {
    const outcome = createInterpretation(settingsOf(graph, factsOf({ session: { user } }), closureOf())).outcome
    return outcome?.state === 'succeeded' ? outcome.output : undefined
  }
  const users = Array.from({ length: 2000 }, (_, index) => `user-${index}`)
  const taken = users.map(routeOf)
  const share = taken.filter(route => route === 'next').length / users.length
  // 0.1 ± 4 standard deviations of 2,000 draws.
  t.ok(share > 0.073 && share < 0.127, `${share} of the users take the route with a tenth of the weight`)
  t.same(users.map(routeOf), taken)
  t.end()
})

t.test('STEP-9: a map of 10,000 items is in flight by its concurrency alone, and its records are taken at once', t => {
  const count = 10_000
  const graph: CaseGraph = {
    max_steps: 100_000,
    nodes: [
      {
        name: 'm',
        type: 'map',
        arguments: { items: { $expr: 'input.items' }, max_items: 100_000, concurrency: 4 },
        nodes: [
          { name: 'x', type: 'model', arguments: { with: { n: { $expr: 'item.value' } } } },
          { name: 'y', type: 'transform', sources: ['x'], arguments: { value: { $expr: 'node.x.output + item.index' } } },
        ],
        output: { $expr: 'node.y.output' },
      },
    ],
    output: { $expr: '[length(node.m.output), node.m.output[9999]]' },
  }
  const settings = settingsFor(graph, { items: Array.from({ length: count }, (_, index) => index) })
  const live = createInterpretation(settings)
  const inFlight: Command[] = [...live.take()]
  const records: (readonly [string, number])[] = []
  let most = 0
  for (let command = inFlight.shift(); command && command.type !== 'abort'; command = inFlight.shift()) {
    records.push([command.path, START_MS + records.length])
    live.settle(command.path, succeeded, START_MS + records.length)
    inFlight.push(...live.take())
    most = Math.max(most, inFlight.length, live.nodes().length)
  }
  t.same(live.outcome, { state: 'succeeded', output: [count, 10_000] })
  // One for the map, and two for each item that runs.
  t.equal(most, 9)
  const replay = createInterpretation(settings)
  for (const [path, atMs] of records.toReversed()) replay.settle(path, succeeded, atMs)
  t.same(replay.take(), [])
  t.same(replay.outcome, live.outcome)
  t.end()
})
