import type { Protocol, Reply, StreamEvent } from './protocol-server.ts'

/** OpenAI's responses, as the official client knows them. */
export const responsesProtocol: Protocol = {
  kindOf: ({ body }) => (body?.stream === true ? 'stream' : 'answer'),
  refusal({ headers, body }) {
    if (!headers.authorization?.startsWith('Bearer ') && headers['api-key'] === undefined)
      return { status: 401, code: 'invalid_api_key', message: 'You did not provide an API key.' }
    if (typeof body?.model !== 'string' || body.input === undefined)
      return { status: 400, code: 'invalid_request_error', message: 'model and input are required' }
    return undefined
  },
  errorBody: (code, message) => ({ error: { message, type: code, param: null, code } }),
  answer: ({ body }, reply) => responseOf(body.model, reply, itemsOf(reply)),
  events({ body }, reply) {
    let sequence_number = 0
    const event = (type: string, data: object): StreamEvent => ({
      event: type,
      data: { type, sequence_number: sequence_number++, ...data },
    })
    const events = [event('response.created', { response: { ...head(body.model), status: 'in_progress', output: [] } })]
    for (const [output_index, item] of itemsOf(reply).entries()) {
      const place = { output_index, item_id: item.id }
      events.push(event('response.output_item.added', { output_index, item: emptied(item) }))
      if (item.type === 'reasoning') {
        const part = { type: 'summary_text', text: '' }
        events.push(event('response.reasoning_summary_part.added', { ...place, summary_index: 0, part }))
        for (const delta of reply.thoughts ?? [])
          events.push(event('response.reasoning_summary_text.delta', { ...place, summary_index: 0, delta }))
      }
      if (item.type === 'function_call') events.push(event('response.function_call_arguments.delta', { ...place, delta: item.arguments }))
      if (item.type === 'message') {
        const part = { type: 'output_text', text: '', annotations: [], logprobs: [] }
        events.push(event('response.content_part.added', { ...place, content_index: 0, part }))
        for (const delta of reply.text ?? [])
          events.push({ ...event('response.output_text.delta', { ...place, content_index: 0, delta, logprobs: [] }), isText: true })
      }
      events.push(event('response.output_item.done', { output_index, item }))
    }
    const end = isCutOff(reply) ? 'response.incomplete' : 'response.completed'
    return [...events, event(end, { response: responseOf(body.model, reply, itemsOf(reply)) })]
  },
  streamError: (code, message) => ({ event: 'error', data: { type: 'error', sequence_number: 9, code, message, param: null } }),
}

function head(model: string): object {
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1_767_225_600,
    model: `${model}-2026-01-01`,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
  }
}

function responseOf(model: string, reply: Reply, output: readonly object[]): object {
  const reason = reply.finishReason === 'length' ? 'max_output_tokens' : reply.finishReason
  return {
    ...head(model),
    status: isCutOff(reply) ? 'incomplete' : 'completed',
    incomplete_details: isCutOff(reply) ? { reason } : null,
    output,
    ...usageOf(reply),
  }
}

function isCutOff({ finishReason }: Reply): boolean {
  return finishReason === 'length' || finishReason === 'content_filter'
}

type Item =
  | { readonly type: 'reasoning'; readonly id: string; readonly summary: readonly object[]; readonly encrypted_content: string }
  | { readonly type: 'message'; readonly id: string; readonly role: string; readonly status: string; readonly content: readonly object[] }
  | {
      readonly type: 'function_call'
      readonly id: string
      readonly call_id: string
      readonly name: string
      readonly arguments: string
      readonly status: string
    }

function itemsOf({ thoughts, text, toolCalls = [] }: Reply): readonly Item[] {
  return [
    ...(thoughts
      ? [
          {
            type: 'reasoning' as const,
            id: 'rs_1',
            summary: [{ type: 'summary_text', text: thoughts.join('') }],
            encrypted_content: 'gAAAAABo1234',
          },
        ]
      : []),
    ...(text
      ? [
          {
            type: 'message' as const,
            id: 'msg_1',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: text.join(''), annotations: [], logprobs: [] }],
          },
        ]
      : []),
    ...toolCalls.map((call, index) => ({
      type: 'function_call' as const,
      id: `fc_${index + 1}`,
      call_id: `call_${index + 1}`,
      status: 'completed',
      ...call,
    })),
  ]
}

/** As it is when it begins. */
function emptied(item: Item): Item {
  switch (item.type) {
    case 'reasoning':
      return { ...item, summary: [] }
    case 'message':
      return { ...item, status: 'in_progress', content: [] }
    case 'function_call':
      return { ...item, status: 'in_progress', arguments: '' }
  }
}

function usageOf({ usage }: Reply): object {
  const { input, cached, output, reasoning } = usage ?? { input: 12, cached: 4, output: 7, reasoning: 2 }
  return {
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: cached },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: reasoning },
      total_tokens: input + output,
    },
  }
}
