import type { Deferred, Reference, SecretText } from './deferred.ts'
import type { JsonSchema } from './json-schema.ts'
import type { ValidationSpec } from './prompt.ts'

/** What is done after a crash in the middle of a call. */
export const REPLAYS = ['safe', 'idempotent', 'once'] as const
export type Replay = (typeof REPLAYS)[number]

/** Something that an agent or a node can call (blocks.md, tool); one of `flow`, `http`, `mcp` and `command`. */
export interface ToolSpec {
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  /** What a model sees. */
  readonly name: string
  /** Of a tool that runs a flow, that of the flow. */
  readonly input?: JsonSchema
  readonly input_validation?: readonly ValidationSpec[]
  readonly output?: JsonSchema
  readonly output_validation?: readonly ValidationSpec[]
  readonly flow?: Reference
  readonly http?: HttpToolSpec
  readonly mcp?: McpToolSpec
  readonly command?: { readonly argv: readonly Deferred[]; readonly env?: Readonly<Record<string, string | SecretText>> }
  readonly bind?: Readonly<Record<string, Deferred>>
  readonly replay: Replay
  readonly on_unknown: 'pause' | 'fail'
  readonly timeout_ms: number
  readonly retry: { readonly max_attempts: number; readonly initial_ms: number; readonly max_ms: number }
  readonly max_result_bytes: number
  readonly result_guards?: readonly Reference[]
}

export interface HttpToolSpec {
  readonly method: string
  readonly url: Deferred
  readonly query?: Readonly<Record<string, Deferred>>
  readonly headers?: Readonly<Record<string, Deferred>>
  readonly body?: Deferred
  /** Over `response`. */
  readonly result: Deferred
  readonly fail_when: Deferred
  readonly allow_private: boolean
  readonly max_redirects: number
  /** Certificates of the only authorities that are trusted; absent: those that the system knows. */
  readonly ca_pem?: string
}

export interface McpToolSpec {
  /** One of `url` and `command`. */
  readonly url?: string
  readonly command?: readonly string[]
  readonly tool: string
  readonly headers?: Readonly<Record<string, string | SecretText>>
  readonly env?: Readonly<Record<string, string | SecretText>>
  /** Of `url`: it may be in a private network. Absent: it may not. */
  readonly allow_private?: true
}
