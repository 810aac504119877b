import type { JsonValue } from '../../src/base/json.ts'
import type { Report } from '../../src/diagnostics/report.ts'
import type { Attribute, Block, Body } from '../../src/hcl/ast.ts'
import { convert } from '../../src/hcl/conversion.ts'
import { evaluate } from '../../src/hcl/evaluate.ts'
import type { EvaluationContext } from '../../src/hcl/function.ts'
import { fromJson } from '../../src/hcl/json-value.ts'
import { nullValue, objectValue, tupleValue, type Value } from '../../src/hcl/value.ts'
import { decodeType, type TaggedType } from './tagged-value.ts'

/** The decoding specification of the official suite, as far as its cases use it. */
export type Spec =
  | { readonly literal: JsonValue }
  | { readonly object: Readonly<Record<string, Spec>> }
  | { readonly attr: string; readonly type: TaggedType }
  | { readonly block: string; readonly nested: Spec }
  | { readonly block_list: string; readonly nested: Spec }
  | { readonly block_map: string; readonly labels: readonly string[]; readonly nested: Spec }

/** Decodes a body by a specification, and reports what the specification does not name. */
export function decodeBody(body: Body, spec: Spec, context: EvaluationContext): Value {
  const names = namesOf(spec)
  for (const item of body.items) {
    if ('literal' in spec || names.has(item.kind === 'attribute' ? item.name : item.type)) continue
    unexpected(item, context.report)
  }
  return decode(body, spec, context)
}

function namesOf(spec: Spec): ReadonlySet<string> {
  if ('object' in spec) return new Set(Object.values(spec.object).flatMap(member => [...namesOf(member)]))
  if ('attr' in spec) return new Set([spec.attr])
  if ('block' in spec) return new Set([spec.block])
  if ('block_list' in spec) return new Set([spec.block_list])
  return new Set('block_map' in spec ? [spec.block_map] : [])
}

function unexpected(item: Attribute | Block, report: Report): void {
  const subject = item.kind === 'attribute' ? item.nameRange : item.typeRange
  report.error({ code: 'config/unsupported-argument', summary: 'This is not expected here', subject })
}

function decode(body: Body, spec: Spec, context: EvaluationContext): Value {
  if ('literal' in spec) return fromJson(spec.literal)
  if ('object' in spec)
    return objectValue(new Map(Object.entries(spec.object).map(([name, member]) => [name, decode(body, member, context)])))
  if ('attr' in spec) {
    const attribute = body.items.find(item => item.kind === 'attribute' && item.name === spec.attr)
    return attribute?.kind === 'attribute'
      ? convert(evaluate(attribute.expression, context), decodeType(spec.type))
      : nullValue(decodeType(spec.type))
  }
  const type = 'block' in spec ? spec.block : 'block_list' in spec ? spec.block_list : spec.block_map
  const blocks = body.items.filter(item => item.kind === 'block' && item.type === type) as Block[]
  if ('block_map' in spec)
    return objectValue(new Map(blocks.map(block => [block.labels[0]?.text ?? '', decodeBody(block.body, spec.nested, context)])))
  const values = blocks.map(block => decodeBody(block.body, spec.nested, context))
  return 'block_list' in spec ? tupleValue(values) : (values[0] ?? nullValue())
}
