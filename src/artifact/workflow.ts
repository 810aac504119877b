import type { Deferred, DeferredText, Reference } from './deferred.ts'
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
  /**
   * `required`: its value is read. `optional`: read where it is there. `after`: order alone, as of a node whose `status`
   * alone is read. `exit`: `on`, or an edge.
   */
  readonly kind: 'required' | 'optional' | 'after' | 'exit'
  /** With `exit` alone; absent there: any ordinary exit, which is `node.x` in `on`. */
  readonly exit?: string
  /** Of an edge. */
  readonly when?: Deferred
}

export interface NodeSpec {
  readonly name: string
  readonly type: NodeType
  readonly sources: readonly SourceSpec[]
  readonly when?: Deferred
  /** Of all attempts together, or of an approval and of a signal's wait; absent: none of its own. */
  readonly timeout_ms?: number
  /** Around the node, durable; absent: one attempt. */
  readonly retry?: NodeRetrySpec
  readonly on_error: NodeErrorSpec
  readonly cache?: { readonly ttl_ms: number; readonly scope: 'tenant' | 'environment' }
  /** Of its type, as blocks.md 4.3 names them, defaults written out: `NodeArguments`. */
  readonly arguments: Readonly<Record<string, Deferred>>
  /** The body of a map or a loop. */
  readonly nodes?: readonly NodeSpec[]
  /** What the body of a map gives for one item. */
  readonly output?: Deferred
}

/** Only names that are nodes of the same body are sources of a node in it; what is outside has been waited for by the body's owner. */
export interface NodeArguments {
  readonly model: { readonly prompt: Reference; readonly model?: Reference; readonly stream: boolean; readonly with: With }
  readonly tool: { readonly tool: Reference; readonly with: With }
  readonly flow: { readonly flow: Reference; readonly detach: boolean; readonly with: With }
  readonly router: RouterArguments
  readonly guard: { readonly guard: Reference; readonly text: Deferred }
  /** With `type`: the value is converted to it. */
  readonly transform: { readonly value: Deferred; readonly type?: JsonSchema }
  readonly map: {
    readonly items: Deferred
    /** Over `item`; absent: the index. */
    readonly item_key?: Deferred
    readonly concurrency: number
    readonly max_items: number
    readonly on_item_error: 'fail_fast' | 'continue' | 'drop'
  }
  /** `next` and `until` see `loop`, `next` the nodes of the body too. */
  readonly loop: { readonly state: Deferred; readonly next: Deferred; readonly until: Deferred; readonly max_iterations: number }
  readonly approval: ApprovalArguments
  /** One of the first four; `type` is that of the signal's data. */
  readonly wait: {
    readonly duration_ms?: number
    /** Seconds, or a duration as it is written: `"15s"`. */
    readonly duration?: Deferred
    readonly until?: Deferred
    readonly signal?: string
    readonly type?: JsonSchema
  }
}

/** By field of what is called: evaluated one by one, and then checked against its input. */
export type With = Readonly<Record<string, Deferred>>

export interface RouterArguments {
  readonly kind: 'rules' | 'model' | 'weighted'
  readonly default: string
  /** In source order. */
  readonly routes: readonly RouteSpec[]
  readonly text?: Deferred
  readonly model?: Reference
  readonly min_confidence?: number
  readonly key?: Deferred
}

/** `when` with rules, `description` and `examples` with a model, `weight` with weights. */
export interface RouteSpec {
  readonly name: string
  readonly when?: Deferred
  readonly description?: string
  readonly examples?: readonly string[]
  readonly weight?: number
}

export interface ApprovalArguments {
  readonly title: DeferredText
  readonly body: DeferredText
  readonly actions: readonly { readonly name: string; readonly label?: string; readonly require_comment: boolean }[]
  /** An object schema: what may be edited; absent without fields. */
  readonly fields?: JsonSchema
  /** By field. */
  readonly initial?: Readonly<Record<string, Deferred>>
  readonly assignees: readonly string[]
  readonly quorum: number
  readonly separation: boolean
  /** An action, `expired` or `fail`. */
  readonly on_timeout: string
  readonly notify: readonly string[]
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
