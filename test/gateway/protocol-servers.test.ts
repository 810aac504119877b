import { once } from 'node:events'
import { type IncomingMessage, request as sendHttp } from 'node:http'
import Anthropic from '@anthropic-ai/sdk'
import {
  BedrockRuntimeClient,
  type BedrockRuntimeClientConfig,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { GoogleGenAI } from '@google/genai'
import { Mistral } from '@mistralai/mistralai'
import OpenAI, { AzureOpenAI } from 'openai'
import t from 'tap'
import { startAnthropicServer } from '../support/anthropic-server.ts'
import { startAzureDeploymentServer } from '../support/azure-server.ts'
import { startBedrockServer } from '../support/bedrock-server.ts'
import { startGoogleServer } from '../support/google-server.ts'
import { startMistralServer } from '../support/mistral-server.ts'
import { startOpenAiServer } from '../support/openai-server.ts'

t.test('the official OpenAI client accepts our server', async t => {
  const server = await startOpenAiServer()
  t.teardown(() => server.close())
  const client = new OpenAI({ baseURL: server.url, apiKey: 'sk-test', maxRetries: 0 })
  const messages = [{ role: 'user' as const, content: 'Hello' }]

  await t.test('a plain answer with its usage', async t => {
    const answer = await client.chat.completions.create({ model: 'gpt-test', messages })
    t.equal(answer.choices[0]?.message.content, 'Hello there.')
    t.equal(answer.choices[0]?.finish_reason, 'stop')
    t.match(answer.usage, { prompt_tokens: 12, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 4 } })
  })

  await t.test('a stream with its usage at the end', async t => {
    const stream = await client.chat.completions.create({
      model: 'gpt-test',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    const texts: string[] = []
    let output: number | undefined
    for await (const chunk of stream) {
      texts.push(chunk.choices[0]?.delta.content ?? '')
      output = chunk.usage?.completion_tokens ?? output
    }
    t.equal(texts.join(''), 'Hello there.')
    t.equal(output, 7)
  })

  await t.test('a tool call, plain and streamed', async t => {
    server.script({ toolCalls: [{ name: 'lookup', arguments: '{"q":1}' }] })
    const answer = await client.chat.completions.create({ model: 'gpt-test', messages })
    t.match(answer.choices[0]?.message.tool_calls, [{ type: 'function', function: { name: 'lookup', arguments: '{"q":1}' } }])
    const final = await client.chat.completions.stream({ model: 'gpt-test', messages }).finalChatCompletion()
    t.match(final.choices[0]?.message.tool_calls, [{ function: { name: 'lookup', arguments: '{"q":1}' } }])
  })

  await t.test('an error in its own form', async t => {
    server.script({ fault: { kind: 'status', status: 429, code: 'rate_limit_exceeded', message: 'Slow down' } })
    await t.rejects(client.chat.completions.create({ model: 'gpt-test', messages }), { status: 429, code: 'rate_limit_exceeded' })
  })
})

t.test('the official Anthropic client accepts our server', async t => {
  const server = await startAnthropicServer()
  t.teardown(() => server.close())
  const client = new Anthropic({ baseURL: server.url, apiKey: 'sk-ant-test', maxRetries: 0 })
  const request = { model: 'claude-test', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello' }] }

  await t.test('a plain answer with its usage', async t => {
    const answer = await client.messages.create(request)
    t.match(answer.content, [{ type: 'text', text: 'Hello there.' }])
    t.equal(answer.stop_reason, 'end_turn')
    t.match(answer.usage, { input_tokens: 5, cache_read_input_tokens: 4, cache_creation_input_tokens: 3, output_tokens: 7 })
  })

  await t.test('a stream', async t => {
    const stream = client.messages.stream(request)
    t.equal(await stream.finalText(), 'Hello there.')
    t.equal((await stream.finalMessage()).usage.output_tokens, 7)
  })

  await t.test('a tool call, streamed', async t => {
    server.script({ toolCalls: [{ name: 'lookup', arguments: '{"q":1}' }] })
    const final = await client.messages.stream(request).finalMessage()
    t.match(final.content, [{ type: 'tool_use', name: 'lookup', input: { q: 1 } }])
  })

  await t.test('an error in its own form', async t => {
    server.script({ fault: { kind: 'status', status: 529, code: 'overloaded_error', message: 'Overloaded' } })
    await t.rejects(client.messages.create(request), { name: 'Error', status: 529 })
  })
})

t.test('the official OpenAI client accepts the responses and embeddings of our server', async t => {
  const server = await startOpenAiServer()
  t.teardown(() => server.close())
  const client = new OpenAI({ baseURL: server.url, apiKey: 'sk-test', maxRetries: 0 })
  const request = { model: 'gpt-test', input: 'Hello' }

  await t.test('a plain answer with its usage', async t => {
    server.script({ thoughts: ['Hm.'], text: ['Hello', ' there.'] })
    const answer = await client.responses.create(request)
    t.equal(answer.output_text, 'Hello there.')
    t.match(answer.output[0], { type: 'reasoning', summary: [{ text: 'Hm.' }] })
    t.match(answer.usage, { input_tokens: 12, output_tokens: 7, output_tokens_details: { reasoning_tokens: 2 } })
  })

  await t.test('a stream', async t => {
    const stream = client.responses.stream(request)
    const texts: string[] = []
    stream.on('response.output_text.delta', event => void texts.push(event.delta))
    const final = await stream.finalResponse()
    t.same(texts, ['Hello', ' there.'])
    t.equal(final.output_text, 'Hello there.')
  })

  await t.test('a tool call', async t => {
    server.script({ toolCalls: [{ name: 'lookup', arguments: '{"q":1}' }] })
    const answer = await client.responses.create(request)
    t.match(answer.output, [{ type: 'function_call', name: 'lookup', arguments: '{"q":1}', call_id: 'call_1' }])
  })

  await t.test('vectors', async t => {
    server.script({ vector: [1, 0] })
    const answer = await client.embeddings.create({ model: 'embed-test', input: ['a', 'b'] })
    t.same(
      answer.data.map(one => one.embedding),
      [
        [1, 0],
        [1, 0],
      ],
    )
  })
})

t.test('the official Azure client accepts our server', async t => {
  const server = await startAzureDeploymentServer('ours')
  t.teardown(() => server.close())
  const client = new AzureOpenAI({ endpoint: server.url, apiKey: 'azure-test', apiVersion: '2025-04-01-preview', maxRetries: 0 })
  const request = { model: 'ours', messages: [{ role: 'user' as const, content: 'Hello' }] }
  const answer = await client.chat.completions.create(request)
  t.equal(answer.choices[0]?.message.content, 'Hello there.')
  t.match(server.requests[0], { path: '/openai/deployments/ours/chat/completions?api-version=2025-04-01-preview' })
  server.script({ fault: { kind: 'status', status: 404, code: 'DeploymentNotFound', message: 'No such deployment' } })
  await t.rejects(client.chat.completions.create(request), { status: 404, code: 'DeploymentNotFound' })
})

t.test('the official Google client accepts our server', async t => {
  const server = await startGoogleServer()
  t.teardown(() => server.close())
  const { models } = new GoogleGenAI({ apiKey: 'google-test', httpOptions: { baseUrl: server.url } })
  const request = { model: 'gemini-test', contents: 'Hello' }

  await t.test('a plain answer with its usage', async t => {
    const answer = await models.generateContent(request)
    t.equal(answer.text, 'Hello there.')
    t.match(answer.usageMetadata, { promptTokenCount: 12, candidatesTokenCount: 5, thoughtsTokenCount: 2 })
  })

  await t.test('a stream, and a tool call with its signature', async t => {
    const texts: (string | undefined)[] = []
    for await (const chunk of await models.generateContentStream(request)) texts.push(chunk.text)
    t.equal(texts.join(''), 'Hello there.')
    server.script({ toolCalls: [{ name: 'lookup', arguments: '{"q":1}' }] })
    const answer = await models.generateContent(request)
    t.match(answer.functionCalls, [{ name: 'lookup', args: { q: 1 } }])
    t.match(answer.candidates?.[0]?.content?.parts?.[0]?.thoughtSignature, /./)
  })

  await t.test('vectors, and an error in its own form', async t => {
    server.script({ vector: [1, 0] })
    const answer = await models.embedContent({ model: 'embed-test', contents: ['a', 'b'] })
    t.match(answer.embeddings, [{ values: [1, 0] }, { values: [1, 0] }])
    server.script({ fault: { kind: 'status', status: 429, code: 'RESOURCE_EXHAUSTED', message: 'Slow down' } })
    await t.rejects(models.generateContent(request), { status: 429, message: /RESOURCE_EXHAUSTED/ })
  })
})

t.test('the official Mistral client accepts our server', async t => {
  const server = await startMistralServer()
  t.teardown(() => server.close())
  const client = new Mistral({ apiKey: 'mistral-test', serverURL: server.url, retryConfig: { strategy: 'none' } })
  const request = { model: 'mistral-test', messages: [{ role: 'user' as const, content: 'Hello' }] }

  await t.test('a plain answer with its usage', async t => {
    const answer = await client.chat.complete(request)
    t.equal(answer.choices?.[0]?.message?.content, 'Hello there.')
    t.match(answer.usage, { promptTokens: 12, completionTokens: 7 })
  })

  await t.test('a stream, thoughts and a tool call', async t => {
    const texts: unknown[] = []
    for await (const { data } of await client.chat.stream(request)) texts.push(data.choices[0]?.delta.content ?? '')
    t.equal(texts.join(''), 'Hello there.')
    server.script({ thoughts: ['Hm.'], text: ['Yes.'] })
    t.match((await client.chat.complete(request)).choices?.[0]?.message?.content, [{ type: 'thinking' }, { type: 'text', text: 'Yes.' }])
    server.script({ toolCalls: [{ name: 'lookup', arguments: '{"q":1}' }] })
    t.match((await client.chat.complete(request)).choices?.[0]?.message?.toolCalls, [{ function: { name: 'lookup' } }])
  })

  await t.test('vectors, and an error in its own form', async t => {
    server.script({ vector: [1, 0] })
    const answer = await client.embeddings.create({ model: 'embed-test', inputs: ['a', 'b'] })
    t.match(answer.data, [{ embedding: [1, 0] }, { embedding: [1, 0] }])
    server.script({ fault: { kind: 'status', status: 429, code: 'rate_limited', message: 'Slow down' } })
    await t.rejects(client.chat.complete(request), { message: /429/ })
  })
})

interface SdkRequest {
  readonly method: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** The client would speak HTTP/2 by itself, which nothing of ours does. */
const HTTP_1: NonNullable<BedrockRuntimeClientConfig['requestHandler']> = {
  async handle({ method, hostname, port, path, headers, body }: SdkRequest) {
    const request = sendHttp({ method, host: hostname, ...(port !== undefined && { port }), path, headers })
    request.end(body)
    const [answer]: [IncomingMessage] = (await once(request, 'response')) as [IncomingMessage]
    return { response: { statusCode: answer.statusCode ?? 0, headers: answer.headers as Record<string, string>, body: answer } }
  },
}

t.test('the official Bedrock client accepts our server', async t => {
  const server = await startBedrockServer()
  const client = new BedrockRuntimeClient({
    endpoint: server.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'example' },
    maxAttempts: 1,
    requestHandler: HTTP_1,
  })
  t.teardown(async () => {
    client.destroy()
    await server.close()
  })
  const request = { modelId: 'anthropic.claude-test-v1:0', messages: [{ role: 'user' as const, content: [{ text: 'Hello' }] }] }

  await t.test('a plain answer with its usage', async t => {
    const answer = await client.send(new ConverseCommand(request))
    t.match(answer.output?.message?.content, [{ text: 'Hello there.' }])
    t.match(answer, { stopReason: 'end_turn', usage: { inputTokens: 5, cacheReadInputTokens: 4, outputTokens: 7 } })
    t.equal(server.requests[0]?.path, '/model/anthropic.claude-test-v1%3A0/converse')
  })

  await t.test('a stream, thoughts and a tool call', async t => {
    server.script({ thoughts: ['Hm.'], text: ['Hello', ' there.'], toolCalls: [{ name: 'lookup', arguments: '{"q":1}' }] })
    const { stream = [] } = await client.send(new ConverseStreamCommand(request))
    const texts: string[] = []
    const events: string[] = []
    for await (const event of stream) {
      texts.push(event.contentBlockDelta?.delta?.text ?? '')
      events.push(...Object.keys(event))
    }
    t.equal(texts.join(''), 'Hello there.')
    t.match(events, ['messageStart', 'contentBlockDelta'])
    t.equal(events.at(-1), 'metadata')
  })

  await t.test('an exception in a stream, a vector, and an error in its own form', async t => {
    server.script({ text: ['Hello'], fault: { kind: 'stream_error', code: 'throttlingException', message: 'Slow down' } })
    const { stream = [] } = await client.send(new ConverseStreamCommand(request))
    await t.rejects(
      async () => {
        for await (const _ of stream);
      },
      { name: 'ThrottlingException', message: 'Slow down' },
    )
    server.script({ vector: [1, 0] })
    const { body } = await client.send(new InvokeModelCommand({ modelId: 'amazon.titan-embed-text-v2:0', body: '{"inputText":"a"}' }))
    t.match(JSON.parse(Buffer.from(body).toString()), { embedding: [1, 0] })
    server.script({ fault: { kind: 'status', status: 429, code: 'ThrottlingException', message: 'Slow down' } })
    await t.rejects(client.send(new ConverseCommand(request)), { name: 'ThrottlingException' })
  })
})
