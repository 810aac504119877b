import { invariant } from '../../base/invariant.ts'
import { MAX_COLLECTION_SIZE, MAX_STRING_LENGTH } from '../../base/limits.ts'
import { ConversionFailure, convert } from '../conversion.ts'
import { type EvaluationContext, type FunctionDefinition, FunctionError, type Parameter } from '../function.ts'
import { NUMBER, STRING, type Type } from '../type.ts'
import { NO_MARKS, setMarks, stringValue, unknownValue, type Value, withMarks } from '../value.ts'

/** What is told of a function, apart from its name; what is left out has the usual value. */
export interface Shape {
  readonly summary: string
  readonly parameters?: readonly Parameter[]
  readonly variadic?: Parameter
  readonly purity?: 'pure' | 'plan'
  readonly returns: Type | ((parameters: readonly Value[]) => Type)
  call(parameters: readonly Value[], context: EvaluationContext): Value
}

export function defineFunction(name: string, shape: Shape): FunctionDefinition {
  const { returns } = shape
  return Object.freeze({
    kind: 'function',
    name,
    summary: shape.summary,
    parameters: shape.parameters ?? [],
    ...(shape.variadic ? { variadic: shape.variadic } : {}),
    purity: shape.purity ?? 'pure',
    returns: typeof returns === 'function' ? returns : () => returns,
    call: shape.call,
  })
}

/**
 * A function that only moves elements about, as merge() does: an element that is sensitive or unknown stays so by
 * itself, and the others stay as they were. Marks of a whole collection go to the whole result.
 */
export function defineMover(name: string, shape: Shape): FunctionDefinition {
  const open = (parameter: Parameter): Parameter => ({ ...parameter, unknown: true, marked: true })
  return defineFunction(name, {
    ...shape,
    parameters: (shape.parameters ?? []).map(open),
    ...(shape.variadic ? { variadic: open(shape.variadic) } : {}),
    call(parameters, context) {
      const marks = parameters.reduce((all, { marks }) => all | marks, NO_MARKS)
      const bare = parameters.map(parameter => setMarks(parameter, NO_MARKS))
      if (bare.some(parameter => parameter.kind === 'unknown')) {
        const type = typeof shape.returns === 'function' ? shape.returns(bare) : shape.returns
        return unknownValue(type, { marks })
      }
      return withMarks(shape.call(bare, context), marks)
    },
  })
}

/** Text to text; `name` is the parameter's. */
export function defineTextFunction(name: string, summary: string, change: (text: string) => string): FunctionDefinition {
  return defineFunction(name, {
    summary,
    parameters: [textParameter('text')],
    returns: STRING,
    call: parameters => textResult(change(textAt(parameters, 0))),
  })
}

export const parameter = (name: string, type: Type): Parameter => ({ name, type })
export const textParameter = (name: string): Parameter => parameter(name, STRING)
export const numberParameter = (name: string): Parameter => parameter(name, NUMBER)

/** @throws FunctionError when the text is longer than any text may be. */
export function textResult(text: string): Value {
  checkTextLength(text.length)
  return stringValue(text)
}

export function checkTextLength(length: number): void {
  if (length > MAX_STRING_LENGTH) throw new FunctionError(`the result would have more than ${MAX_STRING_LENGTH} characters`)
}

export function checkSize(size: number): void {
  if (size > MAX_COLLECTION_SIZE) throw new FunctionError(`the result would have more than ${MAX_COLLECTION_SIZE} elements`)
}

/** @throws FunctionError at the argument when the value does not fit. */
export function convertAt(value: Value, type: Type, index: number): Value {
  try {
    return convert(value, type)
  } catch (failure) {
    if (failure instanceof ConversionFailure) throw new FunctionError(failure.message, index)
    throw failure
  }
}

export function valueAt(parameters: readonly Value[], index: number): Value {
  const value = parameters[index]
  invariant(value !== undefined, 'hcl/missing-argument', `argument ${index} was not passed`)
  return value
}

export function textAt(parameters: readonly Value[], index: number): string {
  const value = valueAt(parameters, index)
  invariant(value.kind === 'string', 'hcl/unconverted-argument', `argument ${index} is ${value.kind}, not a string`)
  return value.value
}

export function numberAt(parameters: readonly Value[], index: number): number {
  const value = valueAt(parameters, index)
  invariant(value.kind === 'number', 'hcl/unconverted-argument', `argument ${index} is ${value.kind}, not a number`)
  return value.value
}

/** @throws FunctionError when the number has a fraction. */
export function integerAt(parameters: readonly Value[], index: number): number {
  const value = numberAt(parameters, index)
  if (!Number.isSafeInteger(value)) throw new FunctionError(`a whole number is required, and this is ${value}`, index)
  return value
}

/** The elements of a list, set or tuple; undefined for anything else. */
export function elementsOf(value: Value): readonly Value[] | undefined {
  return value.kind === 'list' || value.kind === 'set' || value.kind === 'tuple' ? value.items : undefined
}
