import type { Deferred } from './deferred.ts'
import type { JsonSchema } from './json-schema.ts'
import type { ValidationSpec } from './prompt.ts'

export const NODE_TYPES = ['model', 'tool', 'router', 'guard', 'transform', 'map', 'loop', 'flow', 'approval', 'wait'] as const
export type NodeType = (typeof NODE_TYPES)[number]

/** A graph of nodes (blocks.md, workflow). */
export interface WorkflowSpec {
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Absent: it takes no input. */
  readonly input?: JsonSchema
  readonly input_validation?: readonly ValidationSpec[]
  /** In source order: the order of declaration decides who starts first among equals (DET-2). */
  readonly nodes: readonly NodeSpec[]
  readonly output?: { readonly schema: JsonSchema; readonly value: Deferred }
  /** The semantics that the graph was checked for (DET-5). */
  readonly interpreter: number
  readonly timeout_ms: number
  readonly retention_ms: number
  readonly max_steps: number
  readonly max_cost_nano?: number
  readonly concurrency?: { readonly limit: number; readonly key?: Deferred }
}

/** What a node waits for, sorted by node, then kind. */
export interface SourceSpec {
  readonly node: string
  /** `required`: its value is read. `optional`: read where it is there. `after`: order alone. `exit`: `on`, or an edge. */
  readonly kind: 'required' | 'optional' | 'after' | 'exit'
  /** With `exit` alone. */
  readonly exit?: string
  /** Of an edge. */
  readonly when?: Deferred
}

export interface NodeSpec {
  readonly name: string
  readonly type: NodeType
  readonly sources: readonly SourceSpec[]
  readonly when?: Deferred
  /** Absent: none of its own. */
  readonly timeout_ms?: number
  /** Around the node, durable; absent: one attempt. */
  readonly retry?: NodeRetrySpec
  readonly on_error: NodeErrorSpec
  readonly cache?: { readonly ttl_ms: number; readonly scope: 'tenant' | 'environment' }
  /** Of its type, as blocks.md 4.3 names them, defaults written out; durations as `…_ms`. */
  readonly arguments: Readonly<Record<string, Deferred>>
  /** The body of a map or a loop. */
  readonly nodes?: readonly NodeSpec[]
  /** What the body of a map gives for one item. */
  readonly output?: Deferred
}

export interface NodeRetrySpec {
  /** Attempts in all, the first included. */
  readonly max_attempts: number
  readonly initial_ms: number
  readonly max_ms: number
  /** Codes, `*` at the end allowed; absent: all that may go better the next time. */
  readonly on?: readonly string[]
}

export interface NodeErrorSpec {
  readonly action: 'fail' | 'default' | 'exit'
  /** With `default` alone. */
  readonly value?: Deferred
  /** Absent: all. `*` at the end stands for any. */
  readonly codes?: readonly string[]
}
