import type { SourceRange } from '../../diagnostics/source.ts'
import type { BlockSite } from '../decode/site.ts'
import type { Outline, OutlinedNode } from './outline.ts'

/** One node waits for another, and where that is written. */
interface Wait {
  readonly on: string
  readonly range: SourceRange
}

/**
 * The nodes of a body after those that they wait for, otherwise in source order. Bodies have at most 500 nodes, so a chain
 * of them fits on the stack.
 *
 * @returns undefined after a cycle was reported.
 */
export function inWaitingOrder({ nodes }: Outline, site: BlockSite): readonly OutlinedNode[] | undefined {
  const done = new Set<OutlinedNode>()
  const path: { readonly node: OutlinedNode; readonly wait: Wait | undefined }[] = []
  const before = site.report.errorCount

  function visit(node: OutlinedNode, wait: Wait | undefined): void {
    const from = path.findIndex(step => step.node === node)
    if (from >= 0) {
      reportCycle(
        [...path.slice(from).map(step => step.node.name), node.name],
        [...path.slice(from + 1).map(step => step.wait), wait],
        site,
      )
      return
    }
    if (done.has(node)) return
    path.push({ node, wait })
    for (const next of waitsOf(node)) {
      const target = nodes.get(next.on)
      if (target) visit(target, next)
    }
    path.pop()
    done.add(node)
  }

  for (const node of nodes.values()) visit(node, undefined)
  return site.report.errorCount > before ? undefined : [...done]
}

function waitsOf({ references, triggers, after }: OutlinedNode): readonly Wait[] {
  return [...references, ...triggers, ...after].map(({ node, range }) => ({ on: node, range }))
}

function reportCycle(names: readonly string[], waits: readonly (Wait | undefined)[], site: BlockSite): void {
  const places = waits.flatMap((wait, index) =>
    wait ? [{ range: wait.range, message: `${names[index]} waits for ${wait.on}`, peer: true }] : [],
  )
  const [first, ...others] = places
  site.report.error({
    code: 'workflow/cycle',
    summary: names.length === 2 ? `Node "${names[0]}" waits for itself` : `These nodes wait for each other: ${names.join(' → ')}`,
    detail: `A workflow has no cycles. To repeat until it is good, put ${names.length === 2 ? 'it' : 'them'} into node "loop" with max_iterations = N.`,
    ...(first ? { subject: first.range, where: first.message, related: others } : {}),
    address: site.address,
  })
}
