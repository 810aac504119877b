import { bool } from '../decode/argument.ts'
import { type BodySpec, decodeBody, defaulted, optional, required } from '../decode/body.ts'
import { reference } from '../decode/reference.ts'
import { modelAttributes } from './attributes.ts'
import { DONE, MINUTE_MS, type NodeDefinition } from './definition.ts'
import { calledBy } from './flow-interface.ts'
import { NODE_ARGUMENTS, NODE_BLOCKS } from './settings-body.ts'
import { decodeWith } from './with.ts'
import { WITH } from './with-body.ts'

const body = {
  arguments: {
    ...NODE_ARGUMENTS,
    ...WITH,
    prompt: required(reference('prompt')),
    model: optional(reference('model')),
    stream: defaulted(bool, true),
  },
  blocks: NODE_BLOCKS,
} as const satisfies BodySpec

/** Calls a prompt. */
export const model: NodeDefinition = {
  type: 'model',
  summary: 'calls a prompt',
  body,
  compile(block, site) {
    const decoded = decodeBody(block.body, body, site, block)
    const called = calledBy(block, 'prompt', site)
    const given = called && decodeWith(block, called, site)
    if (decoded === undefined || called === undefined || given === undefined) return undefined
    return {
      settings: decoded,
      arguments: { prompt: decoded.prompt, ...(decoded.model && { model: decoded.model }), stream: decoded.stream, with: given },
      exits: DONE,
      attributes: modelAttributes(called.output),
      timeoutMs: 2 * MINUTE_MS,
      hasEffect: false,
      isCacheable: true,
    }
  },
}
