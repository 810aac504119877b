import { defineNode, kindText, NodeFailure } from '../interpreter/behaviour.ts'
import { effect } from './effect.ts'

/** Looks at a text; what it blocks has none. */
export const guardNode = defineNode<'guard'>({
  exceptionalExits: new Map([['blocked', 'guard/blocked']]),
  begin(given, context) {
    const text = context.evaluate(given.text)
    if (typeof text !== 'string') throw new NodeFailure('guard/no-text', `"text" is ${kindText(text)}, and a guard looks at text`)
    return effect(context, { ...given, text })
  },
})
