import type { PromptSpec, ValidationSpec } from '../../artifact/prompt.ts'
import { isJsonObject, type JsonValue } from '../../base/json.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { Value } from '../../hcl/value.ts'
import type { DeferredLanguage, Names } from '../deferred.ts'
import { completed } from '../schema-defaults.ts'
import type { SchemaValidator, Violation } from '../schema-validator.ts'
import { typedValue } from '../typed-value.ts'

/** An input that fits, with its defaults, as JSON and as a value for expressions. */
export interface CheckedInput {
  readonly json: JsonValue
  readonly value: Value
}

/**
 * @param address of the flow, for messages.
 * @throws OperationError `run/invalid-input`, with every violation.
 */
export async function checkedInput(
  given: JsonValue,
  prompt: Pick<PromptSpec, 'input' | 'input_validation'>,
  address: string,
  language: DeferredLanguage,
  validator: () => Promise<SchemaValidator>,
): Promise<CheckedInput> {
  const { input: schema, input_validation: validations = [] } = prompt
  if (schema === undefined) {
    const extra = isJsonObject(given) ? Object.keys(given) : []
    if (extra.length > 0 || (given !== null && !isJsonObject(given))) throw misfit(address, noInput(extra))
    return { json: {}, value: typedValue({}, undefined) }
  }
  const json = completed(given, schema)
  const violations = (await validator()).violations(schema, json)
  if (violations.length > 0) throw misfit(address, violations)
  const value = typedOrMisfit(json, schema, address)
  const failed = failedValidations(validations, { input: value }, language)
  if (failed.length > 0)
    throw misfit(
      address,
      failed.map(text => ({ path: '', text })),
    )
  return { json, value }
}

/** The messages of the conditions that do not hold. */
export function failedValidations(validations: readonly ValidationSpec[], names: Names, language: DeferredLanguage): readonly string[] {
  return validations
    .filter(({ condition }) => language.value(condition, names) !== true)
    .map(({ error_message }) => language.text(error_message, names))
}

/** Each violation on a line, paths in a column: `lang     is 7, expected string`. */
export function violationLines(violations: readonly Violation[]): readonly string[] {
  const width = Math.max(...violations.map(({ path }) => path.length))
  return violations.map(({ path, text }) => (width === 0 ? text : `${path.padEnd(width)}  ${text}`))
}

function noInput(extra: readonly string[]): readonly Violation[] {
  if (extra.length === 0) return [{ path: '', text: 'it takes no input' }]
  return extra.map(path => ({ path, text: 'is not known: it takes no input' }))
}

function typedOrMisfit(json: JsonValue, schema: NonNullable<PromptSpec['input']>, address: string): Value {
  try {
    return typedValue(json, schema)
  } catch (error) {
    if (error instanceof RangeError) throw misfit(address, [{ path: '', text: error.message }])
    throw error
  }
}

function misfit(address: string, violations: readonly Violation[]): OperationError {
  return new OperationError({
    code: 'run/invalid-input',
    summary: `The input of ${address} does not fit`,
    notes: violationLines(violations),
    detail: 'No run was made.',
  })
}
