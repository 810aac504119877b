import { type BodySpec, decodeBody, required } from '../decode/body.ts'
import { deferredText } from '../decode/deferred.ts'
import { reference } from '../decode/reference.ts'
import { GUARD_ATTRIBUTES } from './attributes.ts'
import { MINUTE_MS, type NodeDefinition } from './definition.ts'
import { NODE_ARGUMENTS, NODE_BLOCKS } from './settings-body.ts'

const body = {
  arguments: { ...NODE_ARGUMENTS, guard: required(reference('guard')), text: required(deferredText) },
  blocks: NODE_BLOCKS,
} as const satisfies BodySpec

/** Checks a text. A run ends where it blocks and nobody waits for that, so it has an effect that needs no reader. */
export const guard: NodeDefinition = {
  type: 'guard',
  summary: 'checks a text',
  body,
  compile(block, site) {
    const decoded = decodeBody(block.body, body, site, block)
    return (
      decoded && {
        settings: decoded,
        arguments: { guard: decoded.guard, text: decoded.text },
        exits: { ordinary: ['done'], exceptional: ['blocked'] },
        attributes: GUARD_ATTRIBUTES,
        timeoutMs: MINUTE_MS,
        hasEffect: true,
        isCacheable: true,
      }
    )
  },
}
