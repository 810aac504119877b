import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { type CallToolResult, McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

/** A server with the official package: what our client says must be what others understand. */
function officialServer(): McpServer {
  const server = new McpServer({ name: 'crm', version: '1.0.0' })
  const text = (value: string): CallToolResult => ({ content: [{ type: 'text', text: value }] })
  server.registerTool('greet', { inputSchema: z.object({ name: z.string() }) }, async ({ name }) => text(`Hello ${name}`))
  server.registerTool(
    'customer',
    { inputSchema: z.object({ id: z.number() }), outputSchema: z.object({ id: z.number(), city: z.string() }) },
    async ({ id }) => ({ ...text(JSON.stringify({ id, city: 'Ulm' })), structuredContent: { id, city: 'Ulm' } }),
  )
  server.registerTool('json', { inputSchema: z.object({}) }, async () => text('{"a": 1}'))
  server.registerTool('refuse', { inputSchema: z.object({}) }, async () => ({ ...text('there is no such customer'), isError: true }))
  server.registerTool('environment', { inputSchema: z.object({}) }, async () => text(JSON.stringify(process.env)))
  server.registerTool('huge', { inputSchema: z.object({}) }, async () => text('x'.repeat(400_000)))
  server.registerTool('meta', { inputSchema: z.object({}) }, async (_, context) => text(JSON.stringify(context.mcpReq._meta ?? null)))
  server.registerTool('hang', { inputSchema: z.object({}) }, () => new Promise<CallToolResult>(() => {}))
  return server
}

export interface McpHttpServer {
  readonly url: string
  /** In order: `POST initialize`, `DELETE`. */
  readonly seen: readonly { readonly what: string; readonly headers: IncomingMessage['headers'] }[]
  close(): Promise<void>
}

/** The same over Streamable HTTP. @param json answers as one document, not as a stream of events. */
export async function startMcpHttpServer({ json = false } = {}): Promise<McpHttpServer> {
  const seen: McpHttpServer['seen'][number][] = []
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  const listener = createServer(async (request, response) => {
    const body = request.method === 'POST' ? await textOf(request) : undefined
    const method = body === undefined ? '' : ` ${JSON.parse(body).method}`
    seen.push({ what: `${request.method}${method}`, headers: request.headers })
    const known = sessions.get(String(request.headers['mcp-session-id']))
    const transport = known ?? (await begin())
    const answer = await transport.handleRequest(
      new Request(`http://localhost${request.url}`, {
        method: request.method ?? 'GET',
        headers: Object.entries(request.headers).map(([name, value]) => [name, String(value)] as [string, string]),
        ...(body !== undefined && { body }),
      }),
    )
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    if (answer.body)
      Readable.fromWeb(answer.body as never)
        .on('error', () => {})
        .pipe(response)
    else response.end()
  })
  const begin = async () => {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      enableJsonResponse: json,
      onsessioninitialized: id => void sessions.set(id, transport),
    })
    await officialServer().connect(transport)
    return transport
  }
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/mcp`,
    seen,
    async close() {
      await Promise.all([...sessions.values()].map(transport => transport.close()))
      listener.closeAllConnections()
      listener.close()
    },
  }
}

// As a process, it speaks over stdio.
if (import.meta.main) await officialServer().connect(new StdioServerTransport())
