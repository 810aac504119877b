import { isJsonObject, type JsonValue } from '../base/json.ts'
import { toJson } from '../hcl/json-value.ts'
import { printType } from '../hcl/type-text.ts'
import { deepMarks, isWhollyKnown, SECRET, SENSITIVE, typeOf, type Value } from '../hcl/value.ts'
import { printValue } from '../hcl/value-text.ts'
import type { Console } from '../operations/console.ts'
import { diagnosticsJson } from './diagnostic-json.ts'

/** A value as it would be written in configuration. */
export function consoleLine(value: Value): string {
  return `${printValue(value)}\n`
}

export function typeLine(value: Value): string {
  return `${printType(typeOf(value))}\n`
}

/** One line of `console --json`: what an editor or a script asked, answered under its id. */
export function consoleAnswer(console: Console, line: string): string {
  const asked = parseQuestion(line)
  if (asked === undefined) {
    return `${JSON.stringify({ id: null, error: 'expected {"id", "expr"} on one line' })}\n`
  }
  const result = console.evaluate(asked.expr)
  if (!result.ok) return `${JSON.stringify({ id: asked.id, diagnostics: diagnosticsJson(result.diagnostics) })}\n`
  const { value } = result
  const hidden = (deepMarks(value) & (SENSITIVE | SECRET)) !== 0
  const known = isWhollyKnown(value) && !hidden
  return `${JSON.stringify({ id: asked.id, value: known ? toJson(value, capsule => ({ $ref: capsule.label })) : null, type: printType(typeOf(value)), ...(hidden ? { sensitive: true } : {}), ...(isWhollyKnown(value) ? {} : { unknown: true }) })}\n`
}

function parseQuestion(line: string): { readonly id: JsonValue; readonly expr: string } | undefined {
  try {
    const asked: JsonValue = JSON.parse(line)
    return isJsonObject(asked) && typeof asked.expr === 'string' ? { id: asked.id ?? null, expr: asked.expr } : undefined
  } catch {
    return undefined
  }
}
