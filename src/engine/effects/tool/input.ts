import type { JsonSchema } from '../../../artifact/json-schema.ts'
import type { ValidationSpec } from '../../../artifact/prompt.ts'
import type { ToolSpec } from '../../../artifact/tool.ts'
import { isJsonObject, type JsonValue } from '../../../base/json.ts'
import type { Value } from '../../../hcl/value.ts'
import { failedValidations } from '../../prompt/input.ts'
import { completed } from '../../schema-defaults.ts'
import type { Violation } from '../../schema-validator.ts'
import { typedValue } from '../../typed-value.ts'
import type { ToolCall, ToolDependencies } from './call.ts'
import { type ToolCode, ToolFailure } from './failure.ts'

/** The input with what the tool binds and with its defaults. @throws ToolFailure `tool/invalid-input` */
export async function checkedToolInput(
  given: JsonValue,
  spec: ToolSpec,
  address: string,
  dependencies: ToolDependencies,
): Promise<ToolCall['input']> {
  const bound = dependencies.language.value(spec.bind ?? {}, {})
  const all = { ...(isJsonObject(given) && given), ...(isJsonObject(bound) && bound) }
  // What an MCP server takes is its own business unless the block says it.
  const schema = spec.input ?? (spec.mcp ? undefined : NOTHING)
  const form = {
    code: 'tool/invalid-input',
    what: `The input of ${address}`,
    root: 'input',
    schema,
    validations: spec.input_validation,
  } as const
  const { json, value } = await checked(all, form, dependencies)
  return { json: isJsonObject(json) ? json : {}, value }
}

const NOTHING: JsonSchema = { type: 'object', properties: {}, additionalProperties: false }

/** The result as the tool declares it. @throws ToolFailure `tool/invalid-output` */
export async function checkedToolOutput(
  given: JsonValue,
  spec: ToolSpec,
  address: string,
  dependencies: ToolDependencies,
): Promise<JsonValue> {
  const { output: schema, output_validation: validations } = spec
  const form = { code: 'tool/invalid-output', what: `The result of ${address}`, root: 'output', schema, validations } as const
  return (await checked(given, form, dependencies)).json
}

interface Form {
  readonly code: ToolCode
  readonly what: string
  readonly root: 'input' | 'output'
  readonly schema: JsonSchema | undefined
  readonly validations: readonly ValidationSpec[] | undefined
}

async function checked(
  given: JsonValue,
  { code, what, root, schema, validations = [] }: Form,
  { validator, language }: ToolDependencies,
): Promise<{ readonly json: JsonValue; readonly value: Value }> {
  const refuse = (problems: readonly string[]) => new ToolFailure(code, `${what} does not fit: ${problems.join('; ')}`)
  const json = completed(given, schema)
  const violations = schema === undefined ? [] : (await validator()).violations(schema, json)
  if (violations.length > 0) throw refuse(violations.map(violationText))
  const value = typedOr(json, schema, refuse)
  const failed = failedValidations(validations, { [root]: value }, language)
  if (failed.length > 0) throw refuse(failed)
  return { json, value }
}

function typedOr(json: JsonValue, schema: JsonSchema | undefined, refuse: (problems: readonly string[]) => ToolFailure): Value {
  try {
    return typedValue(json, schema)
  } catch (error) {
    if (error instanceof RangeError) throw refuse([error.message])
    throw error
  }
}

/** Where, and what is expected there; what is there instead is content, and stays out of errors. */
function violationText({ path, text }: Violation): string {
  const at = text.lastIndexOf(', expected ')
  const where = path === '' ? 'it' : path
  return at < 0 || !text.startsWith('is ') ? `${where} ${text}` : `${where} is not ${text.slice(at + ', expected '.length)}`
}
