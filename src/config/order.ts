import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Body } from '../hcl/ast.ts'
import { attributesOf, traversalsOf } from '../hcl/walk.ts'
import type { CompiledBlock } from './instance.ts'
import { reportCycle } from './trail.ts'

/**
 * Blocks after those that they refer to, otherwise in the order given. A cycle of references is an error: `fallback`
 * of two models that name each other would never end. Without recursion, for a chain may be as long as a configuration.
 */
export function inDependencyOrder(blocks: readonly CompiledBlock[], report: Report): readonly CompiledBlock[] {
  const byAddress = new Map(blocks.map(block => [block.address, block]))
  const states = new Map<CompiledBlock, 'open' | 'done'>()
  const ordered: CompiledBlock[] = []
  const path: { readonly block: CompiledBlock; readonly targets: Iterator<string> }[] = []

  function open(block: CompiledBlock): void {
    states.set(block, 'open')
    path.push({ block, targets: block.dependsOn[Symbol.iterator]() })
  }

  for (const block of blocks) {
    if (!states.has(block)) open(block)
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const next = top.targets.next()
      const target = next.done ? undefined : byAddress.get(next.value)
      if (next.done) {
        path.pop()
        states.set(top.block, 'done')
        ordered.push(top.block)
      } else if (target && states.get(target) === 'open') {
        const cycle = path.slice(path.findIndex(step => step.block === target)).map(step => step.block)
        reportReferenceCycle([...cycle, target], report)
      } else if (target && !states.has(target)) {
        open(target)
      }
    }
  }
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
  for (const attribute of attributesOf(body)) {
    for (const traversal of traversalsOf(attribute.expression)) {
      if (traversal.root === target.kind && traversal.steps[0]?.key === target.name) return traversal.range
    }
  }
  return undefined
}
