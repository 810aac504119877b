import { crc32 } from 'node:zlib'
import { type Protocol, type ProtocolServer, type Reply, type StreamEvent, startProtocolServer } from './protocol-server.ts'

/** Amazon Bedrock's Converse API and its models of embeddings, as the official client knows them. */
export function startBedrockServer(): Promise<ProtocolServer> {
  return startProtocolServer(protocol)
}

const KINDS = { converse: 'answer', 'converse-stream': 'stream', invoke: 'embedding' } as const

const SIGNED =
  /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[a-z0-9-]+\/bedrock\/aws4_request, SignedHeaders=.*host.*, Signature=[0-9a-f]{64}$/

const protocol: Protocol = {
  kindOf({ path }) {
    if (path === '/foundation-models') return 'models'
    const [, method = ''] = path.match(/^\/model\/[^/]+\/([\w-]+)$/) ?? []
    return method in KINDS ? KINDS[method as keyof typeof KINDS] : undefined
  },
  refusal({ path, headers, body }) {
    const { authorization = '' } = headers
    if (!authorization.startsWith('Bearer ') && !SIGNED.test(authorization))
      return { status: 403, code: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' }
    if (path.includes('/converse') && !Array.isArray(body?.messages))
      return { status: 400, code: 'ValidationException', message: 'messages is required' }
    return undefined
  },
  errorBody: (_code, message) => ({ message }),
  errorHeaders: code => ({ 'x-amzn-errortype': code }),
  answer: (_request, reply) => ({
    output: { message: { role: 'assistant', content: contentOf(reply) } },
    stopReason: stopReasonOf(reply),
    usage: usageOf(reply),
    metrics: { latencyMs: 12 },
  }),
  events(_request, reply) {
    const events: StreamEvent[] = [{ event: 'messageStart', data: { role: 'assistant' } }]
    let contentBlockIndex = 0
    const delta = (delta: object): StreamEvent => ({ event: 'contentBlockDelta', data: { contentBlockIndex, delta } })
    const stop = (): StreamEvent => ({ event: 'contentBlockStop', data: { contentBlockIndex: contentBlockIndex++ } })
    if (reply.thoughts) {
      events.push(...reply.thoughts.map(text => delta({ reasoningContent: { text } })))
      events.push(delta({ reasoningContent: { signature: SIGNATURE } }), stop())
    }
    if (reply.text) {
      events.push(...reply.text.map(text => ({ ...delta({ text }), isText: true })))
      events.push(stop())
    }
    for (const [index, call] of (reply.toolCalls ?? []).entries()) {
      events.push({
        event: 'contentBlockStart',
        data: { contentBlockIndex, start: { toolUse: { toolUseId: `call_${index + 1}`, name: call.name } } },
      })
      events.push(delta({ toolUse: { input: call.arguments } }), stop())
    }
    events.push({ event: 'messageStop', data: { stopReason: stopReasonOf(reply) } })
    return [...events, { event: 'metadata', data: { usage: usageOf(reply), metrics: { latencyMs: 12 } } }]
  },
  streamError: (code, message) => ({ event: `!${code}`, data: { message } }),
  embedding: (_request, embedding) => ({ embedding, inputTextTokenCount: 3 }),
  models: { modelSummaries: [{ modelId: 'some-model' }] },
  framing: { contentType: 'application/vnd.amazon.eventstream', frame: eventFrame },
}

/** What shows a vendor that thoughts are its own. */
const SIGNATURE = 'EqQBCkYIBxgCKkBlYvVbJq0c'

function contentOf({ thoughts, text, toolCalls = [] }: Reply): readonly object[] {
  return [
    ...(thoughts ? [{ reasoningContent: { reasoningText: { text: thoughts.join(''), signature: SIGNATURE } } }] : []),
    ...(text ? [{ text: text.join('') }] : []),
    ...toolCalls.map((call, index) => ({
      toolUse: { toolUseId: `call_${index + 1}`, name: call.name, input: JSON.parse(call.arguments) },
    })),
  ]
}

function stopReasonOf({ finishReason, toolCalls }: Reply): string {
  return finishReason ?? (toolCalls ? 'tool_use' : 'end_turn')
}

/** Amazon counts what was cached apart from `inputTokens`. */
function usageOf({ usage }: Reply): object {
  const { input, cached, cacheWrite = 0, output } = usage ?? { input: 12, cached: 4, cacheWrite: 3, output: 7 }
  return {
    inputTokens: input - cached - cacheWrite,
    outputTokens: output,
    totalTokens: input + output,
    cacheReadInputTokens: cached,
    cacheWriteInputTokens: cacheWrite,
  }
}

/**
 * One message of Amazon's event stream: lengths, headers, payload, each part with its checksum
 * (`application/vnd.amazon.eventstream`). An event whose name begins with `!` is an exception.
 */
export function eventFrame({ event = '', data }: StreamEvent): Buffer {
  const isException = event.startsWith('!')
  const headers = Buffer.concat([
    header(isException ? ':exception-type' : ':event-type', isException ? event.slice(1) : event),
    header(':content-type', 'application/json'),
    header(':message-type', isException ? 'exception' : 'event'),
  ])
  const payload = Buffer.from(typeof data === 'string' ? data : JSON.stringify(data))
  const prelude = Buffer.alloc(8)
  prelude.writeUInt32BE(16 + headers.length + payload.length, 0)
  prelude.writeUInt32BE(headers.length, 4)
  const message = Buffer.concat([prelude, checksum(prelude), headers, payload])
  return Buffer.concat([message, checksum(message)])
}

/** Type 7 is a string, with its length in two bytes. */
function header(name: string, value: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(value.length)
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, Buffer.from(value)])
}

function checksum(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum
}
