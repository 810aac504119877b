import { memberKey } from '../../artifact/references.ts'
import { defineNode } from '../interpreter/behaviour.ts'
import { memberOf } from './effect.ts'

/** Runs another flow as a child; of one that is detached only `run_id` is there. */
export const flowNode = defineNode<'flow'>({
  begin(given, context) {
    const { timeout_ms: timeoutMs } = context.node
    return {
      kind: 'asked',
      command: {
        type: 'child',
        flow: memberKey(given.flow),
        input: context.evaluate(given.with),
        detach: given.detach,
        ...(timeoutMs !== undefined && { timeoutMs }),
      },
    }
  },
  outputType: (given, closure) =>
    memberOf(closure, given.flow, 'workflow')?.spec.output?.schema ?? memberOf(closure, given.flow, 'prompt')?.spec.output,
})
