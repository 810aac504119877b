import t, { type Test } from 'tap'
import type { JsonSchema } from '../../src/artifact/json-schema.ts'
import type { ModelSpec } from '../../src/artifact/model.ts'
import type { ProviderSpec } from '../../src/artifact/provider.ts'
import type { CallEvent, CallMessage, CallRequest, CallResult, EmbeddingCall } from '../../src/gateway/call.ts'
import { CallFailure, type FailureDetails } from '../../src/gateway/failure.ts'
import { createGateway, type GatewayDependencies } from '../../src/gateway/gateway.ts'
import { providerDefinitions } from '../../src/gateway/providers/index.ts'
import { startAnthropicServer } from '../support/anthropic-server.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { startAzureDeploymentServer, startAzureServer } from '../support/azure-server.ts'
import { startBedrockServer } from '../support/bedrock-server.ts'
import { callTo, gatewayDependencies } from '../support/gateway.ts'
import { startGoogleServer } from '../support/google-server.ts'
import { startMistralServer } from '../support/mistral-server.ts'
import { startOpenAiServer } from '../support/openai-server.ts'
import type { Fault, ProtocolServer } from '../support/protocol-server.ts'

const CANARY = 'sk-canary-8f21c07be4d2a9'

interface Vendor {
  /** Of the type, and of its interface where it has two. */
  readonly name: string
  readonly type: ProviderSpec['type']
  readonly provider?: Partial<ProviderSpec>
  readonly start: () => Promise<ProtocolServer>
  readonly path: string
  readonly key: string
  readonly id: string
  readonly reportedId: string
  readonly usage: CallResult['usage']
  readonly lengthReason: string
  readonly keyHeader: 'authorization' | 'x-api-key' | 'api-key' | 'x-goog-api-key'
  /** Its word for too many calls at once, in a stream. */
  readonly overloaded?: string
  /** The id is in the path, so that a body has no word for it. */
  readonly idInPath?: boolean
}

const openAiUsage = { input: 12, cachedInput: 4, cacheWrite: 0, output: 7, reasoning: 2 }

const openAi = {
  path: '',
  start: startOpenAiServer,
  usage: openAiUsage,
  lengthReason: 'length',
  keyHeader: 'authorization',
} as const
const azure = { type: 'azure', start: startAzureServer, key: 'AZURE_OPENAI_API_KEY', keyHeader: 'api-key', id: 'our-deployment' } as const
const reported = { id: 'gpt-4o-mini', reportedId: 'gpt-4o-mini-2026-01-01' } as const

const vendors: readonly Vendor[] = [
  { ...openAi, ...reported, name: 'openai', type: 'openai', key: 'OPENAI_API_KEY' },
  {
    ...openAi,
    name: 'openai_compatible',
    type: 'openai_compatible',
    key: 'LOCAL_KEY',
    id: 'llama-3',
    reportedId: 'llama-3-2026-01-01',
  },
  {
    name: 'anthropic',
    type: 'anthropic',
    start: startAnthropicServer,
    path: '/v1',
    key: 'ANTHROPIC_API_KEY',
    id: 'claude-haiku-4-5',
    reportedId: 'claude-haiku-4-5',
    usage: { input: 12, cachedInput: 4, cacheWrite: 3, output: 7, reasoning: 0 },
    lengthReason: 'max_tokens',
    keyHeader: 'x-api-key',
  },
  { ...openAi, ...reported, name: 'openai, responses', type: 'openai', provider: { api: 'responses' }, key: 'OPENAI_API_KEY' },
  {
    name: 'google',
    type: 'google',
    start: startGoogleServer,
    path: '/v1beta',
    key: 'GEMINI_API_KEY',
    id: 'gemini-2.5-flash',
    reportedId: 'gemini-2.5-flash',
    usage: openAiUsage,
    lengthReason: 'MAX_TOKENS',
    keyHeader: 'x-goog-api-key',
    idInPath: true,
  },
  { ...openAi, ...azure, name: 'azure', reportedId: 'our-deployment-2026-01-01' },
  {
    ...openAi,
    ...azure,
    name: 'azure, deployments',
    start: () => startAzureDeploymentServer('our-deployment'),
    provider: { api_version: '2025-04-01-preview' },
    reportedId: 'our-deployment-2026-01-01',
  },
  { ...openAi, ...azure, name: 'azure, responses', provider: { api: 'responses' }, reportedId: 'our-deployment-2026-01-01' },
  {
    name: 'amazon_bedrock',
    type: 'amazon_bedrock',
    provider: { region: 'eu-central-1' },
    start: startBedrockServer,
    path: '',
    key: 'AWS_BEARER_TOKEN_BEDROCK',
    id: 'anthropic.claude-haiku-4-5-20251001-v1:0',
    reportedId: 'anthropic.claude-haiku-4-5-20251001-v1:0',
    usage: { input: 12, cachedInput: 4, cacheWrite: 3, output: 7, reasoning: 0 },
    lengthReason: 'max_tokens',
    keyHeader: 'authorization',
    overloaded: 'serviceUnavailableException',
    idInPath: true,
  },
  {
    name: 'mistral',
    type: 'mistral',
    start: startMistralServer,
    path: '/v1',
    key: 'MISTRAL_API_KEY',
    id: 'mistral-small-latest',
    reportedId: 'mistral-small-latest-2026-01-01',
    usage: { ...openAiUsage, reasoning: 0 },
    lengthReason: 'length',
    keyHeader: 'authorization',
  },
]

/** The key that the last request carried. */
function sentKey({ keyHeader }: Vendor, server: ProtocolServer): string | undefined {
  const sent = server.requests.at(-1)?.headers[keyHeader]
  return String(sent).replace('Bearer ', '')
}

/** One attempt only, and no long waits, unless a test says otherwise. */
const oneAttempt: Partial<ModelSpec> = { retry: { max_attempts: 1, initial_ms: 1, max_ms: 10, on: [] } }

function callOf(
  vendor: Vendor,
  server: ProtocolServer,
  call: Partial<CallRequest> = {},
  model: Partial<ModelSpec> = {},
  provider: Partial<ProviderSpec> = {},
): CallRequest {
  const spec = providerSpec({
    type: vendor.type,
    base_url: server.url + vendor.path,
    api_key: { $secret: vendor.key },
    ...vendor.provider,
    ...provider,
  })
  const messages = [
    { role: 'system', text: 'Be short.' },
    { role: 'user', text: 'Hello' },
  ] as const
  return callTo(modelTarget(spec, { id: vendor.id, ...oneAttempt, ...model }), { messages, ...call })
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

for (const vendor of vendors) {
  t.test(`provider ${vendor.name}`, async t => {
    const server = await vendor.start()
    const dependencies: GatewayDependencies = gatewayDependencies({ [vendor.key]: CANARY })
    t.teardown(async () => {
      await dependencies.http.close()
      await server.close()
    })
    const { call } = createGateway(dependencies)
    t.beforeEach(() => server.script({ text: ['Hello', ' there.'] }))

    await t.test('ID-9: answers with text, usage, the model that answered and the request id', async t => {
      const result = await call(callOf(vendor, server))
      t.match(result, { text: 'Hello there.', finishReason: 'stop', usage: vendor.usage, modelId: vendor.reportedId, simulated: false })
      t.match(result.requestId, /^req_\d+$/)
      t.match(result.history.attempts, [{ number: 1, outcome: 'answered', waitedMs: 0 }])
      t.equal(sentKey(vendor, server), CANARY)
    })

    await t.test('streams the same answer', async t => {
      const events: CallEvent[] = []
      const result = await call(callOf(vendor, server, { onEvent: event => events.push(event) }))
      t.match(result, { text: 'Hello there.', finishReason: 'stop', usage: vendor.usage, modelId: vendor.reportedId })
      t.match(result.requestId, /^req_\d+$/)
      t.strictSame(events, [
        { type: 'text-start' },
        { type: 'text-delta', text: 'Hello' },
        { type: 'text-delta', text: ' there.' },
        { type: 'text-end' },
      ])
    })

    await t.test('gives tool calls back, plain and streamed', async t => {
      server.script({ toolCalls: [{ name: 'lookup', arguments: '{"q":1}' }] })
      const tools = [{ name: 'lookup', description: 'Looks up.', input: { type: 'object', properties: { q: { type: 'number' } } } }]
      for (const streaming of [{}, { onEvent: () => {} }]) {
        const result = await call(callOf(vendor, server, { tools, ...streaming }))
        t.match(result, { finishReason: 'tool_calls', toolCalls: [{ name: 'lookup' }] })
        t.strictSame(JSON.parse(result.toolCalls[0]?.arguments ?? ''), { q: 1 })
      }
    })

    await t.test('an answer that was cut off says so', async t => {
      server.script({ text: ['Half an'], finishReason: vendor.lengthReason })
      t.match(await call(callOf(vendor, server)), { text: 'Half an', finishReason: 'length' })
    })

    await t.test('provider_options and headers are sent as they are', async t => {
      await call(
        callOf(
          vendor,
          server,
          {},
          { provider_options: { service_tier: 'flex', model: 'another' } },
          { headers: { 'X-Team': { $join: ['team ', { $secret: vendor.key }] } } },
        ),
      )
      t.match(server.requests.at(-1), {
        headers: { 'x-team': `team ${CANARY}` },
        body: { service_tier: 'flex', model: vendor.idInPath ? 'another' : vendor.id },
      })
    })

    await t.test('without a JSON Schema capability the schema goes into the instructions', async t => {
      server.script({ text: ['{"answer":"x"}'] })
      const output: JsonSchema = {
        type: 'object',
        properties: { answer: { type: 'string' } },
        required: ['answer'],
        additionalProperties: false,
      }
      await call(callOf(vendor, server, { output }, { capabilities: ['streaming', 'system'] }))
      const sent = JSON.stringify(server.requests.at(-1)?.body)
      t.match(sent, 'Be short.\\n\\nAnswer with one JSON value and nothing else.')
      t.notMatch(sent, 'response_format')
    })

    const classes: readonly (readonly [string, Fault, Partial<FailureDetails>])[] = [
      [
        '401',
        { kind: 'status', status: 401, code: 'invalid_api_key', message: `Incorrect API key provided: ${CANARY}.` },
        {
          class: 'unauthorized',
          status: 401,
          providerCode: 'invalid_api_key',
          message: `Incorrect API key provided: (secret ${vendor.key}).`,
        },
      ],
      [
        'a masked key',
        { kind: 'status', status: 401, message: 'Incorrect API key provided: sk-canar*******d2a9.' },
        { class: 'unauthorized', message: `Incorrect API key provided: (secret ${vendor.key}).` },
      ],
      ['403', { kind: 'status', status: 403, code: 'permission_error', message: 'No' }, { class: 'forbidden', status: 403 }],
      [
        '404',
        { kind: 'status', status: 404, code: 'model_not_found', message: 'No such model' },
        { class: 'not_found', status: 404, message: 'No such model' },
      ],
      ['400', { kind: 'status', status: 400, code: 'invalid_request_error', message: 'Bad' }, { class: 'bad_request', status: 400 }],
      [
        '400 of a full window',
        { kind: 'status', status: 400, code: 'context_length_exceeded', message: 'Too long' },
        { class: 'context_overflow' },
      ],
      [
        '400 of a content filter',
        { kind: 'status', status: 400, code: 'content_filter', message: 'Filtered' },
        { class: 'content_filter' },
      ],
      [
        '429',
        { kind: 'status', status: 429, code: 'rate_limit_exceeded', message: 'Slow down' },
        { class: 'rate_limited', status: 429, retryAfterMs: 7000, requestsPerMinute: 500 },
      ],
      [
        '429 without credit',
        { kind: 'status', status: 429, code: 'insufficient_quota', message: 'Pay' },
        { class: 'forbidden', status: 429 },
      ],
      ['500', { kind: 'status', status: 500, message: 'Oh' }, { class: 'server_error', status: 500 }],
      [
        '502 with a page',
        { kind: 'status', status: 502, body: '<html>\n<h1>Bad gateway</h1>' },
        { class: 'server_error', status: 502, message: 'answered with text/html: "<html> <h1>Bad gateway</h1>"' },
      ],
      ['503', { kind: 'status', status: 503, message: 'Busy' }, { class: 'overloaded', status: 503 }],
      ['529', { kind: 'status', status: 529, code: 'overloaded_error', message: 'Busy' }, { class: 'overloaded', status: 529 }],
      ['an empty 500', { kind: 'status', status: 500, body: '' }, { class: 'server_error', message: 'an empty answer' }],
      [
        'a redirect',
        { kind: 'status', status: 302, body: 'moved' },
        { class: 'invalid_response', status: 302, message: /redirects are not followed/ as unknown as string },
      ],
      [
        'a page instead of an answer',
        { kind: 'html' },
        { class: 'invalid_response', message: /answered with text\/html/ as unknown as string },
      ],
      ['half of a JSON text', { kind: 'garbage' }, { class: 'invalid_response' }],
      ['a connection that is cut', { kind: 'cut' }, { class: 'network' }],
      ['an answer that never comes', { kind: 'hang' }, { class: 'timeout' }],
      ['an answer that stops half way', { kind: 'stall' }, { class: 'timeout' }],
    ]
    for (const [name, fault, expected] of classes) {
      await t.test(`${name} fails as ${expected.class}, plain and streamed, without the key`, async t => {
        server.script({
          text: ['Hello'],
          fault,
          headers: { 'retry-after': '7', 'x-ratelimit-limit-requests': '500', location: 'https://elsewhere.example/' },
        })
        for (const streaming of [{}, { onEvent: () => {} }]) {
          // 80 ms were once too short for an answer on a busy machine.
          const timeout_ms = expected.class === 'timeout' ? 80 : 20_000
          const details = await failureOf(call(callOf(vendor, server, streaming, { timeout_ms })))
          t.match(details, expected)
          t.notMatch(JSON.stringify(details), CANARY)
          t.notMatch(JSON.stringify(details), 'canar')
        }
      })
    }

    await t.test('whatever the body of an error is, it has a message', async t => {
      const bodies = [
        '[]',
        '"text"',
        'null',
        '{}',
        '{"error":"broken"}',
        '{"error":{"message":5,"code":7}}',
        '{"detail":"broken"}',
        '{"error":null,"message":"broken"}',
        '\ufffd',
      ]
      for (const body of bodies) {
        server.script({ fault: { kind: 'status', status: 500, body, contentType: 'application/json' } })
        const details = await failureOf(call(callOf(vendor, server)))
        t.match(details, { class: 'server_error', status: 500 }, body)
        t.match(details.message, body.includes('broken') ? /^broken$/ : /./, body)
      }
    })

    await t.test('whatever else a success holds, it is no answer', async t => {
      const bodies = [
        '',
        '[]',
        'null',
        '"text"',
        '{}',
        '{"choices":[]}',
        '{"choices":[{"message":{"content":5}}]}',
        '{"content":"text"}',
        '{"__proto__":{"x":1}}',
      ]
      for (const body of bodies) {
        server.script({ fault: { kind: 'status', status: 200, body, contentType: 'application/json' } })
        for (const streaming of [{}, { onEvent: () => {} }]) {
          t.match(await failureOf(call(callOf(vendor, server, streaming))), { class: 'invalid_response' }, body)
        }
      }
    })

    await t.test('whatever else a stream holds, it is no answer', async t => {
      const bodies = [
        '',
        ': ping\n\n',
        'data: \n\n',
        'data: [DONE]\n\n',
        'data: {"choices":null}\n\n',
        'data: {"broken\n\n',
        'event: x\ndata: 5\n\n',
        'data: []\r\n\r\n',
        '\ufffd',
        'data: {"type":"message_stop"}\n\n',
        'data: {"error":{"message":5}}\n\n',
      ]
      for (const body of bodies) {
        server.script({ fault: { kind: 'status', status: 200, body, contentType: 'text/event-stream' } })
        const details = await failureOf(call(callOf(vendor, server, { onEvent: () => {} })))
        t.ok(
          ['network', 'invalid_response', 'server_error'].includes(details.class),
          `${JSON.stringify(body)}: ${details.class} ${details.message}`,
        )
      }
    })

    await t.test('a stream that ends early, or with an error, fails', async t => {
      const events: CallEvent[] = []
      const onEvent = (event: CallEvent) => events.push(event)
      server.script({ text: ['Hello'], fault: { kind: 'early_end' } })
      t.match(await failureOf(call(callOf(vendor, server, { onEvent }))), { class: 'network' })
      server.script({ text: ['Hello'], fault: { kind: 'stream_error', code: vendor.overloaded ?? 'overloaded_error', message: 'Busy' } })
      t.match(await failureOf(call(callOf(vendor, server, { onEvent }))), { class: 'overloaded', message: 'Busy' })
      t.ok(events.some(event => event.type === 'text-delta'))
    })

    await t.test('GW-4: nothing is tried again after the first streamed piece; before it, it is', async t => {
      const retrying: Partial<ModelSpec> = { retry: { max_attempts: 3, initial_ms: 1, max_ms: 10, on: ['network', 'overloaded'] } }
      server.script({ text: ['Hello'], fault: { kind: 'cut' } }, { text: ['Never'] })
      const before = server.requests.length
      await failureOf(call(callOf(vendor, server, { onEvent: () => {} }, retrying)))
      t.equal(server.requests.length - before, 1)
      server.script({ fault: { kind: 'status', status: 503 } }, { text: ['Back'] })
      const result = await call(callOf(vendor, server, { onEvent: () => {} }, retrying))
      t.equal(result.text, 'Back')
      t.match(result.history.attempts, [{ outcome: 'overloaded', status: 503 }, { outcome: 'answered' }])
    })

    await t.test('a cancelled call stops at once', async t => {
      server.script({ fault: { kind: 'hang' } })
      const controller = new AbortController()
      const pending = failureOf(call(callOf(vendor, server, { signal: controller.signal })))
      controller.abort()
      t.match(await pending, { class: 'aborted' })
    })

    await t.test('nobody listens, or the address is private', async t => {
      const closed = await vendor.start()
      await closed.close()
      t.match(await failureOf(call(callOf(vendor, closed))), { class: 'network', providerCode: 'ECONNREFUSED' })
      const refused = await failureOf(call(callOf(vendor, server, {}, {}, { base_url: 'https://10.1.2.3/v1' })))
      t.match(refused, { class: 'bad_request', providerCode: 'ADDRESS_REFUSED', message: 'the private address 10.1.2.3' })
    })

    await t.test('SEC-1: a refused key that was changed meanwhile is tried once', async t => {
      const before = server.requests.length
      const environment = {
        get [vendor.key]() {
          return server.requests.length > before ? 'new-key-0002' : 'old-key-0001'
        },
      }
      const rotating = gatewayDependencies(environment)
      t.teardown(() => rotating.http.close())
      const { call: callAnew } = createGateway(rotating)
      server.script({ fault: { kind: 'status', status: 401, message: 'old' } }, { text: ['Welcome'] })
      const pending = callAnew(callOf(vendor, server))
      t.equal((await pending).text, 'Welcome')
      t.equal(sentKey(vendor, server), 'new-key-0002')
    })

    await t.test('a missing key is named, with where it was looked for, before anything is sent', async t => {
      const before = server.requests.length
      const { call: callWithout } = createGateway(gatewayDependencies({}))
      await t.rejects(callWithout(callOf(vendor, server)), {
        name: 'MissingSecret',
        secretName: vendor.key,
        lookedIn: ['the environment', '.flowrun/secrets (no such file)'],
      })
      t.equal(server.requests.length, before)
    })
  })
}

/** A server of OpenAI's protocol, and a gateway that has its key. */
async function openaiScene(t: Test) {
  const server = await startOpenAiServer()
  const dependencies = gatewayDependencies({ OPENAI_API_KEY: CANARY })
  t.teardown(async () => {
    await dependencies.http.close()
    await server.close()
  })
  const { call } = createGateway(dependencies)
  return { server, call }
}

t.test('what openai is sent', async t => {
  const [vendor] = vendors
  if (!vendor) throw new Error('no vendor')
  const { server, call } = await openaiScene(t)

  await t.test('messages, parameters and account', async t => {
    await call(
      callOf(
        vendor,
        server,
        {
          messages: [
            { role: 'system', text: 'Be short.' },
            { role: 'assistant', text: 'Earlier.' },
            { role: 'user', text: 'Look.', files: [{ mediaType: 'image/png', data: 'iVBORw0KGgo=' }] },
          ],
          params: {
            temperature: 0.2,
            top_p: 0.9,
            max_output_tokens: 50,
            stop: ['END'],
            seed: 3,
            frequency_penalty: 0.1,
            presence_penalty: 0.2,
          },
        },
        { params: { temperature: 1, max_output_tokens: 10 } },
        { organization: 'org-1', project: 'proj-1' },
      ),
    )
    t.match(server.requests.at(-1), {
      headers: { 'openai-organization': 'org-1', 'openai-project': 'proj-1', authorization: `Bearer ${CANARY}` },
      body: {
        model: 'gpt-4o-mini',
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'assistant', content: 'Earlier.' },
          {
            role: 'user',
            content: [
              { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
              { type: 'text', text: 'Look.' },
            ],
          },
        ],
        temperature: 0.2,
        top_p: 0.9,
        max_tokens: 50,
        stop: ['END'],
        seed: 3,
        frequency_penalty: 0.1,
        presence_penalty: 0.2,
      },
    })
  })

  const output: JsonSchema = {
    type: 'object',
    'x-order': ['zebra', 'apple'],
    required: ['apple', 'zebra'],
    additionalProperties: false,
    properties: { apple: { type: 'string', default: 'x' }, zebra: { type: 'number' } },
  }

  await t.test('a strict schema, its fields in the order of the author', async t => {
    await call(callOf(vendor, server, { output }))
    const { json_schema: sent, type } = server.requests.at(-1)?.body.response_format ?? {}
    t.equal(type, 'json_schema')
    t.equal(sent.strict, true)
    t.equal(JSON.stringify(sent.schema.properties), '{"zebra":{"type":"number"},"apple":{"type":"string"}}')
    t.notOk('x-order' in sent.schema)
  })

  await t.test('a schema with an optional field is not strict', async t => {
    await call(callOf(vendor, server, { output: { ...output, required: ['apple'] } }))
    t.equal(server.requests.at(-1)?.body.response_format.json_schema.strict, false)
  })

  await t.test('a type that is no object is wrapped, and the answer unwrapped', async t => {
    server.script({ text: ['{"value":["a"]}'] })
    const result = await call(callOf(vendor, server, { output: { type: 'array', items: { type: 'string' } } }))
    t.equal(result.text, '["a"]')
    t.match(server.requests.at(-1)?.body.response_format.json_schema.schema, { type: 'object', required: ['value'] })
  })

  await t.test('json_mode stands beside instructions', async t => {
    await call(callOf(vendor, server, { output }, { capabilities: ['json_mode', 'system'] }))
    const { response_format, messages } = server.requests.at(-1)?.body ?? {}
    t.strictSame(response_format, { type: 'json_object' })
    t.match(messages[0].content, 'JSON Schema')
  })

  await t.test('a refusal is a withheld answer, with its usage', async t => {
    server.script({ text: ['I cannot.'], finishReason: 'content_filter' })
    const details = await failureOf(
      call(
        callOf(
          vendor,
          server,
          {},
          {
            price: [
              { above_input_tokens: 0, input_nano_per_m: 1_000_000, output_nano_per_m: 1_000_000, cached_input_nano_per_m: 1_000_000 },
            ],
          },
        ),
      ),
    )
    t.match(details, { class: 'content_filter', usage: openAiUsage, costNano: 19 })
  })

  await t.test('usage that is not reported is unknown, and so is the cost', async t => {
    server.script({ text: ['x'], usage: null })
    t.match(await call(callOf(vendor, server, {}, { price: [{ above_input_tokens: 0, input_nano_per_m: 1, output_nano_per_m: 1 }] })), {
      usage: null,
      costNano: null,
    })
  })
})

t.test('what openai_compatible is sent', async t => {
  const vendor = vendors[1]
  if (!vendor) throw new Error('no vendor')
  const server = await startOpenAiServer()
  const dependencies = gatewayDependencies({})
  t.teardown(async () => {
    await dependencies.http.close()
    await server.close()
  })
  const { call } = createGateway(dependencies)
  const { api_key: _, ...keyless } = providerSpec({
    type: 'openai_compatible',
    base_url: `${server.url}/`,
    headers: { 'X-Team': 'support' },
  })
  const output: JsonSchema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }
  const target = modelTarget(keyless, { id: 'llama-3', ...oneAttempt })
  await call(callTo(target, { output }))
  const { headers, body } = server.requests.at(-1) ?? {}
  t.equal(headers?.authorization, undefined, 'without a key none is made up')
  t.match(body.response_format, { type: 'json_schema', json_schema: { strict: true, schema: output } })
})

t.test('what anthropic is sent', async t => {
  const vendor = vendors[2]
  if (!vendor) throw new Error('no vendor')
  const server = await startAnthropicServer()
  const dependencies = gatewayDependencies({ ANTHROPIC_API_KEY: CANARY })
  t.teardown(async () => {
    await dependencies.http.close()
    await server.close()
  })
  const { call } = createGateway(dependencies)
  await call(
    callOf(
      vendor,
      server,
      { params: { temperature: 0.5, max_output_tokens: 64, stop: ['END'], top_k: 3 } },
      {},
      { headers: { 'anthropic-beta': 'x' } },
    ),
  )
  t.match(server.requests.at(-1), {
    path: '/v1/messages',
    headers: { 'anthropic-beta': 'x', 'x-api-key': CANARY },
    body: {
      model: 'claude-haiku-4-5',
      max_tokens: 64,
      system: [{ type: 'text', text: 'Be short.' }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
      temperature: 0.5,
      stop_sequences: ['END'],
      top_k: 3,
    },
  })

  await t.test('the schema of an answer, natively or as a tool, and a document', async t => {
    const output: JsonSchema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }
    server.script({ text: ['{"a":"x"}'] })
    t.equal((await call(callOf(vendor, server, { output }))).text, '{"a":"x"}')
    t.match(server.requests.at(-1)?.body.output_config, { format: { type: 'json_schema', schema: output } })

    server.script({ toolCalls: [{ name: 'json', arguments: '{"a":"y"}' }] })
    const byTool = await call(callOf(vendor, server, { output }, { id: 'claude-3-haiku-20240307' }))
    t.match(byTool, { text: '{"a":"y"}', toolCalls: [], finishReason: 'stop' })

    server.script({ text: ['Read.'] })
    const files = [{ mediaType: 'application/pdf', data: 'JVBERi0=' }]
    await call(callOf(vendor, server, { messages: [{ role: 'user', text: 'Read it.', files }] }))
    t.match(server.requests.at(-1)?.body.messages, [
      {
        role: 'user',
        content: [
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } },
          { type: 'text', text: 'Read it.' },
        ],
      },
    ])
  })

  await t.test('a file that it cannot take is a bad request, before anything is sent', async t => {
    const before = server.requests.length
    const files = [{ mediaType: 'audio/mpeg', data: 'AAAA' }]
    t.match(await failureOf(call(callOf(vendor, server, { messages: [{ role: 'user', text: 'Listen.', files }] }))), {
      class: 'bad_request',
    })
    t.equal(server.requests.length, before)
  })
})

t.test('what openai is sent by its responses', async t => {
  const vendor = vendors.find(({ name }) => name === 'openai, responses')
  if (!vendor) throw new Error('no vendor')
  const { server, call } = await openaiScene(t)

  await t.test('provider_options stand beside what flowrun says of the same thing', async t => {
    const options = { provider_options: { reasoning: { summary: 'auto', effort: 'minimal' }, text: { verbosity: 'low' } } }
    const output: JsonSchema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }
    server.script({ text: ['{"a":"x"}'] })
    await call(callOf(vendor, server, { output, params: { reasoning_effort: 'low' } }, { id: 'gpt-5', ...options }))
    t.match(server.requests.at(-1)?.body, {
      reasoning: { summary: 'auto', effort: 'low' },
      text: { verbosity: 'low', format: { type: 'json_schema' } },
      store: false,
    })
    await call(callOf(vendor, server, {}, { provider_options: { store: true } }))
    t.equal(server.requests.at(-1)?.body.store, true)
  })

  await t.test('thoughts are streamed apart, and handed back to the same model alone', async t => {
    server.script({ thoughts: ['Let me', ' see.'], toolCalls: [{ name: 'lookup', arguments: '{"q":1}' }] })
    const events: CallEvent[] = []
    const first = await call(callOf(vendor, server, { onEvent: event => events.push(event) }, { id: 'gpt-5' }))
    t.same(
      events.filter(({ type }) => type === 'reasoning-delta'),
      [
        { type: 'reasoning-delta', text: 'Let me' },
        { type: 'reasoning-delta', text: ' see.' },
      ],
    )
    const { text, toolCalls, trail } = first
    t.match(trail, { type: 'openai', model: 'gpt-5' })
    const messages: readonly CallMessage[] = [
      { role: 'user', text: 'Hello' },
      { role: 'assistant', text, toolCalls, ...(trail && { trail }) },
      { role: 'tool', text: '2', result: { id: toolCalls[0]?.id ?? '', name: 'lookup', failed: false } },
    ]
    server.script({ text: ['Two.'] })
    await call(callOf(vendor, server, { messages }, { id: 'gpt-5' }))
    t.match(JSON.stringify(server.requests.at(-1)?.body.input), 'gAAAAABo1234')
    await call(callOf(vendor, server, { messages }, { id: 'gpt-5-mini' }))
    const other = JSON.stringify(server.requests.at(-1)?.body.input)
    t.notMatch(other, 'gAAAAABo1234')
    t.match(other, /"type":"function_call","call_id":"call_1","name":"lookup"/)
  })
})

t.test('many texts are embedded in as many requests as the vendor needs', async t => {
  const server = await startMistralServer()
  const dependencies = gatewayDependencies({ MISTRAL_API_KEY: CANARY })
  t.teardown(async () => {
    await dependencies.http.close()
    await server.close()
  })
  const target = modelTarget(providerSpec({ type: 'mistral', base_url: `${server.url}/v1` }), { id: 'mistral-embed', kind: 'embedding' })
  const provider = providerDefinitions.mistral.connect(target.provider, dependencies)
  const texts = Array.from({ length: 70 }, (_, index) => `text ${index}`)
  const call: EmbeddingCall = { target, texts, purpose: 'document', signal: new AbortController().signal }
  const { vectors, usage } = await provider.embed(call)
  t.equal(vectors.length, 70)
  t.same(
    server.requests.map(({ body }) => body.input.length),
    [32, 32, 6],
  )
  t.match(usage, { input: 9 })

  server.script({}, { fault: { kind: 'status', status: 429, code: 'rate_limited', message: 'Slow down' } })
  t.match(await failureOf(provider.embed(call)), { class: 'rate_limited', usage: { input: 3 } }, 'what was billed before')
  t.same((await provider.embed({ ...call, texts: [] })).vectors, [])
  const controller = new AbortController()
  server.script({ fault: { kind: 'hang' } })
  const pending = failureOf(provider.embed({ ...call, signal: controller.signal }))
  controller.abort()
  t.match(await pending, { class: 'aborted' })
})
