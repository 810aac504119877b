import {
  MODELS_PATH,
  type Protocol,
  type ProtocolServer,
  type Reply,
  type ScriptedUsage,
  type StreamEvent,
  startProtocolServer,
} from './protocol-server.ts'

/** OpenAI's chat completions at `/v1`, as the official client knows them. */
export async function startOpenAiServer(): Promise<ProtocolServer> {
  const server = await startProtocolServer(protocol)
  return { ...server, url: `${server.url}/v1` }
}

export const DEFAULT_USAGE: ScriptedUsage = { input: 12, cached: 4, output: 7, reasoning: 2 }

const HEAD = { id: 'chatcmpl-1', created: 1_767_225_600, system_fingerprint: 'fp_1' }

const protocol: Protocol = {
  paths: new Set(['/v1/chat/completions', MODELS_PATH]),
  refusal({ path, headers, body }) {
    if (!headers.authorization?.startsWith('Bearer ') && headers['x-team'] === undefined)
      return { status: 401, code: 'invalid_api_key', message: 'You did not provide an API key.' }
    if (path === MODELS_PATH) return undefined
    if (typeof body?.model !== 'string' || !Array.isArray(body.messages) || body.messages.length === 0) {
      return { status: 400, code: 'invalid_request_error', message: 'model and messages are required' }
    }
    return undefined
  },
  errorBody: (code, message) => ({ error: { message, type: code, param: null, code } }),
  answer: ({ body }, reply) => ({
    ...HEAD,
    object: 'chat.completion',
    model: `${body.model}-2026-01-01`,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: reply.text ? reply.text.join('') : null,
          refusal: null,
          ...(reply.toolCalls && {
            tool_calls: reply.toolCalls.map((call, index) => ({ id: `call_${index + 1}`, type: 'function', function: call })),
          }),
        },
        logprobs: null,
        finish_reason: finishReasonOf(reply),
      },
    ],
    ...usageOf(reply),
  }),
  events({ body }, reply) {
    const chunk = (delta: object, finish_reason: string | null = null) => ({
      ...HEAD,
      object: 'chat.completion.chunk',
      model: `${body.model}-2026-01-01`,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    })
    const events: StreamEvent[] = [{ data: chunk({ role: 'assistant', content: '' }) }]
    for (const content of reply.text ?? []) events.push({ data: chunk({ content }), isText: true })
    for (const [index, call] of (reply.toolCalls ?? []).entries()) {
      events.push({
        data: chunk({ tool_calls: [{ index, id: `call_${index + 1}`, type: 'function', function: { name: call.name, arguments: '' } }] }),
      })
      events.push({ data: chunk({ tool_calls: [{ index, function: { arguments: call.arguments } }] }) })
    }
    events.push({ data: chunk({}, finishReasonOf(reply)) })
    if (body.stream_options?.include_usage) events.push({ data: { ...chunk({}), choices: [], ...usageOf(reply) } })
    return [...events, { data: '[DONE]' }]
  },
  streamError: (code, message) => ({ data: { error: { message, type: code, param: null, code } } }),
}

function finishReasonOf({ finishReason, toolCalls }: Reply): string {
  return finishReason ?? (toolCalls ? 'tool_calls' : 'stop')
}

function usageOf({ usage = DEFAULT_USAGE }: Reply): object {
  if (usage === null) return {}
  return {
    usage: {
      prompt_tokens: usage.input,
      completion_tokens: usage.output,
      total_tokens: usage.input + usage.output,
      prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: usage.reasoning, audio_tokens: 0 },
    },
  }
}
