import type { JsonValue } from '../../base/json.ts'
import type { Block } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { toJson } from '../../hcl/json-value.ts'
import { printType } from '../../hcl/type-text.ts'
import { deepMarks, isWhollyKnown, SECRET, SENSITIVE, typeOf, type Value } from '../../hcl/value.ts'
import { bool, text } from '../decode/argument.ts'
import { type BodySpec, decodeBody, defaulted, optional, required } from '../decode/body.ts'
import type { BlockSite } from '../decode/site.ts'
import { checkCondition, expression } from './condition.ts'

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

/** An output with its value as the language has it. */
export interface EvaluatedOutput extends Omit<OutputValue, 'value' | 'type'> {
  readonly value: Value
}

/** Checks the preconditions and works out the value; undefined after an error was reported. */
export function evaluateOutput(block: Block, name: string, site: BlockSite): EvaluatedOutput | undefined {
  const decoded = decodeBody(block.body, outputBody, site, block)
  if (decoded === undefined) return undefined
  for (const condition of decoded.precondition) checkCondition(condition, `Output "${name}" cannot be given`, site)
  const value = evaluate(decoded.value, site.evaluation)
  if (value.kind === 'unknown' && value.invalid) return undefined
  const marks = deepMarks(value)
  const description = decoded.description === undefined ? {} : { description: decoded.description }
  if (!(marks & SECRET) && (decoded.sensitive || !(marks & SENSITIVE))) return { name, value, sensitive: decoded.sensitive, ...description }
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

/** As people and scripts get it. */
export function toOutputValue({ value, ...output }: EvaluatedOutput): OutputValue {
  return {
    ...output,
    value: isWhollyKnown(value) ? toJson(value, capsule => capsule.label) : undefined,
    type: printType(typeOf(value)),
  }
}
