import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { ValidationSpec } from '../../artifact/prompt.ts'
import { LABEL } from '../address.ts'
import { formatBytes } from '../decode/literal.ts'
import { argument, type BodyItem, block } from './body.ts'
import { attributeTypeText, type SchemaProperty, schemaProperties, typeText } from './schema-type.ts'
import { deferredText, deferredValue, jsonText } from './text.ts'

/** `input {}` or `output {}` of a schema: fields where it has some, else a type, else the schema itself. */
export function ioBlock(
  type: 'input' | 'output',
  schema: JsonSchema | undefined,
  validations: readonly ValidationSpec[] = [],
): readonly BodyItem[] {
  if (schema === undefined) return []
  const validationBlocks = validations.map(({ condition, error_message }) =>
    block('validation', [...argument('condition', deferredValue(condition)), ...argument('error_message', deferredText(error_message))]),
  )
  return [block(type, [...declaration(type, schema), ...validationBlocks])]
}

function declaration(owner: 'input' | 'output', schema: JsonSchema): readonly BodyItem[] {
  const fields = schemaProperties(schema)?.map(property => fieldBlock(owner, property))
  if (fields && !fields.includes(undefined)) return fields.flatMap(field => field ?? [])
  const type = typeText(schema)
  return type === undefined ? argument('schema', jsonText(schema)) : argument('type', type)
}

/** The `field` blocks of a schema that was declared by fields. */
export function fieldBlocks(schema: JsonSchema, more: (field: string) => readonly BodyItem[]): readonly BodyItem[] {
  return (schemaProperties(schema) ?? []).flatMap(property => fieldBlock('output', property, more(property.name)) ?? [])
}

/** JSON Schema's keywords for `min` and `max`, by the `type` that they bound. */
const BOUNDS: Readonly<Record<string, readonly [string, string]>> = {
  number: ['minimum', 'maximum'],
  integer: ['minimum', 'maximum'],
  string: ['minLength', 'maxLength'],
  array: ['minItems', 'maxItems'],
}

/** @returns undefined for a property that no field compiles to. */
function fieldBlock(
  owner: 'input' | 'output',
  { name, schema, isRequired }: SchemaProperty,
  more: readonly BodyItem[] = [],
): BodyItem | undefined {
  const { description, pattern, examples, default: value, ...others } = schema
  const { 'x-accept': accept, 'x-max-bytes': maxBytes, 'x-sensitive': sensitive, ...rest } = others
  // A tuple has as many items as its type says.
  const [low = '', high = ''] = rest.items === false ? [] : (BOUNDS[String(rest.type)] ?? [])
  const { [low]: min, [high]: max, ...plain } = rest
  const hasDefaultArgument = owner === 'input' && value !== undefined
  const kept = hasDefaultArgument || value === undefined ? plain : { ...plain, default: value }
  const type = attributeTypeText({ name, schema: kept, isRequired: isRequired || hasDefaultArgument })
  const written = pattern === undefined ? undefined : /^\^\(\?:(.*)\)\$$/s.exec(String(pattern))?.[1]
  const isField =
    LABEL.test(name) &&
    value !== null &&
    (sensitive === undefined || owner === 'input') &&
    (pattern === undefined) === (written === undefined)
  if (type === undefined || !isField) return undefined
  return block(`field "${name}"`, [
    ...argument('type', type),
    ...argument('description', description === undefined ? undefined : jsonText(description)),
    ...argument('default', hasDefaultArgument ? jsonText(value) : undefined),
    ...argument('sensitive', sensitive === undefined ? undefined : jsonText(sensitive)),
    ...argument('accept', accept === undefined ? undefined : jsonText(accept)),
    ...argument('max_bytes', typeof maxBytes === 'number' ? jsonText(formatBytes(maxBytes)) : undefined),
    ...argument('min', min === undefined ? undefined : jsonText(min)),
    ...argument('max', max === undefined ? undefined : jsonText(max)),
    ...argument('pattern', written === undefined ? undefined : jsonText(written)),
    ...argument('examples', examples === undefined ? undefined : jsonText(examples)),
    ...more,
  ])
}
