import { INTEGER } from '../../hcl/type.ts'
import { type BodySpec, decodeBody, required } from '../decode/body.ts'
import { reference } from '../decode/reference.ts'
import { given } from './attributes.ts'
import { DONE, MINUTE_MS, type NodeDefinition } from './definition.ts'
import { calledBy } from './flow-interface.ts'
import { NODE_ARGUMENTS, NODE_BLOCKS } from './settings-body.ts'
import { decodeWith } from './with.ts'
import { WITH } from './with-body.ts'

const body = {
  arguments: { ...NODE_ARGUMENTS, ...WITH, tool: required(reference('tool')) },
  blocks: NODE_BLOCKS,
} as const satisfies BodySpec

/** Calls a tool. */
export const tool: NodeDefinition = {
  type: 'tool',
  summary: 'calls a tool',
  body,
  compile(block, site) {
    const decoded = decodeBody(block.body, body, site, block)
    const called = calledBy(block, 'tool', site)
    const input = called && decodeWith(block, called, site)
    if (decoded === undefined || called === undefined || input === undefined) return undefined
    const artifact = called.compiled?.artifact
    const spec = artifact?.kind === 'tool' ? artifact.spec : undefined
    return {
      settings: decoded,
      arguments: { tool: decoded.tool, with: input },
      exits: DONE,
      attributes: { output: given(called.output), ...(spec && spec.http === undefined ? {} : { status_code: given(INTEGER) }) },
      timeoutMs: 2 * MINUTE_MS,
      hasEffect: true,
      // What another version does is not known here.
      isCacheable: spec === undefined || spec.replay === 'safe',
    }
  },
}
