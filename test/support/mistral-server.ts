import { openAiProtocol } from './openai-server.ts'
import { type Protocol, type ProtocolServer, type Reply, startProtocolServer } from './protocol-server.ts'

/** Mistral's chat completions; `url` has no `/v1`: the official client adds it, ours is given it. */
export function startMistralServer(): Promise<ProtocolServer> {
  return startProtocolServer(protocol)
}

/** OpenAI's protocol, but for thoughts that are parts of the content, for usage, and for errors. */
const protocol: Protocol = {
  ...openAiProtocol,
  kindOf: request => (request.path.startsWith('/v1/responses') ? undefined : openAiProtocol.kindOf(request)),
  errorBody: (code, message) => ({ object: 'error', message, type: code, param: null, code: null }),
  answer(request, reply) {
    const answer = JSON.parse(JSON.stringify(openAiProtocol.answer(request, withoutThoughts(reply))))
    const [{ message }] = answer.choices
    delete message.refusal
    if (reply.thoughts) message.content = [thinking(reply.thoughts.join('')), ...textPart(message.content)]
    return { ...answer, ...usageOf(reply) }
  },
  events(request, reply) {
    const { stream_options: _, ...body } = request.body
    const [first, ...rest] = openAiProtocol.events({ ...request, body }, withoutThoughts(reply))
    const thoughts = (reply.thoughts ?? []).map(text => ({
      data: { ...chunkHead(request.body.model), choices: [{ index: 0, delta: { content: [thinking(text)] }, finish_reason: null }] },
    }))
    const events = [...(first ? [first] : []), ...thoughts, ...rest]
    // Its last piece with a reason has the usage.
    return events.map(event =>
      typeof event.data === 'object' && JSON.stringify(event.data).includes('"finish_reason":"')
        ? { ...event, data: { ...event.data, ...usageOf(reply) } }
        : event,
    )
  },
  embedding: (request, vector) => ({
    ...openAiProtocol.embedding?.(request, vector),
    id: 'emb-1',
    usage: { prompt_tokens: 3, completion_tokens: 0, total_tokens: 3 },
  }),
  streamError: (code, message) => ({ data: { object: 'error', message, type: code, param: null, code: null } }),
}

function chunkHead(model: string): object {
  return { id: 'cmpl-1', object: 'chat.completion.chunk', created: 1_767_225_600, model: `${model}-2026-01-01` }
}

function thinking(text: string): object {
  return { type: 'thinking', thinking: [{ type: 'text', text }], closed: true }
}

function textPart(text: string | null): readonly object[] {
  return text === null ? [] : [{ type: 'text', text }]
}

function withoutThoughts({ thoughts: _, ...reply }: Reply): Reply {
  return reply
}

function usageOf({ usage }: Reply): object {
  if (usage === null) return { usage: undefined }
  const { input, cached, output } = usage ?? { input: 12, cached: 4, output: 7 }
  return { usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output, num_cached_tokens: cached } }
}
