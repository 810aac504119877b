import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { Agent, buildConnector } from 'undici'
import { type BodyTaker, exchange, type WholeAnswer } from './exchange.ts'
import { isLoopbackHost, refusalOf, toolRefusalOf } from './network-policy.ts'

/** Sends one request over connections that are kept; no redirect is followed, no private address reached unless allowed. */
export interface Http {
  send(request: HttpRequest): Promise<Response>
  /** The same without the objects of the web, for whoever makes thousands of calls a second. @param takerOf who takes the body as it comes. */
  exchange(request: Omit<HttpRequest, 'maxBytes' | 'isStreamed'>, takerOf?: BodyTaker): Promise<WholeAnswer>
  /** Ends idle connections, so that a process can exit. */
  close(): Promise<void>
}

export interface HttpRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
  readonly policy: NetworkPolicy
  /** The body is read whole, whatever it is, and cut off with AnswerTooLong as soon as it is longer. */
  readonly maxBytes?: number
  /** The body is passed through as it comes, whatever it is. */
  readonly isStreamed?: true
}

export interface NetworkPolicy {
  readonly connectTimeoutMs: number
  readonly allowPrivate: boolean
  /** Absent: a provider, which may always be on this machine, and elsewhere only behind TLS. */
  readonly caller?: 'tool'
  /** Certificates of the only authorities that are trusted; absent: those that Node knows. */
  readonly caPem?: string
}

/** An answer that is longer is cut off with an error: 32 MiB is a hundred times the longest answer of any model. */
export const MAX_RESPONSE_BYTES = 32 * 1024 * 1024

/** Thrown by `send` before anything is sent. */
export class AddressRefused extends Error {
  readonly code = 'ADDRESS_REFUSED'
}

/** Thrown by `send` as soon as a body is longer than the request allows. */
export class AnswerTooLong extends Error {
  readonly code = 'ANSWER_TOO_LONG'
}

/** @param lookup finds the addresses of a name. */
export function createHttp(lookup: LookupFunction = systemLookup): Http {
  const agents = new Map<string, Promise<Agent>>()
  const agentFor = (policy: NetworkPolicy, loopback: boolean) => {
    const isOpen = policy.allowPrivate || (loopback && policy.caller !== 'tool')
    const key = `${policy.connectTimeoutMs} ${isOpen} ${policy.caller} ${policy.caPem ?? ''}`
    const agent = agents.get(key) ?? createAgent(policy, isOpen ? lookup : publicLookup(lookup, policy))
    agents.set(key, agent)
    return agent
  }
  // Whoever calls thousands of times a second does so by one policy and one address: to read and judge it took 5 µs a call.
  let routes = new WeakMap<NetworkPolicy, Route>()
  const routeOf = async (url: string, policy: NetworkPolicy): Promise<Route> => {
    const known = routes.get(policy)
    if (known?.url === url) return known
    const { origin, hostname, protocol, pathname, search } = new URL(url)
    const refusal = refusalFor(policy, protocol, hostname)
    if (refusal !== undefined) throw new AddressRefused(refusal)
    const route = { url, agent: await agentFor(policy, isLoopbackHost(hostname)), origin, path: pathname + search }
    routes.set(policy, route)
    return route
  }
  return {
    async send({ maxBytes, isStreamed = false, ...request }) {
      const route = await routeOf(request.url, request.policy)
      const answer = await route.agent.request({ ...optionsOf(request, route), ...(request.signal && { signal: request.signal }) })
      return toResponse(answer, { isStreamed, ...(maxBytes !== undefined && { maxBytes }) })
    },
    async exchange(request, takerOf) {
      const route = await routeOf(request.url, request.policy)
      return exchange(route.agent, optionsOf(request, route), request.signal, takerOf)
    },
    async close() {
      const open = await Promise.all(agents.values())
      agents.clear()
      routes = new WeakMap()
      await Promise.all(open.map(agent => agent.destroy()))
    },
  }
}

/** An address that may be called, and by what. */
interface Route {
  readonly url: string
  readonly agent: Agent
  readonly origin: string
  readonly path: string
}

function optionsOf({ method, headers, body }: HttpRequest, { origin, path }: Route) {
  return { origin, path, method, headers, ...(body !== undefined && { body }) }
}

function refusalFor({ caller, allowPrivate }: NetworkPolicy, protocol: string, hostname: string): string | undefined {
  return caller === 'tool' ? toolRefusalOf(protocol, hostname, allowPrivate) : refusalOf(protocol, hostname, allowPrivate)
}

async function createAgent({ connectTimeoutMs, caPem }: NetworkPolicy, lookup: LookupFunction): Promise<Agent> {
  // undici costs 60 ms to load, and a plan or a simulated call never needs it.
  const { Agent } = await import('undici')
  const connect: buildConnector.BuildOptions = { timeout: connectTimeoutMs, lookup, ...(caPem !== undefined && { ca: caPem }) }
  // Time is the timeout layer's to keep: undici's own five minutes would end a longer one.
  return new Agent({ connect, headersTimeout: 0, bodyTimeout: 0, maxResponseSize: MAX_RESPONSE_BYTES })
}

/** Refuses a name when any of its addresses is not public: checked after DNS, where the connection is made. */
function publicLookup(lookup: LookupFunction, policy: NetworkPolicy): LookupFunction {
  return (hostname, options, callback) =>
    lookup(hostname, options, (error, address, family) => {
      const addresses = typeof address === 'string' ? [address] : (address ?? []).map(one => one.address)
      const refusals = addresses.map(one => refusalFor(policy, 'https:', one)).filter(refusal => refusal !== undefined)
      callback(error ?? (refusals.length > 0 ? new AddressRefused(`${hostname}, ${refusals[0]}`) : null), address, family)
    })
}

type AgentAnswer = Awaited<ReturnType<Agent['request']>>

/** Bodies that come in pieces: server-sent events, and those of Amazon. */
const STREAM_TYPE = /^(text\/event-stream|application\/vnd\.amazon\.eventstream)/

interface BodyReading {
  readonly maxBytes?: number
  readonly isStreamed: boolean
}

/** A streamed body is passed through; any other is read whole, which costs half as much as a stream of one chunk. */
async function toResponse({ statusCode, headers, body }: AgentAnswer, { maxBytes, isStreamed }: BodyReading): Promise<Response> {
  const list: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) list[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const init = { status: statusCode, headers: list }
  if (statusCode === 204 || statusCode === 205 || statusCode === 304) {
    await body.dump()
    return new Response(null, init)
  }
  if (maxBytes !== undefined) return new Response(await readAtMost(maxBytes, body), init)
  if (isStreamed || STREAM_TYPE.test(list['content-type'] ?? '')) return new Response(piecesOf(body), init)
  return new Response(await body.arrayBuffer(), init)
}

/**
 * Whoever leaves a body ends its connection, before the first piece too: there the iterator of a stream, which has not
 * begun, ends nothing, and a server that refuses and goes on would keep a connection for each call.
 */
function piecesOf(body: AgentAnswer['body']): AsyncIterable<Buffer> {
  return {
    [Symbol.asyncIterator]() {
      const iterator: AsyncIterator<Buffer> = body[Symbol.asyncIterator]()
      return {
        next: () => iterator.next(),
        async return() {
          // Nobody waits for it any more.
          body.once('error', () => {}).destroy()
          return { done: true, value: undefined }
        },
      }
    },
  }
}

/** Counts before it keeps (OWN-8). */
async function readAtMost(maxBytes: number, body: AgentAnswer['body']): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Leaving the loop ends the connection.
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new AnswerTooLong(`the answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
