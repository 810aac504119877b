import type { SourceRange } from '../../diagnostics/source.ts'
import type { Block, Expression } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { BOOL, STRING, type Type } from '../../hcl/type.ts'
import { describeType } from '../../hcl/type-text.ts'
import type { Value } from '../../hcl/value.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, required } from '../decode/body.ts'
import { attemptConversion, conversionSentence } from '../decode/conversion.ts'
import type { BlockSite } from '../decode/site.ts'

/** An argument whose evaluation is left to the block. */
export const expression: ArgumentDecoder<Expression> = site => site.attribute.expression

/** `condition` and `error_message`, as validations, preconditions, postconditions and assertions have them. */
export const validationBody = {
  arguments: { condition: required(expression), error_message: required(expression) },
} as const satisfies BodySpec

/** What a condition came to; `invalid` after an error was reported. */
export type Judgement =
  | { readonly status: 'holds' | 'unknown' | 'invalid' }
  | { readonly status: 'fails'; readonly detail: string; readonly subject: SourceRange }

/** Evaluates `condition` and, where it is false, `error_message`. What is no bool or no text is reported. */
export function judgeCondition(block: Block, site: BlockSite): Judgement {
  const decoded = decodeBody(block.body, validationBody, site, block)
  const condition = decoded && convertedTo(BOOL, decoded.condition, 'condition', site)
  if (decoded === undefined || condition === undefined) return { status: 'invalid' }
  if (condition.kind !== 'bool') return { status: 'unknown' }
  if (condition.value) return { status: 'holds' }
  const message = convertedTo(STRING, decoded.error_message, 'error_message', site)
  return { status: 'fails', detail: message?.kind === 'string' ? message.value : '', subject: decoded.condition.range }
}

/** A condition block that does not hold: `plan/condition-failed`, in the words of its author. */
export function checkCondition(block: Block, summary: string, site: BlockSite): void {
  const failed = failedCondition(block, site)
  if (failed) site.report.error({ code: 'plan/condition-failed', summary, ...failed, where: site.where, address: site.address })
}

/** @returns undefined when the condition holds, is not known yet, or has an error of its own. */
export function failedCondition(block: Block, site: BlockSite): { readonly detail: string; readonly subject: SourceRange } | undefined {
  const judgement = judgeCondition(block, site)
  return judgement.status === 'fails' ? { detail: judgement.detail, subject: judgement.subject } : undefined
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
