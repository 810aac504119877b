import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server of a model vendor's protocol that answers by script and remembers what it was asked. */
export interface ProtocolServer {
  /** Without a trailing slash; the vendor's paths follow. */
  readonly url: string
  readonly requests: readonly RecordedRequest[]
  /** What the next requests get, in order; the last is kept for all that follow. */
  script(...replies: readonly Reply[]): void
  close(): Promise<void>
}

export interface RecordedRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts on whatever the client wrote.
  readonly body: any
}

export interface Reply {
  /** Streamed in these pieces; a plain answer is all of them. */
  readonly text?: readonly string[]
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: string }[]
  /** What the model thinks before it answers, in these pieces. */
  readonly thoughts?: readonly string[]
  /** Given to each text that is embedded. */
  readonly vector?: readonly number[]
  readonly usage?: ScriptedUsage | null
  /** In the vendor's own words; the default fits what is sent. */
  readonly finishReason?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly fault?: Fault
  /** It is not sent before. */
  readonly after?: Promise<unknown>
}

export interface ScriptedUsage {
  readonly input: number
  readonly cached: number
  readonly cacheWrite?: number
  readonly output: number
  readonly reasoning: number
}

export type Fault =
  /** A status with a JSON body in the vendor's form, or this text. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly code?: string
      readonly message?: string
      readonly body?: string
      readonly contentType?: string
    }
  /** No byte, ever. */
  | { readonly kind: 'hang' }
  /** Headers and the first piece, then nothing. */
  | { readonly kind: 'stall' }
  /** Status 200 and half of a JSON text. */
  | { readonly kind: 'garbage' }
  /** Status 200 and a page for people. */
  | { readonly kind: 'html' }
  /** The connection is closed: before any byte, or after the first piece of a stream. */
  | { readonly kind: 'cut' }
  /** Headers and the first piece, then an orderly end without the vendor's last words. */
  | { readonly kind: 'early_end' }
  /** An error event after the first piece of a stream. */
  | { readonly kind: 'stream_error'; readonly code: string; readonly message: string }

/** Where most vendors list their models, for nothing. */
export const MODELS_PATH = '/v1/models'

export type RequestKind = 'answer' | 'stream' | 'embedding' | 'models'

/** What differs between vendors. */
export interface Protocol {
  /** What is asked for; undefined: there is no such path. */
  kindOf(request: RecordedRequest): RequestKind | undefined
  /** Why the request is not one of this vendor's; undefined when it is. */
  refusal(request: RecordedRequest): { readonly status: number; readonly code: string; readonly message: string } | undefined
  errorBody(code: string, message: string, status: number): object
  /** Headers of an error, where they say more than its body. */
  errorHeaders?(code: string): Readonly<Record<string, string>>
  answer(request: RecordedRequest, reply: Reply): object
  /** Server-sent events in order; the first `text` one ends what a fault lets through. */
  events(request: RecordedRequest, reply: Reply): readonly StreamEvent[]
  streamError(code: string, message: string, request: RecordedRequest): StreamEvent
  embedding?(request: RecordedRequest, vector: readonly number[]): object
  readonly models?: object
  /** Absent: server-sent events. */
  readonly framing?: { readonly contentType: string; frame(event: StreamEvent): Buffer }
}

export interface StreamEvent {
  readonly event?: string
  readonly data: object | string
  readonly isText?: boolean
}

export async function startProtocolServer(protocol: Protocol): Promise<ProtocolServer> {
  const requests: RecordedRequest[] = []
  const replies: Reply[] = [{ text: ['Hello', ' there.'] }]
  const server = createServer((incoming, response) => {
    void respond(incoming, response, protocol, replies, requests)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    script(...next) {
      replies.splice(0, replies.length, ...next)
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function respond(
  incoming: IncomingMessage,
  response: ServerResponse,
  protocol: Protocol,
  replies: Reply[],
  requests: RecordedRequest[],
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const request: RecordedRequest = { path: incoming.url ?? '', headers: incoming.headers, body: text === '' ? undefined : JSON.parse(text) }
  requests.push(request)
  const kind = protocol.kindOf(request)
  const refusal = kind ? protocol.refusal(request) : { status: 404, code: 'not_found', message: `no such path: ${request.path}` }
  if (refusal) {
    const body = protocol.errorBody(refusal.code, refusal.message, refusal.status)
    return sendJson(response, refusal.status, protocol.errorHeaders?.(refusal.code) ?? {}, body)
  }
  const [reply = {}] = replies
  if (replies.length > 1) replies.shift()
  await reply.after
  const headers = { 'x-request-id': `req_${requests.length}`, 'request-id': `req_${requests.length}`, ...reply.headers }
  if (reply.fault && plainFault(reply.fault, response, protocol, headers)) return
  if (kind === 'models') return sendJson(response, 200, headers, protocol.models ?? { object: 'list', data: [{ id: 'some-model' }] })
  if (kind === 'embedding') return sendJson(response, 200, headers, protocol.embedding?.(request, reply.vector ?? [0.6, 0, 0.8]) ?? {})
  if (kind === 'stream') return stream(response, protocol, request, reply, headers)
  if (reply.fault?.kind === 'cut') return void response.destroy()
  if (reply.fault?.kind === 'stall') return
  sendJson(response, 200, headers, protocol.answer(request, reply))
}

/** @returns whether the fault was all of the answer. */
function plainFault(fault: Fault, response: ServerResponse, protocol: Protocol, headers: Readonly<Record<string, string>>): boolean {
  switch (fault.kind) {
    case 'status':
      if (fault.body === undefined)
        sendJson(
          response,
          fault.status,
          { ...protocol.errorHeaders?.(fault.code ?? 'error'), ...headers },
          protocol.errorBody(fault.code ?? 'error', fault.message ?? 'it failed', fault.status),
        )
      else response.writeHead(fault.status, { 'content-type': fault.contentType ?? 'text/html', ...headers }).end(fault.body)
      return true
    case 'hang':
      return true
    case 'garbage':
      response.writeHead(200, { 'content-type': 'application/json', ...headers }).end('{"id": "x", "choices": [')
      return true
    case 'html':
      response
        .writeHead(200, { 'content-type': 'text/html', ...headers })
        .end('<!doctype html>\n<html><body>Sign in to the proxy</body></html>')
      return true
    default:
      return false
  }
}

const SERVER_SENT_EVENTS: NonNullable<Protocol['framing']> = {
  contentType: 'text/event-stream; charset=utf-8',
  frame({ event, data }) {
    const text = typeof data === 'string' ? data : JSON.stringify(data)
    return Buffer.from(`${event === undefined ? '' : `event: ${event}\n`}data: ${text}\n\n`)
  },
}

function stream(
  response: ServerResponse,
  protocol: Protocol,
  request: RecordedRequest,
  reply: Reply,
  headers: Readonly<Record<string, string>>,
): void {
  const { contentType, frame } = protocol.framing ?? SERVER_SENT_EVENTS
  response.writeHead(200, { 'content-type': contentType, ...headers })
  const write = (event: StreamEvent) => response.write(frame(event))
  for (const event of protocol.events(request, reply)) {
    write(event)
    if (!event.isText || !reply.fault) continue
    if (reply.fault.kind === 'stall') return
    // After a turn, so that the first piece is on its way.
    if (reply.fault.kind === 'cut') return void setImmediate(() => response.destroy())
    if (reply.fault.kind === 'early_end') break
    if (reply.fault.kind === 'stream_error') {
      write(protocol.streamError(reply.fault.code, reply.fault.message, request))
      break
    }
  }
  response.end()
}

function sendJson(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
