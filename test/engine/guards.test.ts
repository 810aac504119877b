import t from 'tap'
import { ARTIFACT_FORMAT, type Artifact } from '../../src/artifact/envelope.ts'
import type { GuardSpec } from '../../src/artifact/guard.ts'
import { memberKey } from '../../src/artifact/references.ts'
import { systemClock } from '../../src/base/clock.ts'
import { digestOf } from '../../src/base/digest.ts'
import { createUlidSource } from '../../src/base/ids.ts'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import type { RunRecord } from '../../src/engine/durable/record-store.ts'
import { modelEffect } from '../../src/engine/effects/model.ts'
import { guardTargets } from '../../src/engine/prompt/guards.ts'
import { runPrompt } from '../../src/engine/prompt/prompt-run.ts'
import { createBill } from '../../src/gateway/ledger/bill.ts'
import { createUsageLog } from '../../src/gateway/ledger/usage-log.ts'
import { systemTimers } from '../../src/gateway/timers.ts'
import { closureOf, modelSpec, providerSpec } from '../support/artifacts.ts'
import { gatewayDependencies, promptDependencies } from '../support/gateway.ts'
import { newRun } from '../support/runs.ts'
import { openSpending } from '../support/spending.ts'

/** $1 for each million tokens, either way. */
const PRICE = [{ above_input_tokens: 0, input_nano_per_m: 1_000_000_000, output_nano_per_m: 1_000_000_000 }]

const provider = providerSpec({
  type: 'simulated',
  simulation: {
    latency_ms: 0,
    seed: 1,
    faults: [],
    answers: [{ when: true, finish_reason: 'stop', json: { score: 0.9, reason: 'so' } }],
  },
})

const spec: GuardSpec = {
  detectors: [
    { type: 'json', action: 'flag', schema: { type: 'object', properties: { score: { type: 'string' } } } },
    { type: 'judge', action: 'flag', model: { $ref: 'model.test', version: 3 }, rubric: 'It is rude.', threshold: 0.5 },
  ],
  on_error: 'block',
}

function closure(prompt: Parameters<typeof closureOf>[0] = {}) {
  const { members, address } = closureOf(prompt, { price: PRICE }, provider)
  const guard: Artifact = { format: ARTIFACT_FORMAT, kind: 'guard', refs: ['model.test'], secrets: [], spec }
  const old: Artifact = {
    format: ARTIFACT_FORMAT,
    kind: 'model',
    refs: ['provider.test'],
    secrets: [],
    spec: modelSpec({ id: 'old', price: PRICE }),
  }
  const more = [
    ['guard.polite', { digest: digestOf('guard'), artifact: guard }],
    [
      memberKey({ $ref: 'guard.polite', version: 2 }),
      { digest: digestOf('old'), artifact: { ...guard, spec: { ...spec, on_error: 'flag' } } },
    ],
    [memberKey({ $ref: 'model.test', version: 3 }), { digest: digestOf('model'), artifact: old }],
  ] as const
  return { address, members: new Map([...members, ...more]) }
}

t.test('guards of a prompt come with the models of their judges, pinned ones in their version', t => {
  const [first, second] = guardTargets(closure(), [{ $ref: 'guard.polite' }, { $ref: 'guard.polite', version: 2 }])
  t.match(first, { address: 'guard.polite', digest: digestOf('guard'), spec: { on_error: 'block' } })
  t.match(second, { address: 'guard.polite', digest: digestOf('old'), spec: { on_error: 'flag' } })
  t.match(first?.judges.get('model.test@3')?.models, [{ address: 'model.test', spec: { id: 'old' } }])
  t.same(guardTargets(closure()), [])
  t.throws(() => guardTargets(closure(), [{ $ref: 'model.test' }]), OperationError)
  t.throws(() => guardTargets(closure(), [{ $ref: 'guard.gone' }]), OperationError)
  t.end()
})

t.test('a run asks its guards: the answer against a schema, and a judge that is simulated', async t => {
  const guarded = closure({ output_guards: [{ $ref: 'guard.polite' }] })
  const { text, history } = await runPrompt({ environment: 'dev', closure: guarded, input: {} }, promptDependencies())
  t.equal(JSON.parse(text).score, 0.9)
  t.same(
    history.verdicts.map(({ detector, finding, score }) => [detector, finding, score]),
    [
      ['json', '1 violation of the schema', undefined],
      ['judge', 'the rubric applies', 0.9],
    ],
  )
  t.equal(history.attempts.length, 1, 'the attempts of a judge are of its own call')
})

t.test('GW-6: what a judge costs is in the cost of its step, and so of its run; the cost of an answer is its own', async t => {
  const money = await openSpending(t.testdir())
  t.teardown(() => money.close())
  const usage = createUsageLog({ write: money.write, timers: systemTimers, onFailure: error => t.error(error) })
  const spending = { ledger: money.ledger, usage, newId: createUlidSource(systemClock) }
  const execute = modelEffect(promptDependencies({ ...gatewayDependencies(), spending }))
  const step = async (prompt: Parameters<typeof closure>[0]) => {
    const given = { prompt: { $ref: 'prompt.test' }, stream: false, with: {} }
    const command = { type: 'effect', path: 'm', node: 'm', nodeType: 'model', arguments: given, replay: 'safe', attempt: 1 } as const
    const bill = createBill()
    const run: RunRecord = { ...newRun('R1'), state: 'running', epoch: 1, deaths: 0, costNano: 0 }
    const result = await execute(command, run, closure(prompt), { effectKey: 'k', signal: new AbortController().signal, bill })
    if ('pause' in result || result.outcome.status !== 'succeeded') throw new Error('it has no answer')
    const calls = bill.close().records.flatMap(({ parts }) => parts.map(part => part.costNano ?? 0))
    return { costNano: result.costNano, cost: result.outcome.attributes.cost, calls }
  }
  const alone = await step({})
  const judged = await step({ output_guards: [{ $ref: 'guard.polite' }] })
  t.equal(judged.calls.length, 2)
  t.ok(judged.calls.every(costNano => costNano > 0))
  t.same([alone.calls, alone.costNano], [[alone.costNano], alone.costNano])
  t.equal(
    judged.costNano,
    judged.calls.reduce((sum, costNano) => sum + costNano, 0),
  )
  t.equal(judged.cost, alone.cost)
})
