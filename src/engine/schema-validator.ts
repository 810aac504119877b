import type { ErrorObject, ValidateFunction } from 'ajv'
import type { JsonSchema } from '../artifact/json-schema.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { suggest } from '../base/suggest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'

/** One place where a value does not fit its schema. */
export interface Violation {
  /** `lines[0].text`; empty for the whole. */
  readonly path: string
  /** After the path: `is missing (string)`, `is 7, expected string`. */
  readonly text: string
}

export interface SchemaValidator {
  /**
   * All violations: missing fields first, then unknown ones, then wrong values.
   *
   * @throws OperationError `run/bad-schema`
   */
  violations(schema: JsonSchema, value: JsonValue): readonly Violation[]
}

/** Of a value that is wrong throughout, more would say nothing more. */
const MAX_VIOLATIONS = 20
const MAX_SHOWN_VALUE = 60

/** Loads ajv: 40 ms, which a prompt without types does not pay. */
export async function loadSchemaValidator(): Promise<SchemaValidator> {
  const [{ Ajv2020 }, { RE2JS }] = await Promise.all([import('ajv/dist/2020.js'), import('re2js')])
  // A pattern meets text from outside: it must run in linear time.
  const linear = (pattern: string) => {
    const expression = RE2JS.compile(pattern)
    // ajv shares what it compiled by this text.
    return { test: (text: string) => expression.matcher(text).find(), toString: () => pattern }
  }
  const regExp = Object.assign(linear, { code: 'linear' })
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false, validateFormats: false, logger: false, code: { regExp } })
  ajv.addKeyword({ keyword: 'x-max-bytes', schemaType: 'number', validate: (limit: number, value: unknown) => sizeOf(value) <= limit })
  ajv.addKeyword({
    keyword: 'x-accept',
    schemaType: 'array',
    validate: (types: readonly string[], value: unknown) => isAccepted(value, types),
  })
  const compiled = new WeakMap<JsonSchema, ValidateFunction>()
  const compile = (schema: JsonSchema) => {
    const known = compiled.get(schema)
    if (known) return known
    try {
      // Without its $id: ajv keeps one schema per id, and two versions of a prompt may share it.
      const { $id: _, ...anonymous } = schema
      const validate = ajv.compile(anonymous)
      compiled.set(schema, validate)
      return validate
    } catch (error) {
      throw badSchema(error)
    }
  }
  return {
    violations(schema, value) {
      const validate = compile(schema)
      if (validate(value)) return []
      const ranked = tellingErrors(validate.errors ?? []).map(error => ({
        rank: RANKS[error.keyword] ?? 2,
        violation: violationOf(error, value),
      }))
      return ranked
        .sort((a, b) => a.rank - b.rank)
        .map(({ violation }) => violation)
        .slice(0, MAX_VIOLATIONS)
    },
  }
}

const RANKS: Readonly<Record<string, number>> = { required: 0, additionalProperties: 1, unevaluatedProperties: 1 }

/** A choice that failed says so once; what each of its branches wanted is left out. */
function tellingErrors(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choices = errors.filter(error => error.keyword === 'anyOf' || error.keyword === 'oneOf').map(error => `${error.schemaPath}/`)
  return errors.filter(error => !choices.some(path => error.schemaPath.startsWith(path)))
}

function violationOf(error: ErrorObject, root: JsonValue): Violation {
  const path = pathText(error.instancePath, root)
  const { params, data } = error
  const parent: JsonObject = isJsonObject(error.parentSchema) ? error.parentSchema : {}
  const properties = isJsonObject(parent.properties) ? parent.properties : {}
  switch (error.keyword) {
    case 'required':
      return {
        path: join(path, String(params.missingProperty)),
        text: `is missing (${schemaTypeText(properties[params.missingProperty])})`,
      }
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params.additionalProperty ?? params.unevaluatedProperty)
      const [near] = suggest(name, Object.keys(properties))
      return { path: join(path, name), text: near === undefined ? 'is not known' : `is not known. Did you mean ${near}?` }
    }
    default:
      return {
        path,
        text: `is ${parent['x-sensitive'] === true ? '(sensitive)' : valueText(data)}, expected ${expectation(error, parent)}`,
      }
  }
}

function expectation({ keyword, params, message }: ErrorObject, schema: JsonObject): string {
  switch (keyword) {
    case 'type':
      return schemaTypeText(schema)
    case 'enum':
      return `one of ${params.allowedValues.map((value: JsonValue) => JSON.stringify(value)).join(', ')}`
    case 'const':
      return JSON.stringify(params.allowedValue)
    case 'minimum':
      return `at least ${params.limit}`
    case 'maximum':
      return `at most ${params.limit}`
    case 'minLength':
      return `at least ${counted(params.limit, 'character')}`
    case 'maxLength':
      return `at most ${counted(params.limit, 'character')}`
    case 'minItems':
      return `at least ${counted(params.limit, 'element')}`
    case 'maxItems':
      return `at most ${counted(params.limit, 'element')}`
    case 'pattern':
      return `text that matches ${params.pattern}`
    case 'uniqueItems':
      return 'no element twice'
    case 'anyOf':
    case 'oneOf':
      return schemaTypeText(schema)
    case 'x-max-bytes':
      return `at most ${schema[keyword]} bytes`
    case 'x-accept':
      return `a file of type ${Array.isArray(schema[keyword]) ? schema[keyword].join(' or ') : ''}`
    default:
      return message ?? keyword
  }
}

/** Bytes of a text, or of the content of a file; others have no size. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  return isJsonObject(value) && typeof value.data === 'string' ? Buffer.byteLength(value.data, 'base64') : 0
}

/** @param types media types; `image/*` is any of image. */
function isAccepted(value: unknown, types: readonly string[]): boolean {
  if (!isJsonObject(value) || typeof value.media_type !== 'string') return true
  const given = value.media_type.toLowerCase()
  return types.some(type => (type.endsWith('/*') ? given.startsWith(type.slice(0, -1).toLowerCase()) : given === type.toLowerCase()))
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** As a type is said in a sentence: `string`, `list of string`, `one of "a", "b"`. */
export function schemaTypeText(schema: JsonValue | undefined): string {
  if (!isJsonObject(schema)) return 'any value'
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.map(value => JSON.stringify(value)).join(', ')}`
  const choices = schema.anyOf ?? schema.oneOf
  if (Array.isArray(choices)) return choices.map(schemaTypeText).join(' or ')
  const names = (Array.isArray(schema.type) ? schema.type : [schema.type]).map(name => {
    if (name === 'array') return schema.items === undefined ? 'list' : `list of ${schemaTypeText(schema.items)}`
    if (name === 'boolean') return 'bool'
    return typeof name === 'string' ? name : 'any value'
  })
  return names.join(' or ')
}

function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > MAX_SHOWN_VALUE ? `${text.slice(0, MAX_SHOWN_VALUE)}…` : text
}

/** `/lines/0/text` as it is written in the language; numbers are indexes only where the value is a list. */
function pathText(pointer: string, root: JsonValue): string {
  let path = ''
  let at: JsonValue | undefined = root
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    path = Array.isArray(at) ? `${path}[${key}]` : join(path, key)
    at = Array.isArray(at) ? at[Number(key)] : isJsonObject(at) ? at[key] : undefined
  }
  return path
}

function join(path: string, key: string): string {
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}

function badSchema(error: unknown): OperationError {
  const why = error instanceof Error ? error.message : String(error)
  return new OperationError({
    code: 'run/bad-schema',
    summary: 'A JSON Schema of the prompt cannot be used',
    notes: [why],
    detail: 'Correct the schema, or declare the type instead: type = object({ … }).',
  })
}
