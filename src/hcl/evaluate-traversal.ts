import { enumerate } from '../base/enumerate.ts'
import { suggest } from '../base/suggest.ts'
import { type Access, attributeOf, elementAt } from './access.ts'
import type { IndexExpression, RelativeTraversalExpression, TraversalExpression, TraversalStep } from './ast.ts'
import { type Evaluate, fail, isInvalid } from './evaluation.ts'
import type { EvaluationContext } from './function.ts'
import { numberValue, stringValue, type Value } from './value.ts'

/** Names that a message lists when nothing is near. */
const NAMES_LISTED = 12

/** A name of the scope, and the steps that the scope did not take itself. */
export function evaluateTraversal(expression: TraversalExpression, context: EvaluationContext): Value {
  const resolution = context.scope.resolve(expression, context.report)
  if (resolution) return walk(resolution.value, expression, resolution.steps, context)
  const names = [...new Set(context.scope.names())]
  const near = suggest(expression.root, names)
  return fail(context, {
    code: 'hcl/unknown-name',
    summary: `There is no name "${expression.root}" here`,
    detail:
      names.length === 0 || names.length > NAMES_LISTED
        ? 'A text is written in double quotes.'
        : `The names here are ${enumerate(names.sort())}. A text is written in double quotes.`,
    subject: expression.rootRange,
    ...(near.length === 0 ? {} : { suggestions: near }),
  })
}

export function evaluateRelativeTraversal(expression: RelativeTraversalExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  return walk(evaluate(expression.source, context), expression, 0, context)
}

function walk(
  from: Value,
  expression: TraversalExpression | RelativeTraversalExpression,
  taken: number,
  context: EvaluationContext,
): Value {
  let value = from
  for (let index = taken; index < expression.steps.length && !isInvalid(value); index++) {
    const step = expression.steps[index]
    if (step) value = takeStep(value, step, { base: { ...expression.range, end: step.range.start }, step: step.range }, context)
  }
  return value
}

function takeStep(value: Value, step: TraversalStep, access: Access, context: EvaluationContext): Value {
  if (step.kind === 'attribute') return attributeOf(value, stringValue(String(step.key)).value, access, context)
  return elementAt(value, typeof step.key === 'number' ? numberValue(step.key) : stringValue(step.key), access, context)
}

/** `collection[key]` with a key that is not a literal. */
export function evaluateIndex(expression: IndexExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  const collection = evaluate(expression.collection, context)
  const key = evaluate(expression.key, context)
  const { range } = expression
  return elementAt(
    collection,
    key,
    { base: expression.collection.range, step: { ...range, start: expression.collection.range.end } },
    context,
  )
}
