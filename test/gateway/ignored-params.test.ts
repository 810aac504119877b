import t, { type Test } from 'tap'
import type { ModelSpec, ParamsSpec } from '../../src/artifact/model.ts'
import catalogue from '../../src/config/catalogue/catalogue.json' with { type: 'json' }
import { whyIgnored } from '../../src/config/model-params.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { callTo, gatewayDependencies } from '../support/gateway.ts'
import { type RecordedVendor, recordedVendors, recordingOf } from '../support/recorded-vendors.ts'
import { startReplayServer } from '../support/replay-server.ts'

const PARAMS: ParamsSpec = {
  temperature: 0.5,
  top_p: 0.9,
  top_k: 5,
  seed: 7,
  stop: ['END'],
  frequency_penalty: 0.1,
  presence_penalty: 0.2,
}

const NAMES = Object.keys(PARAMS) as (keyof ParamsSpec)[]

/** Asks a recorded vendor; gives the body that it was sent. */
async function senderTo(t: Pick<Test, 'teardown'>, vendor: RecordedVendor, model: Partial<ModelSpec>) {
  const server = await startReplayServer()
  const dependencies = gatewayDependencies({ KEY: 'key-12345' })
  t.teardown(async () => {
    await dependencies.http.close()
    await server.close()
  })
  const spec = providerSpec({ ...vendor.provider, base_url: server.url + vendor.path, api_key: { $secret: 'KEY' } })
  const target = modelTarget(spec, { id: vendor.id, capabilities: ['seed', 'streaming', 'system'], ...model })
  const gateway = createGateway(dependencies)
  return {
    target,
    async send(params: ParamsSpec): Promise<string> {
      server.play(recordingOf(vendor, 'plain'))
      await gateway.call(callTo(target, { params: { max_output_tokens: 4000, ...params } }))
      return JSON.stringify(server.requests.at(-1)?.body)
    },
  }
}

type Sender = Awaited<ReturnType<typeof senderTo>>

/** Parameters that change nothing of what is sent, beside those of which a plan says so. */
async function ignored({ target, send }: Sender, more: ParamsSpec = {}) {
  const without = await send(more)
  const found: string[] = []
  const told: string[] = []
  for (const name of NAMES) {
    if (name in more) continue
    const params = { ...more, [name]: PARAMS[name] }
    if ((await send(params)) === without) found.push(name)
    if (whyIgnored(name, params, target.spec, target.provider.spec) !== undefined) told.push(name)
  }
  return { found, told }
}

t.test('what a plan says of parameters is what requests have: those that change nothing in a body are those that are told', async t => {
  for (const vendor of recordedVendors) {
    // An id of a model that thinks would leave out more than its capabilities say.
    const isOpenAi = vendor.provider.type === 'openai' || vendor.provider.type === 'azure'
    const plain = await senderTo(t, vendor, isOpenAi ? { id: 'gpt-4o' } : {})
    const { found, told } = await ignored(plain)
    t.same(told, found, vendor.name)
    const thinking = await senderTo(t, vendor, { capabilities: ['reasoning', 'seed', 'streaming', 'system'] })
    const thoughtful = await ignored(thinking, { reasoning_effort: 'low' })
    t.same(thoughtful.told, thoughtful.found, `${vendor.name} that thinks`)
  }
  const claude = recordedVendors.find(({ name }) => name === 'anthropic')
  if (claude === undefined) throw new Error('there are no recordings of Claude')
  const both = await ignored(await senderTo(t, claude, {}), { temperature: 0.1 })
  t.same(both.told, both.found, 'Claude with a temperature')
  t.ok(both.found.includes('top_p'))
})

t.test('the same for each model of the catalogue whose family differs', async t => {
  const text = JSON.stringify(catalogue)
  for (const [name, pattern] of [
    ['anthropic', /"(claude-[a-z0-9.-]+)\*?"/g],
    ['google', /"(gemini-[a-z0-9.-]+)\*?"/g],
  ] as const) {
    const vendor = recordedVendors.find(candidate => candidate.name === name)
    if (vendor === undefined) throw new Error(`there are no recordings of ${name}`)
    const ids = new Set([...text.matchAll(pattern)].flatMap(([, id]) => id ?? []))
    t.ok(ids.size > 5)
    for (const id of ids) {
      const { found, told } = await ignored(await senderTo(t, vendor, { id }))
      t.same(told, found, id)
    }
  }
})
