import type { Deferred } from '../../artifact/deferred.ts'
import type { NodeSpec, NodeType } from '../../artifact/workflow.ts'
import type { Block } from '../../hcl/ast.ts'
import type { EvaluationContext } from '../../hcl/function.ts'
import type { ObjectAttribute, Type } from '../../hcl/type.ts'
import type { BodySpec } from '../decode/body.ts'
import type { BlockSite } from '../decode/site.ts'
import type { NodeSettings } from './settings-body.ts'

/** One type of node: how it is written, and what it compiles to. */
export interface NodeDefinition {
  readonly type: NodeType
  readonly summary: string
  /** With what all nodes have. */
  readonly body: BodySpec
  /** @returns undefined after an error was reported. */
  compile(block: Block, site: NodeSite): NodeParts | undefined
}

/** Where the expressions of one node are evaluated. */
export interface NodeSite extends BlockSite {
  readonly deferred: EvaluationContext
  /** Compiles the nodes inside of this one, for which these names stand. */
  openBody(names: BodyNames): OpenedBody | undefined
}

/** What a body calls its element or its state. */
export type BodyNames = { readonly item: Type } | { readonly loop: Type }

export interface OpenedBody {
  readonly nodes: readonly NodeSpec[]
  /** Sees `item` or `loop`, and none of the nodes. */
  readonly before: BlockSite
  /** Sees the nodes as well. */
  readonly after: BlockSite
  /** One of the nodes does something outside. */
  readonly hasEffect: boolean
}

/** What a definition says of one node, besides its place in the graph. */
export interface NodeParts {
  readonly settings: NodeSettings
  readonly arguments: Readonly<Record<string, Deferred>>
  readonly exits: Exits
  /** Besides those that every node has. */
  readonly attributes: Readonly<Record<string, ObjectAttribute>>
  /** Where the block says none; absent: none of its own. */
  readonly timeoutMs?: number
  /** Whether it does something that nobody needs to read. */
  readonly hasEffect: boolean
  /** May an answer be kept for equal arguments. */
  readonly isCacheable: boolean
  readonly nodes?: readonly NodeSpec[]
  readonly output?: Deferred
}

/** The named ways out of a node (blocks.md 4.1). An ordinary one is success. */
export interface Exits {
  readonly ordinary: readonly string[]
  readonly exceptional: readonly string[]
}

export const DONE: Exits = { ordinary: ['done'], exceptional: [] }

export const MINUTE_MS = 60_000
