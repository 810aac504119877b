import { evaluate } from '../hcl/evaluate.ts'
import { fail, isInvalid } from '../hcl/evaluation.ts'
import type { EvaluationContext, FormDefinition } from '../hcl/function.ts'
import { INVALID, numberValue, stringValue, type Value } from '../hcl/value.ts'
import { describeValue } from '../hcl/value-text.ts'
import { type BlockReference, isBlockReference, referenceValue } from './reference.ts'

const DIGEST = /^sha256:[0-9a-f]{64}$/

/** `pin(prompt.answer, 8)`, `pin(prompt.answer, "sha256:…")`: one version of a block, whatever is active (blocks.md 1.6). */
export const pinForm: FormDefinition = {
  kind: 'form',
  name: 'pin',
  summary: 'A reference to one version of a block, by its number or its digest.',
  purity: 'plan',
  evaluate(call, context) {
    const [block, version, extra] = call.arguments
    if (block === undefined || version === undefined || extra) {
      return fail(context, {
        code: 'hcl/wrong-argument-count',
        summary: `pin() takes 2 arguments, and here it gets ${call.arguments.length}`,
        detail: 'It is called as pin(prompt.NAME, 8).',
        subject: extra?.range ?? { ...call.range, start: call.range.end - 1 },
      })
    }
    const target = evaluate(block, context)
    const wanted = evaluate(version, context)
    if (isInvalid(target) || isInvalid(wanted)) return INVALID
    if (target.kind !== 'capsule' || !isBlockReference(target.content) || target.content.pin !== undefined) {
      return fail(context, {
        code: 'config/wrong-reference',
        summary: `pin() takes a block, and this is ${target.kind === 'capsule' ? 'pinned already' : describeValue(target)}`,
        detail: 'Write the address of a block, without quotes: pin(prompt.NAME, 8).',
        subject: block.range,
      })
    }
    const pin = pinOf(wanted)
    if (pin === undefined) return wrongVersion(wanted, version.range, context)
    return referenceValue(pinned(target.content, pin))
  },
}

function pinOf(wanted: Value): number | string | undefined {
  if (wanted.kind === 'number') return Number.isInteger(wanted.value) && wanted.value >= 1 ? wanted.value : undefined
  return wanted.kind === 'string' && DIGEST.test(wanted.value) ? wanted.value : undefined
}

function wrongVersion(wanted: Value, subject: EvaluationRange, context: EvaluationContext): Value {
  return fail(context, {
    code: 'config/wrong-type',
    summary: `pin() takes the number of a version or its digest, and this is ${describeValue(wanted)}`,
    detail: 'Write a number from 1, or "sha256:" and 64 hex digits. flowrun versions ADDRESS lists both.',
    subject,
  })
}

type EvaluationRange = Parameters<typeof fail>[1]['subject'] & {}

/** Only what is known of the version without asking for it: the rest of the block may have been different then. */
function pinned(reference: BlockReference, pin: number | string): BlockReference {
  const facts = new Map<string, Value>([
    ['name', stringValue(reference.address.name)],
    ['address', stringValue(reference.label)],
    ['kind', stringValue(reference.address.kind)],
    typeof pin === 'number' ? ['version', numberValue(pin)] : ['digest', stringValue(pin)],
  ])
  return {
    label: reference.label,
    address: reference.address,
    pin,
    unpinned: reference,
    attribute: name => facts.get(name),
    attributeNames: () => [...facts.keys()],
  }
}
