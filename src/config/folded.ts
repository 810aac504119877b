import type { Attribute, Block, Body, Expression } from '../hcl/ast.ts'
import { traversalsOf } from '../hcl/walk.ts'

/**
 * Names of the variables whose values went into an artifact, through locals too (PROM-3). Read from what is written,
 * not from what was evaluated: a variable in the branch not taken decided as well.
 */
export function foldedVariables(block: Block | undefined, locals: ReadonlyMap<string, Expression>): readonly string[] {
  const found = new Set<string>()
  const seen = new Set<string>()
  const visit = (expression: Expression): void => {
    for (const { root, steps } of traversalsOf(expression)) {
      const name = String(steps[0]?.key ?? '')
      if (root === 'var') found.add(name)
      const local = root === 'local' && !seen.has(name) ? locals.get(name) : undefined
      if (local) {
        seen.add(name)
        visit(local)
      }
    }
  }
  for (const attribute of block ? attributesOf(block.body) : []) visit(attribute.expression)
  return [...found].sort()
}

/** The arguments of a body and of all blocks inside of it. */
export function* attributesOf(body: Body): Iterable<Attribute> {
  for (const item of body.items) {
    if (item.kind === 'attribute') yield item
    else yield* attributesOf(item.body)
  }
}
