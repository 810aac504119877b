import type { BinaryExpression, Expression } from './ast.ts'

/**
 * Names that cannot be null where the condition has this outcome: `input.name != null && …` proves `input.name` for
 * the arm that is taken when it is true. Only comparisons with literals, and what `!`, `&&` and `||` make of them.
 */
export function provenNames(condition: Expression, outcome: boolean): readonly string[] {
  switch (condition.kind) {
    case 'parentheses':
      return provenNames(condition.expression, outcome)
    case 'unary':
      return condition.operator === '!' ? provenNames(condition.operand, !outcome) : []
    case 'binary':
      return provenByOperator(condition, outcome)
    default:
      return []
  }
}

function provenByOperator({ operator, left, right }: BinaryExpression, outcome: boolean): readonly string[] {
  switch (operator) {
    case '&&':
    case '||':
      // Both sides have the outcome only when the operator does not stop at the first.
      return outcome === (operator === '&&') ? [...provenNames(left, outcome), ...provenNames(right, outcome)] : []
    case '==':
    case '!=': {
      const areEqual = outcome === (operator === '==')
      return [...provenByComparison(left, right, areEqual), ...provenByComparison(right, left, areEqual)]
    }
    default:
      return []
  }
}

/** Unequal to null, or equal to something that is not null. */
function provenByComparison(subject: Expression, other: Expression, areEqual: boolean): readonly string[] {
  const name = nameOf(subject)
  const constant = constantOf(other)
  return name !== undefined && constant !== 'unknown' && areEqual === (constant === 'value') ? [name] : []
}

function constantOf(expression: Expression): 'null' | 'value' | 'unknown' {
  if (expression.kind === 'parentheses') return constantOf(expression.expression)
  if (expression.kind === 'literal') return expression.value === null ? 'null' : 'value'
  return expression.kind === 'template' && !expression.isWrap ? 'value' : 'unknown'
}

/** A traversal as a key, whichever way it is written: `input.name`, `input["name"]`. */
export function nameOf(expression: Expression): string | undefined {
  if (expression.kind === 'parentheses') return nameOf(expression.expression)
  return expression.kind === 'traversal' ? JSON.stringify([expression.root, ...expression.steps.map(step => step.key)]) : undefined
}

/** The root of a key that `nameOf` made. */
export function isRootedIn(name: string, root: string): boolean {
  return name.startsWith(JSON.stringify([root]).slice(0, -1))
}
