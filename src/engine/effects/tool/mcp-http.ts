import type { JsonObject } from '../../../base/json.ts'
import { type Http, type HttpRequest, MAX_RESPONSE_BYTES } from '../../../gateway/http.ts'
import { createEventReader } from '../../../gateway/providers/event-lines.ts'
import type { Redactor } from '../../../gateway/redactor.ts'
import { networkFailure, ToolFailure, tooLarge } from './failure.ts'
import { CONNECT_TIMEOUT_MS, PASSING_STATUS } from './http.ts'
import { answers, type McpTransport, replyTo } from './mcp-session.ts'

export interface McpEndpoint {
  readonly url: URL
  /** Of the author, secrets resolved. */
  readonly headers: Readonly<Record<string, string>>
  /** It may be in a private network. */
  readonly allowPrivate: boolean
  readonly signal: AbortSignal
}

/** Ending a session is a courtesy: nobody waits long for it. */
const CLOSE_TIMEOUT_MS = 1000

/** Speaks with an MCP server by Streamable HTTP: each message is a POST, answered with JSON or a stream of events. */
export function httpTransport(endpoint: McpEndpoint, http: Http, redactor: Redactor): McpTransport {
  const { url, signal } = endpoint
  let session: Readonly<Record<string, string>> = {}
  const send = async (method: 'POST' | 'DELETE', message: JsonObject | undefined, until: AbortSignal): Promise<Response> => {
    try {
      return await http.send({ ...messageRequest(endpoint, method, message, session), signal: until })
    } catch (error) {
      throw networkFailure(error, url.host, MAX_RESPONSE_BYTES, redactor)
    }
  }
  const post = async (message: JsonObject): Promise<Response> => {
    const response = await send('POST', message, signal)
    const { status } = response
    if (status < 200 || status > 299) {
      await response.body?.cancel()
      throw new ToolFailure('tool/http-error', `${url.host} answered ${status}`, { status, retryable: PASSING_STATUS.has(status) })
    }
    const id = response.headers.get('mcp-session-id')
    if (id !== null) session = { ...session, 'mcp-session-id': id }
    return response
  }
  const notify = async (message: JsonObject) => {
    await (await post(message)).body?.cancel()
  }
  return {
    who: url.host,
    async request(message, maxBytes) {
      const response = await post(message)
      try {
        for await (const text of texts(response, url.host, maxBytes)) {
          const heard = parsed(text)
          if (answers(heard, message)) return heard
          const reply = replyTo(heard)
          if (reply) await notify(reply)
        }
      } catch (error) {
        throw error instanceof ToolFailure ? error : networkFailure(error, url.host, maxBytes, redactor)
      }
      const details = { retryable: true, isUnanswered: true }
      throw new ToolFailure('tool/unreachable', `${url.host} ended its answer before the answer to ${message.method} was there`, details)
    },
    notify,
    agreed(version) {
      session = { ...session, 'mcp-protocol-version': version }
    },
    async close() {
      if (!('mcp-session-id' in session)) return
      await send('DELETE', undefined, AbortSignal.timeout(CLOSE_TIMEOUT_MS)).then(
        response => response.body?.cancel(),
        () => {},
      )
    },
  }
}

function messageRequest(
  { url, headers, allowPrivate }: McpEndpoint,
  method: string,
  message: JsonObject | undefined,
  session: Readonly<Record<string, string>>,
): HttpRequest {
  const usual = { accept: 'application/json, text/event-stream', ...(message && { 'content-type': 'application/json' }) }
  return {
    url: url.href,
    method,
    headers: { ...usual, ...headers, ...session },
    ...(message && { body: JSON.stringify(message) }),
    policy: { connectTimeoutMs: CONNECT_TIMEOUT_MS, allowPrivate },
    isStreamed: true,
  }
}

/** The messages of an answer: one, or those of a stream of events. */
async function* texts(response: Response, who: string, maxBytes: number): AsyncGenerator<string> {
  const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream')
  const chunks = countedChunks(response, who, maxBytes)
  if (isStream) yield* eventData(chunks)
  else yield whole(chunks)
}

/** Counts before anything is joined (OWN-8). Whoever stops reading ends the connection. */
async function* countedChunks(response: Response, who: string, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLarge(who, maxBytes)
    yield chunk
  }
}

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all).toString('utf8')
}

async function* eventData(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const heard: string[] = []
  const read = createEventReader(data => heard.push(data))
  for await (const chunk of chunks) {
    read(chunk)
    yield* heard.splice(0)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
