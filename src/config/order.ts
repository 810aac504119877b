import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Attribute, Body } from '../hcl/ast.ts'
import { traversalsOf } from '../hcl/walk.ts'
import type { CompiledBlock } from './instance.ts'
import { reportCycle } from './trail.ts'

/**
 * Blocks after those that they refer to, otherwise in the order given. A cycle of references is an error: `fallback`
 * of two models that name each other would never end.
 */
export function inDependencyOrder(blocks: readonly CompiledBlock[], report: Report): readonly CompiledBlock[] {
  const byAddress = new Map(blocks.map(block => [block.address, block]))
  const done = new Set<CompiledBlock>()
  const ordered: CompiledBlock[] = []
  const path: CompiledBlock[] = []

  function visit(block: CompiledBlock): void {
    if (done.has(block)) return
    const from = path.indexOf(block)
    if (from >= 0) {
      reportReferenceCycle([...path.slice(from), block], report)
      return
    }
    path.push(block)
    for (const address of block.dependsOn) {
      const target = byAddress.get(address)
      if (target) visit(target)
    }
    path.pop()
    done.add(block)
    ordered.push(block)
  }

  for (const block of blocks) visit(block)
  return ordered
}

function reportReferenceCycle(blocks: readonly CompiledBlock[], report: Report): void {
  const steps = blocks.map((block, index) => {
    const before = blocks[index - 1]
    const askedAt = before && referenceRange(before.block.body, block)
    return { name: block.address, askedAt }
  })
  reportCycle(steps, report)
}

/** Where a body refers to a block. */
export function referenceRange(body: Body, target: Pick<CompiledBlock, 'kind' | 'name'>): SourceRange | undefined {
  for (const attribute of attributes(body)) {
    for (const traversal of traversalsOf(attribute.expression)) {
      if (traversal.root === target.kind && traversal.steps[0]?.key === target.name) return traversal.range
    }
  }
  return undefined
}

function* attributes(body: Body): Iterable<Attribute> {
  for (const item of body.items) {
    if (item.kind === 'attribute') yield item
    else yield* attributes(item.body)
  }
}
