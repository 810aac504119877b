import type { SourceRange } from '../../diagnostics/source.ts'
import type { Block } from '../../hcl/ast.ts'

/** The range of an argument's value in a block, for messages that come after decoding. */
export function argumentRange(block: Block, name: string): SourceRange | undefined {
  const found = block.body.items.find(item => item.kind === 'attribute' && item.name === name)
  return found?.kind === 'attribute' ? found.expression.range : undefined
}
