import t from 'tap'
import { CallFailure } from '../../src/gateway/failure.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { callTo, gatewayDependencies } from '../support/gateway.ts'

const simulation = { latency_ms: 0, seed: 1, answers: [], faults: [] }
const price = [{ above_input_tokens: 0, input_nano_per_m: 20_000_000 }]
const embedder = { id: 'simulated-embedding', kind: 'embedding', dimensions: 8, price } as const

function request() {
  const provider = providerSpec({ type: 'simulated', simulation })
  const { tiers, signal, caller, policy } = callTo(modelTarget(provider, embedder))
  return { tiers, signal, caller, policy, texts: ['a parcel', 'an invoice', 'a parcel'], purpose: 'document' } as const
}

t.test('texts become vectors, each of its length, equal ones for equal texts, at the price of their tokens', async t => {
  const { embed } = createGateway(gatewayDependencies())
  const { vectors, usage, costNano, history } = await embed(request())
  t.equal(vectors.length, 3)
  t.ok(vectors.every(vector => vector.length === 8))
  t.strictSame(vectors[0], vectors[2])
  t.notSame(vectors[0], vectors[1])
  t.equal(costNano, Math.round((usage?.input ?? 0) * 20))
  t.match(history.attempts, [{ outcome: 'answered' }])
})

t.test('a failure is tried again, as that of any call, and has a class', async t => {
  const dependencies = gatewayDependencies()
  t.teardown(() => dependencies.http.close())
  const nobody = providerSpec({ type: 'openai_compatible', base_url: 'http://127.0.0.1:1/v1' })
  const retry = { max_attempts: 2, initial_ms: 1, max_ms: 1, on: ['network'] } as const
  const { tiers } = callTo(modelTarget(nobody, { ...embedder, retry }))
  const details = await createGateway(dependencies)
    .embed({ ...request(), tiers })
    .then(
      () => undefined,
      (error: unknown) => (error instanceof CallFailure ? error.details : error),
    )
  t.match(details, { class: 'network', history: { attempts: [{ outcome: 'network' }, { outcome: 'network' }] } })
})

t.test('max_cost refuses before anything is asked', async t => {
  const { embed } = createGateway(gatewayDependencies())
  const { policy, ...rest } = request()
  await t.rejects(embed({ ...rest, policy: { ...policy, maxCostNano: 1 } }), { message: 'the call could cost more than its max_cost' })
})
