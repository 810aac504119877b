import type { WorkflowEdge, WorkflowGraph, WorkflowNode } from '../operations/workflow-graph.ts'
import { counted, drawing } from './graph-text.ts'
import type { Style } from './style.ts'

/** A workflow as trees: below each node what waits for it, with the exit that leads there. What several nodes lead to is drawn once. */
export function workflowText(graph: WorkflowGraph, style: Style): string {
  const title = `${graph.address} in ${graph.environment}: ${counted(graph.nodes.length, 'node')}`
  return `${[title, '', ...treeLines(graph, style)].join('\n').trimEnd()}\n`
}

/** A line that is still to be drawn. */
interface Branch {
  readonly node: WorkflowNode
  /** All ways from the node above. */
  readonly ways: readonly WorkflowEdge[]
  readonly lead: string
  readonly inset: string
}

function treeLines({ nodes, edges }: WorkflowGraph, style: Style): readonly string[] {
  const drawnEdges = edges.filter(({ isImplied }) => !isImplied)
  const outgoing = Map.groupBy(drawnEdges, ({ from }) => from)
  const waiting = new Set(drawnEdges.map(({ to }) => to))
  const inner = Map.groupBy(nodes, ({ within }) => within)
  const drawn = new Set<string>()
  const lines: string[] = []
  const roots = (inner.get(undefined) ?? []).filter(({ name }) => !waiting.has(name))
  const open: Branch[] = roots.map((node): Branch => ({ node, ways: [], lead: '', inset: '' })).reverse()
  for (let branch = open.pop(); branch !== undefined; branch = open.pop()) {
    const { node, inset } = branch
    const isRepeated = drawn.has(node.name)
    lines.push(branch.lead + lineText(branch, isRepeated, style))
    if (isRepeated) continue
    drawn.add(node.name)
    const body = (inner.get(node.name) ?? []).filter(({ name }) => !waiting.has(name))
    const next = Map.groupBy(outgoing.get(node.name) ?? [], ({ to }) => to)
    const followers = nodes.flatMap((target): readonly Pick<Branch, 'node' | 'ways'>[] => {
      const ways = next.get(target.name)
      return ways === undefined ? [] : [{ node: target, ways }]
    })
    const children = [...body.map(target => ({ node: target, ways: [] })), ...followers]
    open.push(
      ...children.map((child, index): Branch => ({ ...child, ...drawing(inset, index === children.length - 1, style.glyphs) })).reverse(),
    )
  }
  return lines
}

function lineText({ node, ways }: Branch, isRepeated: boolean, { paint, glyphs }: Style): string {
  const exits = ways.flatMap(({ exit, isConditional }) => (exit === undefined ? [] : [isConditional ? `${exit}?` : exit]))
  const isOrder = ways.length > 0 && ways.every(({ kind }) => kind === 'after')
  const isEach = ways.length === 0 && node.within !== undefined
  const way = isEach ? 'each: ' : isOrder ? 'then: ' : exits.length === 0 ? '' : `${exits.join(', ')} ${glyphs.arrow} `
  const notes = isRepeated ? ['above'] : node.calls === undefined ? [node.type] : []
  return [
    `${way === '' ? '' : paint.secondary(way)}${paint.address(node.name)}`,
    ...(isRepeated || node.calls === undefined ? [] : [node.calls]),
    ...(notes.length === 0 ? [] : [paint.secondary(`(${notes.join(', ')})`)]),
  ].join('  ')
}
