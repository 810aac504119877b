import { INTEGER, STRING } from '../../hcl/type.ts'
import { bool } from '../decode/argument.ts'
import { type BodySpec, decodeBody, defaulted, required } from '../decode/body.ts'
import { reference } from '../decode/reference.ts'
import { given, maybe } from './attributes.ts'
import { DONE, MINUTE_MS, type NodeDefinition } from './definition.ts'
import { calledBy, type FlowInterface } from './flow-interface.ts'
import { NODE_ARGUMENTS, NODE_BLOCKS } from './settings-body.ts'
import { decodeWith } from './with.ts'
import { WITH } from './with-body.ts'

const body = {
  arguments: {
    ...NODE_ARGUMENTS,
    ...WITH,
    flow: required(reference('workflow', 'prompt')),
    detach: defaulted(bool, false),
  },
  blocks: NODE_BLOCKS,
} as const satisfies BodySpec

/** Runs another flow as a child. */
export const flow: NodeDefinition = {
  type: 'flow',
  summary: 'runs another flow as a child',
  body,
  compile(block, site) {
    const decoded = decodeBody(block.body, body, site, block)
    const called = calledBy(block, 'flow', site)
    const input = called && decodeWith(block, called, site)
    if (decoded === undefined || called === undefined || input === undefined) return undefined
    const { flow: target, detach } = decoded
    return {
      settings: decoded,
      arguments: { flow: target, detach, with: input },
      exits: DONE,
      attributes: detach ? { run_id: given(STRING) } : { output: given(called.output), run_id: given(STRING), version: maybe(INTEGER) },
      timeoutMs: timeoutOf(called),
      hasEffect: true,
      isCacheable: !detach,
    }
  },
}

/** A workflow says how long it may take. */
function timeoutOf({ compiled }: FlowInterface): number {
  return compiled?.artifact.kind === 'workflow' ? compiled.artifact.spec.timeout_ms : 2 * MINUTE_MS
}
