import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { NodeSpec, WorkflowSpec } from '../../src/artifact/workflow.ts'
import type { Command } from '../../src/engine/interpreter/command.ts'
import type { Interpretation } from '../../src/engine/interpreter/interpretation.ts'
import { createInterpretation } from '../../src/engine/interpreter/interpreter.ts'
import { nodeNamed } from '../../src/engine/interpreter/retry.ts'
import { randomOf } from '../support/seeded.ts'
import { graphArbitrary, scriptFor } from '../support/workflow-arbitrary.ts'
import { type CaseGraph, closureOf, drive, factsOf, graphOfCase, inFlight, settingsOf } from '../support/workflow-case.ts'

const RUNS = Number(process.env.FLOWRUN_INTERPRETER_RUNS ?? 300)
const PREFIXES = 8

const closures = {
  safe: closureOf({ 'tool.any': { kind: 'tool', spec: { replay: 'safe' } } }),
  /** They are awaited where others are stopped. */
  once: closureOf({ 'tool.any': { kind: 'tool', spec: { replay: 'once' } } }),
}
const seedArbitrary = fc.integer({ min: 0, max: 2 ** 31 })
const troubleArbitrary = fc.constantFrom(0, 0.05, 0.3)

function settingsFor(graph: CaseGraph, replay: keyof typeof closures = 'once') {
  return settingsOf(graphOfCase(graph), factsOf({}), closures[replay])
}

t.test('every generated graph comes to an end, and starts nothing before its sources are decided', t => {
  let ends = { succeeded: 0, failed: 0 }
  fc.assert(
    fc.property(graphArbitrary, seedArbitrary, troubleArbitrary, (graph, seed, trouble) => {
      const settings = settingsFor(graph)
      const asked = new Set<string>()
      const { outcome } = drive(settings, scriptFor(seed, trouble), {
        onAsked(command, interpretation) {
          assert.ok(!asked.has(command.path), `${command.path} is asked once`)
          asked.add(command.path)
          assertSourcesDecided(command, interpretation, settings.graph)
        },
      })
      assert.ok(outcome, 'it ends')
      ends = { ...ends, [outcome.state]: ends[outcome.state] + 1 }
    }),
    { numRuns: RUNS },
  )
  t.ok(ends.succeeded > RUNS / 50 && ends.failed > RUNS / 50, `it saw both ends: ${ends.succeeded} and ${ends.failed}`)
  t.end()
})

t.test('DET-7: replay of each prefix of a journal, and then execution, is the run that was not interrupted', t => {
  fc.assert(
    fc.property(graphArbitrary, seedArbitrary, troubleArbitrary, fc.constantFrom('safe', 'once'), (graph, seed, trouble, replay) => {
      const settings = settingsFor(graph, replay)
      const script = scriptFor(seed, trouble)
      const whole = drive(settings, script)
      const times = new Map(whole.entries.map(({ path, atMs }) => [path, atMs]))
      const step = Math.max(1, Math.floor(whole.entries.length / PREFIXES))
      for (let length = 0; length <= whole.entries.length; length += step) {
        const former = shuffled(whole.entries.slice(0, length), seed)
        const begun = inFlight(whole, length)
        const { outcome, interpretation } = drive(settings, script, { former, begun, times })
        assert.deepEqual(outcome, whole.outcome, `after ${length} steps`)
        if (outcome?.state === 'succeeded') assert.deepEqual(interpretation.nodes(), whole.interpretation.nodes())
      }
    }),
    { numRuns: RUNS },
  )
  t.end()
})

t.test('replay asks for what was in flight, and for nothing else', t => {
  fc.assert(
    fc.property(graphArbitrary, seedArbitrary, (graph, seed) => {
      const settings = settingsFor(graph, 'safe')
      const { first, entries } = drive(settings, scriptFor(seed, 0))
      const length = Math.floor(entries.length / 2)
      const former = entries.slice(0, length)
      const open = inFlight({ first, entries }, length)
      const replay = createInterpretation(settings)
      for (const { path, outcome, atMs } of shuffled(former, seed)) replay.settle(path, outcome, atMs)
      const again = replay.take().map(command => (command.type === 'abort' ? 'stop' : command.path))
      assert.deepEqual(again.toSorted(), [...open].toSorted())
    }),
    { numRuns: RUNS },
  )
  t.end()
})

t.test('DET-1: without failures the order in which steps are done changes nothing', t => {
  fc.assert(
    fc.property(graphArbitrary, seedArbitrary, (graph, seed) => {
      const settings = settingsFor(graph)
      const script = scriptFor(seed, 0)
      const first = drive(settings, script)
      const other = drive(settings, script, { choose: randomOf(seed) })
      assert.equal(other.outcome?.state, first.outcome?.state)
      if (first.outcome?.state === 'succeeded') assert.deepEqual(other.outcome, first.outcome)
    }),
    { numRuns: RUNS },
  )
  t.end()
})

/** Of a node, and of all nodes around it. */
function assertSourcesDecided(command: Exclude<Command, { type: 'abort' }>, interpretation: Interpretation, graph: WorkflowSpec): void {
  const standings = new Map(interpretation.nodes().map(({ path, status }) => [path, status]))
  const parts = command.path.split('.')
  for (const [depth, part] of parts.entries()) {
    const node: NodeSpec | undefined = nodeNamed(graph, part.replace(/\[.*$/, ''))
    const prefix = parts.slice(0, depth).map(text => `${text}.`)
    for (const source of node?.sources ?? []) {
      const status = standings.get(prefix.join('') + source.node)
      assert.ok(status === 'succeeded' || status === 'skipped' || status === 'failed', `${command.path} before ${source.node}, ${status}`)
    }
  }
}

function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const random = randomOf(seed)
  return items
    .map(item => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}
