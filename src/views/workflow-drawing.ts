import type { WorkflowEdge, WorkflowGraph, WorkflowNode } from '../operations/workflow-graph.ts'
import { type Direction, escaped, quoted } from './graph-drawing.ts'
import { jsonDocument } from './json-document.ts'

/** The nodes of a workflow as one JSON document, with all edges; schemas/output/graph.schema.json. */
export function workflowJson({ environment, address, nodes, edges }: WorkflowGraph): string {
  return jsonDocument({
    environment,
    workflow: address,
    nodes: nodes.map(({ name, type, calls, within }) => ({
      name,
      type,
      ...(calls === undefined ? {} : { calls }),
      ...(within === undefined ? {} : { within }),
    })),
    edges: edges.map(({ from, to, kind, exit, isConditional }) => ({
      ...{ from, to, kind },
      ...(exit === undefined ? {} : { exit }),
      ...(isConditional ? { conditional: true } : {}),
    })),
  })
}

/** The same in the language of Graphviz: bodies are boxes around their nodes. */
export function workflowDot({ address, nodes, edges }: WorkflowGraph, direction: Direction): string {
  const nodeLine = (node: WorkflowNode) => `${quoted(node.name)} [label=${quoted(labelOf(node))}${shapeOf(node)}]`
  const lines = [
    `rankdir="${direction.toUpperCase()}"`,
    'node [shape="box" fontname="sans-serif"]',
    'edge [fontname="sans-serif" fontsize="10"]',
    ...nodes.map(nodeLine),
    ...bodiesOf(nodes).map(
      ([owner, inner]) =>
        `subgraph ${quoted(`cluster_${owner}`)} { label=${quoted(owner)}; ${inner.map(({ name }) => `${quoted(name)};`).join(' ')} }`,
    ),
    ...drawn(edges).map(edge => `${quoted(edge.from)} -> ${quoted(edge.to)}${dotAttributes(edge)}`),
    ...bodiesOf(nodes).map(([owner, [first]]) => `${quoted(owner)} -> ${quoted(first?.name ?? '')} [style="dotted"]`),
  ]
  return `digraph ${quoted(address)} {\n${lines.map(line => `  ${line};\n`).join('')}}\n`
}

function dotAttributes(edge: WorkflowEdge): string {
  const attributes = [
    ...(edge.exit === undefined ? [] : [`label=${quoted(exitText(edge))}`]),
    ...(edge.kind === 'after' ? ['style="dashed"'] : []),
  ]
  return attributes.length === 0 ? '' : ` [${attributes.join(' ')}]`
}

/** The same as Mermaid, which GitHub draws inside of Markdown. */
export function workflowMermaid({ nodes, edges }: WorkflowGraph, direction: Direction): string {
  const ids = new Map(nodes.map(({ name }, index) => [name, `n${index}`]))
  const nodeLine = (node: WorkflowNode) => {
    const [open, close] = node.type === 'router' ? ['{', '}'] : node.type === 'approval' ? ['[/', '/]'] : ['[', ']']
    return `${ids.get(node.name)}${open}"${escaped(labelOf(node))}"${close}`
  }
  const lines = [
    ...nodes.filter(({ within }) => within === undefined).map(nodeLine),
    ...bodiesOf(nodes).flatMap(([owner, inner]) => [
      `subgraph b${ids.get(owner)}["${escaped(owner)}"]`,
      ...inner.map(node => `  ${nodeLine(node)}`),
      'end',
    ]),
    ...drawn(edges).map(edge => `${ids.get(edge.from)} ${mermaidArrow(edge)} ${ids.get(edge.to)}`),
    ...bodiesOf(nodes).map(([owner, [first]]) => `${ids.get(owner)} -.- ${ids.get(first?.name ?? '')}`),
  ]
  return `flowchart ${direction.toUpperCase()}\n${lines.map(line => `  ${line}\n`).join('')}`
}

function mermaidArrow(edge: WorkflowEdge): string {
  const arrow = edge.kind === 'after' ? '-.->' : '-->'
  return edge.exit === undefined ? arrow : `${arrow}|"${escaped(exitText(edge))}"|`
}

function labelOf({ name, type, calls }: WorkflowNode): string {
  return `${name}\n${calls ?? type}`
}

function shapeOf({ type }: WorkflowNode): string {
  return type === 'router' ? ' shape="diamond"' : type === 'approval' ? ' shape="parallelogram"' : ''
}

function exitText({ exit = '', isConditional }: WorkflowEdge): string {
  return isConditional ? `${exit}?` : exit
}

/** What follows from other edges is left out. */
function drawn(edges: readonly WorkflowEdge[]): readonly WorkflowEdge[] {
  return edges.filter(({ isImplied }) => !isImplied)
}

function bodiesOf(nodes: readonly WorkflowNode[]): readonly (readonly [string, readonly WorkflowNode[]])[] {
  return [...Map.groupBy(nodes, ({ within }) => within)].flatMap(([owner, inner]) => (owner === undefined ? [] : [[owner, inner] as const]))
}
