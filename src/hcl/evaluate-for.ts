import { MAX_COLLECTION_SIZE } from '../base/limits.ts'
import type { Expression, ForExpression } from './ast.ts'
import { evaluateCondition } from './condition.ts'
import { ConversionFailure } from './conversion.ts'
import { type Evaluate, fail, failOn, failOnValue, isInvalid, mayBeReached, notesOn, tryConvert } from './evaluation.ts'
import type { EvaluationContext } from './function.ts'
import { iterate } from './iteration.ts'
import { provenNames } from './proof.ts'
import { ANY, listOf, mapOf, STRING } from './type.ts'
import { describeType } from './type-text.ts'
import { unify } from './unify.ts'
import { INVALID, type Marks, objectValue, tupleValue, typeOf, unknownValue, type Value, withMarks } from './value.ts'
import { describeValue } from './value-text.ts'

/** What a for expression has gathered. */
interface Gathering {
  readonly items: Value[]
  readonly entries: Map<string, Value[]>
  marks: Marks
  /** Which elements there are is known only later. */
  isUnknown: boolean
}

/** `[for …]` gives a tuple, `{for …}` an object; over an unknown collection a list or a map of what the result tells of its type. */
export function evaluateFor(expression: ForExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  const loop = iterate(expression, context, evaluate)
  if (loop.state === 'invalid') return INVALID
  const gathering: Gathering = { items: [], entries: new Map(), marks: loop.marks, isUnknown: loop.state === 'unknown' }
  for (const inner of loop.steps) {
    if (!gather(expression, gathering, inner, evaluate)) return INVALID
  }
  // The loop ended early, and that was reported.
  if (context.budget.remaining < 0) return INVALID
  if (gathering.items.length > MAX_COLLECTION_SIZE) return tooLarge(expression, context)
  return gathering.isUnknown ? unknownResult(expression, gathering) : knownResult(expression, gathering)
}

/** One element. @returns false when an error was reported: the next element would only repeat it. */
function gather(expression: ForExpression, into: Gathering, context: EvaluationContext, evaluate: Evaluate): boolean {
  if (expression.condition) {
    const condition = evaluateCondition(expression.condition, context, evaluate)
    if (isInvalid(condition)) return false
    into.marks |= condition.marks
    if (condition.kind === 'bool' && !condition.value) return true
    if (condition.kind !== 'bool') {
      into.isUnknown = true
      return gatherElement(expression, into, mayBeReached(context, provenNames(expression.condition, true)), evaluate)
    }
  }
  return gatherElement(expression, into, context, evaluate)
}

function gatherElement(expression: ForExpression, into: Gathering, context: EvaluationContext, evaluate: Evaluate): boolean {
  const key = expression.keyResult && evaluateKey(expression.keyResult, context, evaluate, 'The key of a "for" result')
  if (key && isInvalid(key)) return false
  const value = evaluate(expression.valueResult, context)
  if (isInvalid(value)) return false
  into.items.push(value)
  if (key === undefined || expression.keyResult === undefined) return true
  into.marks |= key.marks
  if (key.kind !== 'string') {
    into.isUnknown = true
    return true
  }
  const sameKey = into.entries.get(key.value)
  if (sameKey === undefined) into.entries.set(key.value, [value])
  else if (expression.group) sameKey.push(value)
  else return duplicateKey(expression, expression.keyResult, key, into, context)
  return true
}

/** A key of an object or of a for result, as a string. */
export function evaluateKey(expression: Expression, context: EvaluationContext, evaluate: Evaluate, what: string): Value {
  const value = evaluate(expression, context)
  if (isInvalid(value) || value.kind === 'string') return value
  if (value.kind === 'null') {
    return failOnValue(context, {
      code: 'hcl/null-value',
      summary: `${what} is null`,
      detail: 'A key is a string. Leave the element out with "if", or use coalesce(…).',
      subject: expression.range,
      ...notesOn(expression, value),
    })
  }
  const converted = tryConvert(value, STRING)
  if (!(converted instanceof ConversionFailure)) return converted
  return failOn(value, context, {
    code: 'hcl/wrong-key',
    summary: `${what} is not a string`,
    detail: `A key is a string, but this is ${value.kind === 'unknown' ? describeType(value.type) : describeValue(value)}.`,
    subject: expression.range,
    ...notesOn(expression, value),
  })
}

function duplicateKey(expression: ForExpression, keyResult: Expression, key: Value, into: Gathering, context: EvaluationContext): boolean {
  if (into.isUnknown) return true
  const failure = failOnValue(context, {
    code: 'hcl/duplicate-key',
    summary: `Two elements give the key ${describeValue(key)}`,
    detail: 'Each key may occur once. Make it unique, or write "..." after the value to collect all values of one key in a tuple.',
    subject: keyResult.range,
    related: [{ range: expression.collection.range, message: 'the elements come from here' }],
  })
  into.isUnknown = true
  return !isInvalid(failure)
}

function knownResult(expression: ForExpression, { items, entries, marks }: Gathering): Value {
  if (expression.keyResult === undefined) return tupleValue(items, marks)
  const members = [...entries].map(([key, values]): [string, Value] => {
    const [only] = values
    return [key, expression.group || only === undefined ? tupleValue(values) : only]
  })
  return objectValue(new Map(members), marks)
}

function unknownResult(expression: ForExpression, { items, marks }: Gathering): Value {
  const element = unify(items.map(typeOf)) ?? ANY
  const elementMarks = items.reduce((all, item) => all | item.marks, marks)
  const type = expression.keyResult === undefined ? listOf(element) : mapOf(expression.group ? listOf(element) : element)
  return withMarks(unknownValue(type), elementMarks)
}

function tooLarge(expression: ForExpression, context: EvaluationContext): Value {
  return fail(context, {
    code: 'hcl/too-large',
    summary: 'This "for" gives too many elements',
    detail: `A collection may have at most ${MAX_COLLECTION_SIZE} elements.`,
    subject: expression.range,
  })
}
