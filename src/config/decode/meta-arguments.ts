import type { Block, Expression } from '../../hcl/ast.ts'
import { type ArgumentDecoder, type BlockSpec, optional } from './body.ts'

const untouched: ArgumentDecoder<Expression> = site => site.attribute.expression

/** Arguments that every published block takes; they are read where instances are made (blocks.md 1.9). */
export const META_ARGUMENTS = {
  for_each: optional(untouched),
  count: optional(untouched),
  depends_on: optional(untouched),
}

const lifecycle: BlockSpec<Block, false> = { labels: [], many: false, decode: block => block }

export const META_BLOCKS = { lifecycle }
