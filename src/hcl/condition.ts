import type { ConditionalExpression, Expression } from './ast.ts'
import { ConversionFailure } from './conversion.ts'
import { equals, typesEqual } from './equality.ts'
import { type Evaluate, failOn, failOnValue, isInvalid, mayBeReached, neverReached, notesOn, tryConvert } from './evaluation.ts'
import type { EvaluationContext } from './function.ts'
import { provenNames } from './proof.ts'
import { ANY, BOOL, type Type } from './type.ts'
import { describeType } from './type-text.ts'
import { unify } from './unify.ts'
import { INVALID, isWhollyKnown, setMarks, typeOf, unknownValue, type Value, withMarks } from './value.ts'
import { describeValue } from './value-text.ts'

/** The condition of `? :`, of `if` in a for expression, and of `%{ if }`: a bool, or an unknown one. */
export function evaluateCondition(expression: Expression, context: EvaluationContext, evaluate: Evaluate): Value {
  const value = evaluate(expression, context)
  if (value.kind === 'bool' || isInvalid(value)) return value
  if (value.kind === 'null') {
    return failOnValue(context, {
      code: 'hcl/null-value',
      summary: 'The condition is null',
      detail: 'A condition is either true or false. Compare with null, or use coalesce(…, false).',
      subject: expression.range,
      ...notesOn(expression, value),
    })
  }
  const converted = tryConvert(value, BOOL)
  if (!(converted instanceof ConversionFailure)) return converted
  return failOn(value, context, {
    code: 'hcl/wrong-condition',
    summary: 'The condition is not a bool',
    detail: `A condition is either true or false, but this is ${value.kind === 'unknown' ? describeType(value.type) : describeValue(value)}. Compare it with something.`,
    subject: expression.range,
    ...notesOn(expression, value),
  })
}

/**
 * `condition ? a : b`. Both arms are evaluated, because the result has the type that both have in common; of the arm
 * that is not taken only wrong names and wrong declared types are reported.
 */
export function evaluateConditional(expression: ConditionalExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  const condition = evaluateCondition(expression.condition, context, evaluate)
  const choice = condition.kind === 'bool' ? condition.value : undefined
  const arm = (outcome: boolean) => {
    if (choice === undefined) return mayBeReached(context, provenNames(expression.condition, outcome))
    return choice === outcome ? context : neverReached(context)
  }
  const whenTrue = evaluate(expression.whenTrue, arm(true))
  const whenFalse = evaluate(expression.whenFalse, arm(false))
  const chosen = choice === undefined ? undefined : choice ? whenTrue : whenFalse
  if (isInvalid(condition) || (chosen && isInvalid(chosen))) return INVALID
  const type = commonType(whenTrue, whenFalse)
  if (type === undefined) return mismatchedArms(expression, whenTrue, whenFalse, context)
  if (chosen === undefined) return withMarks(eitherOf(whenTrue, whenFalse, type), condition.marks)
  if (chosen.kind === 'unknown' || type.kind === 'any') return withMarks(narrowed(chosen, type), condition.marks)
  if (dependsOn(choice ? whenFalse : whenTrue, chosen)) return unknownValue(ANY, { marks: condition.marks | chosen.marks })
  const converted = tryConvert(chosen, type)
  return converted instanceof ConversionFailure
    ? mismatchedArms(expression, whenTrue, whenFalse, context)
    : withMarks(converted, condition.marks)
}

/**
 * Whether the type of the result waits for the arm that is not taken: the type of an unknown collection is not exact,
 * a `for` over a deferred list is a tuple when the flow runs.
 */
function dependsOn(other: Value, chosen: Value): boolean {
  if (isWhollyKnown(other) || isScalar(typeOf(other))) return false
  return !typesEqual(typeOf(other), typeOf(chosen))
}

function isScalar({ kind }: Type): boolean {
  return kind === 'string' || kind === 'number' || kind === 'bool'
}

/** An unknown value of the chosen arm takes on the common type where it converts to it. */
function narrowed(value: Value, type: Type): Value {
  const converted = type.kind === 'any' ? value : tryConvert(value, type)
  return converted instanceof ConversionFailure ? value : converted
}

function commonType(a: Value, b: Value): Type | undefined {
  if (a.kind === 'null' && a.type.kind === 'any') return typeOf(b)
  if (b.kind === 'null' && b.type.kind === 'any') return typeOf(a)
  const [left, right] = [typeOf(a), typeOf(b)]
  return left.kind === 'any' || right.kind === 'any' ? ANY : unify([left, right])
}

/** What is known of a value that is one or the other: all, where they are equal; of two lists of one length, the length. */
function eitherOf(a: Value, b: Value, type: Type): Value {
  const marks = a.marks | b.marks
  const [left, right] = [tryConvert(a, type), tryConvert(b, type)]
  if (left instanceof ConversionFailure || right instanceof ConversionFailure) return unknownValue(ANY, { marks })
  if (isWhollyKnown(left) && isWhollyKnown(right) && typesEqual(typeOf(left), typeOf(right)) && equals(left, right) === true)
    return setMarks(left, marks)
  if (left.kind === 'list' && right.kind === 'list' && left.items.length === right.items.length) {
    const items = left.items.map((item, index) => eitherOf(item, right.items[index] ?? item, left.element))
    return { ...left, items, marks }
  }
  return unknownValue(type, { marks, nullable: mayBeNull(a) || mayBeNull(b) })
}

function mayBeNull(value: Value): boolean {
  return value.kind === 'null' || (value.kind === 'unknown' && value.nullable && !value.invalid)
}

function mismatchedArms(expression: ConditionalExpression, whenTrue: Value, whenFalse: Value, context: EvaluationContext): Value {
  return failOnValue(context, {
    code: 'hcl/mismatched-types',
    summary: 'The two arms of this condition have no type in common',
    detail: `${difference(typeOf(whenTrue), typeOf(whenFalse))} Write both in one type, such as two strings, or two objects with the same attributes.`,
    subject: { ...expression.whenTrue.range, end: expression.whenFalse.range.end },
  })
}

/** Where two types part, as one sentence. */
function difference(a: Type, b: Type): string {
  if (a.kind === 'tuple' && b.kind === 'tuple' && a.elements.length === b.elements.length) {
    for (const [index, element] of a.elements.entries()) {
      const other = b.elements[index]
      if (other && unify([element, other]) === undefined)
        return `Element ${index} is ${describeType(element)} in one and ${describeType(other)} in the other.`
    }
  }
  if (a.kind === 'object' && b.kind === 'object') {
    for (const [name, attribute] of a.attributes) {
      const other = b.attributes.get(name)
      if (other === undefined) return `Only the first has the attribute ${JSON.stringify(name)}.`
      if (unify([attribute.type, other.type]) === undefined) {
        return `Attribute ${JSON.stringify(name)} is ${describeType(attribute.type)} in one and ${describeType(other.type)} in the other.`
      }
    }
    const further = [...b.attributes.keys()].find(name => !a.attributes.has(name))
    if (further !== undefined) return `Only the second has the attribute ${JSON.stringify(further)}.`
  }
  if (a.kind === b.kind && 'element' in a && 'element' in b) return `Their elements differ. ${difference(a.element, b.element)}`
  return `One is ${describeType(a)}, the other ${describeType(b)}.`
}

/**
 * Whether an arm alone means what it means beside the other, for folding: nothing is converted. Told of scalars only,
 * because the type of an unknown collection is not exact: a "for" gives a tuple, and a list is what is known of it.
 */
export function keepsType(value: Value, other: Value): boolean {
  if (other.kind === 'null' && other.type.kind === 'any') return true
  const type = commonType(value, other)
  return type !== undefined && isScalar(type) && type.kind === typeOf(value).kind
}
