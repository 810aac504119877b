import { createServer } from 'node:http'
import t from 'tap'
import type { ProviderSpec } from '../../src/artifact/provider.ts'
import { systemClock } from '../../src/base/clock.ts'
import { digestOfText } from '../../src/base/digest.ts'
import { CHECK_TIMEOUT_MS, createProviderProbe, type ProbeResult } from '../../src/gateway/probe.ts'
import { providerDefinitions } from '../../src/gateway/providers/index.ts'
import type { Timers } from '../../src/gateway/timers.ts'
import { systemTimers } from '../../src/gateway/timers.ts'
import { startAnthropicServer } from '../support/anthropic-server.ts'
import { startBedrockServer } from '../support/bedrock-server.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { startOpenAiServer } from '../support/openai-server.ts'
import { startVendorServers } from '../support/vendor-servers.ts'

const KEY = 'sk-proj-0123456789abcdef'

function spec(more: Partial<ProviderSpec> & Pick<ProviderSpec, 'type'>): ProviderSpec {
  return { allow_private: false, headers: {}, connect_timeout_ms: 10_000, rate_limit: { max_concurrency: 64 }, ...more }
}

function probeWith(environment: Record<string, string> = { OPENAI_API_KEY: KEY, ANTHROPIC_API_KEY: KEY }, timers: Timers = systemTimers) {
  const probe = createProviderProbe({ environment, secretPlaces: [{ type: 'environment', prefix: '' }], clock: systemClock, timers })
  t.teardown(() => probe.close())
  const check = (provider: ProviderSpec) => probe.check({ address: 'provider.one', digest: digestOfText(''), spec: provider })
  return { ...probe, check }
}

const failed = (result: ProbeResult) => {
  if (result.outcome !== 'failed') throw new Error(`it is ${result.outcome}`)
  return result.failure
}

t.test('a check asks for the list of models, with the key of a call', async t => {
  const openai = await startOpenAiServer()
  const anthropic = await startAnthropicServer()
  t.teardown(() => Promise.all([openai.close(), anthropic.close()]))
  const probe = probeWith()
  t.match(await probe.check(spec({ type: 'openai', base_url: `${openai.url}/`, organization: 'org-1' })), { outcome: 'answers' })
  t.match(openai.requests[0], {
    path: '/v1/models',
    headers: { authorization: `Bearer ${KEY}`, 'openai-organization': 'org-1' },
    body: undefined,
  })
  t.match(await probe.check(spec({ type: 'anthropic', base_url: `${anthropic.url}/v1` })), { outcome: 'answers' })
  t.match(anthropic.requests[0], { path: '/v1/models', headers: { 'x-api-key': KEY, 'anthropic-version': '2023-06-01' } })
  t.same(await probe.check(spec({ type: 'simulated' })), { outcome: 'simulated' })
  t.same(await probeWith({}).check(spec({ type: 'openai', base_url: openai.url })), { outcome: 'missing-secret', name: 'OPENAI_API_KEY' })
  t.equal(openai.requests.length, 1, 'without a key there is no call')
})

t.test('SEC-4: a failure is told in its class, and never shows the key', async t => {
  const openai = await startOpenAiServer()
  t.teardown(() => openai.close())
  const provider = spec({ type: 'openai', base_url: openai.url })
  const probe = probeWith()
  openai.script({ fault: { kind: 'status', status: 401, code: 'invalid_api_key', message: `Incorrect API key provided: ${KEY}` } })
  const refused = failed(await probe.check(provider))
  t.match(refused, {
    class: 'unauthorized',
    status: 401,
    providerCode: 'invalid_api_key',
    key: { name: 'OPENAI_API_KEY', foundIn: 'the environment' },
  })
  t.notMatch(JSON.stringify(refused), KEY)
  openai.script({ fault: { kind: 'status', status: 503 } })
  t.match(failed(await probe.check(provider)), { class: 'overloaded', status: 503 })
  openai.script({ fault: { kind: 'html' } })
  t.match(failed(await probe.check(provider)), { class: 'invalid_response', message: /text\/html/ })
  openai.script({ fault: { kind: 'garbage' } })
  t.match(failed(await probe.check(provider)), { class: 'invalid_response' })
  t.match(failed(await probe.check(spec({ type: 'openai', base_url: openai.url.replace('/v1', '/v2') }))), {
    class: 'not_found',
    status: 404,
  })
  t.match(failed(await probe.check(spec({ type: 'openai', base_url: 'http://10.0.0.1/v1' }))), { providerCode: 'ADDRESS_REFUSED' })
  const closed = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => closed.once('listening', resolve))
  const address = closed.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise(resolve => closed.close(resolve))
  t.match(failed(await probe.check(spec({ type: 'openai', base_url: `http://127.0.0.1:${port}/v1` }))), {
    class: 'network',
    providerCode: 'ECONNREFUSED',
  })
})

t.test('a provider that says nothing is given up after 10 s', async t => {
  const openai = await startOpenAiServer()
  t.teardown(() => openai.close())
  openai.script({ fault: { kind: 'hang' } })
  const timers = createFakeClock()
  const result = probeWith(undefined, timers).check(spec({ type: 'openai', base_url: openai.url }))
  await new Promise<void>(resolve => {
    const wait = () => (openai.requests.length > 0 ? resolve() : setImmediate(wait))
    wait()
  })
  await timers.advance(CHECK_TIMEOUT_MS)
  t.match(failed(await result), { class: 'timeout', message: 'no answer within 10 s' })
})

t.test('secrets are named with their places, the usual key of a vendor too', async t => {
  const probe = probeWith({ A: 'x' })
  const named = spec({
    type: 'openai',
    api_key: { $join: ['Bearer ', { $secret: 'A' }] },
    headers: { 'X-Team': { $secret: 'B' }, plain: 'x' },
  })
  t.same(await probe.secretsOf(named), [
    { name: 'A', isUsual: false, foundIn: 'the environment', lookedIn: [] },
    { name: 'B', isUsual: false, foundIn: undefined, lookedIn: ['the environment'] },
  ])
  t.match(await probe.secretsOf(spec({ type: 'anthropic' })), [{ name: 'ANTHROPIC_API_KEY', isUsual: true, foundIn: undefined }])
  t.same(await probe.secretsOf(spec({ type: 'anthropic', headers: { Authorization: 'none' } })), [], 'a header replaces the key')
  t.same(await probe.secretsOf(spec({ type: 'simulated' })), [])
  t.equal(probe.endpointOf(spec({ type: 'openai' })), 'https://api.openai.com/v1')
  t.equal(
    probe.endpointOf(spec({ type: 'openai_compatible', base_url: 'https://ana:pass@models.example/v1' })),
    'https://models.example/v1',
  )
  t.equal(probe.endpointOf(spec({ type: 'simulated' })), undefined)
})

t.test('every vendor lists its models for its key, at its own address', async t => {
  const servers = await startVendorServers()
  t.teardown(() => Promise.all(servers.map(({ server }) => server.close())))
  const probe = probeWith({ VENDOR_KEY: KEY })
  const paths = { anthropic: '/v1', google: '/v1beta', mistral: '/v1' } as const
  for (const { type, server } of servers) {
    const path = type in paths ? paths[type as keyof typeof paths] : ''
    const region = type === 'amazon_bedrock' ? { region: 'eu-central-1' } : {}
    const account = spec({ type, base_url: server.url + path, api_key: { $secret: 'VENDOR_KEY' }, ...region })
    t.match(await probe.check(account), { outcome: 'answers' }, type)
    t.ok(
      Object.values(server.requests.at(-1)?.headers ?? {}).some(header => header?.includes(KEY)),
      `${type} was sent the key`,
    )
    server.script({ fault: { kind: 'status', status: 401, message: `bad ${KEY}` } })
    t.match(
      failed(await probe.check(account)),
      { class: 'unauthorized', message: 'bad (secret VENDOR_KEY)', key: { name: 'VENDOR_KEY' } },
      type,
    )
  }
})

t.test('addresses that depend on the account', async t => {
  const probe = probeWith({})
  const azure = { type: 'azure', base_url: 'https://acme.openai.azure.com/' } as const
  t.equal(probe.endpointOf(spec(azure)), 'https://acme.openai.azure.com/openai/v1')
  t.equal(probe.endpointOf(spec({ ...azure, api_version: '2025-04-01-preview' })), 'https://acme.openai.azure.com/openai')
  t.equal(probe.endpointOf(spec({ ...azure, base_url: 'https://gateway.example/azure' })), 'https://gateway.example/azure')
  const bedrock = { type: 'amazon_bedrock', region: 'eu-central-1' } as const
  t.equal(probe.endpointOf(spec(bedrock)), 'https://bedrock-runtime.eu-central-1.amazonaws.com')
  t.equal(providerDefinitions.amazon_bedrock.api?.listUrl?.(spec(bedrock)), 'https://bedrock.eu-central-1.amazonaws.com/foundation-models')
  t.equal(
    providerDefinitions.azure.api?.listUrl?.(spec({ ...azure, api_version: '2025-04-01-preview' })),
    'https://acme.openai.azure.com/openai/models?api-version=2025-04-01-preview',
  )
  t.same(await probe.secretsOf(spec(bedrock)), [], 'without a key, credentials of AWS may do')
  t.match(await probeWith({ AWS_BEARER_TOKEN_BEDROCK: 'x' }).secretsOf(spec(bedrock)), [
    { name: 'AWS_BEARER_TOKEN_BEDROCK', isUsual: true },
  ])
})

t.test('Bedrock without a key is asked with credentials of AWS; where there are none, that is said', async t => {
  const before = { ...process.env }
  t.teardown(() => {
    process.env = before
  })
  const server = await startBedrockServer()
  t.teardown(() => server.close())
  const account = spec({ type: 'amazon_bedrock', region: 'eu-central-1', base_url: server.url })
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example-of-a-key' })
  t.match(await probeWith({}).check(account), { outcome: 'answers' })
  t.match(server.requests.at(-1)?.headers.authorization, /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/)
  const nowhere = '/nonexistent/aws'
  const without = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: nowhere, AWS_SHARED_CREDENTIALS_FILE: nowhere, HOME: nowhere }
  const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...rest } = process.env
  process.env = { ...rest, ...without }
  t.match(await probeWith({}).check(account), { outcome: 'missing-secret', name: 'AWS_BEARER_TOKEN_BEDROCK' })
})
