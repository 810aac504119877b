import type { SourceRange } from '../../diagnostics/source.ts'
import type { Block } from '../../hcl/ast.ts'

/** The range of an argument's value in a block, for messages that come after decoding. */
export function argumentRange(block: Block, name: string): SourceRange | undefined {
  const found = block.body.items.find(item => item.kind === 'attribute' && item.name === name)
  return found?.kind === 'attribute' ? found.expression.range : undefined
}

/** The first block of this type in another. */
export function nestedBlock(block: Block, type: string): Block | undefined {
  return block.body.items.find((item): item is Block => item.kind === 'block' && item.type === type)
}

/** Where a prompt names the model of its tier with this number, or its only model. */
export function tierModelRange(prompt: Block, index: number): SourceRange {
  const tier = prompt.body.items.filter((item): item is Block => item.kind === 'block' && item.type === 'tier')[index]
  return argumentRange(prompt, 'model') ?? (tier && (argumentRange(tier, 'model') ?? tier.headerRange)) ?? prompt.headerRange
}
