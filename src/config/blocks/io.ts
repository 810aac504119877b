import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { ValidationSpec } from '../../artifact/prompt.ts'
import { enumerate } from '../../base/enumerate.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Block } from '../../hcl/ast.ts'
import { fromJsonSchema, toJsonSchema } from '../../hcl/json-schema.ts'
import { type ObjectAttribute, type ObjectType, plainType, type Type } from '../../hcl/type.ts'
import { printType } from '../../hcl/type-text.ts'
import { json } from '../decode/argument.ts'
import { type BodySpec, type Decoded, decodeBody, optional, repeated, required } from '../decode/body.ts'
import { deferredBool, deferredText } from '../decode/deferred.ts'
import { checkName } from '../decode/name.ts'
import type { BlockSite } from '../decode/site.ts'
import { declaredType } from '../decode/type.ts'
import { argumentRange } from './argument-range.ts'
import { compileField, type DecodedField, fieldBody } from './field.ts'

/** What a flow takes or gives: its type for checks at plan time, its schema for the artifact. */
export interface IoDeclaration {
  readonly type: Type
  readonly schema: JsonSchema
  /** Not decoded yet: its conditions speak of the type declared here. */
  readonly validations: readonly Block[]
  readonly block: Block
}

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
  if (declared && block.type === 'input' && !['object', 'any'].includes(plainType(declared.type).kind)) {
    site.report.error({
      code: 'config/wrong-type',
      summary: 'An input is an object, whose attributes are its fields',
      detail: `Write type = object({ … }), or a field for each: field "text" { type = ${printType(declared.type)} }.`,
      subject: argumentRange(block, 'type') ?? argumentRange(block, 'schema') ?? block.headerRange,
      where: site.where,
      address: site.address,
    })
    return undefined
  }
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

/** The object that `field` blocks declare. */
export function fromFields(
  block: Block,
  fields: readonly DecodedField[],
  site: BlockSite,
): Pick<IoDeclaration, 'type' | 'schema'> | undefined {
  const attributes = new Map<string, ObjectAttribute>()
  const properties: [string, JsonSchema][] = []
  const before = site.report.errorCount
  for (const field of fields) {
    const [label] = field.block.labels
    if (label === undefined || !checkName(label, site.report)) continue
    if (attributes.has(label.text)) reportDuplicateField(field.block, label.text, block.type, site)
    const compiled = compileField(field, block, site)
    if (compiled === undefined) continue
    attributes.set(label.text, compiled.attribute)
    properties.push([label.text, compiled.schema])
  }
  if (site.report.errorCount > before) return undefined
  const type: ObjectType = { kind: 'object', attributes }
  return { type, schema: { ...toJsonSchema(type), properties: Object.fromEntries(properties) } }
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
