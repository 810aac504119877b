import { once } from 'node:events'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import type { JsonSchema } from '../../src/artifact/json-schema.ts'
import type { JsonObject } from '../../src/base/json.ts'
import { type CallEvent, type CallMessage, type ModelCall, newHistory } from '../../src/gateway/call.ts'
import { CallFailure } from '../../src/gateway/failure.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { createToolCallPieces } from '../../src/gateway/providers/chat-tool-calls.ts'
import { createEventReader } from '../../src/gateway/providers/event-lines.ts'
import { withFetchedFiles } from '../../src/gateway/providers/fetched-files.ts'
import { traitsOf } from '../../src/gateway/providers/openai-family.ts'
import { openaiSchema } from '../../src/gateway/providers/openai-schema.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { callTo, gatewayDependencies } from '../support/gateway.ts'
import { startReplayServer } from '../support/replay-server.ts'

const oneAttempt = { retry: { max_attempts: 1, initial_ms: 1, max_ms: 1, on: [] } }

async function bench(t: Test) {
  const server = await startReplayServer()
  const dependencies = gatewayDependencies({ KEY: 'sk-canary-1234567' })
  t.teardown(async () => {
    await dependencies.http.close()
    await server.close()
  })
  const { call } = createGateway(dependencies)
  const spec = providerSpec({ type: 'openai_compatible', base_url: server.url, api_key: { $secret: 'KEY' } })
  const target = modelTarget(spec, { id: 'gemini-3-flash', capabilities: ['tools', 'streaming'], ...oneAttempt })
  /** Streams these chunks; their events and the result. */
  const stream = async (chunks: readonly (JsonObject | string)[], messages?: readonly CallMessage[]) => {
    const data = chunks.map(chunk => `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`).join('')
    server.play({ status: 200, contentType: 'text/event-stream', body: data })
    const events: CallEvent[] = []
    const asked = callTo(target, { onEvent: event => events.push(event), ...(messages && { messages }) })
    const outcome = await call(asked).catch((error: unknown) => error)
    return { events, outcome, failure: outcome instanceof CallFailure ? outcome.details : undefined }
  }
  return { server, stream, call, target }
}

const delta = (said: JsonObject, finish_reason: string | null = null): JsonObject => ({
  choices: [{ index: 0, delta: said, finish_reason }],
})

t.test('thoughts and text take turns, and a refusal is a withheld answer', async t => {
  const { stream } = await bench(t)
  const { events, outcome } = await stream([
    delta({ reasoning: 'Hm.' }),
    delta({ content: 'One' }),
    delta({
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 'Go on.' }] },
        { type: 'text', text: ' two' },
      ],
    }),
    delta({ content: '' }, 'stop'),
    '[DONE]',
  ])
  t.match(outcome, { text: 'One two', finishReason: 'stop', usage: null })
  t.strictSame(events, [
    { type: 'reasoning-delta', text: 'Hm.' },
    { type: 'text-start' },
    { type: 'text-delta', text: 'One' },
    { type: 'text-end' },
    { type: 'reasoning-delta', text: 'Go on.' },
    { type: 'text-start' },
    { type: 'text-delta', text: ' two' },
    { type: 'text-end' },
  ])
  const usage = { prompt_tokens: 9, completion_tokens: 3 }
  const refused = await stream([delta({ refusal: 'I will not.' }), { ...delta({}, 'stop'), usage }])
  t.match(refused.failure, { class: 'content_filter', message: 'I will not.', usage: { input: 9, output: 3 } })
})

t.test('what a server says in a stream has the class of its words, or of its number', async t => {
  const { stream } = await bench(t)
  const errors = [
    [{ message: 'Pay', type: 'insufficient_quota', code: 'insufficient_quota' }, 'forbidden'],
    [{ message: 'Slow', code: 429 }, 'rate_limited'],
    [{ message: 'Slow', code: 'rate_limit_exceeded' }, 'rate_limited'],
    [{ message: 'Key', type: 'authentication_error' }, 'unauthorized'],
    [{ message: 'maximum context length', code: 'context_length_exceeded' }, 'context_overflow'],
    [{ message: 'No', code: '503' }, 'overloaded'],
    [{ message: 'Oh' }, 'server_error'],
    ['just words', 'server_error'],
    [{ message: 5 }, 'invalid_response'],
  ] as const
  for (const [error, expected] of errors) {
    const { failure } = await stream([delta({ content: 'x' }), { error }])
    t.equal(failure?.class, expected, JSON.stringify(error))
    t.equal(failure?.streamed, true)
  }
  const early = await stream([delta({ content: 'x' }), { choices: [], usage: { prompt_tokens: 4, completion_tokens: 1 } }])
  t.match(early.failure, { class: 'network', usage: { input: 4 } }, 'the end never came, and it is billed')
  t.match((await stream([delta({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }, 'tool_calls')])).failure, {
    class: 'invalid_response',
    message: /a tool call without a name/,
  })
})

t.test('BUD-5: an error inside of a stream counts with the usage that was reported before it', async t => {
  const { stream } = await bench(t)
  const usage = { prompt_tokens: 10, completion_tokens: 3 }
  const { failure } = await stream([{ ...delta({ content: 'x' }), usage }, { error: { message: 'Busy', type: 'overloaded_error' } }])
  t.match(failure, { class: 'overloaded', usage: { input: 10, output: 3 } })
})

t.test('NUM-4: of an answer that is cut in the middle of a sign, the half of it is no text', async t => {
  const { stream } = await bench(t)
  const { outcome } = await stream([delta({ content: 'Good \ud83d' }), delta({ content: '\ude00 and \ud83d' }), delta({}, 'length')])
  t.match(outcome, { text: 'Good \u{1f600} and \ufffd', output: 'Good \u{1f600} and \ufffd' })
})

t.test('a signature of thoughts goes back with its tool call, to the same model alone', async t => {
  const { server, stream, call, target } = await bench(t)
  const extra_content = { google: { thought_signature: 'c2lnbmVk' } }
  const piece = { index: 0, id: 'c1', extra_content, function: { name: 'lookup', arguments: '{"q":1}' } }
  const { outcome, events } = await stream([delta({ tool_calls: [piece] }, 'tool_calls')])
  t.same(events, [{ type: 'tool-call', name: 'lookup' }])
  const { text, toolCalls, trail } = Object(outcome)
  t.strictSame(toolCalls, [{ id: 'c1', name: 'lookup', arguments: '{"q":1}' }])
  const messages: readonly CallMessage[] = [
    { role: 'user', text: 'Look.' },
    { role: 'assistant', text, toolCalls, trail: JSON.parse(JSON.stringify(trail)) },
    { role: 'tool', text: '2', result: { id: 'c1', name: 'lookup', failed: false } },
  ]
  await stream([delta({ content: 'Two.' }, 'stop')], messages)
  t.match(server.requests.at(-1)?.body, {
    messages: [{}, { role: 'assistant', content: null, tool_calls: [{ id: 'c1', extra_content }] }, {}],
  })
  server.play({
    status: 200,
    contentType: 'application/json',
    body: JSON.stringify({ choices: [{ message: { content: 'Two.' }, finish_reason: 'stop' }] }),
  })
  await call(callTo({ ...target, spec: { ...target.spec, id: 'another' } }, { messages }))
  t.notMatch(JSON.stringify(server.requests.at(-1)?.body), 'c2lnbmVk')
})

t.test('pieces of tool calls find their call, whatever a server leaves out', t => {
  const cases: readonly (readonly [string, readonly JsonObject[], readonly (readonly [string, string])[]])[] = [
    [
      'with an index',
      [
        { index: 1, id: 'b', function: { name: 'g', arguments: '{}' } },
        { index: 0, id: 'a', function: { name: 'f', arguments: '{' } },
        { index: 0, function: { arguments: '}' } },
      ],
      [
        ['f', '{}'],
        ['g', '{}'],
      ],
    ],
    [
      'with ids alone',
      [
        { id: 'a', function: { name: 'f', arguments: '{' } },
        { id: 'b', function: { name: 'f', arguments: '{}' } },
        { id: 'a', function: { arguments: '}' } },
      ],
      [
        ['f', '{}'],
        ['f', '{}'],
      ],
    ],
    [
      'with nothing but a name',
      [{ function: { name: 'f', arguments: '{"x":' } }, { function: { arguments: '1}' } }, { function: { name: 'g', arguments: '{}' } }],
      [
        ['f', '{"x":1}'],
        ['g', '{}'],
      ],
    ],
    [
      'all under one index',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '{"x":1}' } },
        { index: 0, id: 'b', function: { name: 'f', arguments: '{"x":2}' } },
      ],
      [
        ['f', '{"x":1}'],
        ['f', '{"x":2}'],
      ],
    ],
    [
      'the name with each piece',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } },
        { index: 0, id: 'a', function: { name: 'f', arguments: ':1}' } },
      ],
      [['f', '{"x":1}']],
    ],
    [
      'the name late',
      [
        { index: 0, id: 'a', function: { arguments: '' } },
        { index: 0, function: { name: 'f', arguments: '{}' } },
      ],
      [['f', '{}']],
    ],
  ]
  for (const [name, pieces, expected] of cases) {
    const tools = createToolCallPieces()
    const begun = pieces.map(piece => tools.take(piece)).filter(said => said !== undefined)
    t.strictSame(
      tools.whole()?.map(call => [call.name, call.arguments]),
      expected,
      name,
    )
    t.equal(begun.length, expected.length, `${name}: each is told once`)
    t.equal(new Set(tools.whole()?.map(({ id }) => id)).size, expected.length, `${name}: each has an id`)
  }
  t.end()
})

t.test('a server that repeats the name with each of very many pieces, or makes very many calls, is read in one go', t => {
  const tools = createToolCallPieces()
  const piece = (text: string) => tools.take({ index: 0, id: 'a', function: { name: 'f', arguments: text } })
  piece('{"x":"')
  for (let count = 0; count < 200_000; count++) piece('{\\"')
  piece('"}')
  t.equal(tools.whole()?.length, 1)
  t.equal(JSON.parse(tools.whole()?.[0]?.arguments ?? '').x.length, 400_000)
  for (let index = 1; index < 200_000; index++) tools.take({ index, function: { name: 'f', arguments: '{}' } })
  t.equal(tools.whole()?.length, 200_000)
  t.end()
})

t.test('events are read however they are cut', t => {
  const text = ': ping\r\n\r\nevent: x\ndata: {"a":"é\ud83d\ude00"}\n\ndata:one\r\ndata: two\r\n\r\nid: 1\n\ndata: cut off'
  const bytes = Buffer.from(text)
  for (let size = 1; size <= bytes.length; size++) {
    const seen: string[] = []
    const read = createEventReader(data => seen.push(data))
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size))
    t.strictSame(seen, ['{"a":"é\ud83d\ude00"}', 'one\ntwo'], `in pieces of ${size}`)
  }
  t.end()
})

t.test('what the id of a model of OpenAI tells', t => {
  const { thinks, efforts } = traitsOf('gpt-5')
  t.same([thinks, efforts], [true, ['minimal', 'low', 'medium', 'high']])
  const thinking = ['o1', 'o4-mini-2025-04-16', 'gpt-5.1-chat-latest', 'gpt-5.4-pro', 'gpt-6-astra']
  const others = ['gpt-4o', 'gpt-5-chat-latest', 'gpt-3.5-turbo', 'ft:gpt-5:acme', 'our-deployment', 'o', '']
  t.ok(thinking.every(id => traitsOf(id).thinks))
  t.notOk(others.some(id => traitsOf(id).thinks))
  t.equal(traitsOf('gpt-5.4-pro').efforts, undefined, 'not known')
  t.same(traitsOf('gpt-6-sol').efforts?.[0], 'none')
  t.ok(traitsOf('gpt-5.6').thinksWithoutToolsOnly)
  t.notOk(traitsOf('gpt-4o-mini-search-preview').takesTemperature)
  t.end()
})

t.test('a schema as OpenAI takes it', t => {
  const schema: JsonSchema = {
    type: 'object',
    properties: {
      code: { type: 'string', pattern: '^(?!x)' },
      kept: { type: 'string', pattern: '[(?=]\\(\\?=' },
      part: { allOf: [{ $ref: '#/$defs/part' }], description: 'd' },
      free: { type: 'object', propertyNames: { minLength: 2 }, additionalProperties: { enum: [{ pattern: '(?=x)' }] } },
    },
    $defs: { part: { type: 'string' } },
  }
  const { schema: sent, warnings } = openaiSchema(schema)
  t.same(sent.properties, {
    code: { type: 'string' },
    kept: { type: 'string', pattern: '[(?=]\\(\\?=' },
    part: { $ref: '#/$defs/part', description: 'd' },
    free: { type: 'object', additionalProperties: { enum: [{ pattern: '(?=x)' }] } },
  })
  t.equal(warnings.length, 2)
  t.equal(openaiSchema(schema), openaiSchema(schema), 'made once')
  const root = openaiSchema({ allOf: [{ $ref: '#/$defs/a~1b' }], $defs: { 'a/b': { type: 'object', properties: {} } } })
  t.match(root.schema, { type: 'object', properties: {} })
  t.throws(() => openaiSchema({ type: 'object', propertyNames: false }), { name: 'CallFailure' })
  t.end()
})

t.test('an exchange ends with what the taker throws, and with its signal while it waits for a connection', async t => {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\nx-a: 1\r\nx-a: 2\r\n\r\nab'),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { http } = gatewayDependencies()
  t.teardown(async () => {
    await http.close()
    server.close()
  })
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`
  const request = { url, method: 'POST', headers: {}, policy: { connectTimeoutMs: 2_000, allowPrivate: false } }
  const heads: unknown[] = []
  const taking = http.exchange(request, head => {
    heads.push(head)
    return () => {
      throw new Error('enough')
    }
  })
  await t.rejects(taking, { message: 'enough' })
  t.match(heads, [{ status: 200, headers: { 'x-a': '1, 2' } }], 'hints are no answer')
  const controller = new AbortController()
  const waiting = http.exchange({ ...request, signal: controller.signal })
  controller.abort(new Error('over'))
  await t.rejects(waiting, { message: 'over' })
  await t.rejects(http.exchange({ ...request, signal: controller.signal }), { message: 'over' })
})

t.test('the connection of a file that is refused is not left open, though its server goes on', async t => {
  const closed = Promise.withResolvers<void>()
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('close', () => closed.resolve())
    socket.once('data', () => socket.write('HTTP/1.1 404 Not Found\r\ncontent-type: text/event-stream\r\n\r\ndata: no\n\n'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { http } = gatewayDependencies()
  t.teardown(async () => {
    await http.close()
    server.close()
  })
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/a.png`
  const target = modelTarget(providerSpec({ type: 'openai' }))
  const call: ModelCall = {
    ...{ ...callTo(target), target, attempt: 1, isRepair: false, history: newHistory(0) },
    messages: [{ role: 'user', text: 'What is it?', files: [{ mediaType: 'image/png', url }] }],
  }
  const fetched = withFetchedFiles(call, {}, http, { connectTimeoutMs: 2_000, allowPrivate: true })
  t.match(await fetched.catch((error: unknown) => error), { details: { message: /status 404$/ } })
  await closed.promise
})
