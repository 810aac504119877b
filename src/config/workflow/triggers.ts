import type { SourceRange } from '../../diagnostics/source.ts'
import type { Attribute, Expression, TraversalExpression } from '../../hcl/ast.ts'
import type { BlockSite } from '../decode/site.ts'

/** One element of `on` or `after`, or the beginning of an edge. */
export interface Trigger {
  readonly node: string
  /** Absent: success, by whichever ordinary exit. */
  readonly exit?: string
  readonly range: SourceRange
  /** Of an edge. */
  readonly when?: Attribute
}

/** `[exit.topic.billing, node.draft]`: names, read without being evaluated. Whether they are there is checked with the graph. */
export function readTriggers(attribute: Attribute | undefined, site: BlockSite): readonly Trigger[] {
  if (attribute === undefined || isNull(attribute.expression)) return []
  const { expression } = attribute
  if (expression.kind !== 'tuple') {
    refuse(attribute, expression, site)
    return []
  }
  return expression.items.flatMap(item => {
    const trigger = item.kind === 'traversal' ? triggerOf(item, attribute.name) : undefined
    if (trigger === undefined) refuse(attribute, item, site)
    return trigger ?? []
  })
}

function isNull(expression: Expression): boolean {
  return expression.kind === 'literal' && expression.value === null
}

/** What says the order alone, and what an edge leads to, has no exit. */
const NODES_ONLY: readonly string[] = ['after', 'to']

function triggerOf({ root, steps, range }: TraversalExpression, argument: string): Trigger | undefined {
  const [node, exit, more] = steps
  if (node === undefined || more !== undefined) return undefined
  if (root === 'node' && exit === undefined) return { node: String(node.key), range }
  if (root !== 'exit' || exit === undefined || NODES_ONLY.includes(argument)) return undefined
  return { node: String(node.key), exit: String(exit.key), range }
}

function refuse({ name }: Attribute, expression: Expression, site: BlockSite): void {
  const isList = name === 'on' || name === 'after'
  const shapes = NODES_ONLY.includes(name) ? 'node.NAME' : 'exit.NAME.EXIT or node.NAME'
  site.report.error({
    code: 'config/wrong-type',
    summary: `The argument "${name}" takes ${isList ? 'a list of ' : ''}${NODES_ONLY.includes(name) ? 'nodes' : 'exits and nodes'}`,
    detail: `Write ${shapes}${isList ? ', in [ ]' : ''}: these are names, and not computed.`,
    subject: expression.range,
    where: site.where,
    address: site.address,
  })
}
