import type { ObjectExpression, SplatExpression, TupleExpression } from './ast.ts'
import { typesEqual } from './equality.ts'
import { evaluateKey } from './evaluate-for.ts'
import { type Evaluate, failOnValue, isInvalid, mayBeReached } from './evaluation.ts'
import type { EvaluationContext } from './function.ts'
import { ANY, listOf, plainType, type Type, tupleOf } from './type.ts'
import { describeType } from './type-text.ts'
import {
  INVALID,
  listValue,
  type Marks,
  NO_MARKS,
  objectValue,
  tupleValue,
  typeOf,
  type UnknownValue,
  unknownValue,
  type Value,
} from './value.ts'
import { describeValue } from './value-text.ts'

export function evaluateTuple(expression: TupleExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  return tupleValue(expression.items.map(item => evaluate(item, context)))
}

/** Stricter than HCL, which lets the last of two equal keys win without a word. */
export function evaluateObject(expression: ObjectExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  const entries = new Map<string, Value>()
  let marks: Marks = NO_MARKS
  let isInvalidObject = false
  let isUnknown = false
  for (const item of expression.items) {
    const key = evaluateKey(item.key, context, evaluate, 'This key')
    const value = evaluate(item.value, context)
    marks |= key.marks
    if (isInvalid(key)) isInvalidObject = true
    else if (key.kind !== 'string') isUnknown = true
    else if (!entries.has(key.value)) entries.set(key.value, value)
    else {
      const first = expression.items.find(other => other.key.kind === 'literal' && other.key.value === key.value && other !== item)
      const failure = failOnValue(context, {
        code: 'hcl/duplicate-key',
        summary: `The key ${describeValue(key)} is given twice`,
        detail: 'An object has each key once. Remove one, or use merge(…) where a later value should win.',
        subject: item.key.range,
        ...(first ? { related: [{ range: first.key.range, message: 'it is given here first' }] } : {}),
      })
      if (isInvalid(failure)) isInvalidObject = true
      else isUnknown = true
    }
  }
  if (isInvalidObject) return INVALID
  return isUnknown ? unknownValue(ANY, { marks }) : objectValue(entries, marks)
}

/** `source[*].a`: a list of a list or set, a tuple of a tuple, nothing of null, and a tuple of one of anything else. */
export function evaluateSplat(expression: SplatExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  const source = evaluate(expression.source, context)
  const each = (item: Value, inner = context) => evaluate(expression.each, { ...inner, anonymous: item })
  switch (source.kind) {
    case 'null':
      return tupleValue([], source.marks)
    case 'unknown':
      return source.invalid ? source : splatUnknown(source, item => each(item, mayBeReached(context)))
    case 'list':
    case 'set':
      return splatList(expression, source, each, context)
    case 'tuple':
      return splatResult(
        source.items.map(item => each(item)),
        source.marks,
      )
    default:
      return splatResult([each(source)], source.marks)
  }
}

function splatResult(items: readonly Value[], marks: Marks): Value {
  return items.some(isInvalid) ? INVALID : tupleValue(items, marks)
}

function splatList(
  expression: SplatExpression,
  source: Value & { kind: 'list' | 'set' },
  each: (item: Value, inner?: EvaluationContext) => Value,
  context: EvaluationContext,
): Value {
  const items = source.items.map(item => each(item))
  if (items.some(isInvalid)) return INVALID
  // Without an element the type is told by an unknown one.
  const types = (items.length > 0 ? items : [each(unknownValue(source.element), mayBeReached(context))]).map(typeOf)
  const [first = ANY] = types
  const other = types.find(type => !typesEqual(type, first))
  if (other === undefined) return listValue(first, items, source.marks)
  if (types.some(type => type.kind === 'any')) return listValue(ANY, items, source.marks)
  return failOnValue(context, {
    code: 'hcl/mismatched-types',
    summary: 'The results of [*] have different types',
    detail: `The elements of a list have one type, but here one is ${describeType(first)} and another ${describeType(other)}. A "for" expression gives a tuple, whose elements may differ.`,
    subject: expression.range,
  })
}

function splatUnknown(source: UnknownValue, each: (item: Value) => Value): Value {
  const type = plainType(source.type)
  const { marks } = source
  const typeOfEach = (element: Type) => {
    const item = each(unknownValue(element, { marks }))
    return isInvalid(item) ? undefined : typeOf(item)
  }
  switch (type.kind) {
    case 'any': {
      const element = typeOfEach(ANY)
      return element === undefined ? INVALID : unknownValue(ANY, { marks })
    }
    case 'list':
    case 'set': {
      const element = typeOfEach(type.element)
      return element === undefined ? INVALID : unknownValue(listOf(element), { marks })
    }
    case 'tuple': {
      const elements = type.elements.flatMap(element => typeOfEach(element) ?? [])
      return elements.length < type.elements.length ? INVALID : unknownValue(tupleOf(elements), { marks })
    }
    default: {
      const item = each(unknownValue(source.type, { marks }))
      if (isInvalid(item)) return INVALID
      // It may turn out to be null, which gives [].
      return source.nullable ? unknownValue(listOf(typeOf(item)), { marks }) : tupleValue([item], marks)
    }
  }
}
