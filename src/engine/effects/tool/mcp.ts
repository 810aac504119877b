import type { JsonSchema } from '../../../artifact/json-schema.ts'
import type { McpToolSpec } from '../../../artifact/tool.ts'
import { invariant } from '../../../base/invariant.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.ts'
import { resolveSecretText } from '../../../gateway/secrets.ts'
import type { ToolAnswer, ToolCall, ToolDependencies, ToolWay } from './call.ts'
import { cleaned } from './cleaned.ts'
import { refuseProcesses } from './command.ts'
import { shortText, ToolFailure, tooLarge } from './failure.ts'
import { httpTransport } from './mcp-http.ts'
import { type McpTool, type McpTransport, openMcpSession } from './mcp-session.ts'
import { stdioTransport } from './mcp-stdio.ts'
import { environmentOf, startProcess } from './process.ts'

/** Servers send a result twice, as text and as data, in a message around both: that much may arrive before it is looked at. */
const messageBytes = (maxResultBytes: number) => 2 * maxResultBytes + 16_384

/** Longer schemas of servers are theirs to hold: one could keep this process busy for seconds. */
export const MAX_SCHEMA_LENGTH = 65_536
/** Schemas of servers that are kept, one object for each: the validator keeps what it compiled by the object. */
const MAX_SCHEMAS = 100

/** Calls tools of MCP servers, each call in a session of its own. */
export function createMcpWay(): ToolWay {
  const schemas = new Map<string, JsonSchema>()
  const kept = (schema: JsonSchema): JsonSchema | undefined => {
    const text = schemaText(schema)
    if (text === undefined || text.length > MAX_SCHEMA_LENGTH) return undefined
    const known = schemas.get(text) ?? schema
    const [oldest] = schemas.keys()
    if (schemas.size >= MAX_SCHEMAS && oldest !== undefined) schemas.delete(oldest)
    schemas.set(text, known)
    return known
  }
  return (call, dependencies) => callMcp(call, dependencies, kept)
}

async function callMcp(
  call: ToolCall,
  dependencies: ToolDependencies,
  kept: (schema: JsonSchema) => JsonSchema | undefined,
): Promise<ToolAnswer> {
  const { address, spec, input, effectKey, began } = call
  invariant(spec.mcp, 'tool/no-mcp', `${address} is no MCP tool`)
  const { redactor } = dependencies
  const transport = await connected(spec.mcp, call, dependencies)
  try {
    const session = await openMcpSession(transport, redactor)
    const { inputSchema } = await session.find(spec.mcp.tool)
    await checkSchema(inputSchema && kept(inputSchema), call, dependencies)
    began()
    const meta: JsonObject = spec.replay === 'idempotent' ? { 'flowrun/idempotency-key': effectKey } : {}
    const result = await session.call(spec.mcp.tool, input.json, meta, messageBytes(spec.max_result_bytes)).catch((error: unknown) => {
      const isTooLarge = error instanceof ToolFailure && error.code === 'tool/result-too-large'
      throw isTooLarge ? tooLarge(transport.who, spec.max_result_bytes) : error
    })
    const output = cleaned(resultOf(result, spec.output, transport.who, dependencies), redactor.redact, address)
    const bytes = Buffer.byteLength(JSON.stringify(output))
    if (bytes > spec.max_result_bytes) throw tooLarge(transport.who, spec.max_result_bytes)
    return { output, bytes }
  } finally {
    await transport.close()
  }
}

/** Whom a session is for. */
type Caller = Pick<ToolCall, 'address' | 'signal'>
type Connecting = Pick<ToolDependencies, 'http' | 'secrets' | 'redactor' | 'timers' | 'environment' | 'mayStartProcesses'>

/** The tools of the server of a tool, for the lock. @throws ToolFailure; MissingSecret. */
export async function listMcpTools(spec: McpToolSpec, caller: Caller, dependencies: Connecting): Promise<readonly McpTool[]> {
  const transport = await connected(spec, caller, dependencies)
  try {
    return await (await openMcpSession(transport, dependencies.redactor)).list()
  } finally {
    await transport.close()
  }
}

async function connected(spec: McpToolSpec, call: Caller, dependencies: Connecting): Promise<McpTransport> {
  const { http, secrets, redactor, timers } = dependencies
  const { signal } = call
  if (spec.url !== undefined) {
    const entries = Object.entries(spec.headers ?? {})
    const headers = await Promise.all(
      entries.map(async ([name, text]) => [name.toLowerCase(), await resolveSecretText(text, secrets)] as const),
    )
    const endpoint = { url: new URL(spec.url), headers: Object.fromEntries(headers), allowPrivate: spec.allow_private ?? false, signal }
    return httpTransport(endpoint, http, redactor)
  }
  refuseProcesses(call.address, dependencies)
  const argv = spec.command ?? []
  const environment = await environmentOf(spec.env, dependencies)
  return stdioTransport(startProcess({ argv, environment, signal, timers }), argv[0] ?? '', redactor)
}

/** Undefined for one that is nested too deep to be written. */
export function schemaText(schema: JsonSchema): string | undefined {
  try {
    return JSON.stringify(schema)
  } catch {
    return undefined
  }
}

/** What fits the declared input must fit what the server takes now. A schema that cannot be used is the server's to hold. */
async function checkSchema(
  schema: JsonSchema | undefined,
  { spec, input, address }: ToolCall,
  { validator }: ToolDependencies,
): Promise<void> {
  if (schema === undefined) return
  const { violations } = await validator()
  let problems: ReturnType<typeof violations>
  try {
    problems = violations(schema, input.json)
  } catch {
    return
  }
  if (problems.length === 0) return
  const places = problems.map(({ path }) => (path === '' ? 'the whole' : path)).join(', ')
  if (spec.input === undefined)
    throw new ToolFailure('tool/invalid-input', `The input of ${address} does not fit what its server takes: ${places}`)
  throw new ToolFailure('tool/schema-changed', `The input of ${address} fits its block, and not what its server takes now: ${places}`)
}

/** Data where the server gives it, else its texts; a declared type other than a string is read from a text that is JSON. */
function resultOf(
  { content, structuredContent, isError }: JsonObject,
  output: JsonSchema | undefined,
  who: string,
  { redactor }: ToolDependencies,
): JsonValue {
  const items = Array.isArray(content) ? content.filter(isJsonObject) : []
  const texts = items.flatMap(({ type, text }) => (type === 'text' && typeof text === 'string' ? [text] : []))
  const text = texts.join('\n')
  if (isError === true) throw new ToolFailure('tool/mcp-error', `${who} says: ${shortText(text, redactor)}`)
  if (structuredContent !== undefined) return structuredContent
  if (texts.length < items.length) return items
  if (output === undefined || output.type === 'string') return text
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return text
  }
}
