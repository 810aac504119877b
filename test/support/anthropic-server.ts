import {
  MODELS_PATH,
  type Protocol,
  type ProtocolServer,
  type Reply,
  type ScriptedUsage,
  type StreamEvent,
  startProtocolServer,
} from './protocol-server.ts'

/**
 * Anthropic's messages, as the official client knows them. `url` has no `/v1`: the official client adds it, ours is
 * given it.
 */
export function startAnthropicServer(): Promise<ProtocolServer> {
  return startProtocolServer(protocol)
}

export const DEFAULT_USAGE: ScriptedUsage = { input: 12, cached: 4, cacheWrite: 3, output: 7, reasoning: 0 }

/** What shows Anthropic that thoughts are its own. */
const SIGNATURE = 'EqQBCkYIBxgCKkBlYvVbJq0c'

const protocol: Protocol = {
  kindOf({ path, body }) {
    if (path === MODELS_PATH) return 'models'
    if (path !== '/v1/messages') return undefined
    return body?.stream === true ? 'stream' : 'answer'
  },
  refusal({ path, headers, body }) {
    if (headers['x-api-key'] === undefined && headers.authorization === undefined)
      return { status: 401, code: 'authentication_error', message: 'x-api-key header is required' }
    if (headers['anthropic-version'] === undefined)
      return { status: 400, code: 'invalid_request_error', message: 'anthropic-version: header is required' }
    if (path === MODELS_PATH) return undefined
    if (typeof body?.model !== 'string' || typeof body.max_tokens !== 'number' || !Array.isArray(body.messages)) {
      return { status: 400, code: 'invalid_request_error', message: 'model, max_tokens and messages are required' }
    }
    return undefined
  },
  errorBody: (code, message) => ({ type: 'error', error: { type: code, message }, request_id: 'req_in_body' }),
  answer: ({ body }, reply) => ({
    ...head(body.model),
    content: [
      ...(reply.thoughts ? [{ type: 'thinking', thinking: reply.thoughts.join(''), signature: SIGNATURE }] : []),
      ...(reply.text ? [{ type: 'text', text: reply.text.join(''), citations: null }] : []),
      ...(reply.toolCalls ?? []).map((call, index) => ({
        type: 'tool_use',
        id: `toolu_${index + 1}`,
        name: call.name,
        input: JSON.parse(call.arguments),
      })),
    ],
    stop_reason: stopReasonOf(reply),
    usage: usageOf(reply),
  }),
  events({ body }, reply) {
    const events: StreamEvent[] = [
      {
        event: 'message_start',
        data: {
          type: 'message_start',
          message: { ...head(body.model), content: [], stop_reason: null, usage: { ...usageOf(reply), output_tokens: 1 } },
        },
      },
    ]
    let index = 0
    if (reply.thoughts) {
      const delta = (delta: object): StreamEvent => ({
        event: 'content_block_delta',
        data: { type: 'content_block_delta', index: 0, delta },
      })
      events.push(
        {
          event: 'content_block_start',
          data: { type: 'content_block_start', index, content_block: { type: 'thinking', thinking: '', signature: '' } },
        },
        ...reply.thoughts.map(thinking => delta({ type: 'thinking_delta', thinking })),
        delta({ type: 'signature_delta', signature: SIGNATURE }),
        { event: 'content_block_stop', data: { type: 'content_block_stop', index: index++ } },
      )
    }
    if (reply.text) {
      events.push({ event: 'content_block_start', data: { type: 'content_block_start', index, content_block: { type: 'text', text: '' } } })
      for (const text of reply.text)
        events.push({
          event: 'content_block_delta',
          data: { type: 'content_block_delta', index, delta: { type: 'text_delta', text } },
          isText: true,
        })
      events.push({ event: 'content_block_stop', data: { type: 'content_block_stop', index: index++ } })
    }
    for (const call of reply.toolCalls ?? []) {
      events.push({
        event: 'content_block_start',
        data: { type: 'content_block_start', index, content_block: { type: 'tool_use', id: `toolu_${index}`, name: call.name, input: {} } },
      })
      events.push({
        event: 'content_block_delta',
        data: { type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: call.arguments } },
      })
      events.push({ event: 'content_block_stop', data: { type: 'content_block_stop', index: index++ } })
    }
    events.push({
      event: 'message_delta',
      data: {
        type: 'message_delta',
        delta: { stop_reason: stopReasonOf(reply), stop_sequence: null },
        usage: { output_tokens: (reply.usage ?? DEFAULT_USAGE).output },
      },
    })
    return [...events, { event: 'message_stop', data: { type: 'message_stop' } }]
  },
  streamError: (code, message) => ({ event: 'error', data: { type: 'error', error: { type: code, message } } }),
}

function head(model: string): object {
  return { id: 'msg_1', type: 'message', role: 'assistant', model, stop_sequence: null }
}

function stopReasonOf({ finishReason, toolCalls }: Reply): string {
  return finishReason ?? (toolCalls ? 'tool_use' : 'end_turn')
}

/** Anthropic counts what was cached apart from `input_tokens`. */
function usageOf({ usage }: Reply): object {
  const { input, cached, cacheWrite = 0, output } = usage ?? DEFAULT_USAGE
  return {
    input_tokens: input - cached - cacheWrite,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: cacheWrite,
    output_tokens: output,
  }
}
