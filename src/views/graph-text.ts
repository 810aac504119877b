import type { BlockGraph, GraphEdge, GraphNode } from '../operations/graph.ts'
import { CHANGE_SIGNS, paintSign } from './change-sign.ts'
import { versionsText } from './change-text.ts'
import { formatCount } from './format-number.ts'
import type { Glyphs, Style } from './style.ts'

/** The graph as trees: each begins at a block that nothing refers to. What stands twice is drawn once, and named again. */
export function graphText(graph: BlockGraph, style: Style): string {
  const { nodes, edges, environment, focus } = graph
  const subject = focus === undefined ? environment : `${focus} in ${environment}`
  const title = `References of ${subject}: ${counted(nodes.length, 'block')}, ${counted(edges.length, 'reference')}`
  return `${[title, '', ...treeLines(graph, style)].join('\n').trimEnd()}\n`
}

export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A line that is still to be drawn. */
interface Branch {
  readonly node: GraphNode
  /** What leads to it; undefined for a root. */
  readonly edge: GraphEdge | undefined
  /** Before the line itself, and before the lines of what it refers to. */
  readonly lead: string
  readonly inset: string
}

/** Without recursion, for a chain of references may be as long as a configuration. */
function treeLines({ nodes, edges }: BlockGraph, style: Style): readonly string[] {
  const byAddress = new Map(nodes.map(node => [node.address, node]))
  const outgoing = Map.groupBy(edges, ({ from }) => from)
  const reached = new Set(edges.map(({ to }) => to))
  const drawn = new Set<string>()
  const lines: string[] = []
  const open: Branch[] = nodes
    .filter(({ address }) => !reached.has(address))
    .map((node): Branch => ({ node, edge: undefined, lead: '', inset: '' }))
    .reverse()
  for (let branch = open.pop(); branch !== undefined; branch = open.pop()) {
    const { node, inset } = branch
    const targets = outgoing.get(node.address) ?? []
    const isRepeated = targets.length > 0 && drawn.has(node.address)
    lines.push(branch.lead + nodeText(branch, isRepeated, style))
    if (isRepeated) continue
    drawn.add(node.address)
    const children = targets.flatMap((edge, index): readonly Branch[] => {
      const target = byAddress.get(edge.to)
      const isLast = index === targets.length - 1
      return target ? [{ node: target, edge, ...drawing(inset, isLast, style.glyphs) }] : []
    })
    open.push(...children.reverse())
  }
  return lines
}

export function drawing(inset: string, isLast: boolean, { branch, corner, line, bar }: Glyphs): Pick<Branch, 'lead' | 'inset'> {
  return { lead: `${inset}${isLast ? corner : branch}${line} `, inset: `${inset}${isLast ? ' ' : bar}  ` }
}

function nodeText({ node, edge }: Branch, isRepeated: boolean, style: Style): string {
  const { paint } = style
  const { change } = node
  const way = edge === undefined || edge.via === node.kind ? [] : [edge.via]
  const pin = edge?.pin === undefined ? [] : [`pinned to ${edge.pin}`]
  const notes = [...way, ...pin, ...(isRepeated ? ['above'] : [])]
  return [
    `${change === undefined ? '' : `${paintSign(CHANGE_SIGNS[change.action], style)} `}${paint.address(node.address)}`,
    ...(change === undefined ? [] : [versionsText(change.before, change.after, style)]),
    ...(notes.length === 0 ? [] : [paint.secondary(`(${notes.join(', ')})`)]),
  ].join('  ')
}
