import type { JsonObject } from '../base/json.ts'
import { kindOfAddress } from '../config/address.ts'
import type { BlockGraph, GraphChange, GraphEdge, GraphNode } from '../operations/graph.ts'
import { CHANGE_SIGNS, type ChangeSign } from './change-sign.ts'
import { versionsText } from './change-text.ts'
import { jsonDocument } from './json-document.ts'
import { plainStyle } from './style.ts'

/** From left to right, or from top to bottom. */
export type Direction = 'lr' | 'tb'

/** The graph as one JSON document; schemas/output/graph.schema.json. */
export function graphJson({ environment, focus, nodes, edges }: BlockGraph): string {
  return jsonDocument({
    environment,
    ...(focus === undefined ? {} : { address: focus }),
    nodes: nodes.map(({ address, kind, change }) => ({ address, kind, ...(change === undefined ? {} : { change: changeJson(change) }) })),
    edges: edges.map(({ from, to, via, pin }) => ({ from, to, via, ...(pin === undefined ? {} : { pin }) })),
  })
}

function changeJson({ action, before, after }: GraphChange): JsonObject {
  return { action, before_version: before ?? null, after_version: after ?? null }
}

const COLORS: Readonly<Record<ChangeSign, string>> = { '+': 'green4', '~': 'orange3', '-': 'red3', '.': 'gray50', '!': 'orange3' }

function colorOf({ action }: GraphChange): string {
  return COLORS[CHANGE_SIGNS[action]]
}

/** The graph in the language of Graphviz: `flowrun graph --format dot | dot -Tsvg`. */
export function graphDot({ nodes, edges }: BlockGraph, direction: Direction): string {
  const attributes = (node: GraphNode) => [
    `label=${quoted(labelOf(node))}`,
    ...(node.kind === 'variable' ? ['shape="note"'] : []),
    ...(node.change === undefined ? [] : [`color="${colorOf(node.change)}"`, 'penwidth="2"']),
  ]
  const lines = [
    `rankdir="${direction.toUpperCase()}"`,
    'node [shape="box" fontname="sans-serif"]',
    'edge [fontname="sans-serif" fontsize="10"]',
    ...nodes.map(node => `${quoted(node.address)} [${attributes(node).join(' ')}]`),
    ...edges.map(edge => `${quoted(edge.from)} -> ${quoted(edge.to)}${edgeLabel(edge, label => ` [label=${quoted(label)}]`)}`),
  ]
  return `digraph "flowrun" {\n${lines.map(line => `  ${line};\n`).join('')}}\n`
}

/** A string of DOT: a backslash would begin an escape of its own. */
export function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

const MERMAID_CLASSES: Readonly<Record<ChangeSign, string>> = { '+': 'add', '~': 'change', '-': 'remove', '.': 'forget', '!': 'change' }
const MERMAID_STYLES = [
  'classDef add stroke:#1a7f37,stroke-width:2px',
  'classDef change stroke:#bf8700,stroke-width:2px',
  'classDef remove stroke:#cf222e,stroke-width:2px',
  'classDef forget stroke:#6e7781,stroke-width:2px',
]

/** The graph as Mermaid, which GitHub draws inside of Markdown. */
export function graphMermaid({ nodes, edges, isPlanned }: BlockGraph, direction: Direction): string {
  const ids = new Map(nodes.map(({ address }, index) => [address, `n${index}`]))
  const shape = (node: GraphNode) => {
    const label = `"${escaped(labelOf(node))}"`
    return node.kind === 'variable' ? `([${label}])` : `[${label}]`
  }
  const lines = [
    ...nodes.map(
      node => `${ids.get(node.address)}${shape(node)}${node.change ? `:::${MERMAID_CLASSES[CHANGE_SIGNS[node.change.action]]}` : ''}`,
    ),
    ...edges.map(edge => `${ids.get(edge.from)} -->${edgeLabel(edge, label => `|"${escaped(label)}"|`)} ${ids.get(edge.to)}`),
    ...(isPlanned ? MERMAID_STYLES : []),
  ]
  return `flowchart ${direction.toUpperCase()}\n${lines.map(line => `  ${line}\n`).join('')}`
}

/** All that Mermaid or the HTML that it makes could read as its own becomes an entity, in Mermaid's way of writing one. */
export function escaped(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} .,@_→+~-]/gu, character => (character === '\n' ? '<br>' : `#${character.codePointAt(0)};`))
}

function labelOf({ address, change }: GraphNode): string {
  return change === undefined
    ? address
    : `${CHANGE_SIGNS[change.action]} ${address}\n${versionsText(change.before, change.after, plainStyle)}`
}

/** Most references are of an argument that is called like what it refers to: it needs no label. */
function edgeLabel({ to, via, pin }: GraphEdge, write: (label: string) => string): string {
  const isPlain = via === 'variable' || kindOfAddress(to) === via
  const parts = [...(isPlain ? [] : [via]), ...(pin === undefined ? [] : [`@${String(pin).slice(0, 'sha256:'.length + 8)}`])]
  return parts.length === 0 ? '' : write(parts.join(' '))
}
