import type { JsonSchema } from '../../artifact/json-schema.ts'
import { canonicalJson } from '../../base/canonical-json.ts'
import { isJsonObject, type JsonValue } from '../../base/json.ts'
import { toJsonSchema } from '../../hcl/json-schema.ts'
import { printString } from '../../hcl/print.ts'
import { HOST_TYPES } from '../decode/type.ts'
import { entriesText, itemsText, jsonText } from './text.ts'

const PRIMITIVES: Readonly<Record<string, string>> = { string: 'string', number: 'number', integer: 'integer', boolean: 'bool' }

/**
 * The type that compiles to exactly this schema, as configuration writes it.
 *
 * @returns undefined when no type does: somebody gave a schema of his own.
 */
export function typeText(schema: JsonValue | undefined): string | undefined {
  if (!isJsonObject(schema)) return undefined
  const { description, ...plain } = schema
  if (typeof description === 'string') return around(typeText(plain), type => `describe(${type}, ${printString(description)})`)
  if (Object.keys(schema).length === 0) return 'any'
  const host = [...HOST_TYPES].find(([, type]) => canonicalJson(toJsonSchema(type)) === canonicalJson(schema))
  if (host) return host[0]
  if (hasExactly(schema, 'type')) return PRIMITIVES[String(schema.type)]
  switch (schema.type) {
    case 'string':
      return hasExactly(schema, 'type', 'enum') ? enumText(schema.enum) : undefined
    case 'array':
      return arrayText(schema)
    case 'object':
      return hasExactly(schema, 'type', 'additionalProperties')
        ? around(typeText(schema.additionalProperties), type => `map(${type})`)
        : objectText(schema)
    default:
      return undefined
  }
}

/** A property of an object's schema. */
export interface SchemaProperty {
  readonly name: string
  readonly schema: JsonSchema
  readonly isRequired: boolean
}

/** The properties of a closed object in source order; undefined for a schema that types do not compile to. */
export function schemaProperties(schema: JsonSchema): readonly SchemaProperty[] | undefined {
  const { properties, required, 'x-order': order } = schema
  if (!hasExactly(schema, 'type', 'additionalProperties', 'required', 'x-order', 'properties')) return undefined
  if (schema.type !== 'object' || schema.additionalProperties !== false || !isJsonObject(properties)) return undefined
  if (!isTexts(order) || !isTexts(required) || canonicalJson([...order].sort()) !== canonicalJson(Object.keys(properties).sort()))
    return undefined
  if (canonicalJson(order.filter(name => required.includes(name))) !== canonicalJson(required)) return undefined
  const found = order.flatMap(name => {
    const property = properties[name]
    const isRequired = required.includes(name)
    return isJsonObject(property) && !(isRequired && 'default' in property) ? [{ name, schema: property, isRequired }] : []
  })
  return found.length === order.length ? found : undefined
}

/** The type of an attribute: `optional(T, default)` where it may be left out. */
export function attributeTypeText({ schema, isRequired }: SchemaProperty): string | undefined {
  const { default: value, ...plain } = schema
  if (value === null) return undefined
  const given = value === undefined ? '' : `, ${jsonText(value)}`
  return around(typeText(plain), type => (isRequired ? type : `optional(${type}${given})`))
}

function objectText(schema: JsonSchema): string | undefined {
  const properties = schemaProperties(schema)
  const types = properties?.map(attributeTypeText)
  if (properties === undefined || types === undefined || types.includes(undefined)) return undefined
  return `object(${entriesText(properties.map(({ name }, index) => [name, types[index] ?? '']))})`
}

function arrayText(schema: JsonSchema): string | undefined {
  const { items, prefixItems = [], minItems, maxItems } = schema
  if (items === false && Array.isArray(prefixItems)) {
    const others = prefixItems.length === 0 ? [] : ['prefixItems']
    const isTuple =
      hasExactly(schema, 'type', 'items', 'minItems', 'maxItems', ...others) &&
      minItems === prefixItems.length &&
      maxItems === prefixItems.length
    const types = prefixItems.map(typeText)
    return isTuple && !types.includes(undefined) ? `tuple(${itemsText(types.map(type => type ?? ''))})` : undefined
  }
  if (hasExactly(schema, 'type', 'items')) return around(typeText(items), type => `list(${type})`)
  const isSet = hasExactly(schema, 'type', 'items', 'uniqueItems') && schema.uniqueItems === true
  return isSet ? around(typeText(items), type => `set(${type})`) : undefined
}

function enumText(values: JsonValue | undefined): string | undefined {
  return isTexts(values) && values.length > 0 && new Set(values).size === values.length ? `enum(${jsonText(values)})` : undefined
}

function isTexts(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function hasExactly(schema: JsonSchema, ...names: readonly string[]): boolean {
  return Object.keys(schema).length === names.length && names.every(name => Object.hasOwn(schema, name))
}

function around(type: string | undefined, write: (type: string) => string): string | undefined {
  return type === undefined ? undefined : write(type)
}
