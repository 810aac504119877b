import { createHash } from 'node:crypto'
import type { Agent } from 'undici'
import { NoAnswer, requestFailure, unauthorized, unexpected, unreachable } from './failure.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** For one request with its answer, whole. */
const ATTEMPT_TIMEOUT_MS = 60_000
/** A state of 20,000 blocks has 4 MiB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

export interface HttpAccess {
  readonly credentials?: { readonly username: string; readonly password: string }
  /** Win over what flowrun sends. */
  readonly headers: Readonly<Record<string, string>>
  /** PEM texts. */
  readonly tls: { readonly rejectUnauthorized: boolean; readonly cert?: string; readonly key?: string; readonly ca?: string }
  /** Further attempts after the first; each wait is twice the one before. */
  readonly retry: { readonly max: number; readonly waitMinMs: number; readonly waitMaxMs: number }
  /** Rejects when `signal` is aborted. */
  readonly sleep: (ms: number) => Promise<void>
  /** Ends the waits between attempts, and with them the attempts. */
  readonly signal?: AbortSignal | undefined
  readonly userAgent: string
  /** For one attempt; 60,000 unless given. */
  readonly timeoutMs?: number
}

export interface HttpRequest {
  readonly method: string
  readonly url: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface HttpAnswer {
  readonly status: number
  /** The first of each, by its name in lower case. */
  readonly header: (name: string) => string | undefined
  readonly body: Buffer
}

/** How a server of states is asked. */
export interface HttpTransport {
  /**
   * Asks once, with any answer but those that say "not now" and "not you".
   *
   * @throws NoAnswer; OperationError `state/unauthorized`, `state/unreachable`.
   */
  ask(request: HttpRequest): Promise<HttpAnswer>
  /** Tries until an answer comes, as often as the settings say. @throws OperationError `state/unreachable`. */
  retrying<T>(attempt: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** @param name the address as it may be shown. */
export function createTransport(name: string, access: HttpAccess): HttpTransport {
  const { credentials, headers, tls, retry, sleep, signal, userAgent, timeoutMs = ATTEMPT_TIMEOUT_MS } = access
  const gave = credentials !== undefined || tls.cert !== undefined || Object.keys(headers).length > 0
  const own = {
    'user-agent': userAgent,
    ...(credentials && { authorization: `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}` }),
    ...Object.fromEntries(Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value])),
  }
  let opened: Promise<Agent> | undefined
  return {
    async ask({ method, url, body, headers: ofRequest }) {
      opened ??= openAgent(tls)
      const content = body === undefined ? {} : { 'content-type': 'application/json', 'content-md5': md5(body) }
      const { origin, pathname, search } = new URL(url)
      const answer = await opened
        .then(async agent => {
          const {
            statusCode,
            headers: received,
            body: stream,
          } = await agent.request({
            origin,
            path: pathname + search,
            method,
            headers: { ...content, ...own, ...ofRequest },
            ...(body !== undefined && { body }),
            signal: AbortSignal.timeout(timeoutMs),
          })
          return { status: statusCode, received, body: Buffer.from(await stream.arrayBuffer()) }
        })
        .catch(error => {
          throw requestFailure(name, error)
        })
      const header = (wanted: string) => [answer.received[wanted]].flat()[0]
      const { status } = answer
      if (status === 401 || status === 403) throw unauthorized(name, status, gave)
      // 501 is the one failure of a server that does not pass.
      if (status === 429 || (status >= 500 && status !== 501))
        throw new NoAnswer(`it answered ${status}`, retryAfterMs(header('retry-after')))
      if (status >= 300 && status < 400)
        throw unexpected(name, `It sends on to ${shownAddress(header('location') ?? '', url)} (${status}).`)
      return { status, header, body: answer.body }
    },
    async retrying(attempt) {
      for (let tried = 1; ; tried++) {
        try {
          return await attempt()
        } catch (error) {
          if (!(error instanceof NoAnswer)) throw error
          const times = tried === 1 ? 'once' : `${tried} times`
          if (tried > retry.max) throw unreachable(name, `It was tried ${times}: ${error.message}.`)
          const waitMs = error.retryAfterMs ?? retry.waitMinMs * 2 ** (tried - 1)
          await sleep(Math.min(waitMs, retry.waitMaxMs)).catch(reason => {
            if (!signal?.aborted) throw reason
            throw unreachable(name, `It was tried ${times}, until the interruption: ${error.message}.`)
          })
        }
      }
    },
    close: async () => void (await opened?.then(agent => agent.destroy())),
  }
}

async function openAgent(tls: HttpAccess['tls']): Promise<Agent> {
  // undici costs 60 ms to load, and an environment with another state never needs it.
  const { Agent } = await import('undici')
  return new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS, ...tls },
    // The attempt as a whole has its time: an answer that drips has pieces without end.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_ANSWER_BYTES,
  })
}

/** An address without what may be secret in it: credentials and the query. */
export function shownAddress(address: string, base?: string): string {
  const url = URL.parse(address, base)
  return url ? `${url.origin}${url.pathname}` : 'no address'
}

/** RFC 1864. */
export function md5(content: string | Buffer): string {
  return createHash('md5').update(content).digest('base64')
}

/** Seconds, or a date, which no server of states was seen to send. */
function retryAfterMs(written: string | undefined): number | undefined {
  return written !== undefined && /^\d{1,6}$/.test(written) ? Number(written) * 1000 : undefined
}
