import { InvariantFailure } from '../base/invariant.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { ANY, BOOL, INTEGER, listOf, mapOf, NUMBER, type ObjectAttribute, type ObjectType, STRING, type Type, tupleOf } from './type.ts'

/**
 * A type as JSON Schema 2020-12 (blocks.md 1.5): objects are closed, what is not optional is required, and `x-order`
 * keeps the source order of attributes, because canonical JSON sorts keys and a model writes fields in schema order.
 */
export function toJsonSchema(type: Type): JsonObject {
  switch (type.kind) {
    case 'string':
      return { type: 'string' }
    case 'number':
      return { type: 'number' }
    case 'integer':
      return { type: 'integer' }
    case 'bool':
      return { type: 'boolean' }
    case 'any':
      return {}
    case 'list':
      return { type: 'array', items: toJsonSchema(type.element) }
    case 'set':
      return { type: 'array', items: toJsonSchema(type.element), uniqueItems: true }
    case 'map':
      return { type: 'object', additionalProperties: toJsonSchema(type.element) }
    case 'tuple': {
      const { length } = type.elements
      // An empty prefixItems is not allowed.
      const prefix: JsonObject = length === 0 ? {} : { prefixItems: type.elements.map(toJsonSchema) }
      return { type: 'array', ...prefix, items: false, minItems: length, maxItems: length }
    }
    case 'object':
      return objectSchema(type)
    case 'enum':
      return { type: 'string', enum: type.values }
    case 'described':
      return { ...toJsonSchema(type.type), description: type.description }
    case 'capsule':
      throw new InvariantFailure('hcl/capsule-schema', `${type.name} has no JSON Schema`)
  }
}

function objectSchema(type: ObjectType): JsonObject {
  const names = [...type.attributes.keys()]
  const properties = [...type.attributes].map(([name, attribute]): [string, JsonValue] => {
    const schema = toJsonSchema(attribute.type)
    return [name, attribute.default === undefined ? schema : { ...schema, default: attribute.default }]
  })
  return {
    type: 'object',
    additionalProperties: false,
    required: names.filter(name => type.attributes.get(name)?.optional === false),
    'x-order': names,
    properties: Object.fromEntries(properties),
  }
}

/** Levels of a schema that are read; what is deeper is `any`. */
const MAX_SCHEMA_DEPTH = 50

/**
 * The type that a JSON Schema describes, as well as types can: what they cannot say (`anyOf`, patterns, references)
 * is `any`, or left out. Used to check `input.x` where a prompt gives its own schema.
 */
export function fromJsonSchema(schema: JsonValue): Type {
  return typeOfSchema(schema, 0)
}

function typeOfSchema(schema: JsonValue | undefined, depth: number): Type {
  if (!isJsonObject(schema) || depth > MAX_SCHEMA_DEPTH) return ANY
  const type = plainTypeOfSchema(schema, depth)
  return typeof schema.description === 'string' && type.kind !== 'any' ? { kind: 'described', type, description: schema.description } : type
}

function plainTypeOfSchema(schema: JsonObject, depth: number): Type {
  switch (mainType(schema)) {
    case 'string':
      return enumOf(schema.enum) ?? STRING
    case 'number':
      return NUMBER
    case 'integer':
      return INTEGER
    case 'boolean':
      return BOOL
    case 'array':
      if (isArray(schema.prefixItems)) return tupleOf(schema.prefixItems.map(item => typeOfSchema(item, depth + 1)))
      return schema.items === false ? tupleOf([]) : listOf(typeOfSchema(schema.items, depth + 1))
    case 'object':
      return objectOfSchema(schema, depth)
    default:
      return enumOf(schema.enum) ?? ANY
  }
}

/** `["string", "null"]` is a string that may be null: types say that at the attribute, not here. */
function mainType(schema: JsonObject): JsonValue | undefined {
  if (!isArray(schema.type)) return schema.type
  const types = schema.type.filter(type => type !== 'null')
  return types.length === 1 ? types[0] : undefined
}

function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function enumOf(values: JsonValue | undefined): Type | undefined {
  if (!isArray(values)) return undefined
  const strings = values.filter(value => typeof value === 'string')
  return strings.length > 0 && strings.length === values.length ? { kind: 'enum', values: strings } : undefined
}

function objectOfSchema(schema: JsonObject, depth: number): Type {
  const { properties, required, additionalProperties } = schema
  if (!isJsonObject(properties)) return isJsonObject(additionalProperties) ? mapOf(typeOfSchema(additionalProperties, depth + 1)) : ANY
  const order = isArray(schema['x-order'])
    ? schema['x-order'].filter(name => typeof name === 'string' && Object.hasOwn(properties, name))
    : []
  const names = new Set([...order.map(String), ...Object.keys(properties)])
  const attributes = new Map(
    [...names].map(name => [name, attributeOfSchema(properties[name], isArray(required) && required.includes(name), depth)]),
  )
  return { kind: 'object', attributes }
}

function attributeOfSchema(schema: JsonValue | undefined, isRequired: boolean, depth: number): ObjectAttribute {
  const type = typeOfSchema(schema, depth + 1)
  const isNullable = isJsonObject(schema) && isArray(schema.type) && schema.type.includes('null')
  if (isRequired && !isNullable) return { type, optional: false }
  const value = isJsonObject(schema) ? schema.default : undefined
  return value === undefined || value === null ? { type, optional: true } : { type, optional: true, default: value }
}
