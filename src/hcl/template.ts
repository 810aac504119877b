import { MAX_STRING_LENGTH } from '../base/limits.ts'
import type { DiagnosticInput } from '../diagnostics/diagnostic.ts'
import type { Expression, TemplateExpression, TemplateFor, TemplateIf, TemplatePart } from './ast.ts'
import { evaluateCondition } from './condition.ts'
import { type Evaluate, fail, failOnValue, isInvalid, isUnproven, mayBeReached, notesOn, spend } from './evaluation.ts'
import type { EvaluationContext } from './function.ts'
import { iterate } from './iteration.ts'
import { formatNumber } from './number-text.ts'
import { provenNames } from './proof.ts'
import { plainType, STRING } from './type.ts'
import { describeType } from './type-text.ts'
import { INVALID, type Marks, NO_MARKS, stringValue, typeOf, unknownValue, type Value } from './value.ts'
import { textOf } from './value-text.ts'

/** Text units that cost one step: a million steps make at most 64 million characters. */
const UNITS_PER_STEP = 64

/** What has been rendered so far. */
interface Rendering {
  text: string
  marks: Marks
  /** Something known only later was inserted: the text means nothing. */
  isUnknown: boolean
  /** An error was reported. */
  isInvalid: boolean
  /** What is done to each text that is inserted. */
  readonly encode: (text: string) => string
}

/** A template as a string; one that is only an interpolation keeps the value's type. */
export function evaluateTemplate(expression: TemplateExpression, context: EvaluationContext, evaluate: Evaluate): Value {
  const [first] = expression.parts
  if (first === undefined) return stringValue('')
  if (expression.parts.length === 1) {
    if (first.kind === 'text') return stringValue(first.text)
    if (expression.isWrap && first.kind === 'interpolation') return evaluate(first.expression, context)
  }
  const encode = context.encoding?.template === expression ? context.encoding.encode : asItIs
  const rendering: Rendering = { text: '', marks: NO_MARKS, isUnknown: false, isInvalid: false, encode }
  renderParts(expression.parts, rendering, context, evaluate)
  if (rendering.isInvalid) return INVALID
  if (rendering.isUnknown) return unknownValue(STRING, { marks: rendering.marks })
  return stringValue(rendering.text, rendering.marks)
}

function asItIs(text: string): string {
  return text
}

function renderParts(parts: readonly TemplatePart[], into: Rendering, context: EvaluationContext, evaluate: Evaluate): void {
  for (const part of parts) {
    switch (part.kind) {
      case 'text':
        append(into, part.text, part, context)
        break
      case 'interpolation':
        renderInterpolation(part.expression, into, context, evaluate)
        break
      case 'if':
        renderIf(part, into, context, evaluate)
        break
      case 'for':
        renderFor(part, into, context, evaluate)
        break
    }
    if (context.budget.remaining < 0) into.isInvalid = true
  }
}

function append(into: Rendering, text: string, part: Pick<TemplatePart, 'range'>, context: EvaluationContext): void {
  if (into.isInvalid || !spend(context, Math.floor(text.length / UNITS_PER_STEP), part.range)) return
  into.text += text
  if (into.text.length <= MAX_STRING_LENGTH) return
  into.isInvalid = true
  fail(context, {
    code: 'hcl/too-large',
    summary: 'This template makes too much text',
    detail: `A string may have at most ${MAX_STRING_LENGTH} characters. Insert less, or read the text when the flow runs.`,
    subject: part.range,
  })
}

function renderInterpolation(expression: Expression, into: Rendering, context: EvaluationContext, evaluate: Evaluate): void {
  const value = evaluate(expression, context)
  into.marks |= value.marks
  switch (value.kind) {
    case 'string':
      append(into, into.encode(value.value), expression, context)
      break
    case 'number':
      append(into, into.encode(formatNumber(value.value)), expression, context)
      break
    case 'bool':
      append(into, String(value.value), expression, context)
      break
    case 'unknown':
      insertUnknown(expression, value, into, context)
      break
    case 'null':
      insertNothing(into, failOnValue(context, mayBeNull(expression, 'is null')))
      break
    default:
      insertNothing(into, failOnValue(context, notAString(expression, value)))
  }
}

/** What cannot be inserted makes the text invalid, or unknown where the run decides whether it is reached. */
function insertNothing(into: Rendering, failure: Value): void {
  if (isInvalid(failure)) into.isInvalid = true
  else into.isUnknown = true
}

function insertUnknown(expression: Expression, value: Value & { kind: 'unknown' }, into: Rendering, context: EvaluationContext): void {
  const { kind } = plainType(value.type)
  into.isUnknown = true
  if (value.invalid) into.isInvalid = true
  else if (kind !== 'string' && kind !== 'number' && kind !== 'bool' && kind !== 'any') {
    into.isInvalid = true
    fail(context, notAString(expression, value))
  } else if (value.nullable && isUnproven(expression, context)) {
    into.isInvalid = true
    fail(context, mayBeNull(expression, 'may be null'))
  }
}

function notAString(expression: Expression, value: Value): DiagnosticInput {
  const text = textOf(expression.range)
  return {
    code: 'config/not-a-string',
    summary: `${text} is ${describeType(typeOf(value))}, and cannot be inserted into text`,
    detail: `Only strings, numbers and bools can be inserted. Use jsonencode(${text}), or go through it with %{ for item in ${text} }.`,
    subject: expression.range,
    ...(value.kind === 'unknown' ? {} : notesOn(expression, value)),
  }
}

function mayBeNull(expression: Expression, problem: string): DiagnosticInput {
  const text = textOf(expression.range)
  return {
    code: 'config/may-be-null',
    summary: `${text} ${problem}, and null cannot be inserted into text`,
    detail: `Use coalesce(${text}, "…") to say what stands in its place, or insert it inside of %{ if ${text} != null }.`,
    subject: expression.range,
  }
}

function renderIf(part: TemplateIf, into: Rendering, context: EvaluationContext, evaluate: Evaluate): void {
  const condition = evaluateCondition(part.condition, context, evaluate)
  into.marks |= condition.marks
  if (condition.kind === 'bool') {
    renderParts(condition.value ? part.whenTrue : part.whenFalse, into, context, evaluate)
    return
  }
  into.isUnknown = true
  if (isInvalid(condition)) into.isInvalid = true
  renderParts(part.whenTrue, into, mayBeReached(context, provenNames(part.condition, true)), evaluate)
  renderParts(part.whenFalse, into, mayBeReached(context, provenNames(part.condition, false)), evaluate)
}

function renderFor(part: TemplateFor, into: Rendering, context: EvaluationContext, evaluate: Evaluate): void {
  const loop = iterate(part, context, evaluate)
  into.marks |= loop.marks
  if (loop.state === 'invalid') into.isInvalid = true
  if (loop.state === 'unknown') into.isUnknown = true
  for (const inner of loop.steps) {
    renderParts(part.body, into, inner, evaluate)
    if (into.isInvalid) return
  }
  if (context.budget.remaining < 0) into.isInvalid = true
}
