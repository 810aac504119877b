import { InvariantFailure } from '../base/invariant.ts'
import type {
  BinaryOperator,
  CallExpression,
  Expression,
  ForExpression,
  LiteralExpression,
  ObjectExpression,
  ObjectItem,
  RelativeTraversalExpression,
  SplatExpression,
  TemplatePart,
  TraversalStep,
} from './ast.ts'
import { isIdentifier } from './character.ts'
import { printParts, printString } from './print-template.ts'

export { printString } from './print-template.ts'

/**
 * The canonical text of an expression: one line, no comments, heredocs as quoted strings, parentheses only where they
 * are needed. Parsing it gives the same tree, apart from ranges and parentheses.
 */
export function printExpression(expression: Expression): string {
  return print(expression, ANY)
}

/**
 * The text of a template whose parts these are, as a file would hold it: `parseTemplate` reads it back. A template that
 * is one interpolation alone is printed so that it stays a text; one that keeps its type is an expression, not a template.
 */
export function printTemplateText(parts: readonly TemplatePart[]): string {
  return printParts(parts, printExpression, false, false)
}

/** How tight an expression must bind to stand without parentheses. */
const ANY = 0
const CONDITION = 1
const UNARY = 7
const POSTFIX = 8

const precedences: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '>': 4,
  '<=': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
}

function precedenceOf(expression: Expression): number {
  switch (expression.kind) {
    case 'conditional':
      return ANY
    case 'binary':
      return precedences[expression.operator]
    case 'unary':
      return UNARY
    case 'literal':
      return typeof expression.value === 'number' && isNegative(expression.value) ? UNARY : POSTFIX
    default:
      return POSTFIX
  }
}

function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0)
}

function print(expression: Expression, least: number): string {
  if (expression.kind === 'parentheses') return print(expression.expression, least)
  const text = printBare(expression)
  return precedenceOf(expression) < least ? `(${text})` : text
}

function printBare(expression: Exclude<Expression, { kind: 'parentheses' }>): string {
  switch (expression.kind) {
    case 'literal':
      return printLiteral(expression)
    case 'template':
      return `"${printParts(expression.parts, printExpression, true, expression.isWrap)}"`
    case 'traversal':
      return expression.root + expression.steps.map(printStep).join('')
    case 'relative-traversal':
      return printRelative(expression)
    case 'index':
      return `${printSource(expression.collection, isFullSplat)}[${print(expression.key, ANY)}]`
    case 'splat':
      return printSplat(expression)
    case 'call':
      return printCall(expression)
    case 'conditional':
      return `${print(expression.condition, CONDITION)} ? ${print(expression.whenTrue, ANY)} : ${print(expression.whenFalse, ANY)}`
    case 'binary': {
      const precedence = precedences[expression.operator]
      return `${print(expression.left, precedence)} ${expression.operator} ${print(expression.right, precedence + 1)}`
    }
    case 'unary':
      return expression.operator + print(expression.operand, UNARY)
    case 'tuple':
      return `[${expression.items.map((item, i) => (i === 0 ? protectFor(printExpression(item)) : printExpression(item))).join(', ')}]`
    case 'object':
      return printObject(expression)
    case 'for':
      return printFor(expression)
    case 'anonymous':
      return ''
    case 'invalid':
      throw new InvariantFailure('hcl/print-invalid', 'an expression with a syntax error was to be printed')
  }
}

function printLiteral({ value }: LiteralExpression): string {
  if (typeof value === 'string') return printString(value)
  // Without an exponent it would be a whole number that is too large to be exact.
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return value.toExponential()
  return Object.is(value, -0) ? '-0' : String(value)
}

function printStep(step: TraversalStep): string {
  if (step.kind === 'attribute' && typeof step.key === 'string' && isIdentifier(step.key)) return `.${step.key}`
  return `[${typeof step.key === 'number' ? step.key : printString(step.key)}]`
}

function withoutParentheses(expression: Expression): Exclude<Expression, { kind: 'parentheses' }> {
  return expression.kind === 'parentheses' ? withoutParentheses(expression.expression) : expression
}

/** What something is read from; parentheses keep apart what would join with the steps after it. */
function printSource(source: Expression, joins: (source: Expression) => boolean): string {
  const bare = withoutParentheses(source)
  const isNumber = bare.kind === 'literal' && typeof bare.value === 'number'
  return isNumber || joins(bare) ? `(${printExpression(bare)})` : print(bare, POSTFIX)
}

function isFullSplat(source: Expression): boolean {
  return source.kind === 'splat' && source.form === 'full'
}

function printRelative({ source, steps }: RelativeTraversalExpression): string {
  const joins = (bare: Expression) => bare.kind === 'traversal' || bare.kind === 'relative-traversal' || bare.kind === 'splat'
  return (
    printSource(source, source.kind === 'splat' && source.form === 'attribute' && steps[0]?.kind === 'index' ? isFullSplat : joins) +
    steps.map(printStep).join('')
  )
}

function printSplat({ form, source, each }: SplatExpression): string {
  if (form === 'full') return `${printSource(source, isFullSplat)}[*]${printExpression(each)}`
  const steps = each.kind === 'relative-traversal' ? each.steps : []
  // In brackets an index would be one of the result; two numbers in a row are kept apart, or they would be one with a point.
  const printed = steps.map((step, i) => `${typeof step.key === 'number' && typeof steps[i - 1]?.key === 'number' ? ' ' : ''}.${step.key}`)
  return `${printSource(source, bare => bare.kind === 'splat')}.*${printed.join('')}`
}

function printCall(call: CallExpression): string {
  return `${call.name}(${call.arguments.map(printExpression).join(', ')}${call.expandFinal ? '...' : ''})`
}

/** A name `for` at the start of a list would begin a for expression. */
function protectFor(item: string): string {
  return /^for(?![\p{ID_Continue}-])/u.test(item) ? `(${item})` : item
}

function printObject({ items }: ObjectExpression): string {
  if (items.length === 0) return '{}'
  return `{ ${items.map(printItem).join(', ')} }`
}

function printItem({ key, value }: ObjectItem): string {
  return `${printKey(key)} = ${print(value, ANY)}`
}

function printKey(key: Expression): string {
  const text = keyText(key)
  if (text !== undefined) return isIdentifier(text) && text !== 'for' ? text : printString(text)
  if (key.kind === 'template' || (key.kind === 'literal' && typeof key.value === 'number' && !isNegative(key.value))) return printBare(key)
  return `(${printExpression(key)})`
}

/** The key where it is a plain text. */
function keyText(key: Expression): string | undefined {
  if (key.kind === 'literal' && typeof key.value === 'string') return key.value
  if (key.kind !== 'template' || key.isWrap) return undefined
  if (key.parts.length > 1) return undefined
  const [part] = key.parts
  if (part === undefined) return ''
  return part.kind === 'text' ? part.text : undefined
}

function printFor(expression: ForExpression): string {
  const names = expression.keyName === undefined ? expression.valueName : `${expression.keyName}, ${expression.valueName}`
  const condition = expression.condition ? ` if ${printExpression(expression.condition)}` : ''
  const introduction = `for ${names} in ${printExpression(expression.collection)} :`
  const value = printExpression(expression.valueResult) + (expression.group ? '...' : '') + condition
  if (!expression.keyResult) return `[${introduction} ${value}]`
  return `{ ${introduction} ${printExpression(expression.keyResult)} => ${value} }`
}
