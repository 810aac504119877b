import type { Expression, LiteralExpression } from './ast.ts'
import { evaluateConditional } from './condition.ts'
import { evaluateCall } from './evaluate-call.ts'
import { evaluateObject, evaluateSplat, evaluateTuple } from './evaluate-collection.ts'
import { evaluateFor } from './evaluate-for.ts'
import { evaluateIndex, evaluateRelativeTraversal, evaluateTraversal } from './evaluate-traversal.ts'
import { fail, spend } from './evaluation.ts'
import type { EvaluationContext } from './function.ts'
import { isRoundedInteger } from './number-text.ts'
import { evaluateBinary, evaluateUnary } from './operators.ts'
import { evaluateTemplate } from './template.ts'
import { boolValue, INVALID, nullValue, numberValue, stringValue, type Value } from './value.ts'
import { textOf } from './value-text.ts'

/**
 * The value of an expression. What is wrong goes to `context.report`, and the value is then INVALID, which makes
 * everything that follows from it INVALID in silence. What a deferred name takes part in is unknown, with the type
 * that it will have, so that a flow's mistakes are found before it runs.
 */
export function evaluate(expression: Expression, context: EvaluationContext): Value {
  if (!spend(context, 1, expression.range)) return INVALID
  switch (expression.kind) {
    case 'literal':
      return evaluateLiteral(expression, context)
    case 'template':
      return evaluateTemplate(expression, context, evaluate)
    case 'traversal':
      return evaluateTraversal(expression, context)
    case 'relative-traversal':
      return evaluateRelativeTraversal(expression, context, evaluate)
    case 'index':
      return evaluateIndex(expression, context, evaluate)
    case 'splat':
      return evaluateSplat(expression, context, evaluate)
    case 'call':
      return evaluateCall(expression, context, evaluate)
    case 'conditional':
      return evaluateConditional(expression, context, evaluate)
    case 'binary':
      return evaluateBinary(expression, context, evaluate)
    case 'unary':
      return evaluateUnary(expression, context, evaluate)
    case 'parentheses':
      return evaluate(expression.expression, context)
    case 'tuple':
      return evaluateTuple(expression, context, evaluate)
    case 'object':
      return evaluateObject(expression, context, evaluate)
    case 'for':
      return evaluateFor(expression, context, evaluate)
    case 'anonymous':
      return context.anonymous ?? INVALID
    case 'invalid':
      return INVALID
  }
}

function evaluateLiteral(expression: LiteralExpression, context: EvaluationContext): Value {
  const { value } = expression
  switch (typeof value) {
    case 'string':
      return stringValue(value)
    case 'boolean':
      return boolValue(value)
    case 'number':
      if (Math.abs(value) > Number.MAX_SAFE_INTEGER && isTooLarge(expression, value)) return notRepresentable(expression, context)
      return numberValue(value)
    default:
      return nullValue()
  }
}

function isTooLarge(expression: LiteralExpression, value: number): boolean {
  return !Number.isFinite(value) || isRoundedInteger(textOf(expression.range), value)
}

function notRepresentable(expression: LiteralExpression, context: EvaluationContext): Value {
  return fail(context, {
    code: 'config/number-not-representable',
    summary: `The number ${textOf(expression.range)} cannot be kept exactly`,
    detail:
      'Whole numbers are exact from -9007199254740991 to 9007199254740991, and the largest number is about 1.8e308. Write a larger one, such as an identifier, as a string.',
    subject: expression.range,
  })
}
