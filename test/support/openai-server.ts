import {
  type Protocol,
  type ProtocolServer,
  type RecordedRequest,
  type Reply,
  type ScriptedUsage,
  type StreamEvent,
  startProtocolServer,
} from './protocol-server.ts'
import { responsesProtocol } from './responses-protocol.ts'

/** OpenAI's chat completions and responses at `/v1`, as the official client knows them. */
export async function startOpenAiServer(): Promise<ProtocolServer> {
  const server = await startProtocolServer(openAiProtocol)
  return { ...server, url: `${server.url}/v1` }
}

export const DEFAULT_USAGE: ScriptedUsage = { input: 12, cached: 4, output: 7, reasoning: 2 }

const HEAD = { id: 'chatcmpl-1', created: 1_767_225_600, system_fingerprint: 'fp_1' }

/** Of chat completions and embeddings. */
const chatProtocol: Protocol = {
  kindOf: ({ path, body }) => (path.endsWith('/embeddings') ? 'embedding' : body?.stream === true ? 'stream' : 'answer'),
  refusal({ path, headers, body }) {
    if (!headers.authorization?.startsWith('Bearer ') && headers['x-team'] === undefined)
      return { status: 401, code: 'invalid_api_key', message: 'You did not provide an API key.' }
    if (/\/models(\?|$)/.test(path)) return undefined
    if (path.endsWith('/embeddings')) return embeddingRefusal(body)
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
          ...(reply.thoughts && { reasoning_content: reply.thoughts.join('') }),
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
    for (const reasoning_content of reply.thoughts ?? []) events.push({ data: chunk({ reasoning_content }) })
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
  embedding: ({ body }, vector) => ({
    object: 'list',
    data: [body.input].flat().map((_text: string, index: number) => ({ object: 'embedding', index, embedding: encoded(vector, body) })),
    model: body.model,
    usage: { prompt_tokens: 3, total_tokens: 3 },
  }),
}

/** The official client asks for base64, as it is shorter. */
function encoded(vector: readonly number[], body: { readonly encoding_format?: string }): readonly number[] | string {
  return body.encoding_format === 'base64' ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector
}

function embeddingRefusal(body: { readonly model?: unknown; readonly input?: unknown }): ReturnType<Protocol['refusal']> {
  if (typeof body.model === 'string' && body.input !== undefined) return undefined
  return { status: 400, code: 'invalid_request_error', message: 'model and input are required' }
}

/** Chat completions, responses, embeddings and the list of models, each at its path below a prefix; Azure has another. */
export const openAiProtocol: Protocol = openAiProtocolAt('/v1')

export function openAiProtocolAt(prefix: string): Protocol {
  const paths = new Set(['/chat/completions', '/responses', '/embeddings', '/models'].map(path => prefix + path))
  const of = ({ path }: RecordedRequest): Protocol => (path.startsWith(`${prefix}/responses`) ? responsesProtocol : chatProtocol)
  return {
    ...chatProtocol,
    kindOf(request) {
      const [path = ''] = request.path.split('?')
      if (!paths.has(path)) return undefined
      return path === `${prefix}/models` ? 'models' : of(request).kindOf({ ...request, path })
    },
    refusal: request => of(request).refusal(request),
    answer: (request, reply) => of(request).answer(request, reply),
    events: (request, reply) => of(request).events(request, reply),
    streamError: (code, message, request) => of(request).streamError(code, message, request),
  }
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
