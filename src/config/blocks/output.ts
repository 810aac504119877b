import type { JsonValue } from '../../base/json.ts'
import type { Block, Expression } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { toJson } from '../../hcl/json-value.ts'
import { printType } from '../../hcl/type-text.ts'
import { deepMarks, isWhollyKnown, SECRET, SENSITIVE, typeOf } from '../../hcl/value.ts'
import { bool, text } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, defaulted, optional, required } from '../decode/body.ts'
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
  const decoded = decodeBody(block.body, validationBody, site, block)
  if (decoded === undefined) return
  const condition = evaluate(decoded.condition, site.evaluation)
  if (condition.kind !== 'bool' || condition.value) return
  const message = evaluate(decoded.error_message, site.evaluation)
  site.report.error({
    code: 'plan/condition-failed',
    summary,
    ...(message.kind === 'string' ? { detail: message.value } : {}),
    subject: decoded.condition.range,
    where: site.where,
    address: site.address,
  })
}
