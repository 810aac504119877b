import type { Block } from '../../hcl/ast.ts'
import type { NodeSite } from './definition.ts'
import { nodeBlocks } from './outline.ts'

/** Read by whoever compiles the body. */
export function laterBlock<Labels extends readonly string[]>(labels: Labels) {
  return { labels, many: true, decode: (block: Block): Block => block } as const
}

export function requireNodes(block: Block, site: NodeSite): boolean {
  if (nodeBlocks(block.body).length > 0) return true
  site.report.error({
    code: 'config/missing-argument',
    summary: 'There is no node in this body',
    detail: 'Add what is to be repeated: node "model" "NAME" { … }.',
    subject: block.headerRange,
    where: site.where,
    address: site.address,
  })
  return false
}
