import { defineNode } from '../interpreter/behaviour.ts'
import { effect, memberOf } from './effect.ts'

/** Calls a prompt. */
export const modelNode = defineNode<'model'>({
  begin: (given, context) => effect(context, { ...given, with: context.evaluate(given.with) }),
  outputType: (given, closure) => memberOf(closure, given.prompt, 'prompt')?.spec.output,
})
