import type { JsonValue } from '../base/json.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { fromJson } from '../hcl/json-value.ts'
import { printValue } from '../hcl/value-text.ts'
import type { StateOutput } from '../state/state.ts'

/** `name = value`, as it would be written in configuration. */
export function outputsText(outputs: ReadonlyMap<string, StateOutput>): string {
  if (outputs.size === 0) return 'The last apply left no outputs.\n'
  return [...outputs]
    .map(([name, output]) => `${name} = ${output.sensitive ? '(sensitive)' : printValue(fromJson(output.value))}\n`)
    .join('')
}

export function outputText(value: JsonValue): string {
  return `${printValue(fromJson(value))}\n`
}

/** @throws OperationError `output/not-plain` for a list or object. */
export function outputRaw(name: string, value: JsonValue): string {
  if (typeof value !== 'object') return String(value)
  throw new OperationError({
    code: 'output/not-plain',
    summary: `Output "${name}" is not a string, number or bool`,
    detail: 'Only those have a raw form. Use --json.',
  })
}

export function outputJson(value: JsonValue): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** Terraform's shape of `output -json`. */
export function outputsJson(outputs: ReadonlyMap<string, StateOutput>): string {
  const entries = [...outputs].map(([name, output]) => [
    name,
    { sensitive: output.sensitive, type: output.type, ...(output.sensitive ? {} : { value: output.value }) },
  ])
  return `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`
}
