import type { Reference } from '../artifact/deferred.ts'
import type { NodeSpec, NodeType, SourceSpec, WorkflowSpec } from '../artifact/workflow.ts'
import { isJsonObject, type JsonValue } from '../base/json.ts'

/** The nodes of one workflow and the ways between them, whatever they are drawn as. */
export interface WorkflowGraph {
  readonly environment: string
  readonly address: string
  /** In source order, those of a body after its owner. */
  readonly nodes: readonly WorkflowNode[]
  /** By the node that waits. */
  readonly edges: readonly WorkflowEdge[]
}

export interface WorkflowNode {
  readonly name: string
  readonly type: NodeType
  /** The block that it calls: `prompt.answer`. */
  readonly calls?: string
  /** The node in whose body it stands. */
  readonly within?: string
}

export interface WorkflowEdge {
  readonly from: string
  readonly to: string
  readonly kind: SourceSpec['kind']
  readonly exit?: string
  /** The edge has a condition of its own. */
  readonly isConditional: boolean
  /** Another way leads there over further nodes: a drawing is clearer without it. */
  readonly isImplied: boolean
}

export function workflowGraph(environment: string, address: string, { nodes }: WorkflowSpec): WorkflowGraph {
  return { environment, address, nodes: nodesOf(nodes), edges: edgesOf(nodes) }
}

function nodesOf(nodes: readonly NodeSpec[], within?: string): readonly WorkflowNode[] {
  return nodes.flatMap(node => {
    const calls = calledBy(node)
    const { name, type } = node
    const own = { name, type, ...(calls === undefined ? {} : { calls }), ...(within === undefined ? {} : { within }) }
    return [own, ...nodesOf(node.nodes ?? [], name)]
  })
}

const CALLS = ['prompt', 'tool', 'flow', 'guard'] as const

function calledBy({ arguments: given }: NodeSpec): string | undefined {
  const found = CALLS.map(name => given[name] as JsonValue | undefined).find(value => isJsonObject(value) && '$ref' in value)
  return found === undefined ? undefined : (found as unknown as Reference).$ref
}

function edgesOf(nodes: readonly NodeSpec[]): readonly WorkflowEdge[] {
  const ancestors = ancestorsOf(nodes)
  return nodes.flatMap(({ name, sources, nodes: inner = [] }) => {
    const parents = new Set(sources.map(({ node }) => node))
    const own = sources.map((source): WorkflowEdge => {
      const isOver = [...parents].some(parent => ancestors.get(parent)?.has(source.node))
      const exit = source.exit === undefined ? {} : { exit: source.exit }
      return {
        ...{ from: source.node, to: name, kind: source.kind, ...exit },
        isConditional: source.when !== undefined,
        isImplied: isOver && source.kind !== 'exit',
      }
    })
    // A node that is read and that leads here by an exit is drawn once.
    const named = new Set(own.filter(({ kind }) => kind === 'exit').map(({ from }) => from))
    return [
      ...own.map(edge => ({ ...edge, isImplied: edge.isImplied || (edge.kind !== 'exit' && named.has(edge.from)) })),
      ...edgesOf(inner),
    ]
  })
}

/** All that a node waits for, near or far; 500 nodes have at most 125,000 such pairs. */
function ancestorsOf(nodes: readonly NodeSpec[]): ReadonlyMap<string, ReadonlySet<string>> {
  const byName = new Map(nodes.map(node => [node.name, node]))
  const found = new Map<string, ReadonlySet<string>>()
  const visit = (node: NodeSpec): ReadonlySet<string> => {
    const known = found.get(node.name)
    if (known) return known
    const all = new Set<string>()
    for (const { node: name } of node.sources) {
      all.add(name)
      const source = byName.get(name)
      for (const further of source ? visit(source) : []) all.add(further)
    }
    found.set(node.name, all)
    return all
  }
  nodes.forEach(visit)
  return found
}
