import { defineNode } from '../interpreter/behaviour.ts'
import { effect, memberOf } from './effect.ts'

/** Calls a tool. One that is not in the closure fails when it is called, and is not called twice. */
export const toolNode = defineNode<'tool'>({
  exceptionalExits: [],
  begin(given, context) {
    const replay = memberOf(context.closure, given.tool, 'tool')?.spec.replay ?? 'once'
    return effect(context, { ...given, with: context.evaluate(given.with) }, replay)
  },
  outputType: (given, closure) => memberOf(closure, given.tool, 'tool')?.spec.output,
})
