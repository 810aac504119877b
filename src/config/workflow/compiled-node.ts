import type { NodeSpec } from '../../artifact/workflow.ts'
import type { Exits } from './definition.ts'
import type { ReadableNode } from './node-scope.ts'
import type { OutlinedNode } from './outline.ts'

/** A node that compiled, with its place in the graph. */
export interface CompiledNode extends ReadableNode {
  readonly outlined: OutlinedNode
  readonly spec: NodeSpec
  readonly exits: Exits
  readonly hasEffect: boolean
}
