import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { JsonSchema } from '../../src/artifact/json-schema.ts'
import type { ModelSpec } from '../../src/artifact/model.ts'
import type { ProviderSpec } from '../../src/artifact/provider.ts'
import type { CallEvent, CallMessage, CallRequest, EmbeddingCall } from '../../src/gateway/call.ts'
import { CallFailure, type FailureDetails } from '../../src/gateway/failure.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { providerDefinitions } from '../../src/gateway/providers/index.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { projectRoot } from '../support/built-cli.ts'
import { callTo, gatewayDependencies } from '../support/gateway.ts'
import { FEATURES, type Feature, providerTable, type Support, withProviderTable } from '../support/provider-table.ts'
import {
  errorsOf,
  hasRecording,
  type RecordedVendor,
  recordedVendors,
  recordingOf,
  requestsFile,
  streamOf,
} from '../support/recorded-vendors.ts'
import { type ReplayServer, startReplayServer } from '../support/replay-server.ts'

const KEY = 'VENDOR_KEY'
const CANARY = 'sk-canary-8f21c07be4d2a9'
const TEXT = 'The invoice is due on 3 March.'

const everything: Partial<ModelSpec> = {
  capabilities: ['files', 'images', 'json_schema', 'parallel_tools', 'reasoning', 'streaming', 'system', 'tools'],
  retry: { max_attempts: 1, initial_ms: 1, max_ms: 1, on: [] },
}

const lookup = {
  name: 'lookup',
  description: 'Looks an invoice up.',
  input: { type: 'object', properties: { invoice: { type: 'string' } }, required: ['invoice'], additionalProperties: false },
} as const

const answerSchema: JsonSchema = {
  type: 'object',
  'x-order': ['zebra', 'apple'],
  properties: { apple: { type: 'string' }, zebra: { type: 'number' } },
  required: ['apple', 'zebra'],
  additionalProperties: false,
}

const question: readonly CallMessage[] = [
  { role: 'system', text: 'Be short.' },
  { role: 'user', text: 'When is it due?' },
]

const withFile = (mediaType: string, data: string, name: string): readonly CallMessage[] => [
  { role: 'user', text: 'What is it?', files: [{ mediaType, data, name }] },
]

/** What was seen of each type, over all its interfaces. */
const seen = new Map<ProviderSpec['type'], Map<Feature, Support>>()

function note({ provider }: Pick<RecordedVendor, 'provider'>, feature: Feature, support: Support): void {
  const features = seen.get(provider.type) ?? new Map<Feature, Support>()
  if (features.get(feature) !== 'yes') features.set(feature, support)
  seen.set(provider.type, features)
}

async function failureOf(promise: Promise<unknown>): Promise<FailureDetails> {
  try {
    await promise
  } catch (error) {
    if (error instanceof CallFailure) return error.details
    throw error
  }
  throw new Error('the call did not fail')
}

interface Bench {
  readonly vendor: RecordedVendor
  readonly server: ReplayServer
  readonly ask: (call?: Partial<CallRequest>, model?: Partial<ModelSpec>) => ReturnType<ReturnType<typeof createGateway>['call']>
  /** The same from a provider with `allow_private`. */
  readonly askPrivately: Bench['ask']
  readonly embed: (call?: Partial<EmbeddingCall>, model?: Partial<ModelSpec>) => ReturnType<ReturnType<typeof embedderOf>>
  /** The last request, by the name of what was asked. */
  readonly sent: (name: string) => { readonly path: string; readonly body: unknown }
}

function embedderOf(spec: ProviderSpec, dependencies: ReturnType<typeof gatewayDependencies>) {
  const provider = providerDefinitions[spec.type].connect(modelTarget(spec).provider, dependencies)
  return (call: EmbeddingCall) => provider.embed(call)
}

async function benchOf(vendor: RecordedVendor, t: Pick<Test, 'teardown'>): Promise<Bench> {
  const server = await startReplayServer()
  const dependencies = gatewayDependencies({ [KEY]: CANARY })
  t.teardown(async () => {
    await dependencies.http.close()
    await server.close()
  })
  const spec = providerSpec({ ...vendor.provider, base_url: server.url + vendor.path, api_key: { $secret: KEY } })
  const gateway = createGateway(dependencies)
  const embedder = embedderOf(spec, dependencies)
  const signal = new AbortController().signal
  const asking =
    (account: ProviderSpec): Bench['ask'] =>
    (call, model) =>
      gateway.call(callTo(modelTarget(account, { id: vendor.id, ...everything, ...model }), { messages: question, ...call }))
  return {
    vendor,
    server,
    ask: asking(spec),
    askPrivately: asking({ ...spec, allow_private: true }),
    embed: (call, model) => {
      const target = modelTarget(spec, { id: vendor.embeddingId ?? vendor.id, kind: 'embedding', ...model })
      return embedder({ target, texts: ['one', 'two'], purpose: 'document', signal, ...call })
    },
    sent(name) {
      const { path, body } = server.requests.at(-1) ?? { path: '', body: undefined }
      return expectSent(vendor, name, { path, body })
    },
  }
}

const sentBodies = new Map<string, Record<string, unknown>>()

/** Remembers what was sent, and gives it back. */
function expectSent<T>(vendor: RecordedVendor, name: string, request: T): T {
  sentBodies.set(vendor.name, { ...sentBodies.get(vendor.name), [name]: request })
  return request
}

for (const vendor of recordedVendors) {
  t.test(`recorded answers of ${vendor.name}`, async t => {
    const bench = await benchOf(vendor, t)
    const { server, ask, embed, sent } = bench

    await t.test('a plain answer: text, usage, and its cost by the hand-computed table', async t => {
      server.play(recordingOf(vendor, 'plain'))
      const result = await ask({}, { price: [vendor.price] })
      t.match(result, { text: TEXT, finishReason: 'stop', simulated: false })
      t.same(result.usage, vendor.usage)
      t.equal(result.costNano, vendor.costNano)
      sent('plain')
      note(vendor, 'text', 'yes')
      note(vendor, 'cached input', vendor.usage.cachedInput > 0 ? 'yes' : 'no')
    })

    await t.test('the same answer as a stream, thoughts apart', async t => {
      server.play(streamOf(vendor, 'stream'))
      const events: CallEvent[] = []
      const result = await ask({ onEvent: event => events.push(event) }, { price: [vendor.price] })
      t.match(result, { text: TEXT, finishReason: 'stop' })
      t.same(result.usage, vendor.usage)
      t.equal(result.costNano, vendor.costNano)
      const textOf = (type: string) => events.map(event => (event.type === type && 'text' in event ? event.text : '')).join('')
      t.equal(textOf('text-delta'), TEXT)
      t.ok(events.filter(event => event.type === 'text-delta').length > 1, 'in pieces')
      t.equal(textOf('reasoning-delta'), vendor.showsThoughts ? 'The user asks for a date.' : '')
      sent('stream')
      note(vendor, 'streaming', 'yes')
      note(vendor, 'thoughts', vendor.showsThoughts ? 'yes' : 'no')
    })

    await t.test('tool calls, plain and streamed, and their results handed back', async t => {
      server.play(recordingOf(vendor, 'tools'))
      const plain = await ask({ tools: [lookup] })
      sent('tools')
      server.play(streamOf(vendor, 'tools'))
      const names: string[] = []
      const onEvent = (event: CallEvent) => {
        if (event.type === 'tool-call') names.push(event.name)
      }
      const streamed = await ask({ tools: [lookup], onEvent })
      for (const result of [plain, streamed]) {
        t.equal(result.finishReason, 'tool_calls')
        t.same(
          result.toolCalls.map(call => [call.name, JSON.parse(call.arguments)]),
          [
            ['lookup', { invoice: 'A-17' }],
            ['lookup', { invoice: 'A-18' }],
          ],
        )
      }
      t.same(names, ['lookup', 'lookup'])

      server.play(recordingOf(vendor, 'plain'))
      const bodies = []
      for (const { text, toolCalls, trail } of [plain, streamed]) {
        const results = toolCalls.map(
          ({ id, name }, index): CallMessage => ({
            role: 'tool',
            text: index === 0 ? '{"due":"3 March"}' : 'no such invoice',
            result: { id, name, failed: index > 0 },
          }),
        )
        const answered: CallMessage = { role: 'assistant', text, toolCalls, ...(trail && { trail: JSON.parse(JSON.stringify(trail)) }) }
        const result = await ask({ tools: [lookup], messages: [...question, answered, ...results] })
        t.equal(result.text, TEXT)
        bodies.push(sent('tool results').body)
      }
      const ids = (body: unknown, calls: typeof plain.toolCalls) =>
        calls.reduce((json, { id }, index) => json.replaceAll(id, `call ${index + 1}`), JSON.stringify(body))
      t.equal(ids(bodies[1], streamed.toolCalls), ids(bodies[0], plain.toolCalls), 'a streamed answer is handed back as a plain one')
      note(vendor, 'tool calls', 'yes')
    })

    await t.test('a parameter that the vendor has no word for is left out, and the result says so in our words', async t => {
      server.play(recordingOf(vendor, 'plain'))
      const params = { top_k: 5, seed: 1, stop: ['x'], frequency_penalty: 0.1, presence_penalty: 0.2 }
      // As a model that does not think: those take less.
      const { warnings } = await ask({ params }, { capabilities: ['system'], ...(/^(o\d|gpt-5)/.test(vendor.id) && { id: 'gpt-4o' }) })
      t.same(
        warnings,
        vendor.leavesOut.map(name => `${name} is not supported`),
      )
    })

    await t.test('a typed answer', async t => {
      server.play(recordingOf(vendor, 'plain'))
      await ask({ output: answerSchema })
      const { messages: _, system: __, contents: ___, ...body } = Object(sent('typed answer').body)
      t.ok(JSON.stringify(body).includes('"zebra"'), 'the schema is beside the messages')
      note(vendor, 'typed answers', JSON.stringify(body).includes('"zebra"') ? 'yes' : 'no')
    })

    for (const [feature, messages] of [
      ['images', withFile('image/png', 'iVBORw0KGgo=', 'chart.png')],
      ['PDF files', withFile('application/pdf', 'JVBERi0=', 'terms.pdf')],
    ] as const) {
      await t.test(`${feature} in a message, or a clear refusal before anything is sent`, async t => {
        server.play(recordingOf(vendor, 'plain'))
        const before = server.requests.length
        const outcome = await ask({ messages }).catch((error: unknown) => error)
        if (outcome instanceof CallFailure) {
          t.equal(outcome.details.class, 'bad_request')
          t.equal(server.requests.length, before)
          note(vendor, feature, 'no')
          return
        }
        t.match(
          JSON.stringify(sent(feature).body),
          messages[0]?.files?.[0] && 'data' in messages[0].files[0] ? messages[0].files[0].data : '',
        )
        note(vendor, feature, 'yes')
      })
    }

    await t.test('a file with an address is fetched by the vendor, or by us, and from here only where that is allowed', async t => {
      server.play(recordingOf(vendor, 'plain'))
      const at = (url: string): readonly CallMessage[] => [{ role: 'user', text: 'What is it?', files: [{ mediaType: 'image/gif', url }] }]
      const picture = await startReplayServer()
      t.teardown(() => picture.close())
      picture.play({ status: 200, contentType: 'image/gif', body: Buffer.from([0x47, 0x49, 0x46, 0xff, 0x00]) })
      const outcome: unknown = await ask({ messages: at(`${picture.url}/a.gif?token=x`) }).catch((error: unknown) => error)
      if (outcome instanceof CallFailure) {
        t.match(outcome.details, {
          class: 'bad_request',
          message: `the file ${picture.url}/a.gif cannot be fetched: it is an address of this machine`,
        })
        t.equal(picture.requests.length, 0)
        await bench.askPrivately({ messages: at(`${picture.url}/a.gif`) })
        t.match(JSON.stringify(server.requests.at(-1)?.body), /R0lG\/wA=/)
        picture.play({ status: 404, contentType: 'text/plain', body: 'gone' })
        const gone = await failureOf(bench.askPrivately({ messages: at(`${picture.url}/b.gif`) }))
        t.match(gone, { class: 'bad_request', message: /b\.gif cannot be fetched: its server answered with status 404$/ })
      } else t.match(JSON.stringify(server.requests.at(-1)?.body), `${picture.url}/a.gif`)
    })

    await t.test('BUD-3: params.reasoning_effort in the words of the vendor, thoughts within max_output_tokens', async t => {
      server.play(recordingOf(vendor, 'plain'))
      await ask({ params: { max_output_tokens: 4000 } })
      const { body: without } = sent('params')
      await ask({ params: { max_output_tokens: 4000, reasoning_effort: 'high' } })
      const { body } = sent('reasoning')
      t.not(JSON.stringify(body), JSON.stringify(without))
      note(vendor, 'reasoning effort', JSON.stringify(body) === JSON.stringify(without) ? 'no' : 'yes')
      const limits = [...JSON.stringify(body).matchAll(/"(?:max\w*[tT]okens|budget_tokens)":(\d+)/g)].map(([, tokens]) => Number(tokens))
      t.equal(Math.max(...limits), 4000)

      await ask({ params: { max_output_tokens: 500, reasoning_effort: 'high' } })
      const short = JSON.stringify(server.requests.at(-1)?.body)
      t.notMatch(short, /budget_tokens/, 'no room for thoughts')
    })

    await t.test('an answer that was cut off says so', async t => {
      server.play(recordingOf(vendor, 'length'))
      t.match(await ask(), { text: 'The invoice is', finishReason: 'length', usage: { input: 41 } })
    })

    for (const name of ['refusal', 'filter']) {
      if (!hasRecording(vendor, name)) continue
      await t.test(`a withheld answer fails with what was billed: ${name}`, async t => {
        server.play(recordingOf(vendor, name))
        const details = await failureOf(ask({}, { price: [vendor.price] }))
        t.match(details, { class: vendor.withheld, status: 200, message: /./ })
        if (details.usage) t.equal(details.usage.input, 41)
        else t.equal(vendor.name, 'google', 'which counts no output where there was none')
      })
    }

    for (const error of errorsOf(vendor)) {
      await t.test(`${error.name} is ${error.expect.class}, plain and streamed`, async t => {
        server.play({ status: error.status, contentType: 'application/json', headers: error.headers, body: JSON.stringify(error.body) })
        for (const streaming of [{}, { onEvent: () => {} }]) {
          const details = await failureOf(ask(streaming))
          t.match(details, { status: error.status, message: /./, ...error.expect })
          t.notMatch(details.message, /[{}]/, 'in words')
        }
      })
    }

    await t.test('texts as vectors, or a clear failure', async t => {
      if (vendor.embeddingId === undefined) {
        const details = await failureOf(embed())
        t.match(details, { class: 'bad_request', message: `a provider of type "${vendor.provider.type}" has no embeddings` })
        note(vendor, 'embeddings', 'no')
        return
      }
      server.play(recordingOf(vendor, 'embedding'))
      const dimensions = vendor.fixedDimensions ? {} : { dimensions: 3 }
      const { vectors, usage, simulated } = await embed({}, dimensions)
      t.same(vectors[0], [0.6, 0, 0.8])
      t.equal(vectors.length, 2)
      t.equal(usage?.input ?? null, vendor.embeddingUsage)
      t.equal(simulated, false)
      sent('embedding')
      await embed({ purpose: 'query' }, dimensions)
      sent('embedding of a query')
      const other = vendor.fixedDimensions ? 256 : 5
      t.match(await failureOf(embed({}, { dimensions: other })), {
        class: 'invalid_response',
        message: `gave a vector of 3 dimensions, expected ${other}`,
      })
      server.play({ status: 401, contentType: 'application/json', body: `{"message":"bad key ${CANARY}"}` })
      t.match(await failureOf(embed()), { class: 'unauthorized', message: `bad key (secret ${KEY})`, key: { name: KEY } })
      note(vendor, 'embeddings', 'yes')
    })

    await t.test('what is sent is what was reviewed', async t => {
      const file = requestsFile(vendor)
      const bodies = sentBodies.get(vendor.name) ?? {}
      if (process.env.UPDATE_FIXTURES === '1' || !existsSync(file)) writeFileSync(file, `${JSON.stringify(bodies, null, 2)}\n`)
      t.same(bodies, JSON.parse(readFileSync(file, 'utf8')))
      t.notMatch(JSON.stringify(bodies), CANARY)
    })
  })
}

t.test('a simulated provider: what it does, and what it makes up', async t => {
  const spec = providerSpec({ type: 'simulated', simulation: { latency_ms: 0, seed: 1, answers: [], faults: [] } })
  const dependencies = gatewayDependencies()
  t.teardown(() => dependencies.http.close())
  const { call } = createGateway(dependencies)
  const ask = (request: Partial<CallRequest>) => call(callTo(modelTarget(spec, everything), { messages: question, ...request }))
  const simulated = { provider: { type: 'simulated' } } as const

  const events: CallEvent[] = []
  const result = await ask({ onEvent: event => events.push(event) })
  t.match(result, { text: 'This is a simulated answer to: When is it due?', simulated: true, usage: { cachedInput: 0, reasoning: 0 } })
  t.match(events[0], { type: 'text-start' })
  t.match(JSON.parse((await ask({ output: answerSchema })).text), { apple: /./, zebra: /./ })
  for (const messages of [withFile('image/png', 'iVBORw0KGgo=', 'a.png'), withFile('application/pdf', 'JVBERi0=', 'a.pdf')])
    t.equal((await ask({ messages })).finishReason, 'stop')
  const toolCalls = [{ when: true, tool_calls: [{ name: 'lookup', arguments: { invoice: 'A-17' } }], finish_reason: 'stop' }]
  const calling = providerSpec({ type: 'simulated', simulation: { latency_ms: 0, seed: 1, answers: toolCalls, faults: [] } })
  const called = await call(callTo(modelTarget(calling, everything), { tools: [lookup] }))
  t.match(called, { finishReason: 'tool_calls', toolCalls: [{ name: 'lookup', arguments: '{"invoice":"A-17"}' }] })

  const embed = embedderOf(spec, dependencies)
  const texts = ['When is the invoice due?', 'The invoice is due on 3 March.', 'Cats sleep all day.', 'When is the invoice due?', '', '…']
  const target = modelTarget(spec, { kind: 'embedding', dimensions: 64 })
  const { vectors, usage } = await embed({ target, texts, purpose: 'document', signal: new AbortController().signal })
  const nearness = (a = 0, b = 0) => (vectors[a] ?? []).reduce((sum, value, index) => sum + value * (vectors[b]?.[index] ?? 0), 0)
  for (const vector of vectors) {
    t.equal(vector.length, 64)
    t.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-9, 'of length 1')
  }
  t.same(vectors[0], vectors[3], 'the same for the same text')
  t.ok(nearness(0, 1) > nearness(0, 2), 'texts that share words are near')
  t.match(usage, { input: 26, output: 0 })
  for (const feature of FEATURES) {
    const isMadeUp = feature === 'reasoning effort' || feature === 'thoughts' || feature === 'cached input'
    note(simulated, feature, isMadeUp ? 'no' : 'yes')
  }
})

t.test('the tables of the docs say what this suite saw; UPDATE_FIXTURES=1 writes them', t => {
  t.same([...seen.keys()].sort(), Object.keys(providerDefinitions).sort(), 'every type was tried')
  const table = providerTable(seen)
  for (const file of ['README.md', 'docs/providers.md']) {
    const path = join(projectRoot, file)
    const text = readFileSync(path, 'utf8')
    const updated = withProviderTable(text, table)
    if (process.env.UPDATE_FIXTURES === '1' && updated !== text) writeFileSync(path, updated)
    t.equal(updated, readFileSync(path, 'utf8'), file)
  }
  t.end()
})
