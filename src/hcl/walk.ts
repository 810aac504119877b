import type { Attribute, Body, Expression, TemplateExpression, TemplatePart, TraversalExpression } from './ast.ts'

/** Names that a for expression or directive gives to its parts. */
type BoundNames = ReadonlySet<string>

/** One expression directly inside of another, with the names that are bound for it there. */
type Visit = (expression: Expression, bound: readonly string[]) => void

/** Calls `visit` for each expression directly inside of this one, in source order. */
export function visitChildren(expression: Expression, visit: Visit): void {
  if (expression.kind === 'template') {
    visitParts(expression.parts, visit)
    return
  }
  const bound = expression.kind === 'for' ? boundNames(expression) : []
  for (const child of childrenOf(expression)) {
    visit(child, expression.kind === 'for' && child === expression.collection ? [] : bound)
  }
}

function childrenOf(expression: Exclude<Expression, TemplateExpression>): readonly Expression[] {
  switch (expression.kind) {
    case 'relative-traversal':
      return [expression.source]
    case 'index':
      return [expression.collection, expression.key]
    case 'splat':
      return [expression.source, expression.each]
    case 'call':
      return expression.arguments
    case 'conditional':
      return [expression.condition, expression.whenTrue, expression.whenFalse]
    case 'binary':
      return [expression.left, expression.right]
    case 'unary':
      return [expression.operand]
    case 'parentheses':
      return [expression.expression]
    case 'tuple':
      return expression.items
    case 'object':
      return expression.items.flatMap(item => [item.key, item.value])
    case 'for':
      return [expression.collection, expression.keyResult, expression.valueResult, expression.condition].filter(
        child => child !== undefined,
      )
    default:
      return []
  }
}

function visitParts(parts: readonly TemplatePart[], visit: Visit): void {
  for (const part of parts) {
    switch (part.kind) {
      case 'interpolation':
        visit(part.expression, [])
        break
      case 'if':
        visit(part.condition, [])
        visitParts(part.whenTrue, visit)
        visitParts(part.whenFalse, visit)
        break
      case 'for': {
        visit(part.collection, [])
        const bound = boundNames(part)
        visitParts(part.body, (child, inner) => visit(child, [...bound, ...inner]))
        break
      }
      default:
    }
  }
}

function boundNames({ keyName, valueName }: { readonly keyName?: string; readonly valueName: string }): readonly string[] {
  return keyName === undefined ? [valueName] : [keyName, valueName]
}

/** All references of an expression, in source order, without those to names that a for around them binds. */
export function traversalsOf(expression: Expression): readonly TraversalExpression[] {
  const traversals: TraversalExpression[] = []
  collect(expression, new Set(), traversals)
  return traversals
}

function collect(expression: Expression, bound: BoundNames, traversals: TraversalExpression[]): void {
  if (expression.kind === 'traversal') {
    if (!bound.has(expression.root)) traversals.push(expression)
    return
  }
  visitChildren(expression, (child, names) => collect(child, names.length === 0 ? bound : new Set([...bound, ...names]), traversals))
}

/** The arguments of a body and of all blocks inside of it. */
export function* attributesOf(body: Body): Iterable<Attribute> {
  for (const item of body.items) {
    if (item.kind === 'attribute') yield item
    else yield* attributesOf(item.body)
  }
}
