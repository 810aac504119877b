import { evaluate } from '../../hcl/evaluate.ts'
import { toJsonSchema } from '../../hcl/json-schema.ts'
import { type BodySpec, decodeBody, optional, required } from '../decode/body.ts'
import { deferredJson } from '../decode/deferred.ts'
import { declaredType } from '../decode/type.ts'
import { findAttribute } from '../instances.ts'
import { given } from './attributes.ts'
import { DONE, MINUTE_MS, type NodeDefinition } from './definition.ts'
import { checkType, valueType } from './inferred-type.ts'
import { NODE_ARGUMENTS, NODE_BLOCKS } from './settings-body.ts'

const body = {
  arguments: { ...NODE_ARGUMENTS, value: required(deferredJson), type: optional(declaredType) },
  blocks: NODE_BLOCKS,
} as const satisfies BodySpec

/** Computes a value from others. Pure: computed again at every replay, and never recorded. */
export const transform: NodeDefinition = {
  type: 'transform',
  summary: 'computes a value from others',
  body,
  compile(block, site) {
    const decoded = decodeBody(block.body, body, site, block)
    const expression = findAttribute(block, 'value')?.expression
    if (decoded === undefined || expression === undefined) return undefined
    const { value, type } = decoded
    const known = evaluate(expression, { ...site.deferred, report: site.report.muted() })
    if (type !== undefined && !checkType(known, type, 'The value of the transform', expression.range, site)) return undefined
    return {
      settings: decoded,
      arguments: { value, ...(type === undefined ? {} : { type: toJsonSchema(type) }) },
      exits: DONE,
      attributes: { output: given(type ?? valueType(known)) },
      timeoutMs: MINUTE_MS,
      hasEffect: false,
      isCacheable: true,
    }
  },
}
