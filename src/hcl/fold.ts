import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { Expression, ObjectItem, TemplateFor, TemplateIf, TemplatePart } from './ast.ts'
import { keepsType } from './condition.ts'
import { evaluate } from './evaluate.ts'
import { findFunction } from './evaluate-call.ts'
import { fail, isInvalid, silence } from './evaluation.ts'
import { type EvaluationContext, EXPRESSION_STEPS } from './function.ts'
import { unknownVariables } from './iteration.ts'
import { expressionOf, type LiteralForm } from './literal.ts'
import { formatNumber } from './number-text.ts'
import { scopeOf } from './scope.ts'
import { ANY } from './type.ts'
import { children, isWhollyKnown, unknownValue, type Value } from './value.ts'

/** Whether something of the value is known only when a flow runs. A value with a reported error is not deferred, it is wrong. */
export function isDeferred(value: Value): boolean {
  if (value.kind === 'unknown') return !value.invalid
  for (const item of children(value)) if (isDeferred(item)) return true
  return false
}

/** An expression is evaluated once for every level of its tree above what is known: ten times as much as it takes alone. */
const FOLDING_STEPS = 10 * EXPRESSION_STEPS

/**
 * What remains of an expression when all that is known at plan time is put in as literals (blocks.md 7.1): deferred
 * names, what follows from them, and `secret(…)` stay as they are written. The result means the same: evaluated with
 * the deferred names known, it gives what the whole would have given. Only where `evaluate` reported nothing.
 *
 * Marks do not survive: whoever folds has looked at the marks of the value.
 */
export function fold(expression: Expression, context: EvaluationContext): Expression {
  const quiet = { ...silence(context), budget: { remaining: FOLDING_STEPS } }
  const folded = foldData(expression, context, quiet)
  // What ran out of steps in silence would be kept with names that only the plan knows.
  context.report.add(...quiet.report.diagnostics.filter(diagnostic => diagnostic.code === 'hcl/too-many-steps'))
  return folded
}

/** What becomes JSON as a whole, or is a leaf of such: there lists need not be told from tuples. */
function foldData(expression: Expression, context: EvaluationContext, quiet: EvaluationContext): Expression {
  const inner = (part: Expression) => foldData(part, context, quiet)
  if (expression.kind === 'parentheses') return inner(expression.expression)
  if (expression.kind !== 'tuple' && expression.kind !== 'object') return foldIn(expression, context, quiet, 'data')
  const value = evaluate(expression, quiet)
  if (isWhollyKnown(value)) return expressionOf(value, expression.range, 'data') ?? expression
  if (expression.kind === 'tuple') return { ...expression, items: expression.items.map(inner) }
  return { ...expression, items: expression.items.map(item => ({ key: foldIn(item.key, context, quiet), value: inner(item.value) })) }
}

/**
 * @param quiet the same context, for evaluations whose errors were reported before.
 */
function foldIn(expression: Expression, context: EvaluationContext, quiet: EvaluationContext, form: LiteralForm = 'exact'): Expression {
  if (expression.kind === 'literal' || expression.kind === 'anonymous' || expression.kind === 'invalid') return expression
  const value = evaluate(expression, quiet)
  if (isWhollyKnown(value)) return expressionOf(value, expression.range, form) ?? expression
  if (isInvalid(value)) reportFailure(expression, context)
  return foldUnknown(expression, context, quiet)
}

/**
 * What would be kept fails whenever a run reaches it, and it may name what only the plan knows. `evaluate` leaves it to
 * the run, where a condition or a loop stands around it; here it is reported, unless it was.
 */
function reportFailure(expression: Expression, context: EvaluationContext): void {
  const loud = silence(context)
  evaluate(expression, loud)
  const isKnown = (found: Diagnostic) =>
    context.report.diagnostics.some(
      ({ code, subject }) => code === found.code && subject?.start === found.subject?.start && subject?.source === found.subject?.source,
    )
  context.report.add(...loud.report.diagnostics.filter(found => !isKnown(found)))
}

/** An expression that is not wholly known: its parts may be. */
function foldUnknown(expression: Expression, context: EvaluationContext, quiet: EvaluationContext): Expression {
  const inner = (part: Expression) => foldIn(part, context, quiet)
  switch (expression.kind) {
    case 'template': {
      const [first] = expression.parts
      if (expression.isWrap && first?.kind === 'interpolation') return inner(first.expression)
      return { ...expression, parts: joinTexts(expression.parts.flatMap(part => foldPart(part, context, quiet))) }
    }
    case 'relative-traversal':
      return { ...expression, source: inner(expression.source) }
    case 'index':
      return { ...expression, collection: inner(expression.collection), key: inner(expression.key) }
    case 'splat': {
      const item = unknownValue(ANY)
      return {
        ...expression,
        source: inner(expression.source),
        each: foldIn(expression.each, { ...context, anonymous: item }, { ...quiet, anonymous: item }),
      }
    }
    case 'call':
      return foldCall(expression, context, quiet)
    case 'conditional':
      return foldConditional(expression, context, quiet)
    case 'binary':
      return { ...expression, left: inner(expression.left), right: inner(expression.right) }
    case 'unary':
      return { ...expression, operand: inner(expression.operand) }
    case 'parentheses':
      return { ...expression, expression: inner(expression.expression) }
    case 'tuple':
      return { ...expression, items: expression.items.map(inner) }
    case 'object':
      return { ...expression, items: expression.items.map((item): ObjectItem => ({ key: inner(item.key), value: inner(item.value) })) }
    case 'for':
      return foldFor(expression, context, quiet)
    default:
      return expression
  }
}

function foldCall(call: Expression & { kind: 'call' }, context: EvaluationContext, quiet: EvaluationContext): Expression {
  const definition = findFunction(call, context)
  const expanded = definition?.kind === 'form' ? definition.expand?.(call, context) : undefined
  if (expanded) return foldIn(expanded, context, quiet)
  if (definition?.kind === 'function' && definition.purity === 'plan') {
    fail(context, {
      code: 'hcl/plan-only-function',
      summary: `${call.name}() can only use what is known when you plan`,
      detail:
        'It reads something of the machine that plans, and an argument is known only when a flow runs. Give it a value that is known, or pass what it should read as an input.',
      subject: call.range,
    })
  }
  // What try() passes over never takes part, and it may name things that a run does not know.
  const kept = call.name === 'try' ? call.arguments.filter(argument => !isInvalid(evaluate(argument, quiet))) : call.arguments
  const parts = (kept.length === 0 ? call.arguments : kept).map(argument => foldIn(argument, context, quiet))
  return { ...call, arguments: parts }
}

function foldConditional(
  expression: Expression & { kind: 'conditional' },
  context: EvaluationContext,
  quiet: EvaluationContext,
): Expression {
  const condition = evaluate(expression.condition, quiet)
  const { whenTrue, whenFalse } = expression
  if (condition.kind === 'bool') {
    const [chosen, other] = condition.value ? [whenTrue, whenFalse] : [whenFalse, whenTrue]
    const otherValue = evaluate(other, quiet)
    if (isInvalid(otherValue) || keepsType(evaluate(chosen, quiet), otherValue)) return foldIn(chosen, context, quiet)
  }
  const inner = (part: Expression) => foldIn(part, context, quiet)
  return { ...expression, condition: inner(expression.condition), whenTrue: inner(whenTrue), whenFalse: inner(whenFalse) }
}

/** The body is folded once for all elements, with the variables of the loop unknown. */
function foldFor(expression: Expression & { kind: 'for' }, context: EvaluationContext, quiet: EvaluationContext): Expression {
  const [loop, quietLoop] = loopContexts(expression, context, quiet)
  const condition = expression.condition && evaluate(expression.condition, quietLoop)
  if (condition?.kind === 'bool' && !condition.value)
    return expression.keyResult ? emptyObject(expression) : { kind: 'tuple', items: [], range: expression.range }
  return {
    ...expression,
    collection: foldIn(expression.collection, context, quiet),
    ...(expression.keyResult && { keyResult: foldIn(expression.keyResult, loop, quietLoop) }),
    valueResult: foldIn(expression.valueResult, loop, quietLoop),
    ...(expression.condition && { condition: foldIn(expression.condition, loop, quietLoop) }),
  }
}

function emptyObject({ range }: Expression): Expression {
  return { kind: 'object', items: [], range }
}

function loopContexts(
  header: TemplateFor | (Expression & { kind: 'for' }),
  context: EvaluationContext,
  quiet: EvaluationContext,
): readonly [EvaluationContext, EvaluationContext] {
  const scope = scopeOf(unknownVariables(header, evaluate(header.collection, quiet)), context.scope)
  return [
    { ...context, scope },
    { ...quiet, scope },
  ]
}

function foldPart(part: TemplatePart, context: EvaluationContext, quiet: EvaluationContext): readonly TemplatePart[] {
  switch (part.kind) {
    case 'text':
      return [part]
    case 'interpolation': {
      const text = insertedText(evaluate(part.expression, quiet))
      if (text !== undefined) return [{ kind: 'text', text, range: part.range }]
      const expression = foldIn(part.expression, context, quiet)
      // A file that is included is the same text as if it stood here.
      return expression.kind === 'template' && !expression.isWrap ? expression.parts : [{ ...part, expression }]
    }
    case 'if':
      return foldIf(part, context, quiet)
    case 'for': {
      const [loop, quietLoop] = loopContexts(part, context, quiet)
      return [{ ...part, collection: foldIn(part.collection, context, quiet), body: foldParts(part.body, loop, quietLoop) }]
    }
  }
}

function foldIf(part: TemplateIf, context: EvaluationContext, quiet: EvaluationContext): readonly TemplatePart[] {
  const condition = evaluate(part.condition, quiet)
  if (condition.kind === 'bool') return foldParts(condition.value ? part.whenTrue : part.whenFalse, context, quiet)
  return [
    {
      ...part,
      condition: foldIn(part.condition, context, quiet),
      whenTrue: foldParts(part.whenTrue, context, quiet),
      whenFalse: foldParts(part.whenFalse, context, quiet),
    },
  ]
}

function foldParts(parts: readonly TemplatePart[], context: EvaluationContext, quiet: EvaluationContext): readonly TemplatePart[] {
  return joinTexts(parts.flatMap(part => foldPart(part, context, quiet)))
}

function insertedText(value: Value): string | undefined {
  switch (value.kind) {
    case 'string':
      return value.value
    case 'number':
      return formatNumber(value.value)
    case 'bool':
      return String(value.value)
    default:
      return undefined
  }
}

/** Neighbouring texts become one; what was stripped at its outer ends stays known. */
function joinTexts(parts: readonly TemplatePart[]): readonly TemplatePart[] {
  const joined: TemplatePart[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (part.kind === 'text' && part.text === '' && part.strippedStart === undefined && part.strippedEnd === undefined) continue
    if (part.kind !== 'text' || last?.kind !== 'text') {
      joined.push(part)
      continue
    }
    const { strippedEnd: _, ...start } = last
    const end = part.strippedEnd === undefined ? {} : { strippedEnd: part.strippedEnd }
    joined[joined.length - 1] = { ...start, ...end, text: last.text + part.text, range: { ...last.range, end: part.range.end } }
  }
  return joined
}
