import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { ValidationSpec } from '../../artifact/prompt.ts'
import { isJsonObject, type JsonValue } from '../../base/json.ts'
import type { Block } from '../../hcl/ast.ts'
import { patternProblem } from '../../hcl/functions/regex.ts'
import { fromJsonSchema, toJsonSchema } from '../../hcl/json-schema.ts'
import { fromJson, toJson } from '../../hcl/json-value.ts'
import { type ObjectAttribute, type ObjectType, plainType, type Type } from '../../hcl/type.ts'
import { bool, bytes, json, number, strings, text } from '../decode/argument.ts'
import {
  type BodySpec,
  type Decoded,
  decodeBody,
  defaulted,
  enumerate,
  type Labelled,
  optional,
  repeated,
  required,
} from '../decode/body.ts'
import { attemptConversion, conversionSentence } from '../decode/conversion.ts'
import { deferredBool, deferredText } from '../decode/deferred.ts'
import type { BlockSite } from '../decode/site.ts'
import { declaredType } from '../decode/type.ts'
import { argumentRange } from './argument-range.ts'

/** What a flow takes or gives: its type for checks at plan time, its schema for the artifact. */
export interface IoDeclaration {
  readonly type: Type
  readonly schema: JsonSchema
  /** Not decoded yet: its conditions speak of the type declared here. */
  readonly validations: readonly Block[]
  readonly block: Block
}

const fieldBody = {
  arguments: {
    type: required(declaredType),
    description: optional(text()),
    default: optional(json),
    sensitive: defaulted(bool, false),
    accept: optional(strings),
    max_bytes: optional(bytes),
    min: optional(number()),
    max: optional(number()),
    pattern: optional(text()),
    examples: optional(json),
  },
} as const satisfies BodySpec

type DecodedField = Decoded<typeof fieldBody>

const validationBody = {
  arguments: { condition: required(deferredBool), error_message: required(deferredText) },
} as const satisfies BodySpec

const anyValidation = { labels: [], many: true, decode: (block: Block) => block } as const

const ioBody = {
  arguments: { type: optional(declaredType), schema: optional(json) },
  blocks: { field: repeated(fieldBody, ['name']), validation: anyValidation },
} as const satisfies BodySpec

/** Decodes `input {}` or `output {}`: fields, or a type, or a JSON Schema. */
export function decodeIo(block: Block, site: BlockSite): IoDeclaration | undefined {
  const decoded = decodeBody(block.body, ioBody, site, block)
  if (decoded === undefined) return undefined
  const given = [
    decoded.field.length > 0 ? 'field' : undefined,
    decoded.type && 'type',
    decoded.schema !== undefined ? 'schema' : undefined,
  ]
  const ways = given.filter(way => way !== undefined)
  if (ways.length > 1) {
    site.report.error({
      code: 'config/conflicting-arguments',
      summary: `"${block.type}" is declared in ${ways.length} ways: ${enumerate(ways, 'and')}`,
      detail: 'Use fields, or one type, or one JSON Schema.',
      subject: block.headerRange,
      where: site.where,
      address: site.address,
    })
    return undefined
  }
  const declared = declaration(block, decoded, site)
  return declared && { ...declared, validations: decoded.validation, block }
}

function declaration(block: Block, decoded: Decoded<typeof ioBody>, site: BlockSite): Pick<IoDeclaration, 'type' | 'schema'> | undefined {
  if (decoded.type !== undefined) return { type: decoded.type, schema: toJsonSchema(decoded.type) }
  if (decoded.schema !== undefined) {
    if (isJsonObject(decoded.schema)) return { type: fromJsonSchema(decoded.schema), schema: decoded.schema }
    site.report.error({
      code: 'config/wrong-type',
      summary: 'The argument "schema" has the wrong type',
      detail: 'Write a JSON Schema as an object, or read one: jsondecode(file("schema.json")).',
      subject: argumentRange(block, 'schema') ?? block.headerRange,
      where: site.where,
      address: site.address,
    })
    return undefined
  }
  return fromFields(block, decoded.field, site)
}

function fromFields(
  block: Block,
  fields: readonly Labelled<DecodedField>[],
  site: BlockSite,
): Pick<IoDeclaration, 'type' | 'schema'> | undefined {
  const attributes = new Map<string, ObjectAttribute>()
  const properties: [string, JsonSchema][] = []
  const before = site.report.errorCount
  for (const field of fields) {
    const name = field.labels[0] ?? ''
    if (attributes.has(name)) reportDuplicateField(field.block, name, block.type, site)
    const schema = fieldSchema(field, site)
    if (schema === undefined) continue
    const hasDefault = field.content.default !== undefined && field.content.default !== null
    attributes.set(name, {
      type: field.content.type,
      optional: isOptionalField(field) || hasDefault,
      ...(hasDefault ? { default: schema.default as JsonValue } : {}),
    })
    properties.push([name, schema])
  }
  if (site.report.errorCount > before) return undefined
  const type: ObjectType = { kind: 'object', attributes }
  return { type, schema: { ...toJsonSchema(type), properties: Object.fromEntries(properties) } }
}

/** `type = optional(T)` says that the field may be left out. */
function isOptionalField(field: Labelled<DecodedField>): boolean {
  const attribute = field.block.body.items.find(item => item.kind === 'attribute' && item.name === 'type')
  return attribute?.kind === 'attribute' && attribute.expression.kind === 'call' && attribute.expression.name === 'optional'
}

function fieldSchema(field: Labelled<DecodedField>, site: BlockSite): JsonSchema | undefined {
  const { content } = field
  const fitted = content.default === undefined ? undefined : fit(content.default, content.type, 'default', field, site)
  if (content.default !== undefined && fitted === undefined) return undefined
  if (content.pattern !== undefined && !checkPattern(content.pattern, field, site)) return undefined
  if (Array.isArray(content.examples)) for (const example of content.examples) fit(example, content.type, 'examples', field, site)
  const members: Record<string, JsonValue | undefined> = {
    ...toJsonSchema(content.type),
    ...(content.description === undefined ? {} : { description: content.description }),
    ...bounds(content),
    default: fitted,
    // Whole match: JSON Schema's own patterns match anywhere.
    pattern: content.pattern === undefined ? undefined : `^(?:${content.pattern})$`,
    examples: content.examples,
    'x-accept': content.accept,
    'x-max-bytes': content.max_bytes,
    'x-sensitive': content.sensitive ? true : undefined,
  }
  return Object.fromEntries(Object.entries(members).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined))
}

/** `min` and `max` bound the value of a number, and the length of everything else. */
function bounds({ type, min, max }: DecodedField): Record<string, JsonValue> {
  const kind = plainType(type).kind
  const [low, high] = kind === 'number' ? ['minimum', 'maximum'] : kind === 'string' ? ['minLength', 'maxLength'] : ['minItems', 'maxItems']
  return { ...(min === undefined ? {} : { [low as string]: min }), ...(max === undefined ? {} : { [high as string]: max }) }
}

function fit(value: JsonValue, type: Type, name: string, field: Labelled<DecodedField>, site: BlockSite): JsonValue | undefined {
  const converted = attemptConversion(fromJson(value), type)
  if (converted.ok) return toJson(converted.value)
  site.report.error({
    code: 'config/wrong-type',
    summary: `The ${name === 'default' ? 'default' : 'example'} of field "${field.labels[0]}" does not fit its type`,
    detail: conversionSentence(converted.failure),
    subject: argumentRange(field.block, name) ?? field.block.headerRange,
    where: site.where,
    address: site.address,
  })
  return undefined
}

function checkPattern(pattern: string, field: Labelled<DecodedField>, site: BlockSite): boolean {
  const problem = patternProblem(pattern)
  if (problem === undefined) return true
  site.report.error({
    code: 'config/bad-pattern',
    summary: `The pattern of field "${field.labels[0]}" cannot be read`,
    detail: `${problem}. Patterns are matched in linear time: there are no look-arounds and no back references.`,
    subject: argumentRange(field.block, 'pattern') ?? field.block.headerRange,
    where: site.where,
    address: site.address,
  })
  return false
}

function reportDuplicateField(block: Block, name: string, owner: string, site: BlockSite): void {
  site.report.error({
    code: 'config/duplicate-block',
    summary: `"${owner}" has two fields "${name}"`,
    detail: 'Rename or remove one of them.',
    subject: block.headerRange,
    where: site.where,
    address: site.address,
  })
}

/** Decodes the `validation` blocks; `site.deferred` knows the declared names. */
export function decodeValidations(blocks: readonly Block[], site: BlockSite): readonly ValidationSpec[] {
  return blocks.flatMap(block => {
    const decoded = decodeBody(block.body, validationBody, site, block)
    return decoded ? [decoded] : []
  })
}
