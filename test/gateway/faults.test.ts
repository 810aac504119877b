import { once } from 'node:events'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import type { ModelSpec } from '../../src/artifact/model.ts'
import type { ProviderSpec } from '../../src/artifact/provider.ts'
import { systemClock } from '../../src/base/clock.ts'
import { createBreakers } from '../../src/gateway/breaker/breakers.ts'
import type { CallRequest } from '../../src/gateway/call.ts'
import { CallFailure, type FailureDetails } from '../../src/gateway/failure.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { MAX_RESPONSE_BYTES } from '../../src/gateway/http.ts'
import { createRateLimiter } from '../../src/gateway/limits/limiter.ts'
import { systemTimers } from '../../src/gateway/timers.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { createAuthority } from '../support/certificates.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { callTo, gatewayDependencies } from '../support/gateway.ts'

/** What a socket gets once its request is there; the number counts requests from 1. */
type Respond = (socket: Socket, number: number) => void

const ANSWER = JSON.stringify({
  id: 'a',
  model: 'm',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Back.' } }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
})

/** An HTTP/1.1 answer as bytes; the connection is closed after it. */
function http(status: number, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), connection: 'close', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return `HTTP/1.1 ${status} X\r\n${lines.join('\r\n')}\r\n\r\n${body}`
}

const answer: Respond = socket => socket.end(http(200, ANSWER))
const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Respond =>
  socket =>
    socket.end(http(code, '{"error":{"message":"out of order"}}', headers))

/** A server of bytes: it can break what a server of HTTP would hold to. */
async function startServer(t: Test, respond: Respond, create: (accept: (socket: Socket) => void) => Server = createTcpServer) {
  const sockets = new Set<Socket>()
  let requests = 0
  const server = create(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let head = ''
    socket.on('data', data => {
      head += data.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (end === -1 || head.length < end + 4 + length) return
      head = ''
      respond(socket, ++requests)
    })
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, requests: () => requests }
}

function gatewayOn(t: Test, time = { ...systemClock, ...systemTimers }) {
  const breakers = createBreakers({ clock: time })
  const limiter = createRateLimiter({ clock: time, timers: time })
  const dependencies = { ...gatewayDependencies({}, time), breakers, limiter }
  t.teardown(() => dependencies.http.close())
  return { ...createGateway(dependencies), breakers, limiter }
}

function callOf(baseUrl: string, model: Partial<ModelSpec> = {}, call: Partial<CallRequest> = {}, provider: Partial<ProviderSpec> = {}) {
  const spec = providerSpec({ type: 'openai_compatible', base_url: baseUrl, connect_timeout_ms: 2_000, ...provider })
  return callTo(
    modelTarget(spec, {
      timeout_ms: 5_000,
      price: [{ above_input_tokens: 0, input_nano_per_m: 1e9, output_nano_per_m: 2e9 }],
      retry: { max_attempts: 3, initial_ms: 1, max_ms: 5_000, on: ['network', 'overloaded', 'rate_limited', 'server_error', 'timeout'] },
      circuit_breaker: { enabled: true, failure_rate: 0.5, window_ms: 30_000, min_calls: 20, cooldown_ms: 15_000 },
      ...model,
    }),
    call,
  )
}

async function failureOf(promise: Promise<unknown>): Promise<FailureDetails> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof CallFailure) return error.details
  throw new Error('expected a failure of the call', { cause: error })
}

/** Retried until three attempts are used up, or not at all; nothing was billed, or nobody knows. */
interface Expected {
  readonly class: FailureDetails['class']
  readonly attempts: 1 | 3
  readonly costNano: 0 | null
  /** Counted by the breaker (BRK-1). */
  readonly counted: boolean
}

async function expectFailure(t: Test, request: CallRequest, expected: Expected & Partial<FailureDetails>): Promise<FailureDetails> {
  const { call, breakers } = gatewayOn(t)
  const details = await failureOf(call(request))
  const { attempts, counted, ...rest } = expected
  t.match(details, rest)
  t.equal(details.history?.attempts.length, attempts, 'attempts')
  t.equal(details.costNano, expected.costNano, 'cost')
  const [{ view } = { view: undefined }] = breakers.status()
  t.match(view, { failures: counted ? attempts : 0 }, 'counted by the breaker')
  return details
}

const billedOrNot = { attempts: 3, costNano: null, counted: true } as const
const refused = { attempts: 3, costNano: 0, counted: true } as const
const once1 = { attempts: 1, costNano: 0, counted: false } as const
/** It was answered: whoever made that answer bills it, though nobody can read it. */
const unread = { ...once1, costNano: null } as const

t.test('each fault of a provider has its class, its attempts and its cost', async t => {
  const at = async (t: Test, respond: Respond) => `http://127.0.0.1:${(await startServer(t, respond)).port}/v1`

  for (const [name, respond, expected] of [
    ['500', status(500), { ...refused, class: 'server_error', status: 500 }],
    ['503', status(503), { ...refused, class: 'overloaded', status: 503 }],
    ['429 that does not say when', status(429), { ...refused, class: 'rate_limited' }],
    ['400', status(400), { ...once1, class: 'bad_request' }],
    ['401', status(401), { ...once1, class: 'unauthorized' }],
    [
      'half of a body, and the end',
      socket => socket.end(http(200, ANSWER.slice(0, 40), { 'content-length': '4000' })),
      { ...billedOrNot, class: 'network' },
    ],
    ['the end before any byte', socket => socket.destroy(), { ...billedOrNot, class: 'network' }],
    ['an end of its writing side alone', socket => void socket.end(), { ...billedOrNot, class: 'network' }],
    ['garbage for JSON', socket => socket.end(http(200, '{"choices": [{')), { ...unread, class: 'invalid_response' }],
    [
      'a page for people',
      socket => socket.end(http(200, '<h1>Welcome</h1>', { 'content-type': 'text/html' })),
      { ...unread, class: 'invalid_response' },
    ],
  ] as const satisfies readonly (readonly [string, Respond, Expected & Partial<FailureDetails>])[])
    await t.test(name, async t => void (await expectFailure(t, callOf(await at(t, respond)), expected)))

  await t.test('nothing at all, before the headers', async t => {
    const url = await at(t, () => {})
    const details = await expectFailure(t, callOf(url, { timeout_ms: 60 }), { ...billedOrNot, class: 'timeout', exceeded: 'timeout' })
    t.equal(details.history?.attempts.filter(({ mayBeBilled }) => mayBeBilled).length, 3)
  })

  await t.test('a stream that stalls: never tried again, for it was seen', async t => {
    const url = await at(t, socket => {
      const piece = `data: ${JSON.stringify({ id: 'a', model: 'm', choices: [{ index: 0, delta: { role: 'assistant', content: 'Hel' } }] })}\n\n`
      socket.write(`HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\n\r\n${piece}`)
    })
    const seen: string[] = []
    const onEvent: CallRequest['onEvent'] = event => void (event.type === 'text-delta' && seen.push(event.text))
    await expectFailure(t, callOf(url, { timeout_ms: 200 }, { onEvent }), {
      class: 'timeout',
      attempts: 1,
      costNano: null,
      counted: true,
      streamed: true,
    })
    t.same(seen, ['Hel'])
  })

  await t.test('a body without end is given up at its limit', async t => {
    const url = await at(t, socket => {
      socket.write(`HTTP/1.1 200 X\r\ncontent-type: application/json\r\n\r\n{"a":"`)
      const chunk = Buffer.alloc(1 << 20, 'a')
      let sent = 0
      const more = () => {
        while (sent < 2 * MAX_RESPONSE_BYTES && !socket.destroyed) {
          sent += chunk.length
          if (!socket.write(chunk)) return void socket.once('drain', more)
        }
      }
      more()
    })
    const { call } = gatewayOn(t)
    const details = await failureOf(call(callOf(url, { timeout_ms: 30_000, retry: { max_attempts: 1, initial_ms: 1, max_ms: 1, on: [] } })))
    t.match(details, { class: 'invalid_response' })
  })

  await t.test('a certificate that nobody vouches for', async t => {
    const { cert, key } = createAuthority('nobody').issue('127.0.0.1')
    const { port } = await startServer(t, answer, accept => createTlsServer({ cert, key }, accept))
    await expectFailure(t, callOf(`https://127.0.0.1:${port}/v1`), { ...refused, class: 'network' })
  })

  await t.test('a server that speaks no TLS', async t => {
    const plain = () => createTcpServer(socket => socket.on('error', () => {}).once('data', () => socket.end(http(400, '{}'))))
    const { port } = await startServer(t, answer, plain)
    await expectFailure(t, callOf(`https://127.0.0.1:${port}/v1`), { ...refused, class: 'network' })
  })

  await t.test('a name that nobody has', async t => {
    const details = await expectFailure(t, callOf('http://flowrun.invalid/v1', {}, {}, { allow_private: true }), {
      ...refused,
      class: 'network',
    })
    t.match(details.providerCode, /^(ENOTFOUND|EAI_AGAIN)$/)
  })

  await t.test('a port at which nobody listens', async t => {
    await expectFailure(t, callOf('http://127.0.0.1:9/v1'), { ...refused, class: 'network', providerCode: 'ECONNREFUSED' })
  })
})

t.test('Retry-After in seconds and as a date is waited for, and not counted by the breaker', async t => {
  for (const [name, header] of [
    ['seconds', () => '0.2'],
    // A date has no parts of a second: one to two seconds ahead.
    ['a date', () => new Date(Date.now() + 2_000).toUTCString()],
  ] as const)
    await t.test(name, async t => {
      const { port, requests } = await startServer(t, (socket, number) =>
        (number === 1 ? status(429, { 'retry-after': header() }) : answer)(socket, number),
      )
      const { call, breakers } = gatewayOn(t)
      const result = await call(callOf(`http://127.0.0.1:${port}/v1`))
      t.equal(result.text, 'Back.')
      t.equal(requests(), 2)
      const [first, second] = result.history.attempts
      t.match(first, { outcome: 'rate_limited', status: 429, costNano: 0 })
      t.equal(second?.waitedMs, first?.retryAfterMs)
      t.ok((second?.startedAfterMs ?? 0) >= (first?.retryAfterMs ?? 0) - 1)
      t.equal(result.costNano, 20_000, '10 in, 5 out; the refused attempt costs nothing')
      t.match(breakers.status(), [{ view: { state: 'closed', calls: 1, failures: 0 } }])
    })
})

t.test('RATE-3: while a provider asks to wait, no other call of its key is sent', async t => {
  const clock = createFakeClock()
  const { port, requests } = await startServer(t, (socket, number) =>
    (number === 1 ? status(429, { 'retry-after': '7' }) : answer)(socket, number),
  )
  const { call } = gatewayOn(t, clock)
  const url = `http://127.0.0.1:${port}/v1`
  const single = { retry: { max_attempts: 1, initial_ms: 1, max_ms: 1, on: [] } }
  t.match(await failureOf(call(callOf(url, single))), { class: 'rate_limited', retryAfterMs: 7_000 })
  t.match(await failureOf(call(callOf(url, { ...single, timeout_ms: 5_000 }))), { class: 'permit_timeout', costNano: 0 })
  const patient = call(callOf(url, { ...single, id: 'another', timeout_ms: 60_000 }))
  await clock.advance(6_999)
  t.equal(requests(), 1)
  await clock.advance(1)
  t.equal((await patient).text, 'Back.')
  t.equal(requests(), 2)
})

t.test('a breaker over sockets: it opens, lets one call probe, and closes', async t => {
  const clock = createFakeClock()
  let isWell = false
  const held: Socket[] = []
  let isHolding = false
  const { port, requests } = await startServer(t, (socket, number) => {
    if (isHolding) held.push(socket)
    else (isWell ? answer : status(503))(socket, number)
  })
  const { call, breakers } = gatewayOn(t, clock)
  const ask = () => call(callOf(`http://127.0.0.1:${port}/v1`, { retry: { max_attempts: 1, initial_ms: 1, max_ms: 1, on: [] } }))
  const state = () => breakers.status()[0]?.view.state

  for (let number = 0; number < 20; number++) t.match(await failureOf(ask()), { class: 'overloaded' })
  const open = await failureOf(ask())
  t.match(open, { class: 'breaker_open', message: '20 of 20 calls failed, 503; probed in 15 s', costNano: 0 })
  t.equal(open.history?.attempts.length, 0, 'what was not sent is no attempt')
  t.equal(requests(), 20)

  await clock.advance(15_000)
  t.match(await failureOf(ask()), { class: 'overloaded' }, 'the probe fails')
  t.match(await failureOf(ask()), { class: 'breaker_open' })
  t.equal(requests(), 21)

  await clock.advance(15_000)
  isHolding = true
  const probe = ask()
  while (held.length === 0) await new Promise(resolve => setImmediate(resolve))
  const others = await Promise.all([ask(), ask(), ask()].map(failureOf))
  for (const other of others) t.match(other, { class: 'breaker_open', message: '20 of 20 calls failed, 503; probed now' })
  t.equal(state(), 'half_open')
  isHolding = false
  isWell = true
  for (const socket of held) answer(socket, 0)
  t.equal((await probe).text, 'Back.')
  t.equal(state(), 'closed')
  t.equal((await ask()).text, 'Back.')
  t.equal(requests(), 23, 'GW-7: one request for the probe')
})

t.test('GW-1: each retry takes its permits, so a limit holds whatever is tried again', async t => {
  const clock = createFakeClock()
  const { port, requests } = await startServer(t, status(500))
  const { call, limiter } = gatewayOn(t, clock)
  const limited: Partial<ProviderSpec> = { rate_limit: { requests_per_minute: 2 } }
  const request = callOf(
    `http://127.0.0.1:${port}/v1`,
    { retry: { max_attempts: 3, initial_ms: 1, max_ms: 1, on: ['server_error'] } },
    {},
    limited,
  )
  const pending = failureOf(call(request))
  // Until both requests of this minute are sent, and the third attempt waits.
  while (requests() < 2 || limiter.status().every(({ waiting }) => waiting === 0)) await clock.advance(1)
  t.match(limiter.status()[0], { requests: 2, waiting: 1 })
  await clock.advance(5_000)
  t.match(await pending, { class: 'permit_timeout', message: 'no leave to call within 5 s: requests_per_minute = 2 of provider.test' })
  t.equal(requests(), 2)
})
