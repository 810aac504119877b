import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { McpToolSpec, ToolSpec } from '../../../src/artifact/tool.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import { createHttp } from '../../../src/gateway/http.ts'
import { startMcpHttpServer } from '../../support/mcp-server.ts'
import { callTool, inputOf, outcomeLine, toolDependencies, toolSpec } from '../../support/tool-call.ts'

function mcpTool(mcp: McpToolSpec, changes: Partial<ToolSpec> = {}): ToolSpec {
  return toolSpec({ mcp, timeout_ms: 10_000, ...changes })
}

const command = [process.execPath, join(import.meta.dirname, '../../support/mcp-server.ts')]

t.test('the official server understands us, and we it, over HTTP', async t => {
  const dependencies = toolDependencies()
  const servers = { events: await startMcpHttpServer(), json: await startMcpHttpServer({ json: true }) }
  t.teardown(async () => {
    await dependencies.http.close()
    await Promise.all(Object.values(servers).map(server => server.close()))
  })
  for (const [name, { url }] of Object.entries(servers)) {
    await t.test(name, async t => {
      const line = (tool: string, given: JsonObject = {}, changes: Partial<ToolSpec> = {}) =>
        outcomeLine(callTool(mcpTool({ url, tool }, changes), { with: given, dependencies }))
      t.equal(await line('greet', { name: 'Ana' }), 'done {"output":"Hello Ana"}', 'a text')
      t.equal(await line('customer', { id: 7 }), 'done {"output":{"id":7,"city":"Ulm"}}', 'data where the server gives it')
      t.equal(
        await line('json', {}, { output: { type: 'object' } }),
        'done {"output":{"a":1}}',
        'a text that is JSON, where a type is declared',
      )
      t.equal(await line('json'), 'done {"output":"{\\"a\\": 1}"}')
      t.match(await line('json', {}, { output: { type: 'array' } }), /^tool\/invalid-output/)
      t.match(await line('refuse'), /^tool\/mcp-error: \S+ says: there is no such customer$/)
      t.match(await line('gret', { name: 'Ana' }), /^tool\/schema-changed: \S+ has no tool "gret". Did you mean "greet"\?$/)
      t.match(await line('greet', { nam: 'Ana' }), /^tool\/invalid-input: The input of tool.test does not fit what its server takes: name/)
      const declared = { input: inputOf('nam') }
      t.match(
        await line('greet', { nam: 'Ana' }, declared),
        /^tool\/schema-changed: .* fits its block, and not what its server takes now: name/,
      )
      t.match(await line('huge', {}, { max_result_bytes: 1000 }), /^tool\/result-too-large: .* more than 1000 bytes$/)
      t.match(await line('meta', {}, { replay: 'idempotent' }), /flowrun\/idempotency-key\\":\\"[0-9a-f]{64}/)
      t.equal(await line('hang', {}, { timeout_ms: 1000, replay: 'once' }), 'unknown', 'STEP-5')
    })
  }
})

t.test('the official server understands us, and we it, over stdio', async t => {
  const line = (tool: string, given: JsonObject = {}, changes: Partial<ToolSpec> = {}) =>
    outcomeLine(callTool(mcpTool({ command, tool }, changes), { with: given }))
  t.equal(await line('customer', { id: 7 }), 'done {"output":{"id":7,"city":"Ulm"}}')
  t.match(await line('refuse'), /^tool\/mcp-error: \S+ says: there is no such customer$/)
  t.match(await line('huge', {}, { max_result_bytes: 1000 }), /^tool\/result-too-large/)
})

t.test('a session over HTTP is opened, named in each message, and ended', async t => {
  const server = await startMcpHttpServer()
  t.teardown(() => server.close())
  const dependencies = toolDependencies({ CRM_TOKEN: 'tok-12345' })
  t.teardown(() => dependencies.http.close())
  const headers = { Authorization: { $join: ['Bearer ', { $secret: 'CRM_TOKEN' }] } } as const
  await callTool(mcpTool({ url: server.url, tool: 'greet', headers }), { with: { name: 'Ana' }, dependencies })
  t.same(
    server.seen.map(({ what }) => what),
    ['POST initialize', 'POST notifications/initialized', 'POST tools/list', 'POST tools/call', 'DELETE'],
  )
  for (const { headers } of server.seen) t.equal(headers.authorization, 'Bearer tok-12345')
  const later = server.seen.slice(1).map(({ headers }) => [headers['mcp-session-id'], headers['mcp-protocol-version']])
  t.match(later[0], [/./, '2025-11-25'])
  t.equal(new Set(later.map(String)).size, 1)
})

t.test('a server over stdio sees few variables, and its own', async t => {
  const dependencies = toolDependencies({ TOKEN: 'tok-12345', OTHER_KEY: 'key-67890' })
  const env = { API_TOKEN: { $secret: 'TOKEN' } }
  const line = await outcomeLine(callTool(mcpTool({ command, tool: 'environment', env }), { dependencies }))
  t.match(line, /API_TOKEN\\":\\"\(secret TOKEN\)/)
  t.notMatch(line, /OTHER_KEY|tok-12345/)
  const refused = toolDependencies({}, { mayStartProcesses: false })
  t.match(await outcomeLine(callTool(mcpTool({ command, tool: 'greet' }), { dependencies: refused })), /^tool\/command-refused/)
})

t.test('processes that are no MCP server', async t => {
  const line = (code: string, changes: Partial<ToolSpec> = {}) =>
    outcomeLine(callTool(mcpTool({ command: [process.execPath, '-e', code], tool: 'greet' }, changes)))
  const endless = 'const more = () => { while (process.stdout.write("x".repeat(65536))); process.stdout.once("drain", more) }; more()'
  t.match(
    await line('console.error("no such module"); process.exit(1)'),
    /^tool\/unreachable: .* ended with exit code 1 before it answered: no such module/,
  )
  t.match(await line('setInterval(() => {}, 1e6)', { timeout_ms: 300 }), /^tool\/timeout/)
  t.match(
    await line('console.log("hello"); setInterval(() => {}, 1e6)', { replay: 'once', timeout_ms: 300 }),
    /^tool\/timeout/,
    'it was not called yet',
  )
  t.match(await line(endless), /^tool\/result-too-large/)
  t.match(
    await outcomeLine(callTool(mcpTool({ command: ['/nonexistent/server'], tool: 'a' }))),
    /^tool\/command-failed: .* cannot be started/,
  )
  const answers = (result: string) =>
    `process.stdin.once("data", data => { const { id } = JSON.parse(String(data).split("\\n")[0]); console.log("a banner"); console.log(JSON.stringify({ jsonrpc: "2.0", id, ${result} })) })`
  t.match(await line(answers('result: { protocolVersion: "1999-01-01" }')), /^tool\/mcp-error: .* speaks a version/)
  t.match(await line(answers('result: 7')), /^tool\/mcp-error: .* answered initialize without a result$/)
  t.match(
    await line(answers('error: { code: -32000, message: "not today" }')),
    /^tool\/mcp-error: .* refused initialize: not today \(-32000\)$/,
  )
})

t.test('HTTP servers that are no MCP server', async t => {
  const server = createServer(async (request, response) => {
    const asked = JSON.parse((await text(request)) || '{}')
    const reply = (type: string, body: string) => response.writeHead(200, { 'content-type': type }).end(body)
    if (request.url === '/html') return reply('text/html', '<html>')
    if (request.url === '/empty') return reply('text/event-stream', 'event: ping\n\n')
    if (request.url === '/reset') return response.socket?.destroy()
    if (request.url === '/302') return response.writeHead(302, { location: '/html' }).end()
    if (request.url === '/endless') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const more = () => {
        while (!response.destroyed && response.write(`: ${'x'.repeat(65_536)}\n`));
      }
      return response.on('drain', more) && more()
    }
    if (request.url === '/deep') {
      const nested = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
      const schema = `{"type":"object","default":${nested}}`
      const listing = `"protocolVersion":"2025-06-18","tools":[{"name":"greet","inputSchema":${schema}}]`
      return reply('application/json', `{"jsonrpc":"2.0","id":${asked.id ?? 0},"result":{${listing},"structuredContent":${nested}}}`)
    }
    if (request.url === '/pings') {
      if (asked.method === undefined) return response.writeHead(202).end()
      const events = [`data: ${JSON.stringify({ jsonrpc: '2.0', id: 'x', method: 'sampling/createMessage' })}\r\n\r\n`]
      const result = { protocolVersion: '2025-06-18', tools: [], content: [] }
      events.push(`id: 1\ndata: {"jsonrpc":"2.0","id":${asked.id},\ndata: "result":${JSON.stringify(result)}}\n\n`)
      return asked.id === undefined ? response.writeHead(202).end() : reply('text/event-stream', events.join(''))
    }
    return response.writeHead(Number(request.url?.slice(1))).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const dependencies = toolDependencies()
  t.teardown(async () => {
    await dependencies.http.close()
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const line = (path: string) => outcomeLine(callTool(mcpTool({ url: url + path, tool: 'greet' }, { timeout_ms: 5000 }), { dependencies }))
  t.match(await line('/html'), /^tool\/unreachable: .* ended its answer before the answer to initialize was there/)
  t.match(await line('/empty'), /^tool\/unreachable/)
  t.match(await line('/reset'), /^tool\/unreachable/)
  t.match(await line('/302'), /^tool\/http-error: \S+ answered 302$/)
  t.match(await line('/404'), /^tool\/http-error: \S+ answered 404$/)
  t.match(await line('/503'), /answered 503 \(retryable\)$/)
  t.match(await line('/endless'), /^tool\/result-too-large/)
  t.match(await line('/deep'), /^tool\/invalid-output: .* more than 500 levels$/)
  t.match(
    await line('/pings'),
    /^tool\/schema-changed: \S+ has no tool "greet"$/,
    'requests of the server are answered, and data may have many lines',
  )
  const private10 = callTool(mcpTool({ url: 'https://10.0.0.1/mcp', tool: 'greet' }), { dependencies })
  t.equal(await outcomeLine(private10), 'tool/private-address: 10.0.0.1 leads to the private address 10.0.0.1')
})

t.test('a server in a private network is called only where the tool says so', async t => {
  const server = await startMcpHttpServer()
  const inside: LookupFunction = (_name, options, callback) =>
    options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)
  const dependencies = toolDependencies({}, { http: createHttp(inside) })
  t.teardown(async () => {
    await dependencies.http.close()
    await server.close()
  })
  const url = server.url.replace('127.0.0.1', 'mcp.internal')
  const line = (mcp: Partial<McpToolSpec>) =>
    outcomeLine(callTool(mcpTool({ url, tool: 'greet', ...mcp }), { with: { name: 'Ana' }, dependencies }))
  t.match(await line({}), /^tool\/private-address: mcp.internal:\d+ leads to an http address, expected https$/)
  t.equal(await line({ allow_private: true }), 'done {"output":"Hello Ana"}')
})
