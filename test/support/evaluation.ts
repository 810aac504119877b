import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts'
import { Report } from '../../src/diagnostics/report.ts'
import { evaluate } from '../../src/hcl/evaluate.ts'
import { type EvaluationContext, EXPRESSION_STEPS, type FunctionTable } from '../../src/hcl/function.ts'
import { parseExpression, parseTemplate } from '../../src/hcl/parser.ts'
import { scopeOf } from '../../src/hcl/scope.ts'
import type { Value } from '../../src/hcl/value.ts'

export interface Evaluated {
  readonly value: Value
  readonly diagnostics: readonly Diagnostic[]
}

const NO_FUNCTIONS: FunctionTable = new Map()

/** A context of plain names with a report of its own. */
export function contextOf(names: Readonly<Record<string, Value>> = {}, functions: FunctionTable = NO_FUNCTIONS): EvaluationContext {
  return { scope: scopeOf(names), functions, report: new Report(), budget: { remaining: EXPRESSION_STEPS } }
}

export function evaluateText(
  text: string,
  names: Readonly<Record<string, Value>> = {},
  functions: FunctionTable = NO_FUNCTIONS,
): Evaluated {
  const context = contextOf(names, functions)
  const value = evaluate(parseExpression({ name: '<test>', text }, context.report), context)
  return { value, diagnostics: context.report.diagnostics }
}

export function evaluateTemplateText(
  text: string,
  names: Readonly<Record<string, Value>> = {},
  functions: FunctionTable = NO_FUNCTIONS,
): Evaluated {
  const context = contextOf(names, functions)
  const value = evaluate(parseTemplate({ name: '<test>', text }, context.report), context)
  return { value, diagnostics: context.report.diagnostics }
}
