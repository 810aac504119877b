import type { JsonSchema } from '../artifact/json-schema.ts'
import type { McpToolSpec } from '../artifact/tool.ts'
import { compact } from '../base/compact.ts'
import { type Digest, digestOf } from '../base/digest.ts'
import type { JsonValue } from '../base/json.ts'

/** What an MCP server offered when `flowrun init` last asked it. */
export interface LockedServer {
  /** As `serverName` has it. */
  readonly server: string
  /** The names of all its tools, sorted: for near names. */
  readonly tools: readonly string[]
  /** Those that blocks use, by name. */
  readonly used: ReadonlyMap<string, LockedTool>
}

/** What one tool takes and gives. */
export interface LockedTool {
  /** Of both schemas as the server wrote them, whichever dialect it says. */
  readonly digest: Digest
  /** Absent where the server names none, or one that cannot be used here. */
  readonly input?: JsonSchema
}

/** `https://mcp.crm.example/mcp`, `npx -y notes-mcp-server`: what tells servers apart. */
export function serverName({ url, command = [] }: Pick<McpToolSpec, 'url' | 'command'>): string {
  return url ?? command.join(' ')
}

/** Whether the schemas of a tool are those that were locked. */
export function schemasDigest(input: JsonValue | undefined, output: JsonValue | undefined): Digest {
  return digestOf(compact({ input, output }) as JsonValue)
}
