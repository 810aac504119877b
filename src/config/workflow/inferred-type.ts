import type { JsonObject } from '../../base/json.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import { toJsonSchema } from '../../hcl/json-schema.ts'
import { ANY, listOf, type ObjectAttribute, plainType, type Type } from '../../hcl/type.ts'
import { unify } from '../../hcl/unify.ts'
import { typeOf, type Value } from '../../hcl/value.ts'
import { conversionSentence } from '../decode/conversion.ts'
import type { BlockSite } from '../decode/site.ts'
import { attemptFit } from './fit.ts'

/** The type of a value that a run computes, as far as it is known now; what may be null is optional in the object around it. */
export function valueType(value: Value): Type {
  switch (value.kind) {
    case 'object':
      return { kind: 'object', attributes: new Map([...value.entries].map(([name, member]) => [name, attributeType(member)])) }
    case 'tuple':
      return listOf(unify(value.items.map(valueType)) ?? ANY)
    case 'null':
      return ANY
    default:
      return typeOf(value)
  }
}

function attributeType(value: Value): ObjectAttribute {
  return { type: valueType(value), optional: value.kind === 'null' || (value.kind === 'unknown' && value.nullable) }
}

/** Whether the value may be of the type; `workflow/type-mismatch` where it never is. */
export function checkType(value: Value, type: Type, what: string, subject: SourceRange, site: BlockSite): boolean {
  const converted = attemptFit(value, type)
  if (converted.ok) return true
  site.report.error({
    code: 'workflow/type-mismatch',
    summary: `${what} does not fit its type`,
    detail: conversionSentence(converted.failure),
    subject,
    where: site.where,
    address: site.address,
  })
  return false
}

/** The schema of such a value: what is optional may be absent or null, for a skipped node is null. */
export function inferredSchema(value: Value): JsonObject {
  const schema = schemaOf(valueType(value))
  return value.kind === 'unknown' && value.nullable ? nullable(schema) : schema
}

function schemaOf(declared: Type): JsonObject {
  if (declared.kind === 'described') return { ...schemaOf(declared.type), description: declared.description }
  const type = declared.kind === 'integer' || declared.kind === 'enum' ? declared : plainType(declared)
  switch (type.kind) {
    case 'object': {
      const names = [...type.attributes.keys()]
      const properties = [...type.attributes].map(([name, attribute]) => {
        const schema = schemaOf(attribute.type)
        return [name, attribute.optional ? nullable(schema) : schema] as const
      })
      return {
        type: 'object',
        additionalProperties: false,
        required: names.filter(name => type.attributes.get(name)?.optional === false),
        'x-order': names,
        properties: Object.fromEntries(properties),
      }
    }
    case 'list':
      return { type: 'array', items: schemaOf(type.element) }
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(type.element) }
    default:
      return toJsonSchema(type)
  }
}

function nullable(schema: JsonObject): JsonObject {
  if (typeof schema.type !== 'string') return schema
  const values = schema.enum
  return { ...schema, type: [schema.type, 'null'], ...(Array.isArray(values) ? { enum: [...values, null] } : {}) }
}
