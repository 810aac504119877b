import { inspect } from 'node:util'
import t from 'tap'
import type { ProviderType } from '../../src/artifact/provider.ts'
import { runPrompt } from '../../src/engine/prompt/prompt-run.ts'
import { providerDefinitions } from '../../src/gateway/providers/index.ts'
import { closureOf, modelTarget, providerSpec } from '../support/artifacts.ts'
import { startCli } from '../support/cli-process.ts'
import { gatewayDependencies, promptDependencies } from '../support/gateway.ts'
import type { Reply } from '../support/protocol-server.ts'
import { startVendorServers } from '../support/vendor-servers.ts'

const KEY = 'sk-canary-3e7d/5b+9a0c2f81'
const AWS_KEY = 'canaryAwsSecret/0a9f8e7d6c5b4a39'
const BASE64 = Buffer.from(KEY).toString('base64')

/** As it is, as it is encoded, and its own part that nothing else has. */
const FORMS = [KEY, encodeURIComponent(KEY), BASE64, JSON.stringify(KEY).slice(1, -1), 'canary-3e7d', AWS_KEY]

const vendors = await startVendorServers()
t.teardown(() => Promise.all(vendors.map(({ server }) => server.close())))

/** Whatever a vendor, or a proxy before it, may say about a key. */
const replies: Readonly<Record<string, Reply>> = {
  'a refusal that quotes it': { fault: { kind: 'status', status: 401, code: 'invalid_api_key', message: `Incorrect key: ${KEY}` } },
  'a refusal that shows its ends': {
    fault: { kind: 'status', status: 401, message: `Incorrect key: ${KEY.slice(0, 14)}******${KEY.slice(-4)}` },
  },
  'a code that is the key': { fault: { kind: 'status', status: 403, code: KEY, message: 'no' } },
  'a page with the headers of the request': {
    fault: { kind: 'status', status: 502, body: `<html>authorization: Bearer ${KEY} ${BASE64} ${encodeURIComponent(KEY)}</html>` },
  },
  'half of a JSON text': { fault: { kind: 'status', status: 200, body: `{"echo": "${KEY}`, contentType: 'application/json' } },
  'an answer of another form': {
    fault: { kind: 'status', status: 200, body: JSON.stringify({ echo: [KEY] }), contentType: 'application/json' },
  },
  'an id of the request that is the key': { fault: { kind: 'status', status: 500, message: 'oh' }, headers: { 'x-request-id': KEY } },
  'an error in the stream': { text: ['Hello'], fault: { kind: 'stream_error', code: 'throttlingException', message: `limit of ${KEY}` } },
  'a redirect': {
    fault: { kind: 'status', status: 302, body: '' },
    headers: { location: `https://elsewhere.example/?key=${encodeURIComponent(KEY)}` },
  },
  'a cut': { text: ['Hello'], fault: { kind: 'cut' } },
}

function requireNone(t: { ok(value: unknown, name: string): unknown }, text: string, what: string): void {
  t.ok(
    FORMS.every(form => !text.includes(form)),
    what,
  )
}

t.test('no failure of any provider carries its key: neither its words, nor its fields, nor its stack', async t => {
  for (const { type, server } of vendors) {
    const region = type === 'amazon_bedrock' ? { region: 'eu-central-1' } : {}
    const path = { anthropic: '/v1', google: '/v1beta', mistral: '/v1' }[type as string] ?? ''
    const spec = providerSpec({ type, base_url: server.url + path, api_key: { $secret: 'VENDOR_KEY' }, ...region })
    const dependencies = gatewayDependencies({ VENDOR_KEY: KEY })
    const retry = { max_attempts: 1, initial_ms: 1, max_ms: 1, on: [] }
    for (const [name, reply] of Object.entries(replies)) {
      server.script(reply)
      for (const onEvent of [undefined, () => {}]) {
        const request = { environment: 'dev', closure: closureOf({}, { retry }, spec), input: {}, ...(onEvent && { onEvent }) }
        const outcome: unknown = await runPrompt(request, promptDependencies(dependencies)).catch((error: unknown) => error)
        const shown = inspect(outcome, { depth: Infinity, showHidden: true, maxStringLength: null }) + JSON.stringify(outcome)
        requireNone(t, shown, `${type}, ${name}`)
      }
      const target = modelTarget(spec, { kind: 'embedding' })
      const call = { target, texts: ['a'], purpose: 'query', signal: new AbortController().signal } as const
      const failed: unknown = await providerDefinitions[type]
        .connect(target.provider, dependencies)
        .embed(call)
        .catch((error: unknown) => error)
      requireNone(t, inspect(failed, { depth: Infinity, showHidden: true }), `${type}, ${name}, of texts`)
    }
    t.ok(
      server.requests.some(({ headers }) => JSON.stringify(headers).includes(KEY)),
      `${type} was sent the key`,
    )
    await dependencies.http.close()
  }
})

t.test('SEC-1: credentials of AWS sign requests to Bedrock, and are sent to nobody', async t => {
  const bedrock = vendors.find(({ type }) => type === 'amazon_bedrock')
  if (!bedrock) throw new Error('no server')
  const before = { ...process.env }
  t.teardown(() => {
    process.env = before
  })
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'AKIACANARY0000000001',
    AWS_SECRET_ACCESS_KEY: AWS_KEY,
    AWS_SESSION_TOKEN: 'canary-session-77aa01',
  })
  const { server } = bedrock
  const spec = providerSpec({ type: 'amazon_bedrock' as ProviderType, base_url: server.url, region: 'eu-central-1' })
  const dependencies = gatewayDependencies({})
  t.teardown(() => dependencies.http.close())
  const model = { id: 'eu.anthropic.claude-x-v1:0', provider_options: { requestMetadata: { team: 'a' } } }
  const request = { environment: 'dev', closure: closureOf({}, model, spec), input: {} }

  server.script({ text: ['Hello.'] })
  const { output } = await runPrompt(request, promptDependencies(dependencies))
  t.equal(output, 'Hello.')
  const sent = server.requests.at(-1)
  t.match(sent, {
    path: '/model/eu.anthropic.claude-x-v1%3A0/converse',
    headers: {
      authorization:
        /^AWS4-HMAC-SHA256 Credential=AKIACANARY0000000001\/\d{8}\/eu-central-1\/bedrock\/aws4_request, SignedHeaders=.*;host;.*x-amz-date/,
      'x-amz-security-token': 'canary-session-77aa01',
    },
    body: { requestMetadata: { team: 'a' } },
  })
  requireNone(t, JSON.stringify(sent), 'the request')

  server.script({ fault: { kind: 'status', status: 403, code: 'InvalidSignatureException', message: `${AWS_KEY} canary-session-77aa01` } })
  const failure: unknown = await runPrompt(request, promptDependencies(dependencies)).catch((error: unknown) => error)
  const shown = inspect(failure, { depth: Infinity })
  requireNone(t, shown, 'the failure')
  t.notMatch(shown, 'canary-session-77aa01')
})

t.test('nothing that flowrun prints has a key of a provider, whatever is logged', async t => {
  const prompts = vendors.map(
    ({ type, block }) =>
      `${block}\nmodel "${type}" {\n  provider = provider.${type}\n  id       = "our-model"\n  retry { max_attempts = 1 }\n}\n\nprompt "${type}" {\n  model = model.${type}\n  user  = "Hello."\n}\n`,
  )
  const folder = t.testdir({ 'main.flow.hcl': prompts.join('\n') })
  const environment = { VENDOR_KEY: KEY, DEBUG: '*', NODE_DEBUG: 'undici,fetch,http,net,tls', FLOWRUN_DEBUG: '1' }
  for (const { type, server } of vendors) {
    server.script(replies['a refusal that quotes it'] ?? {})
    const { code, stdout, stderr } = await startCli(['run', `prompt.${type}`], { folder, environment }).ended
    t.not(code, 0, type)
    t.match(stderr, 'secret VENDOR_KEY', `${type} says which key was refused`)
    requireNone(t, stdout + stderr, type)
  }
})
