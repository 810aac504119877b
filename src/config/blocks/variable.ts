import type { Block } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { parseExpression } from '../../hcl/parser.ts'
import { ANY, plainType, type Type } from '../../hcl/type.ts'
import { deepMarks, INVALID, NO_MARKS, nullValue, SENSITIVE, stringValue, type Value, withMarks } from '../../hcl/value.ts'
import { describeValue } from '../../hcl/value-text.ts'
import { bool, text } from '../decode/argument.ts'
import { type BodySpec, type Decoded, decodeBody, defaulted, optional } from '../decode/body.ts'
import { attemptConversion, conversionSentence } from '../decode/conversion.ts'
import type { BlockSite } from '../decode/site.ts'
import { declaredType } from '../decode/type.ts'
import type { VariableInput } from '../variables.ts'
import { failedCondition } from './condition.ts'

const variableBody = {
  arguments: {
    type: defaulted(declaredType, ANY),
    default: optional(site => site.attribute.expression),
    description: optional(text()),
    sensitive: defaulted(bool, false),
    nullable: defaulted(bool, true),
  },
  blocks: { validation: { labels: [], many: true, decode: (block: Block) => block } },
} as const satisfies BodySpec

/** A value from outside, as it is declared. */
export interface VariableDeclaration {
  readonly name: string
  readonly block: Block
  readonly content: Decoded<typeof variableBody>
}

export function decodeVariable(block: Block, name: string, site: BlockSite): VariableDeclaration | undefined {
  const content = decodeBody(block.body, variableBody, site, block)
  return content && { name, block, content }
}

/**
 * The value of a variable: the last input of its name, else its default, converted to its type.
 *
 * @returns undefined when it has neither; the caller asks or reports `config/missing-variable`.
 */
export function variableValue(declaration: VariableDeclaration, inputs: readonly VariableInput[], site: BlockSite): Value | undefined {
  const input = inputs.findLast(({ name }) => name === declaration.name)
  const given = input && inputValue(input, declaration.content.type, site)
  return fittedValue(declaration, given, site, detail => reportWrongType(declaration, input, detail, site))
}

/**
 * The value that was given, else the default, converted to the type.
 *
 * @param site of the declaration.
 * @returns undefined when there is neither.
 */
export function fittedValue(
  declaration: VariableDeclaration,
  given: Value | undefined,
  site: BlockSite,
  onMisfit: (detail: string) => void,
): Value | undefined {
  const { content } = declaration
  const isDefault = given === undefined || (given.kind === 'null' && !content.nullable)
  const value = isDefault ? defaultValue(declaration, site) : given
  if (value === undefined) return undefined
  const converted = attemptConversion(value, content.type)
  if (converted.ok) return content.sensitive ? withMarks(converted.value, SENSITIVE) : converted.value
  const detail = conversionSentence(converted.failure)
  if (isDefault) reportWrongDefault(declaration, detail, site)
  else onMisfit(detail)
  return INVALID
}

/** Text of a flag is the value itself where the type is a plain one, and an expression where it is not, as in Terraform. */
function inputValue({ given }: VariableInput, type: Type, site: BlockSite): Value {
  if (given.kind === 'expression') return evaluate(given.expression, site.evaluation)
  const isPlain = ['string', 'number', 'bool', 'any'].includes(plainType(type).kind)
  return isPlain ? stringValue(given.source.text) : evaluate(parseExpression(given.source, site.report), site.evaluation)
}

function defaultValue({ content }: VariableDeclaration, site: BlockSite): Value | undefined {
  if (content.default === undefined) return undefined
  const value = evaluate(content.default, site.evaluation)
  return value.kind === 'null' ? nullValue(content.type) : value
}

function reportWrongDefault({ name, block, content }: VariableDeclaration, detail: string, site: BlockSite): void {
  site.report.error({
    code: 'config/wrong-type',
    summary: `The default of variable "${name}" does not fit its type`,
    detail,
    subject: content.default?.range ?? block.headerRange,
    where: site.where,
  })
}

function reportWrongType({ name, block }: VariableDeclaration, input: VariableInput | undefined, detail: string, site: BlockSite): void {
  site.report.error({
    code: 'config/wrong-type',
    summary: `The value of variable "${name}" does not fit its type`,
    detail: input === undefined ? detail : `${detail} It comes from ${input.origin}.`,
    subject: input?.range ?? block.headerRange,
    where: site.where,
  })
}

/** Checks the `validation` blocks, with all variables known. */
export function validateVariable({ name, content, block }: VariableDeclaration, value: Value, site: BlockSite): void {
  for (const validation of content.validation) {
    const failed = failedCondition(validation, site)
    if (failed === undefined) continue
    const hidden = content.sensitive || deepMarks(value) !== NO_MARKS
    site.report.error({
      code: 'config/invalid-variable',
      summary: `The value of variable "${name}" is not accepted`,
      ...failed,
      where: site.where,
      notes: [`var.${name} is ${hidden ? '(sensitive)' : describeValue(value)}`],
      related: [{ range: block.headerRange, message: 'the variable is declared here' }],
    })
  }
}
