import { suggest } from '../base/suggest.ts'
import type { CallExpression, Expression } from './ast.ts'
import { ConversionFailure } from './conversion.ts'
import { type Evaluate, fail, failAtPlan, failOn, failOnValue, isInvalid, notesOn, spend, tryConvert } from './evaluation.ts'
import { type EvaluationContext, type FormDefinition, type FunctionDefinition, FunctionError, type Parameter } from './function.ts'
import { ANY } from './type.ts'
import { count, describeType } from './type-text.ts'
import { children, deepMarks, INVALID, isWhollyKnown, type Marks, NO_MARKS, typeOf, unknownValue, type Value, withMarks } from './value.ts'

/** Characters or elements of a result that cost one step. */
const UNITS_PER_STEP = 64

/** An argument beside what it was made from: with `...` several come from one expression. */
interface Argument {
  readonly value: Value
  readonly expression: Expression
}

export function evaluateCall(call: CallExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  const definition = findFunction(call, context)
  if (definition === undefined) return unknownFunction(call, context)
  if (definition.kind === 'form') return definition.evaluate(call, context)
  const given = collectArguments(call, context, evaluate)
  if (given === 'invalid') return INVALID
  if (given === 'unknown') return unknownValue(ANY)
  if (!checkCount(call, definition, given, context)) return INVALID
  return applyFunction(call, definition, given, context)
}

/** `core::upper` is `upper`. */
export function findFunction(call: CallExpression, context: EvaluationContext): FunctionDefinition | FormDefinition | undefined {
  return context.functions.get(call.name.startsWith('core::') ? call.name.slice('core::'.length) : call.name)
}

function unknownFunction(call: CallExpression, context: EvaluationContext): Value {
  const near = suggest(call.name, context.functions.keys())
  return fail(context, {
    code: 'hcl/unknown-function',
    summary: `There is no function "${call.name}"`,
    detail: context.functions.size === 0 ? 'Functions cannot be called here.' : 'docs/functions.md lists the functions.',
    subject: call.nameRange,
    ...(near.length === 0 ? {} : { suggestions: near }),
  })
}

function collectArguments(
  call: CallExpression,
  context: EvaluationContext,
  evaluate: Evaluate,
): readonly Argument[] | 'invalid' | 'unknown' {
  const given = call.arguments.map(expression => ({ expression, value: evaluate(expression, context) }))
  if (given.some(argument => isInvalid(argument.value))) return 'invalid'
  const last = given.at(-1)
  return call.expandFinal && last ? expandFinal(given.slice(0, -1), last, context) : given
}

function expandFinal(
  before: readonly Argument[],
  { value, expression }: Argument,
  context: EvaluationContext,
): readonly Argument[] | 'invalid' | 'unknown' {
  switch (value.kind) {
    case 'list':
    case 'set':
    case 'tuple':
      if (value.items.some(isInvalid)) return 'invalid'
      return [...before, ...value.items.map(item => ({ expression, value: withMarks(item, value.marks) }))]
    case 'unknown':
      if (['any', 'list', 'set', 'tuple'].includes(value.type.kind)) return 'unknown'
  }
  const failure = failOn(value, context, {
    code: 'hcl/wrong-expansion',
    summary: 'Only a list, set or tuple can be spread with "..."',
    detail: `Each of its elements becomes one argument, but this is ${describeType(typeOf(value))}.`,
    subject: expression.range,
    ...notesOn(expression, value),
  })
  return isInvalid(failure) ? 'invalid' : 'unknown'
}

function checkCount(call: CallExpression, definition: FunctionDefinition, given: readonly Argument[], context: EvaluationContext): boolean {
  const { parameters, variadic, name } = definition
  if (given.length >= parameters.length && (variadic || given.length === parameters.length)) return true
  const names = [...parameters.map(parameter => parameter.name), ...(variadic ? [`${variadic.name}...`] : [])].join(', ')
  const isShort = given.length < parameters.length
  const missing = parameters.slice(given.length).map(parameter => `"${parameter.name}"`)
  const first = given[parameters.length]
  fail(context, {
    code: 'hcl/wrong-argument-count',
    summary: isShort
      ? `${name}() lacks ${missing.join(' and ')}`
      : `${name}() takes ${count(parameters.length, 'argument')}, and here it gets ${given.length}`,
    detail: `It is called as ${name}(${names}).`,
    subject: isShort ? { ...call.range, start: call.range.end - 1 } : (first?.expression.range ?? call.range),
  })
  return false
}

function applyFunction(
  call: CallExpression,
  definition: FunctionDefinition,
  given: readonly Argument[],
  context: EvaluationContext,
): Value {
  const values: Value[] = []
  let marks: Marks = NO_MARKS
  let isUnknown = false
  let failure: Value | undefined
  for (const [index, argument] of given.entries()) {
    const parameter = definition.parameters[index] ?? definition.variadic
    if (parameter === undefined) continue
    const value = prepareArgument(argument, parameter, definition, context)
    if ('refused' in value) {
      failure = failure && isInvalid(failure) ? failure : value.refused
      continue
    }
    if (parameter.marked !== true) marks |= deepMarks(argument.value)
    if (parameter.unknown !== true && !isWhollyKnown(value)) isUnknown = true
    values.push(parameter.marked === true ? value : withoutMarks(value))
  }
  if (failure) return failure
  if (values.some(holdsInvalid)) return INVALID
  try {
    if (isUnknown) return unknownValue(definition.returns(values), { marks })
    const result = definition.call(values, context)
    return spend(context, sizeOf(result) / UNITS_PER_STEP, call.range) ? withMarks(result, marks) : INVALID
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error
    return refused(call, definition, given, error, context)
  }
}

function holdsInvalid(value: Value): boolean {
  if (isInvalid(value)) return true
  for (const item of children(value)) if (holdsInvalid(item)) return true
  return false
}

function sizeOf(value: Value): number {
  switch (value.kind) {
    case 'string':
      return value.value.length
    case 'list':
    case 'set':
    case 'tuple':
      return value.items.length
    case 'map':
    case 'object':
      return value.entries.size
    default:
      return 0
  }
}

/** The argument as its parameter's type, or what to answer with where that is impossible. */
function prepareArgument(
  { value, expression }: Argument,
  parameter: Parameter,
  definition: FunctionDefinition,
  context: EvaluationContext,
): Value | { readonly refused: Value } {
  if (value.kind === 'null' && parameter.nullable !== true) {
    const refused = failOnValue(context, {
      code: 'hcl/null-value',
      summary: `${definition.name}() cannot use null as its "${parameter.name}"`,
      detail: 'The function needs a value here. Use coalesce(…) to give one in place of null.',
      subject: expression.range,
      ...notesOn(expression, value),
    })
    return { refused }
  }
  const converted = tryConvert(value, parameter.type)
  if (!(converted instanceof ConversionFailure)) return converted
  const refused = failOn(value, context, {
    code: 'hcl/wrong-argument',
    summary: `${definition.name}() cannot use its "${parameter.name}"`,
    detail: `It takes ${describeType(parameter.type)}, and the value does not fit: ${converted.message}.`,
    subject: expression.range,
    ...notesOn(expression, value),
  })
  return { refused }
}

/** The same value without a mark in any depth. */
export function withoutMarks(value: Value): Value {
  if (deepMarks(value) === NO_MARKS) return value
  switch (value.kind) {
    case 'list':
    case 'set':
    case 'tuple':
      return { ...value, items: value.items.map(withoutMarks), marks: NO_MARKS }
    case 'map':
    case 'object':
      return { ...value, entries: new Map([...value.entries].map(([key, member]) => [key, withoutMarks(member)])), marks: NO_MARKS }
    default:
      return { ...value, marks: NO_MARKS }
  }
}

function refused(
  call: CallExpression,
  definition: FunctionDefinition,
  given: readonly Argument[],
  error: FunctionError,
  context: EvaluationContext,
): Value {
  const at = error.argument === undefined ? undefined : given[error.argument]
  const isSensitive = given.some(argument => deepMarks(argument.value) !== NO_MARKS)
  const reason = isSensitive ? 'The reason is not shown, because an argument is sensitive' : capitalise(error.message)
  const parameter = error.argument === undefined ? undefined : (definition.parameters[error.argument] ?? definition.variadic)
  const named = isSensitive ? undefined : error.named
  // What cannot be read when planning cannot be read later either.
  const report = definition.purity === 'plan' ? failAtPlan : failOnValue
  return report(context, {
    code: named?.code ?? 'hcl/function-failed',
    summary:
      named?.summary ??
      (parameter ? `${definition.name}() cannot use its "${parameter.name}"` : `${definition.name}() cannot use these arguments`),
    detail: `${reason}.`,
    subject: at?.expression.range ?? call.range,
    ...(at && !isSensitive ? notesOn(at.expression, at.value) : {}),
  })
}

function capitalise(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1).replace(/\.$/, '')
}
