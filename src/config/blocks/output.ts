import type { JsonValue } from '../../base/json.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { Block, Expression } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { toJson } from '../../hcl/json-value.ts'
import { BOOL, STRING, type Type } from '../../hcl/type.ts'
import { describeType, printType } from '../../hcl/type-text.ts'
import { deepMarks, isWhollyKnown, SECRET, SENSITIVE, typeOf, type Value } from '../../hcl/value.ts'
import { bool, text } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, defaulted, optional, required } from '../decode/body.ts'
import { attemptConversion, conversionSentence } from '../decode/conversion.ts'
import type { BlockSite } from '../decode/site.ts'

/** An argument whose evaluation is left to the block. */
export const expression: ArgumentDecoder<Expression> = site => site.attribute.expression

/** `condition` and `error_message`, as validations, preconditions and postconditions have them. */
export const validationBody = {
  arguments: { condition: required(expression), error_message: required(expression) },
} as const satisfies BodySpec

const outputBody = {
  arguments: {
    value: required(expression),
    description: optional(text()),
    sensitive: defaulted(bool, false),
    depends_on: optional(expression),
  },
  blocks: { precondition: { labels: [], many: true, decode: (block: Block) => block } },
} as const satisfies BodySpec

/** A value that the configuration gives to people and scripts. */
export interface OutputValue {
  readonly name: string
  /** Undefined where something in it is not known yet, as a version before the registry was asked. */
  readonly value: JsonValue | undefined
  /** As it is written in configuration: `object({ a = string })`. */
  readonly type: string
  readonly sensitive: boolean
  readonly description?: string
}

export function decodeOutput(block: Block, name: string, site: BlockSite): OutputValue | undefined {
  const decoded = decodeBody(block.body, outputBody, site, block)
  if (decoded === undefined) return undefined
  for (const condition of decoded.precondition) checkCondition(condition, `Output "${name}" cannot be given`, site)
  const value = evaluate(decoded.value, site.evaluation)
  if (value.kind === 'unknown' && value.invalid) return undefined
  const marks = deepMarks(value)
  if (marks & SECRET || (marks & SENSITIVE && !decoded.sensitive)) {
    site.report.error({
      code: marks & SECRET ? 'config/secret-not-allowed' : 'config/sensitive-output',
      summary: marks & SECRET ? `Output "${name}" cannot hold a secret` : `Output "${name}" would show a sensitive value`,
      detail:
        marks & SECRET
          ? 'A secret is resolved in the process that makes the call, and nowhere else.'
          : 'Add sensitive = true, or write nonsensitive(…) if it may be seen.',
      subject: decoded.value.range,
      where: site.where,
    })
    return undefined
  }
  return {
    name,
    value: isWhollyKnown(value) ? toJson(value, capsule => capsule.label) : undefined,
    type: printType(typeOf(value)),
    sensitive: decoded.sensitive,
    ...(decoded.description === undefined ? {} : { description: decoded.description }),
  }
}

/** A condition block that does not hold: `plan/condition-failed`, in the words of its author. */
export function checkCondition(block: Block, summary: string, site: BlockSite): void {
  const failed = failedCondition(block, site)
  if (failed) site.report.error({ code: 'plan/condition-failed', summary, ...failed, where: site.where, address: site.address })
}

/**
 * Evaluates `condition` and, where it is false, `error_message`. What is no bool or no text is reported.
 *
 * @returns undefined when the condition holds, or has an error of its own.
 */
export function failedCondition(block: Block, site: BlockSite): { readonly detail: string; readonly subject: SourceRange } | undefined {
  const decoded = decodeBody(block.body, validationBody, site, block)
  const condition = decoded && convertedTo(BOOL, decoded.condition, 'condition', site)
  if (decoded === undefined || condition?.kind !== 'bool' || condition.value) return undefined
  const message = convertedTo(STRING, decoded.error_message, 'error_message', site)
  return { detail: message?.kind === 'string' ? message.value : '', subject: decoded.condition.range }
}

function convertedTo(type: Type, written: Expression, name: string, site: BlockSite): Value | undefined {
  const value = evaluate(written, site.evaluation)
  if (value.kind === 'unknown' && value.invalid) return undefined
  const converted = attemptConversion(value, type)
  if (converted.ok && converted.value.kind !== 'null') return converted.value
  site.report.error({
    code: 'config/wrong-type',
    summary: `The argument "${name}" has the wrong type`,
    detail: converted.ok ? `Expected ${describeType(type)}, got null.` : conversionSentence(converted.failure),
    subject: written.range,
    where: site.where,
    address: site.address,
  })
  return undefined
}
