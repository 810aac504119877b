import type { JsonSchema } from '../../../artifact/json-schema.ts'
import { isJsonObject, type JsonObject } from '../../../base/json.ts'
import { suggest } from '../../../base/suggest.ts'
import { flowrunVersion } from '../../../base/version.ts'
import type { Redactor } from '../../../gateway/redactor.ts'
import { shortText, ToolFailure } from './failure.ts'

/**
 * Messages of JSON-RPC to an MCP server and back, one exchange at a time. Model Context Protocol, 2025-11-25; the parts
 * that call a tool: initialize, tools/list, tools/call.
 */
export interface McpTransport {
  /** For messages: `mcp.crm.example`, `npx`. */
  readonly who: string
  /** Sends a request and waits for its answer. @param maxBytes of all that comes until then. */
  request(message: McpRequest, maxBytes: number): Promise<JsonObject>
  /** Sends what has no answer. */
  notify(message: JsonObject): Promise<void>
  /** From now on the messages are of this version of the protocol. */
  agreed(version: string): void
  /** Ends the session; never fails. */
  close(): Promise<void>
}

export type McpRequest = JsonObject & { readonly id: number; readonly method: string }

/** What a server says of one of its tools. */
export interface McpTool {
  readonly name: string
  readonly inputSchema?: JsonSchema
  readonly outputSchema?: JsonSchema
}

export interface McpSession {
  /** All its tools, in its own order. */
  list(): Promise<readonly McpTool[]>
  /** @throws ToolFailure `tool/schema-changed` where the server has no such tool. */
  find(tool: string): Promise<{ readonly inputSchema?: JsonSchema }>
  /** The result of a call as the server gives it. */
  call(tool: string, given: JsonObject, meta: JsonObject, maxBytes: number): Promise<JsonObject>
}

/** The newest is asked for; servers answer with the one that they speak. */
const VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']
/** Of a greeting, or a page of tools. */
const MAX_LISTING_BYTES = 1024 * 1024
const MAX_PAGES = 50

/** Greets the server. @throws ToolFailure */
export async function openMcpSession(transport: McpTransport, redactor: Redactor): Promise<McpSession> {
  let lastId = 0
  const ask = async (method: string, params: JsonObject, maxBytes = MAX_LISTING_BYTES): Promise<JsonObject> => {
    const answer = await transport.request({ jsonrpc: '2.0', id: ++lastId, method, params }, maxBytes)
    if (isJsonObject(answer.error)) throw refusal(transport.who, method, answer.error, redactor)
    if (!isJsonObject(answer.result)) throw new ToolFailure('tool/mcp-error', `${transport.who} answered ${method} without a result`)
    return answer.result
  }
  const clientInfo = { name: 'flowrun', version: flowrunVersion }
  const { protocolVersion } = await ask('initialize', { protocolVersion: VERSIONS[0] ?? '', capabilities: {}, clientInfo })
  if (typeof protocolVersion !== 'string' || !VERSIONS.includes(protocolVersion))
    throw new ToolFailure(
      'tool/mcp-error',
      `${transport.who} speaks a version of the protocol that flowrun does not, which knows ${VERSIONS.join(', ')}`,
    )
  transport.agreed(protocolVersion)
  await transport.notify({ jsonrpc: '2.0', method: 'notifications/initialized' })
  async function* listed(): AsyncGenerator<McpTool> {
    let cursor: string | undefined
    for (let page = 0; page < MAX_PAGES; page++) {
      const { tools, nextCursor } = await ask('tools/list', cursor === undefined ? {} : { cursor })
      for (const known of Array.isArray(tools) ? tools.filter(isJsonObject) : []) yield toolOf(known)
      if (typeof nextCursor !== 'string') return
      cursor = nextCursor
    }
  }
  return {
    async list() {
      const all: McpTool[] = []
      for await (const tool of listed()) all.push(tool)
      return all
    },
    async find(tool) {
      const names: string[] = []
      for await (const known of listed()) {
        if (known.name === tool) return known
        names.push(known.name)
      }
      const [near] = suggest(tool, names)
      const hint = near === undefined ? '' : `. Did you mean "${near}"?`
      throw new ToolFailure('tool/schema-changed', `${transport.who} has no tool "${tool}"${shortText(hint, redactor)}`)
    },
    call: (name, given, meta, maxBytes) =>
      ask('tools/call', { name, arguments: given, ...(Object.keys(meta).length > 0 && { _meta: meta }) }, maxBytes),
  }
}

function toolOf({ name, inputSchema, outputSchema }: JsonObject): McpTool {
  return {
    name: String(name),
    ...(isJsonObject(inputSchema) && { inputSchema: withoutDialect(inputSchema) }),
    ...(isJsonObject(outputSchema) && { outputSchema: withoutDialect(outputSchema) }),
  }
}

/** Most packages say draft 7 in what is 2020-12 as well: read as the latter, it can be held against values. */
function withoutDialect({ $schema: _, ...schema }: JsonObject): JsonSchema {
  return schema as JsonSchema
}

function refusal(who: string, method: string, { code, message }: JsonObject, redactor: Redactor): ToolFailure {
  const said = typeof message === 'string' ? shortText(message, redactor) : 'without a reason'
  return new ToolFailure('tool/mcp-error', `${who} refused ${method}: ${said}${typeof code === 'number' ? ` (${code})` : ''}`)
}

/** Whether a message is the answer to a request. */
export function answers(message: unknown, { id }: McpRequest): message is JsonObject {
  return isJsonObject(message) && message.id === id && !('method' in message)
}

/** What a request of the server is answered with: flowrun has nothing to offer but a sign of life. @returns undefined for others. */
export function replyTo(message: unknown): JsonObject | undefined {
  if (!isJsonObject(message) || typeof message.method !== 'string' || message.id === undefined) return undefined
  const reply = message.method === 'ping' ? { result: {} } : { error: { code: -32601, message: 'Method not found' } }
  return { jsonrpc: '2.0', id: message.id, ...reply }
}
