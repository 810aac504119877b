import type { BinaryExpression, Expression, UnaryExpression } from './ast.ts'
import { ConversionFailure } from './conversion.ts'
import { equals } from './equality.ts'
import { type Evaluate, failOn, failOnValue, isInvalid, mayBeReached, neverReached, notesOn, tryConvert } from './evaluation.ts'
import type { EvaluationContext } from './function.ts'
import { formatNumber } from './number-text.ts'
import { provenNames } from './proof.ts'
import { BOOL, NUMBER, type Type } from './type.ts'
import { describeType } from './type-text.ts'
import { boolValue, deepMarks, INVALID, type Marks, type NumberValue, numberValue, unknownValue, type Value, withMarks } from './value.ts'
import { describeValue } from './value-text.ts'

export function evaluateUnary(expression: UnaryExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  const type = expression.operator === '!' ? BOOL : NUMBER
  const value = operand(evaluate(expression.operand, context), type, expression.operand, expression.operator, context)
  if (value.kind === 'bool') return boolValue(!value.value, value.marks)
  if (value.kind === 'number') return numberValue(-value.value, value.marks)
  return value
}

export function evaluateBinary(expression: BinaryExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  const { operator } = expression
  if (operator === '&&' || operator === '||') return evaluateLogical(expression, context, evaluate)
  const left = evaluate(expression.left, context)
  const right = evaluate(expression.right, context)
  if (operator === '==' || operator === '!=') return evaluateEquality(operator, left, right)
  const a = operand(left, NUMBER, expression.left, operator, context)
  const b = operand(right, NUMBER, expression.right, operator, context)
  if (isInvalid(a) || isInvalid(b)) return INVALID
  const marks = a.marks | b.marks
  if (a.kind === 'number' && b.kind === 'number') {
    const comparison = compareNumbers(operator, a.value, b.value)
    return comparison === undefined ? calculate(expression, a, b, context) : boolValue(comparison, marks)
  }
  if ((operator === '/' || operator === '%') && b.kind === 'number' && b.value === 0) return divisionByZero(expression, context)
  return unknownValue(isComparison(operator) ? BOOL : NUMBER, { marks })
}

/** An operand as its operator wants it; not a null, and reported when it cannot be. */
function operand(value: Value, type: Type, expression: Expression, operator: string, context: EvaluationContext): Value {
  if (isInvalid(value)) return value
  if (value.kind === 'null') {
    return failOnValue(context, {
      code: 'hcl/null-value',
      summary: `An operand of "${operator}" is null`,
      detail: `The operator needs a ${type.kind}. Use coalesce(…) to give a value in place of null.`,
      subject: expression.range,
      ...notesOn(expression, value),
    })
  }
  const converted = tryConvert(value, type)
  if (!(converted instanceof ConversionFailure)) return converted
  return failOn(value, context, {
    code: 'hcl/wrong-operand',
    summary: `An operand of "${operator}" is not a ${type.kind}`,
    detail: `The operator needs a ${type.kind}, but here it has ${nameOf(value)}.`,
    subject: expression.range,
    ...notesOn(expression, value),
  })
}

function nameOf(value: Value): string {
  return value.kind === 'unknown' ? describeType(value.type) : describeValue(value)
}

/**
 * The left side decides where it can. The right side is evaluated all the same, because a wrong name or a wrong type
 * there is an error on every day; what depends on its values is not reported unless it is reached.
 */
function evaluateLogical(expression: BinaryExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  const { operator } = expression
  const deciding = operator === '||'
  const left = operand(evaluate(expression.left, context), BOOL, expression.left, operator, context)
  const isReached = left.kind === 'bool' && left.value !== deciding
  const given = evaluate(
    expression.right,
    isReached ? context : left.kind === 'bool' ? neverReached(context) : mayBeReached(context, provenNames(expression.left, !deciding)),
  )
  const right = operand(given, BOOL, expression.right, operator, context)
  const marks = left.marks | right.marks
  if (isInvalid(left)) return INVALID
  if (left.kind === 'bool') return isReached ? withMarks(right, marks) : left
  if (right.kind === 'bool' && right.value === deciding) return withMarks(right, marks)
  return unknownValue(BOOL, { marks })
}

function evaluateEquality(operator: '==' | '!=', left: Value, right: Value): Value {
  if (isInvalid(left) || isInvalid(right)) return INVALID
  const marks: Marks = deepMarks(left) | deepMarks(right)
  const verdict = equals(left, right)
  return verdict === 'unknown' ? unknownValue(BOOL, { marks }) : boolValue(verdict === (operator === '=='), marks)
}

function isComparison(operator: string): boolean {
  return operator.startsWith('<') || operator.startsWith('>')
}

function compareNumbers(operator: string, a: number, b: number): boolean | undefined {
  switch (operator) {
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
    default:
      return undefined
  }
}

function calculate(expression: BinaryExpression, a: NumberValue, b: NumberValue, context: EvaluationContext): Value {
  const { operator } = expression
  if ((operator === '/' || operator === '%') && b.value === 0) return divisionByZero(expression, context)
  const result = arithmetic(operator, a.value, b.value)
  const areIntegers = Number.isSafeInteger(a.value) && Number.isSafeInteger(b.value) && operator !== '/'
  const isRounded = areIntegers && !Number.isSafeInteger(result)
  if (Number.isFinite(result) && !isRounded) return numberValue(result, a.marks | b.marks)
  return failOnValue(context, {
    code: 'config/number-not-representable',
    summary: `The result of "${operator}" is too large to be kept exactly`,
    detail: isRounded
      ? 'Whole numbers are exact from -9007199254740991 to 9007199254740991, and this one would be rounded. Keep larger ones, such as identifiers, as strings.'
      : 'The largest number is about 1.8e308.',
    subject: expression.range,
    ...(a.marks | b.marks || isWritten(expression) ? {} : { notes: [`${formatNumber(a.value)} ${operator} ${formatNumber(b.value)}`] }),
  })
}

/** Both operands can be read in the source line. */
function isWritten({ left, right }: BinaryExpression): boolean {
  return left.kind === 'literal' && right.kind === 'literal'
}

function arithmetic(operator: string, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    default:
      return a % b
  }
}

function divisionByZero(expression: BinaryExpression, context: EvaluationContext): Value {
  return failOnValue(context, {
    code: 'hcl/division-by-zero',
    summary: expression.operator === '/' ? 'This divides by zero' : 'This takes the remainder of a division by zero',
    detail: `The right side of "${expression.operator}" is 0. Write a condition that leaves 0 out: b == 0 ? 0 : a ${expression.operator} b.`,
    subject: expression.range,
  })
}
