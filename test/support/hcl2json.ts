import type { Body, Expression, TemplatePart } from '../../src/hcl/ast.ts'
import { formatNumber } from '../../src/hcl/number-text.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** hcl2json evaluates a sign before a literal, and refuses `!0`; it panics at a null in a template, or drops it. */
export class Unanswerable extends Error {}

/**
 * A body in the shape that hcl2json gives it: literals as JSON, other expressions as their source in `${…}`, templates as
 * text, blocks as lists under their type and labels.
 */
export function bodyJson(body: Body): Json {
  const json: Record<string, unknown> = {}
  for (const item of body.items) {
    if (item.kind === 'attribute') {
      json[item.name] = expressionJson(item.expression)
      continue
    }
    let parent = json
    const path = [item.type, ...item.labels.map(({ text }) => text)]
    for (const name of path.slice(0, -1)) {
      parent[name] ??= {}
      parent = parent[name] as Record<string, unknown>
    }
    const last = path.at(-1) ?? ''
    parent[last] = [...((parent[last] as unknown[]) ?? []), bodyJson(item.body)]
  }
  return json as Json
}

function expressionJson(expression: Expression): Json {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'unary': {
      const { operator, operand } = expression
      if (operand.kind !== 'literal') return wrapped(expression)
      if (operator === '-' && typeof operand.value === 'number') return -operand.value
      if (operator === '!' && typeof operand.value === 'boolean') return !operand.value
      throw new Unanswerable()
    }
    case 'template': {
      const [part] = expression.parts
      return expression.isWrap && part?.kind === 'interpolation' ? expressionJson(part.expression) : partsText(expression.parts)
    }
    case 'tuple':
      return expression.items.map(expressionJson)
    case 'object':
      return Object.fromEntries(expression.items.map(({ key, value }) => [keyText(key), expressionJson(value)]))
    default:
      return wrapped(expression)
  }
}

function keyText(key: Expression): string {
  if (key.kind === 'literal') return String(key.value)
  return key.kind === 'template' ? templateText(key) : wrapped(key)
}

function sourceOf({ range }: Expression): string {
  return range.source.text.slice(range.start, range.end)
}

function wrapped(expression: Expression): string {
  return `\${${sourceOf(expression)}}`
}

function partsText(parts: readonly TemplatePart[]): string {
  return parts.map(partText).join('')
}

function partText(part: TemplatePart): string {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'interpolation':
      return templateText(part.expression)
    case 'if':
      return conditionText(part.condition, partsText(part.whenTrue), partsText(part.whenFalse))
    case 'for': {
      const names = part.keyName === undefined ? part.valueName : `${part.keyName}, ${part.valueName}`
      return `%{for ${names} in ${sourceOf(part.collection)}}${partsText(part.body)}%{endfor}`
    }
  }
}

/** hcl2json does not tell `${a ? b : c}` from `%{ if a }`, and joins templates inside of templates. */
function templateText(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      if (expression.value === null) throw new Unanswerable()
      return typeof expression.value === 'number' ? formatNumber(expression.value) : String(expression.value)
    case 'template':
      return partsText(expression.parts)
    case 'conditional':
      return conditionText(expression.condition, templateText(expression.whenTrue), templateText(expression.whenFalse))
    default:
      return wrapped(expression)
  }
}

function conditionText(condition: Expression, whenTrue: string, whenFalse: string): string {
  const otherwise = whenFalse === '' ? '' : `%{else}${whenFalse}`
  return `%{if ${sourceOf(condition)}}${whenTrue}${otherwise}%{endif}`
}
