import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { isJsonObject } from '../../src/base/json.ts'
import type { Certificate } from './certificates.ts'

/** States over Terraform's HTTP protocol; each path is one. */
export interface StateServer {
  /** Without a trailing slash; any path may follow. */
  readonly url: string
  readonly requests: readonly StateRequest[]
  /** What is stored at a path, and who has its lock. */
  stored(path: string): string | undefined
  store(path: string, text: string): void
  lockOf(path: string): string | undefined
  /** What the next requests meet, one each; then all is well again. */
  script(...faults: readonly StateFault[]): void
  close(): Promise<void>
}

export interface StateRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type StateFault =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Done as asked, and then the connection is closed without an answer. */
  | { readonly kind: 'lost-answer' }
  /** Closed before anything is done. */
  | { readonly kind: 'cut' }
  /** A server that has nothing against this one request. */
  | { readonly kind: 'none' }
  /** Not a byte. */
  | { readonly kind: 'hang' }
  /** The headers, and then one blank after another. */
  | { readonly kind: 'drip' }
  /** As an outage: this and all that follow. */
  | { readonly kind: 'down' }

export interface StateServerOptions {
  readonly etags?: 'none' | 'strong' | 'weak'
  /** The lock is refused without a word about its holder. */
  readonly namesHolder?: boolean
  readonly credentials?: { readonly username: string; readonly password: string }
  /** With `clientAuthority` only its clients are let in. */
  readonly tls?: Certificate & { readonly clientAuthority?: string }
  /** Called after each request that was done as asked. */
  readonly onDone?: (request: StateRequest) => void
}

interface Entry {
  text?: string
  lock?: string
}

export async function startStateServer(options: StateServerOptions = {}): Promise<StateServer> {
  const entries = new Map<string, Entry>()
  const requests: StateRequest[] = []
  const faults: StateFault[] = []
  const entryAt = (path: string): Entry => {
    const entry = entries.get(path) ?? {}
    entries.set(path, entry)
    return entry
  }
  const respond = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '/', headers } = incoming
    const body = (await buffer(incoming)).toString()
    const request: StateRequest = { method, path: url, headers, body }
    requests.push(request)
    const fault = faults[0]?.kind === 'down' ? faults[0] : faults.shift()
    if (fault?.kind === 'cut' || fault?.kind === 'down') return void response.destroy()
    if (fault?.kind === 'status') return void response.writeHead(fault.status, fault.headers).end(fault.body)
    if (fault?.kind === 'hang') return
    if (fault?.kind === 'drip') return drip(response)
    const refusal = refuse(request, options.credentials)
    const answer = refusal ?? answerTo(request, entryAt(new URL(url, 'http://x').pathname), options)
    if (fault?.kind === 'lost-answer') return void response.destroy()
    response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body ?? '') }).end(answer.body)
    options.onDone?.(request)
  }
  const { tls } = options
  const server = tls
    ? createTlsServer(
        {
          cert: tls.cert,
          key: tls.key,
          ...(tls.clientAuthority && { ca: tls.clientAuthority, requestCert: true, rejectUnauthorized: true }),
        },
        respond,
      )
    : createServer(respond)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    stored: path => entries.get(path)?.text,
    store: (path, text) => {
      entryAt(path).text = text
    },
    lockOf: path => entries.get(path)?.lock,
    script: (...next) => void faults.splice(0, faults.length, ...next),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const timer = setInterval(() => response.write(' '), 5)
  response.on('close', () => clearInterval(timer))
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

function refuse({ headers, body }: StateRequest, credentials: StateServerOptions['credentials']): Answer | undefined {
  const { authorization } = headers
  if (credentials && authorization === undefined) return { status: 401 }
  const expected = credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`
  if (expected !== undefined && authorization !== expected) return { status: 403 }
  if (headers['content-md5'] !== undefined && headers['content-md5'] !== digest(body, 'base64')) return { status: 400 }
  return undefined
}

function answerTo(request: StateRequest, entry: Entry, options: StateServerOptions): Answer {
  switch (request.method) {
    case 'GET':
      return read(entry, options)
    case 'POST':
    case 'PUT':
      return write(request, entry, options)
    case 'LOCK':
      if (entry.lock !== undefined) return { status: 423, ...(options.namesHolder === false ? {} : { body: entry.lock }) }
      entry.lock = request.body
      return { status: 200 }
    case 'UNLOCK':
      return unlock(request, entry)
    case 'DELETE':
      delete entry.text
      return { status: 200 }
    default:
      return { status: 405 }
  }
}

function read({ text }: Entry, { etags = 'none' }: StateServerOptions): Answer {
  if (text === undefined) return { status: 404 }
  const etag = etags === 'none' ? {} : { etag: etags === 'weak' ? `W/${etagOf(text)}` : etagOf(text) }
  return { status: 200, headers: { 'content-type': 'application/json', 'content-md5': digest(text, 'base64'), ...etag }, body: text }
}

function write({ path, headers, body }: StateRequest, entry: Entry, { etags = 'none' }: StateServerOptions): Answer {
  const id = new URL(path, 'http://x').searchParams.get('ID')
  if (entry.lock !== undefined && idOf(entry.lock) !== id) return { status: 423, body: entry.lock }
  if (etags !== 'none') {
    if (headers['if-none-match'] === '*' && entry.text !== undefined) return { status: 412 }
    if (headers['if-match'] !== undefined && headers['if-match'] !== etagOf(entry.text ?? '')) return { status: 412 }
  }
  entry.text = body
  return { status: 200 }
}

function unlock({ body }: StateRequest, entry: Entry): Answer {
  if (entry.lock === undefined) return { status: 404 }
  // `terraform force-unlock` sends nothing at all.
  if (body !== '' && idOf(body) !== idOf(entry.lock)) return { status: 409, body: entry.lock }
  delete entry.lock
  return { status: 200 }
}

function idOf(info: string): unknown {
  try {
    const parsed: unknown = JSON.parse(info)
    return isJsonObject(parsed) ? parsed.ID : undefined
  } catch {
    return undefined
  }
}

function etagOf(text: string): string {
  return `"${digest(text, 'hex')}"`
}

function digest(text: string, encoding: 'hex' | 'base64'): string {
  return createHash('md5').update(text).digest(encoding)
}
