import type { JsonSchema } from '../../artifact/json-schema.ts'
import { compact } from '../../base/compact.ts'
import type { JsonValue } from '../../base/json.ts'
import type { Block } from '../../hcl/ast.ts'
import { patternProblem } from '../../hcl/functions/regex.ts'
import { toJsonSchema } from '../../hcl/json-schema.ts'
import { fromJson, toJson } from '../../hcl/json-value.ts'
import { type ObjectAttribute, plainType, type Type } from '../../hcl/type.ts'
import { printType } from '../../hcl/type-text.ts'
import { bool, bytes, json, number, strings, text } from '../decode/argument.ts'
import { type BodySpec, type Decoded, defaulted, type Labelled, optional, required } from '../decode/body.ts'
import { attemptConversion, conversionSentence } from '../decode/conversion.ts'
import type { BlockSite } from '../decode/site.ts'
import { declaredAttribute, FILE } from '../decode/type.ts'
import { findAttribute } from '../instances.ts'
import { argumentRange } from './argument-range.ts'

/** One `field` of an `input` or `output`. */
export const fieldBody = {
  arguments: {
    type: required(declaredAttribute),
    description: optional(text()),
    default: optional(json),
    sensitive: defaulted(bool, false),
    accept: optional(strings()),
    max_bytes: optional(bytes),
    min: optional(number()),
    max: optional(number()),
    pattern: optional(text()),
    examples: optional(json),
  },
} as const satisfies BodySpec

export type DecodedField = Labelled<Decoded<typeof fieldBody>>

/** What some arguments are about; the others fit every type. */
const APPLIES: Readonly<Record<string, { readonly kinds: readonly string[]; readonly what: string }>> = {
  accept: { kinds: ['file'], what: 'a file' },
  max_bytes: { kinds: ['file', 'string'], what: 'a file or a string' },
  min: { kinds: ['number', 'string', 'list', 'set'], what: 'a number, a string, a list or a set' },
  max: { kinds: ['number', 'string', 'list', 'set'], what: 'a number, a string, a list or a set' },
  pattern: { kinds: ['string'], what: 'a string' },
}

/** What a flow is told before it runs, and says not of its answer. */
const INPUT_ONLY = ['default', 'sensitive']

/** @returns undefined after an error was reported. */
export function compileField(
  field: DecodedField,
  owner: Block,
  site: BlockSite,
): { readonly attribute: ObjectAttribute; readonly schema: JsonSchema } | undefined {
  const { content } = field
  const before = site.report.errorCount
  checkArguments(field, owner, site)
  checkBounds(field, site)
  if (content.pattern !== undefined) checkPattern(content.pattern, field, site)
  if (content.examples !== undefined) checkExamples(content.examples, field, site)
  const written = findAttribute(field.block, 'default')
  const fitted = content.default === undefined ? undefined : fit(content.default, content.type.type, 'default', field, site)
  if (site.report.errorCount > before) return undefined
  // `default = null` says that the field may be left out.
  const byDefault = written ? fitted : content.type.default
  const attribute = { type: content.type.type, optional: content.type.optional || written !== undefined }
  const schema = fieldSchema(content, byDefault)
  return { attribute: byDefault === undefined ? attribute : { ...attribute, default: byDefault }, schema }
}

function fieldSchema(content: DecodedField['content'], byDefault: JsonValue | undefined): JsonSchema {
  return compact({
    ...toJsonSchema(content.type.type),
    ...(content.description === undefined ? {} : { description: content.description }),
    ...bounds(content),
    default: byDefault,
    // Whole match: JSON Schema's own patterns match anywhere.
    pattern: content.pattern === undefined ? undefined : `^(?:${content.pattern})$`,
    examples: content.examples,
    'x-accept': content.accept,
    'x-max-bytes': content.max_bytes,
    'x-sensitive': content.sensitive ? true : undefined,
  })
}

/** `min` and `max` bound the value of a number, and the length of everything else. */
function bounds({ type, min, max }: DecodedField['content']): Record<string, JsonValue> {
  const kind = kindOf(type.type)
  const [low, high] = kind === 'number' ? ['minimum', 'maximum'] : kind === 'string' ? ['minLength', 'maxLength'] : ['minItems', 'maxItems']
  return { ...(min === undefined ? {} : { [low as string]: min }), ...(max === undefined ? {} : { [high as string]: max }) }
}

function kindOf(type: Type): string {
  const plain = plainType(type)
  return plain === FILE ? 'file' : plain.kind
}

function checkArguments(field: DecodedField, owner: Block, site: BlockSite): void {
  const { type } = field.content.type
  const kind = kindOf(type)
  for (const item of field.block.body.items) {
    if (item.kind !== 'attribute') continue
    const applies = APPLIES[item.name]
    const isMisplaced = owner.type !== 'input' && INPUT_ONLY.includes(item.name)
    if (!isMisplaced && (applies === undefined || kind === 'any' || applies.kinds.includes(kind))) continue
    site.report.error({
      code: 'config/unsupported-argument',
      summary: `"${item.name}" is ${isMisplaced ? 'for the fields of an input' : `for ${applies?.what}, and this field is ${printType(type)}`}`,
      detail: 'Remove it here.',
      subject: item.nameRange,
      where: site.where,
      address: site.address,
    })
  }
}

function checkBounds(field: DecodedField, site: BlockSite): void {
  const { type, min, max } = field.content
  const isLength = kindOf(type.type) !== 'number'
  const odd = [min, max].find(bound => bound !== undefined && isLength && !(Number.isInteger(bound) && bound >= 0))
  const isReversed = min !== undefined && max !== undefined && min > max
  if (odd === undefined && !isReversed) return
  const place = argumentRange(field.block, odd === undefined || odd === max ? 'max' : 'min')
  site.report.error({
    code: 'config/out-of-range',
    summary: odd === undefined ? `"max" is ${max}, and less than "min", which is ${min}` : `A length cannot be ${odd}`,
    detail: odd === undefined ? 'No value would fit.' : 'Write a whole number of at least 0.',
    subject: place ?? field.block.headerRange,
    where: site.where,
    address: site.address,
  })
}

function checkExamples(examples: JsonValue, field: DecodedField, site: BlockSite): void {
  if (Array.isArray(examples)) {
    for (const example of examples) fit(example, field.content.type.type, 'examples', field, site)
    return
  }
  site.report.error({
    code: 'config/wrong-type',
    summary: 'The argument "examples" has the wrong type',
    detail: 'Write a list, also for one example.',
    subject: argumentRange(field.block, 'examples') ?? field.block.headerRange,
    where: site.where,
    address: site.address,
  })
}

function fit(value: JsonValue, type: Type, name: string, field: DecodedField, site: BlockSite): JsonValue | undefined {
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

function checkPattern(pattern: string, field: DecodedField, site: BlockSite): void {
  const problem = patternProblem(pattern)
  if (problem === undefined) return
  site.report.error({
    code: 'config/bad-pattern',
    summary: `The pattern of field "${field.labels[0]}" cannot be read`,
    detail: `${problem}. Patterns are matched in linear time: there are no look-arounds and no back references.`,
    subject: argumentRange(field.block, 'pattern') ?? field.block.headerRange,
    where: site.where,
    address: site.address,
  })
}
