import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'

/** A JSON Schema in the words of the language, objects without their fields: `string`, `list(object)`, `enum(["a", "b"])`. */
export function schemaType(schema: JsonValue | undefined): string {
  if (!isJsonObject(schema)) return 'any'
  const [only, more] = Array.isArray(schema.type) ? schema.type.filter(type => type !== 'null') : []
  // What may be null is told of the field: it is optional.
  if (only !== undefined && more === undefined) return schemaType({ ...schema, type: only })
  if (Array.isArray(schema.enum))
    return `enum([${schema.enum
      .filter(value => value !== null)
      .map(value => JSON.stringify(value))
      .join(', ')}])`
  switch (schema.type) {
    case 'array':
      return Array.isArray(schema.prefixItems) ? 'tuple' : `${schema.uniqueItems === true ? 'set' : 'list'}(${schemaType(schema.items)})`
    case 'object':
      return isJsonObject(schema.additionalProperties) ? `map(${schemaType(schema.additionalProperties)})` : 'object'
    case 'boolean':
      return 'bool'
    default:
      return typeof schema.type === 'string' ? schema.type : 'any'
  }
}

export interface SchemaField {
  readonly name: string
  readonly schema: JsonObject
  readonly required: boolean
}

/** The fields of an object's schema in the order of their source, which `x-order` keeps. */
export function schemaFields(schema: JsonObject): readonly SchemaField[] {
  const properties = isJsonObject(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required : []
  const order = Array.isArray(schema['x-order']) ? schema['x-order'] : []
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length)
  return Object.entries(properties)
    .filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]))
    .map(([name, field]) => ({ name, schema: field, required: required.includes(name) }))
    .sort((a, b) => place(a.name) - place(b.name))
}

/** What a schema takes, on one line: `question: string, context: optional(list(string))`, or a type that is no object. */
export function schemaSummary(schema: JsonObject): string {
  if (schemaType(schema) !== 'object') return schemaType(schema)
  const fields = schemaFields(schema)
  return fields.length === 0 ? 'object' : fields.map(field => `${field.name}: ${fieldType(field)}`).join(', ')
}

/** `optional(list(string))` for a field that may be left out. */
export function fieldType(field: SchemaField): string {
  return field.required ? schemaType(field.schema) : `optional(${schemaType(field.schema)})`
}
