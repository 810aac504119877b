import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import type { HttpToolSpec, ToolSpec } from '../../../src/artifact/tool.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import { createHttp } from '../../../src/gateway/http.ts'
import { createAuthority } from '../../support/certificates.ts'
import { callTool, inputOf, outcomeLine, toolDependencies, toolSpec } from '../../support/tool-call.ts'

interface Seen {
  readonly line: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (response: ServerResponse, request: IncomingMessage) => unknown

/** A service, and what it was asked. */
async function service(t: Test, answer: Answer): Promise<{ readonly url: string; readonly port: number; readonly seen: readonly Seen[] }> {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body: await text(request) })
    answer(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, seen }
}

const json =
  (value: unknown, status = 200): Answer =>
  response =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

function httpTool(url: HttpToolSpec['url'], http: Partial<HttpToolSpec> = {}, changes: Partial<ToolSpec> = {}): ToolSpec {
  const usual = { method: 'GET', result: { $expr: 'response.body' }, fail_when: { $expr: 'response.status >= 400' } }
  return toolSpec({ input: inputOf('id', 'text'), http: { ...usual, allow_private: true, max_redirects: 0, url, ...http }, ...changes })
}

function dependenciesOf(t: Test, environment: Record<string, string> = {}) {
  const dependencies = toolDependencies(environment)
  t.teardown(() => dependencies.http.close())
  return dependencies
}

t.test('a request is made of the input: url, query, headers with secrets, body; the result of the response', async t => {
  const { url, seen } = await service(t, json({ id: 'R-1', more: true }))
  const dependencies = dependenciesOf(t, { SHOP_TOKEN: 'tok-12345' })
  const texts = { id: { type: 'string' }, text: { type: 'string' } } as const
  const spec = httpTool(
    { $template: `${url}/v1/orders/\${input.id}/refunds?fixed=a%20b&note=\${input.text}` },
    {
      method: 'POST',
      query: { lang: 'de', many: ['a', 'b'], none: { $expr: 'input.none' }, of: { $expr: 'input.id' } },
      headers: { Authorization: { $join: ['Bearer ', { $secret: 'SHOP_TOKEN' }] }, 'X-Order': { $template: 'order ${input.id}' } },
      body: { amount: { $expr: 'input.amount' } },
      result: { refund_id: { $expr: 'response.body.id' }, type: { $expr: 'response.headers["content-type"]' } },
    },
    { input: { type: 'object', properties: { ...texts, none: { type: 'string' }, amount: { type: 'integer', default: 7 } } } },
  )
  const given = { id: 'A/../b?c#d\\ł', text: 'x&y=z', none: null }
  const line = outcomeLine(callTool({ ...spec, bind: { text: 'bound & fixed' } }, { with: given, dependencies }))
  t.equal(await line, 'tool/invalid-input: tool.test cannot send the header "X-Order": it has characters that no header may have')
  const result = await callTool({ ...spec, bind: { text: 'bound & fixed' } }, { with: { ...given, id: 'A/../b?c#d\\' }, dependencies })
  t.match(result, { outcome: { exit: 'done', attributes: { output: { refund_id: 'R-1', type: 'application/json' }, status_code: 200 } } })
  t.match(result, { costNano: 0, facts: { outcome: 'ok', status: 200, bytes: 24, duration_ms: Number } }, 'traces hold no content')
  t.notMatch(JSON.stringify('facts' in result && result.facts), /R-1/)
  const [request] = seen
  t.equal(
    request?.line,
    'POST /v1/orders/A%2F..%2Fb%3Fc%23d%5C/refunds?fixed=a+b&note=bound+%26+fixed&lang=de&many=a&many=b&of=A%2F..%2Fb%3Fc%23d%5C',
    'what is inserted stays inside its part',
  )
  t.same(JSON.parse(request?.body ?? ''), { amount: 7 })
  t.match(request?.headers, { authorization: 'Bearer tok-12345', 'x-order': 'order A/../b?c#d\\', 'content-type': 'application/json' })
  t.match(request?.headers['user-agent'], /^flowrun\//)
})

t.test('a text is sent as it is, a header of the author replaces the usual one', async t => {
  const { url, seen } = await service(t, response =>
    response.writeHead(200, { 'content-type': 'text/plain; charset=iso-8859-1' }).end(Buffer.from([0xfc])),
  )
  const spec = httpTool(url, { method: 'PUT', body: { $template: '<id>${input.id}</id>' }, headers: { 'Content-Type': 'application/xml' } })
  const dependencies = dependenciesOf(t)
  t.equal(await outcomeLine(callTool(spec, { with: { id: '1' }, dependencies })), 'done {"output":"ü","status_code":200}')
  t.match(seen[0], { body: '<id>1</id>', headers: { 'content-type': 'application/xml' } })
})

t.test('an input that does not fit is not sent, and no error shows it', async t => {
  const { url, seen } = await service(t, json(1))
  const dependencies = dependenciesOf(t)
  const path = httpTool({ $template: `${url}/a/\${input.id}/b` })
  const refused = async (spec: ToolSpec, given: JsonObject) => outcomeLine(callTool(spec, { with: given, dependencies }))
  t.equal(await refused(path, { id: 7 }), 'tool/invalid-input: The input of tool.test does not fit: id is not string')
  t.equal(await refused(path, { other: 'x' }), 'tool/invalid-input: The input of tool.test does not fit: other is not known')
  for (const id of ['..', '.']) t.match(await refused(path, { id }), /leads elsewhere$/, `"${id}" is no part of a path`)
  t.match(await refused(path, { id: '\ud800' }), /^tool\/invalid-input/)
  const header = httpTool(url, { headers: { 'X-A': { $expr: 'input.id' } } })
  t.match(await refused(header, { id: 'a\r\nX-Evil: 1' }), /^tool\/invalid-input.*characters that no header may have$/)
  const query = httpTool(url, { query: { q: { $expr: 'input' } } })
  t.match(await refused(query, { id: 'a' }), /"q" in the query: it is an object/)
  const held = { ...path, input_validation: [{ condition: { $expr: 'input.id == "a"' }, error_message: 'Only a' }] }
  t.match(await refused(held, { id: 'b' }), /Only a/)
  t.match(await refused(httpTool(url, { body: { $expr: 'input.id' } }), {}), /^done|^tool|^run/)
  t.equal(seen.length, 1, 'only the last one was sent')
  t.equal(
    await refused(httpTool(url, {}, { input: undefined as never }), { id: 'x' }),
    'tool/invalid-input: The input of tool.test does not fit: id is not known',
  )
})

t.test('an answer is held against the declared output, and garbage is told', async t => {
  const answers: Readonly<Record<string, Answer>> = {
    '/number': json({ id: 7 }),
    '/garbage': response => response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":'),
    '/binary': response => response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([0x89, 0x50, 0xff, 0xfe])),
    '/nothing': response => response.writeHead(204).end(),
    '/surrogate': response => response.writeHead(200, { 'content-type': 'application/json' }).end('"\\ud800"'),
    '/deep': response => response.writeHead(200, { 'content-type': 'application/json' }).end('['.repeat(30_000) + ']'.repeat(30_000)),
    '/error-page': response => response.writeHead(500, { 'content-type': 'application/json' }).end('<html>'),
    '/reset': response => response.socket?.destroy(),
    '/half': response => {
      response.writeHead(200, { 'content-length': '100' }).write('half')
      setImmediate(() => response.socket?.destroy())
    },
    '/no-http': response => response.socket?.end('SSH-2.0-OpenSSH\r\n'),
  }
  const { url } = await service(t, (response, request) => answers[request.url ?? '']?.(response, request))
  const dependencies = dependenciesOf(t)
  const line = (path: string, changes: Partial<ToolSpec> = {}) => outcomeLine(callTool(httpTool(url + path, {}, changes), { dependencies }))
  const output = { type: 'object', required: ['id'], properties: { id: { type: 'string' } } } as const
  t.equal(
    await line('/number', { output }),
    'tool/invalid-output: The result of tool.test does not fit: id is not string',
    'without the value',
  )
  const held = [{ condition: { $expr: 'output.id > 7' }, error_message: 'Too small' }]
  t.match(await line('/number', { output_validation: held }), /Too small/)
  t.match(await line('/garbage'), /^tool\/invalid-output: .* says that it is JSON, and is not$/)
  t.match(await line('/binary'), /^tool\/invalid-output: .* what is not text$/)
  t.equal(await line('/nothing'), 'done {"output":null,"status_code":204}')
  t.match(await line('/surrogate'), /^tool\/invalid-output/)
  t.match(await line('/deep'), /^tool\/invalid-output: .* more than 500 levels$/)
  t.match(await line('/error-page'), /^tool\/http-error: 127.0.0.1:\d+ answered 500 \(retryable\)$/)
  for (const path of ['/reset', '/half', '/no-http'])
    t.match(await line(path), /^tool\/unreachable: 127.0.0.1:\d+: .* \(retryable\)$/, path)
  const result = callTool(httpTool(`${url}/nothing`, { result: { $expr: 'response.body.id' } }), { dependencies })
  t.match(await outcomeLine(result), /^run\/expression-failed: /)
})

t.test('OWN-8: an answer is cut off while it arrives, whatever it says that it is', async t => {
  let written = 0
  const { url } = await service(t, (response, request) => {
    response.writeHead(200, { 'content-type': request.url === '/events' ? 'text/event-stream' : 'text/plain' })
    const more = () => {
      while (!response.destroyed && written < 256e6) {
        written += 65_536
        if (!response.write('x'.repeat(65_536))) return
      }
      response.end()
    }
    response.on('drain', more)
    more()
  })
  const dependencies = dependenciesOf(t)
  for (const path of ['/text', '/events']) {
    written = 0
    const line = await outcomeLine(callTool(httpTool(url + path, {}, { max_result_bytes: 100_000 }), { dependencies }))
    t.match(line, /^tool\/result-too-large: 127.0.0.1:\d+ answered with more than 100000 bytes$/)
    t.ok(written < 64e6, `${written} bytes were written until the connection was cut`)
  }
})

t.test('attempts are repeated where the tool may run twice, all with one key', async t => {
  let fails = 2
  const { url, seen } = await service(t, (response, request) =>
    fails-- > 0 ? response.writeHead(503).end() : json('ok')(response, request),
  )
  const dependencies = dependenciesOf(t)
  const retry = { max_attempts: 3, initial_ms: 1, max_ms: 2 }
  const post = (replay: ToolSpec['replay'], headers = {}) => httpTool(url, { method: 'POST', headers }, { replay, retry })
  const result = await callTool(post('idempotent'), { dependencies })
  t.match(result, {
    outcome: { status: 'succeeded' },
    facts: { status: 200, calls: [{ status: 503 }, { outcome: 'tool/http-error' }, { outcome: 'ok' }] },
  })
  const keys = seen.map(({ headers }) => headers['idempotency-key'])
  t.match(keys[0], /^[0-9a-f]{64}$/)
  t.equal(new Set(keys).size, 1, 'STEP-5: the key is that of the run and the path')
  await callTool(post('idempotent'), { dependencies })
  await callTool(post('idempotent'), { dependencies, path: 'items[2].call' })
  await callTool(post('idempotent', { 'idempotency-key': 'mine' }), { dependencies })
  await callTool(post('safe'), { dependencies })
  const [again, other, mine, safe] = seen.slice(3).map(({ headers }) => headers['idempotency-key'])
  t.equal(again, keys[0], 'another process sends the same')
  t.not(other, keys[0])
  t.equal(mine, 'mine')
  t.equal(safe, undefined)
  fails = 9
  const before = seen.length
  t.match(await outcomeLine(callTool(post('once'), { dependencies })), /^tool\/http-error: .* answered 503 \(retryable\)$/)
  t.equal(seen.length - before, 1, 'what may run once is tried once')
  fails = 9
  t.match(await outcomeLine(callTool(post('safe'), { dependencies })), /answered 503/)
  t.equal(seen.length - before, 4)
})

t.test('Retry-After is kept, a mistake of ours is not repeated, and fail_when decides what is a failure', async t => {
  const { url, seen } = await service(t, (response, request) => {
    const status = Number(request.url?.slice(1))
    response.writeHead(status, status === 429 ? { 'retry-after': '120' } : {}).end()
  })
  const dependencies = dependenciesOf(t)
  const retry = { max_attempts: 3, initial_ms: 1, max_ms: 2 }
  const line = (status: number, http = {}) => outcomeLine(callTool(httpTool(`${url}/${status}`, http, { retry }), { dependencies }))
  t.match(await line(429), /answered 429 \(retryable\)$/)
  t.equal(seen.length, 1, 'two minutes are longer than a process waits: the retry of the node is for that')
  t.match(await line(400), /answered 400$/)
  t.equal(seen.length, 2)
  t.equal(await line(404, { fail_when: { $expr: 'response.status >= 500' } }), 'done {"output":null,"status_code":404}')
  t.match(await line(200, { fail_when: true }), /answered 200, and fail_when holds$/)
})

t.test('what may run once, and may have arrived, is unknown', async t => {
  const { url } = await service(t, (response, request) => request.url === '/reset' && response.socket?.destroy())
  const dependencies = dependenciesOf(t)
  const line = (path: string, replay: ToolSpec['replay']) =>
    outcomeLine(callTool(httpTool(url + path, { method: 'POST' }, { replay, timeout_ms: 100 }), { dependencies }))
  t.equal(await line('/reset', 'once'), 'unknown')
  t.equal(await line('/hang', 'once'), 'unknown', 'STEP-5')
  t.match(await line('/hang', 'safe'), /^tool\/timeout: tool.test gave no answer in 100ms \(retryable\)$/)
  const closed = httpTool('http://127.0.0.1:1/', {}, { replay: 'once' })
  t.match(
    await outcomeLine(callTool(closed, { dependencies })),
    /^tool\/unreachable: 127.0.0.1:1: .*ECONNREFUSED.* \(retryable\)$/,
    'it never arrived',
  )
})

t.test('an abort ends a call at once', async t => {
  const arrived = Promise.withResolvers<void>()
  const { url } = await service(t, () => arrived.resolve())
  const abort = new AbortController()
  const call = callTool(httpTool(url), { signal: abort.signal, dependencies: dependenciesOf(t) })
  await arrived.promise
  abort.abort()
  await t.rejects(call)
})

t.test('SSRF: no private address, by number, by name, by redirect', async t => {
  const { port, seen } = await service(t, json('secret of the house'))
  const looked: string[] = []
  const lookup: LookupFunction = (name, options, callback) => {
    looked.push(name)
    if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
    else callback(null, '127.0.0.1', 4)
  }
  const real = createHttp(lookup)
  t.teardown(() => real.close())
  const leads: Readonly<Record<string, string>> = {
    '/house': `http://127.0.0.1:${port}/`,
    '/name': `http://rebound.example:${port}/`,
    '/meta': 'http://169.254.169.254/',
  }
  // A public host cannot be had here: this one is answered in its place.
  const http = {
    ...real,
    send: (request: Parameters<typeof real.send>[0]) => {
      const { hostname, pathname } = new URL(request.url)
      if (hostname !== 'public.example') return real.send(request)
      return Promise.resolve(new Response(null, { status: 302, headers: { location: leads[pathname] ?? '' } }))
    },
  }
  const dependencies = toolDependencies({}, { http })
  const line = (url: string, changes: Partial<HttpToolSpec> = {}) =>
    outcomeLine(callTool(httpTool(url, { allow_private: false, max_redirects: 3, ...changes }), { dependencies }))
  const hosts = [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '0x7f.1',
    '2130706433',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '10.0.0.1',
    '[fd00::1]',
    'a.localhost',
  ]
  for (const host of hosts)
    t.match(await line(`http://${host}:${port}/`), /^tool\/private-address: \S+ leads to the private address /, host)
  t.equal(looked.length, 0)
  const line1 = await line(`http://rebound.example:${port}/`)
  t.match(
    line1,
    /^tool\/private-address: rebound.example:\d+ leads to rebound.example, the private address 127.0.0.1$/,
    'checked after DNS',
  )
  t.match(await line(`http://rebound.example:${port}/`, { allow_private: true }), /^done/)
  t.match(await line(`http://rebound.example:${port}/`), /^tool\/private-address/, 'a connection that another tool may use is not reused')
  const sent = seen.length
  for (const path of Object.keys(leads))
    t.match(await line(`http://public.example${path}`), /^tool\/private-address/, `redirect to ${leads[path]}`)
  t.equal(seen.length, sent, 'nothing arrived')
})

t.test('redirects are followed as far as the tool allows, and credentials stay with the first host', async t => {
  const target = await service(t, json('there'))
  const { url, seen } = await service(t, (response, request) => {
    const [, status = '', to = ''] = request.url?.split('/') ?? []
    if (status === '200') return json('here')(response, request)
    const location = { same: '/200', elsewhere: `${target.url}/x`, loop: request.url, bad: 'http://[', file: 'file:///etc/passwd' }[to]
    return response.writeHead(Number(status), { location }).end()
  })
  const dependencies = dependenciesOf(t, { TOKEN: 'tok-12345' })
  const spec = (path: string, http: Partial<HttpToolSpec> = {}) =>
    httpTool(url + path, { max_redirects: 2, headers: { 'X-Api-Key': { $secret: 'TOKEN' } }, ...http })
  const line = (path: string, http: Partial<HttpToolSpec> = {}) => outcomeLine(callTool(spec(path, http), { dependencies }))
  t.match(await line('/302/same', { max_redirects: 0 }), /^tool\/redirected: .* answered 302 and leads elsewhere; max_redirects is 0$/)
  t.equal(await line('/302/same'), 'done {"output":"here","status_code":200}')
  t.equal(seen.at(-1)?.headers['x-api-key'], 'tok-12345')
  t.equal(await line('/307/elsewhere', { method: 'POST', body: { a: 1 } }), 'done {"output":"there","status_code":200}')
  t.match(target.seen.at(-1), { line: 'POST /x', body: '{"a":1}', headers: { 'content-type': 'application/json', 'x-api-key': undefined } })
  t.equal(await line('/303/elsewhere', { method: 'POST', body: 'a' }), 'done {"output":"there","status_code":200}')
  t.match(target.seen.at(-1), { line: 'GET /x', body: '' })
  t.match(await line('/302/loop'), /^tool\/redirected: .*max_redirects is 2$/)
  t.match(await line('/302/bad'), /^tool\/redirected: .*or nowhere$/)
  t.match(await line('/302/file'), /^tool\/redirected/)
})

t.test('secrets are in no result, no error and no fact, however they come back', async t => {
  const secret = 'tok/12345+=?'
  const { url } = await service(t, (response, request) => {
    const key = String(request.headers['x-key'])
    const body = { plain: key, encoded: encodeURIComponent(key), base64: Buffer.from(key).toString('base64'), [key]: 1 }
    response.writeHead(request.url === '/401' ? 401 : 200, { 'content-type': 'application/json', 'x-back': key }).end(JSON.stringify(body))
  })
  const dependencies = dependenciesOf(t, { KEY: secret })
  const spec = (path: string) =>
    httpTool(url + path, {
      headers: { 'x-key': { $secret: 'KEY' } },
      result: { a: { $expr: 'response.body' }, b: { $expr: 'response.headers' } },
    })
  for (const path of ['/200', '/401']) {
    const all = JSON.stringify(await callTool(spec(path), { dependencies }))
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
      t.notOk(all.includes(form), `${path}: ${form}`)
  }
  const missing = callTool(httpTool(url, { headers: { 'x-key': { $secret: 'NOBODY' } } }), { dependencies })
  t.match(await outcomeLine(missing), /^paused secret\/missing: Secret "NOBODY" is not set; looked in the environment; /)
})

t.test('a result is held against the guards of its tool', async t => {
  const { url } = await service(t, json({ to: 'ana@example.com', n: 1, list: ['fine', 'bo@example.com'] }))
  const guard = (action: string) => ({
    kind: 'guard',
    spec: { detectors: [{ type: 'pii', action, types: ['email'], reversible: false }], on_error: 'block' },
  })
  const dependencies = dependenciesOf(t)
  const line = (action: string) =>
    outcomeLine(
      callTool(httpTool(url, {}, { result_guards: [{ $ref: 'guard.pii' }] }), { dependencies, members: { 'guard.pii': guard(action) } }),
    )
  t.match(await line('redact'), /^done \{"output":\{"to":"[^@]*","n":1,"list":\["fine","[^@]*"\]\}/)
  const blocked = await line('block')
  t.match(blocked, /^guard\/blocked: guard.pii blocked the result/)
  t.notMatch(blocked, /example\.com/)
})

t.test('ca_pem: only its authorities are trusted', async t => {
  const [own, other] = [createAuthority('own'), createAuthority('other')]
  const server = createTlsServer(own.issue('127.0.0.1'), (_request, response) => void json('inside')(response, _request))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const dependencies = dependenciesOf(t)
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const line = (http: Partial<HttpToolSpec>) => outcomeLine(callTool(httpTool(url, http), { dependencies }))
  t.match(await line({ ca_pem: own.cert }), /^done {"output":"inside"/)
  t.match(await line({}), /^tool\/unreachable: \S+ .*certificate/, 'a connection that another tool may use is not reused')
  t.match(await line({ ca_pem: other.cert }), /^tool\/unreachable: \S+ .*certificate/)
  t.match(await line({ ca_pem: other.cert + own.cert }), /^done/)
})
