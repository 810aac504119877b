import type { Block, Expression, TraversalExpression } from '../hcl/ast.ts'
import { attributesOf, traversalsOf } from '../hcl/walk.ts'
import { findAttribute } from './instances.ts'
import type { ModuleInstance } from './modules/module-instance.ts'

/**
 * Names of the project's variables whose values went into an artifact, through locals and modules too (PROM-3). Read from
 * what is written, not from what was evaluated: a variable in the branch not taken decided as well.
 */
export function foldedVariables(block: Block, module: ModuleInstance): readonly string[] {
  const found = new Set<string>()
  const seen = new Map<ModuleInstance, Set<Expression>>()

  function visit(expression: Expression | undefined, from: ModuleInstance): void {
    const visited = seen.get(from) ?? new Set()
    seen.set(from, visited)
    if (expression === undefined || visited.has(expression)) return
    visited.add(expression)
    for (const traversal of traversalsOf(expression)) follow(traversal, from)
  }

  function follow({ root, steps }: TraversalExpression, from: ModuleInstance): void {
    const name = String(steps[0]?.key ?? '')
    if (root === 'local') visit(from.locals.get(name), from)
    else if (root === 'var' && from.caller === undefined) found.add(name)
    else if (root === 'var') visitArgument(name, from)
    else if (root === 'module') visitOutput(name, steps, from)
  }

  /** The value that a module was given, and what decides how often it is called. */
  function visitArgument(name: string, { caller }: ModuleInstance): void {
    if (caller === undefined) return
    for (const argument of [name, 'for_each', 'count']) visit(findAttribute(caller.block, argument)?.expression, caller.instance)
  }

  function visitOutput(name: string, steps: TraversalExpression['steps'], from: ModuleInstance): void {
    const call = from.declarations.modules.get(name)
    // All instances of a call have the same expressions.
    const [called] = call ? from.calls.of(call) : []
    for (const { key } of steps.slice(1, 3)) {
      const output = called?.declarations.outputs.get(String(key))
      if (called && output) visit(findAttribute(output, 'value')?.expression, called)
    }
  }

  for (const attribute of attributesOf(block.body)) visit(attribute.expression, module)
  return [...found].sort()
}
