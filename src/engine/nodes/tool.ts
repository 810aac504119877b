import { memberKey } from '../../artifact/references.ts'
import { isJsonObject } from '../../base/json.ts'
import { defineNode } from '../interpreter/behaviour.ts'
import { effect, memberOf } from './effect.ts'

/** Calls a tool. One that is not in the closure fails when it is called, and is not called twice. */
export const toolNode = defineNode<'tool'>({
  begin(given, context) {
    const spec = memberOf(context.closure, given.tool, 'tool')?.spec
    const input = context.evaluate(given.with)
    if (spec?.flow === undefined) return effect(context, { ...given, with: input }, spec?.replay ?? 'once')
    const bound = context.evaluate(spec.bind ?? {}, {})
    const { timeout_ms: nodeTimeoutMs = spec.timeout_ms } = context.node
    return {
      kind: 'asked',
      command: {
        type: 'child',
        flow: memberKey(spec.flow),
        input: { ...(isJsonObject(input) && input), ...(isJsonObject(bound) && bound) },
        detach: false,
        timeoutMs: Math.min(nodeTimeoutMs, spec.timeout_ms),
      },
    }
  },
  outputType: (given, closure) => memberOf(closure, given.tool, 'tool')?.spec.output,
})
