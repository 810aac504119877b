import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import t from 'tap'
import { startAnthropicServer } from '../support/anthropic-server.ts'
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
