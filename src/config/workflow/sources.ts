import type { Deferred } from '../../artifact/deferred.ts'
import type { SourceSpec } from '../../artifact/workflow.ts'
import { compact } from '../../base/compact.ts'
import type { Expression } from '../../hcl/ast.ts'
import type { Outline, OutlinedNode } from './outline.ts'
import type { Trigger } from './triggers.ts'

/** From the weakest: a node that is read in several ways waits as the strongest of them says. */
const STRENGTH = ['after', 'optional', 'required'] as const

/**
 * What a node waits for among the nodes of its body (blocks.md 4.1), sorted by node, then kind, then exit. What it reads of
 * nodes around the body, the owner of the body waits for.
 *
 * @param conditions of edges.
 */
export function sourcesOf(
  { references, triggers, after }: OutlinedNode,
  { nodes }: Outline,
  conditions: ReadonlyMap<Expression, Deferred>,
): readonly SourceSpec[] {
  const read = new Map<string, (typeof STRENGTH)[number]>()
  for (const { node, kind } of [...references, ...after.map(({ node }) => ({ node, kind: 'after' as const }))]) {
    const known = read.get(node)
    if (known === undefined || STRENGTH.indexOf(kind) > STRENGTH.indexOf(known)) read.set(node, kind)
  }
  const exits = triggers.map(trigger => exitSource(trigger, conditions))
  const distinct = new Map(exits.map(source => [JSON.stringify(source), source]))
  const all = [...[...read].map(([node, kind]): SourceSpec => ({ node, kind })), ...distinct.values()]
  return all.filter(({ node }) => nodes.has(node)).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

function exitSource({ node, exit, when }: Trigger, conditions: ReadonlyMap<Expression, Deferred>): SourceSpec {
  return compact({ node, kind: 'exit' as const, exit, when: when && conditions.get(when.expression) })
}

/** A blank sorts before every character of a name. */
function keyOf({ node, kind, exit = '', when }: SourceSpec): string {
  return [node, kind, exit, when === undefined ? '' : JSON.stringify(when)].join(' ')
}
