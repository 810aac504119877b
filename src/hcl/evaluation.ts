import type { DiagnosticInput } from '../diagnostics/diagnostic.ts'
import { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Expression } from './ast.ts'
import { ConversionFailure, convert } from './conversion.ts'
import type { EvaluationContext } from './function.ts'
import { nameOf } from './proof.ts'
import { ANY, type Type } from './type.ts'
import { INVALID, type UnknownValue, unknownValue, type Value } from './value.ts'
import { describeValue, textOf } from './value-text.ts'

/** The evaluator as its families see it: they take it as an argument, so that no file imports in a circle. */
export type Evaluate = (expression: Expression, context: EvaluationContext) => Value

/** Reports what is wrong whatever the values are: a name, a function, a declared type. */
export function fail(context: EvaluationContext, diagnostic: DiagnosticInput): UnknownValue {
  context.report.error(diagnostic)
  return INVALID
}

/**
 * Reports what is wrong with a known value. Where a condition may keep the expression from being reached, nothing is
 * reported, and the result is not invalid but unknown: the run decides.
 */
export function failOnValue(context: EvaluationContext, diagnostic: DiagnosticInput): UnknownValue {
  return context.guarded === true ? unknownValue(ANY) : fail(context, diagnostic)
}

/** Reports what only planning can find, such as a file that is missing, wherever it may be reached at all. */
export function failAtPlan(context: EvaluationContext, diagnostic: DiagnosticInput): UnknownValue {
  return isNeverReached(context) ? unknownValue(ANY) : fail(context, diagnostic)
}

function isNeverReached(context: EvaluationContext): boolean {
  return context.guarded === true && context.proven === undefined
}

/** `fail` for a declared type, `failOnValue` for a known value. */
export function failOn(value: Value, context: EvaluationContext, diagnostic: DiagnosticInput): UnknownValue {
  return value.kind === 'unknown' ? fail(context, diagnostic) : failOnValue(context, diagnostic)
}

/** The context of an expression that is not reached. */
export function neverReached(context: EvaluationContext): EvaluationContext {
  return isNeverReached(context) ? context : { ...context, guarded: true, proven: undefined }
}

/** The context of an expression that is reached under a condition that is known only later, and that proves these names. */
export function mayBeReached(context: EvaluationContext, names: readonly string[] = []): EvaluationContext {
  if (isNeverReached(context) || (context.guarded === true && names.length === 0)) return context
  return { ...context, guarded: true, proven: new Set([...(context.proven ?? []), ...names]) }
}

/** Whether a value of the expression that may be null would be inserted as it is. */
export function isUnproven(expression: Expression, context: EvaluationContext): boolean {
  if (context.mayFail === true || isNeverReached(context)) return false
  const name = nameOf(expression)
  return name === undefined || context.proven?.has(name) !== true
}

/** The context of an expression whose errors nobody sees; what may be null later is not one. */
export function silence(context: EvaluationContext): EvaluationContext {
  return { ...context, report: new Report(), mayFail: true }
}

export function isInvalid(value: Value): boolean {
  return value.kind === 'unknown' && value.invalid
}

/** Uses up steps. @returns false when there are none left, which is reported once. */
export function spend(context: EvaluationContext, steps: number, range: SourceRange): boolean {
  const before = context.budget.remaining
  context.budget.remaining = before - steps
  if (context.budget.remaining >= 0) return true
  if (before >= 0) {
    context.report.error({
      code: 'hcl/too-many-steps',
      summary: 'This expression takes too many steps',
      detail:
        'An expression may take only so many steps, so that none runs for ever. Iterate over fewer elements, or nest fewer "for" expressions.',
      subject: range,
    })
  }
  return false
}

/** `· local.m is object with 2 attributes`: nothing for what says the same in the source line. */
export function notesOn(expression: Expression, value: Value): { readonly notes?: readonly string[] } {
  if (isInvalid(value)) return {}
  switch (expression.kind) {
    case 'traversal':
    case 'relative-traversal':
    case 'index':
    case 'splat':
    case 'call':
      return { notes: [`${textOf(expression.range)} is ${describeValue(value)}`] }
    case 'parentheses':
      return notesOn(expression.expression, value)
    default:
      return {}
  }
}

/** The value as the type, or the reason why not. */
export function tryConvert(value: Value, type: Type): Value | ConversionFailure {
  try {
    return convert(value, type)
  } catch (failure) {
    if (failure instanceof ConversionFailure) return failure
    throw failure
  }
}
