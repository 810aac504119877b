import type { DiagnosticCode } from '../../diagnostics/codes/index.ts'
import { Report } from '../../diagnostics/report.ts'
import type { CallExpression, Expression } from '../ast.ts'
import { evaluate } from '../evaluate.ts'
import { fail, isInvalid } from '../evaluation.ts'
import type { EvaluationContext, FormDefinition } from '../function.ts'
import { ANY, BOOL, type Type } from '../type.ts'
import { unify } from '../unify.ts'
import { boolValue, deepMarks, INVALID, isWhollyKnown, typeOf, unknownValue, type Value } from '../value.ts'

export const controlForms: readonly FormDefinition[] = [
  {
    kind: 'form',
    name: 'try',
    summary: 'The first of the expressions that has no error.',
    purity: 'pure',
    evaluate: (call, context) => tryEach(call, context),
  },
  {
    kind: 'form',
    name: 'can',
    summary: 'Whether an expression has no error.',
    purity: 'pure',
    evaluate: (call, context) => can(call, context),
  },
]

/** A name that does not exist is a mistake whatever the values are: no fallback hides it. */
const MISTAKES: readonly DiagnosticCode[] = [
  'hcl/unknown-name',
  'hcl/unknown-function',
  'hcl/wrong-argument-count',
  'hcl/too-many-steps',
  'config/unknown-reference',
  'config/unknown-input',
  'config/unknown-attribute',
  'workflow/unknown-node',
  'config/wrong-reference',
  'config/not-in-scope',
  'config/deferred-not-allowed',
]

interface Attempt {
  readonly value: Value
  readonly report: Report
  readonly failed: boolean
}

/** Evaluates with a report of its own; only a found value takes its warnings along. */
function attempt(expression: Expression, context: EvaluationContext): Attempt {
  const report = new Report()
  const { guarded: _, ...open } = context
  const value = evaluate(expression, { ...open, report, mayFail: true })
  const mistakes = report.diagnostics.filter(({ code, severity }) => severity === 'error' && MISTAKES.includes(code))
  context.report.add(...mistakes)
  return { value: mistakes.length > 0 ? INVALID : value, report, failed: report.hasErrors && mistakes.length === 0 }
}

function tryEach(call: CallExpression, context: EvaluationContext): Value {
  if (call.arguments.length === 0) return lacksArgument(call, context)
  const failures: Report[] = []
  for (const [index, expression] of call.arguments.entries()) {
    const { value, report, failed } = attempt(expression, context)
    if (failed) {
      failures.push(report)
      continue
    }
    context.report.add(...report.diagnostics.filter(({ severity }) => severity === 'warning'))
    if (isInvalid(value) || isWhollyKnown(value)) return value
    // What is deferred may still fail when a flow runs: the result is this, or one of those after it.
    const others = call.arguments.slice(index + 1).map(other => attempt(other, context))
    const possible = [value, ...others.filter(other => !other.failed).map(other => other.value)]
    const marks = possible.reduce((all, one) => all | deepMarks(one), 0)
    const nullable = possible.some(one => one.kind === 'null' || (one.kind === 'unknown' && one.nullable))
    return unknownValue(possibleType(possible), { nullable, marks })
  }
  return fail(context, {
    code: 'hcl/function-failed',
    summary: 'try() finds no expression without an error',
    detail: failures.map(({ diagnostics: [first] }) => `${first?.summary ?? 'Failed'}.`).join(' '),
    subject: call.range,
  })
}

function possibleType(values: readonly Value[]): Type {
  return unify(values.map(typeOf)) ?? ANY
}

function can(call: CallExpression, context: EvaluationContext): Value {
  const [expression] = call.arguments
  if (expression === undefined) return lacksArgument(call, context)
  const extra = call.arguments[1]
  if (extra) {
    return fail(context, {
      code: 'hcl/wrong-argument-count',
      summary: `can() takes 1 argument, and here it gets ${call.arguments.length}`,
      detail: 'It is called as can(expression).',
      subject: extra.range,
    })
  }
  const { value, failed } = attempt(expression, context)
  if (failed) return boolValue(false)
  if (isInvalid(value)) return INVALID
  return isWhollyKnown(value) ? boolValue(true, deepMarks(value)) : unknownValue(BOOL)
}

function lacksArgument(call: CallExpression, context: EvaluationContext): Value {
  return fail(context, {
    code: 'hcl/wrong-argument-count',
    summary: `${call.name}() lacks "expression"`,
    detail: call.name === 'try' ? 'It is called as try(expression, fallback...).' : 'It is called as can(expression).',
    subject: { ...call.range, start: call.range.end - 1 },
  })
}
