import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createHttp, MAX_RESPONSE_BYTES } from '../../src/gateway/http.ts'
import { isLoopbackHost, refusalOf } from '../../src/gateway/network-policy.ts'

const policy = { connectTimeoutMs: 1000, allowPrivate: false }

t.test('which addresses may be called', async t => {
  const allowed: readonly (readonly [string, string, boolean])[] = [
    ['https:', 'api.openai.com', false],
    ['https:', '8.8.8.8', false],
    ['https:', '[2606:4700::1111]', false],
    ['http:', 'localhost', false],
    ['http:', '127.0.0.1', false],
    ['http:', '127.9.9.9', false],
    ['http:', '[::1]', false],
    ['http:', 'models.localhost', false],
    ['http:', '10.0.0.7', true],
    ['http:', 'models.internal', true],
  ]
  for (const [protocol, host, allowPrivate] of allowed) t.equal(refusalOf(protocol, host, allowPrivate), undefined, `${protocol}//${host}`)
  const refused: readonly (readonly [string, string])[] = [
    ['http:', 'api.openai.com'],
    ['ftp:', 'localhost'],
    ['file:', ''],
    ['https:', '10.1.2.3'],
    ['https:', '172.16.0.1'],
    ['https:', '192.168.1.1'],
    ['https:', '169.254.169.254'],
    ['https:', '100.64.0.1'],
    ['https:', '0.0.0.0'],
    ['https:', '255.255.255.255'],
    ['https:', '[fd00::1]'],
    ['https:', '[fe80::1]'],
    ['https:', '[::]'],
    ['https:', '[::ffff:10.0.0.1]'],
    ['https:', '[::ffff:a00:1]'],
  ]
  for (const [protocol, host] of refused) t.type(refusalOf(protocol, host, false), 'string', `${protocol}//${host}`)
  t.notOk(isLoopbackHost('localhost.example.com'))
  t.notOk(isLoopbackHost('127.0.0.1.example.com'))
})

t.test('a name is checked after it was looked up, each of its addresses', async t => {
  const http = createHttp((_hostname, options, callback) => {
    const addresses = [
      { address: '8.8.8.8', family: 4 },
      { address: '10.0.0.7', family: 4 },
    ]
    if (options.all) callback(null, addresses)
    else callback(null, '10.0.0.7', 4)
  })
  t.teardown(() => http.close())
  const request = { url: 'https://models.example/', method: 'GET', headers: {}, policy }
  await t.rejects(http.send(request), { code: 'ADDRESS_REFUSED', message: 'models.example, the private address 10.0.0.7' })
})

t.test('over a socket', async t => {
  const server = createServer((request, response) => {
    if (request.url === '/redirect') return response.writeHead(302, { location: '/elsewhere' }).end('moved')
    if (request.url === '/empty') return response.writeHead(204).end()
    if (request.url === '/endless') {
      response.writeHead(200, { 'content-type': 'application/json' })
      const chunk = Buffer.alloc(1024 * 1024, 0x20)
      for (let sent = 0; sent <= MAX_RESPONSE_BYTES; sent += chunk.length) response.write(chunk)
      return response.end()
    }
    request.pipe(response.writeHead(200, { 'content-type': 'text/plain', 'x-two': ['a', 'b'] }))
    return undefined
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const http = createHttp()
  t.teardown(async () => {
    await http.close()
    server.close()
  })
  const send = (path: string, body?: string) =>
    http.send({ url: url + path, method: body === undefined ? 'GET' : 'POST', headers: {}, policy, ...(body !== undefined && { body }) })

  const echoed = await send('/echo', 'grüße')
  t.equal(await echoed.text(), 'grüße')
  t.equal(echoed.headers.get('x-two'), 'a, b')
  t.equal((await send('/redirect')).status, 302, 'a redirect is not followed')
  t.equal((await send('/empty')).status, 204)
  await t.rejects(send('/endless'), { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' })
})

t.test('a stream that nobody reads is ended with its connection', async t => {
  const closed = Promise.withResolvers<void>()
  const server = createServer((_, response) => {
    response.on('close', closed.resolve)
    response.writeHead(500, { 'content-type': 'text/event-stream' }).write('data: and on it goes\n\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const http = createHttp()
  t.teardown(async () => {
    await http.close()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const response = await http.send({ url, method: 'POST', headers: {}, policy, isStreamed: true })
  await response.body?.cancel()
  await closed.promise
})
