import type { JsonSchema } from '../../../artifact/json-schema.ts'
import type { McpToolSpec } from '../../../artifact/tool.ts'
import type { Clock } from '../../../base/clock.ts'
import { OperationError } from '../../../diagnostics/operation-error.ts'
import { createHttp, type Http } from '../../../gateway/http.ts'
import { createRedactor } from '../../../gateway/redactor.ts'
import { createSecretResolver, type SecretPlace } from '../../../gateway/secrets.ts'
import type { Timers } from '../../../gateway/timers.ts'
import { loadSchemaValidator } from '../../schema-validator.ts'
import { ToolFailure } from './failure.ts'
import { listMcpTools, MAX_SCHEMA_LENGTH, schemaText } from './mcp.ts'
import type { McpTool } from './mcp-session.ts'

/** Asks MCP servers what they offer, and calls nothing. */
export interface ToolServers {
  /** @param address of the tool that names the server. @throws ToolFailure; MissingSecret */
  list(address: string, spec: McpToolSpec, signal?: AbortSignal): Promise<readonly ServerTool[]>
  /** Ends idle connections, so that the process can exit. */
  close(): Promise<void>
}

export interface ServerTool extends McpTool {
  /** The schema of its input can be held against a value. */
  readonly isUsable: boolean
}

export interface ToolServerSettings {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly secretPlaces: readonly SecretPlace[]
  readonly clock: Clock
  readonly timers: Timers
  /** For a test; else of its own. */
  readonly http?: Http
}

/** A server that is started may have to be fetched first. */
const LIST_TIMEOUT_MS = 60_000

export function createToolServers({ environment, secretPlaces, clock, timers, http = createHttp() }: ToolServerSettings): ToolServers {
  const redactor = createRedactor()
  const secrets = createSecretResolver({ environment, places: secretPlaces, clock, redactor })
  return {
    async list(address, spec, signal) {
      const time = new AbortController()
      const cancel = timers.after(LIST_TIMEOUT_MS, () => time.abort())
      const until = signal ? AbortSignal.any([signal, time.signal]) : time.signal
      const dependencies = { http, secrets, redactor, timers, environment, mayStartProcesses: true }
      try {
        const tools = await listMcpTools(spec, { address, signal: until }, dependencies)
        return await Promise.all(tools.map(async tool => ({ ...tool, isUsable: await isUsable(tool.inputSchema) })))
      } catch (error) {
        signal?.throwIfAborted()
        throw time.signal.aborted
          ? new ToolFailure('tool/timeout', `${address}: its server gave no answer in ${LIST_TIMEOUT_MS / 1000} s`)
          : error
      } finally {
        cancel()
      }
    },
    close: () => http.close(),
  }
}

async function isUsable(schema: JsonSchema | undefined): Promise<boolean> {
  const text = schema && schemaText(schema)
  if (schema === undefined || text === undefined || text.length > MAX_SCHEMA_LENGTH) return false
  const { violations } = await loadSchemaValidator()
  try {
    violations(schema, {})
    return true
  } catch (error) {
    if (error instanceof OperationError) return false
    throw error
  }
}
