import type { SourceRange } from '../../diagnostics/source.ts'
import type { BinaryExpression, Expression, TraversalExpression } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { findFunction } from '../../hcl/evaluate-call.ts'
import type { EvaluationContext } from '../../hcl/function.ts'
import { traversalsOf, visitChildren } from '../../hcl/walk.ts'
import { DEFERRED_SCOPES } from '../deferred-scope.ts'

/** One place where an expression reads a node. */
export interface NodeReference {
  readonly node: string
  /** Undefined: the whole node. */
  readonly attribute: string | undefined
  /** As `SourceSpec` has it. */
  readonly kind: 'required' | 'optional' | 'after'
  /** `node.docs.matches`: the traversal as it is written. */
  readonly range: SourceRange
}

/** Functions whose arguments may be missing. */
const LENIENT: readonly string[] = ['coalesce', 'try']

/**
 * The nodes that an expression reads, in source order (blocks.md 4.1): required, unless the reference stands inside of
 * `coalesce` or `try`, or is compared with null. Files that `template` reads count, and the arm of a condition that is known not
 * to be taken does not.
 *
 * @param context names known at plan time; nothing is reported.
 */
export function nodeReferences(expression: Expression, context: EvaluationContext): readonly NodeReference[] {
  const found: NodeReference[] = []
  collect(expression, { isOptional: false, bound: [] }, { ...context, report: context.report.muted() }, found)
  return found
}

interface Surroundings {
  readonly isOptional: boolean
  /** Names that a "for" around it gives: `node` may be one of them. */
  readonly bound: readonly string[]
}

function collect(expression: Expression, around: Surroundings, context: EvaluationContext, found: NodeReference[]): void {
  if (expression.kind === 'traversal') {
    const reference = around.bound.includes(expression.root) ? undefined : referenceOf(expression, around.isOptional)
    if (reference) found.push(reference)
    return
  }
  const isLenient = expression.kind === 'call' && LENIENT.includes(expression.name.replace(/^core::/, ''))
  const definition = expression.kind === 'call' ? findFunction(expression, context) : undefined
  const expanded = definition?.kind === 'form' && expression.kind === 'call' ? definition.expand?.(expression, context) : undefined
  if (expanded) {
    collect(expanded, around, context, found)
    return
  }
  const compared = expression.kind === 'binary' ? comparedWithNull(expression) : undefined
  const notTaken = expression.kind === 'conditional' ? deadArm(expression, context) : undefined
  visitChildren(expression, (child, bound) => {
    if (child === notTaken) return
    const isOptional = around.isOptional || isLenient || child === compared
    collect(child, { isOptional, bound: bound.length === 0 ? around.bound : [...around.bound, ...bound] }, context, found)
  })
}

function referenceOf({ root, steps, range }: TraversalExpression, isOptional: boolean): NodeReference | undefined {
  const [name, attribute] = steps
  if (root !== 'node' || name === undefined) return undefined
  const read = attribute && String(attribute.key)
  // The status of a skipped node is a value like any other.
  const kind = read === 'status' ? 'after' : isOptional ? 'optional' : 'required'
  return { node: String(name.key), attribute: read, kind, range }
}

/** The side of `… == null` that is looked at. */
function comparedWithNull({ operator, left, right }: BinaryExpression): Expression | undefined {
  if (operator !== '==' && operator !== '!=') return undefined
  const isNull = (side: Expression) => side.kind === 'literal' && side.value === null
  const side = isNull(right) ? left : isNull(left) ? right : undefined
  return side !== undefined && isRead(side) ? side : undefined
}

function isRead(expression: Expression): boolean {
  if (expression.kind === 'parentheses') return isRead(expression.expression)
  return ['traversal', 'relative-traversal', 'index', 'splat'].includes(expression.kind)
}

function deadArm(expression: Expression & { kind: 'conditional' }, context: EvaluationContext): Expression | undefined {
  if (traversalsOf(expression.condition).some(({ root }) => DEFERRED_SCOPES.has(root))) return undefined
  const condition = evaluate(expression.condition, context)
  if (condition.kind !== 'bool') return undefined
  return condition.value ? expression.whenFalse : expression.whenTrue
}
