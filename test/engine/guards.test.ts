import t from 'tap'
import { ARTIFACT_FORMAT, type Artifact } from '../../src/artifact/envelope.ts'
import type { GuardSpec } from '../../src/artifact/guard.ts'
import { memberKey } from '../../src/artifact/references.ts'
import { digestOf } from '../../src/base/digest.ts'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import { guardTargets } from '../../src/engine/prompt/guards.ts'
import { runPrompt } from '../../src/engine/prompt/prompt-run.ts'
import { closureOf, modelSpec, providerSpec } from '../support/artifacts.ts'
import { promptDependencies } from '../support/gateway.ts'

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
  const { members, address } = closureOf(prompt, {}, provider)
  const guard: Artifact = { format: ARTIFACT_FORMAT, kind: 'guard', refs: ['model.test'], secrets: [], spec }
  const old: Artifact = { format: ARTIFACT_FORMAT, kind: 'model', refs: ['provider.test'], secrets: [], spec: modelSpec({ id: 'old' }) }
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
