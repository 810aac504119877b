import type { NodeArguments } from '../../artifact/workflow.ts'
import { fromJson } from '../../hcl/json-value.ts'
import { numberValue, objectValue } from '../../hcl/value.ts'
import { type Bodies, defineNode, type NodeContext } from '../interpreter/behaviour.ts'
import { asCondition } from '../interpreter/readiness.ts'

/** Repeats its body until a condition holds, which is looked at before each iteration and after the last. */
export const loopNode = defineNode<'loop'>({
  exceptionalExits: new Map([['exhausted', 'loop/exhausted']]),
  begin: (given, context) => ({ kind: 'bodies', bodies: iterations(given, context) }),
})

function iterations({ state: first, next, until, max_iterations: limit }: NodeArguments['loop'], { evaluate }: NodeContext): Bodies {
  let state = evaluate(first)
  let index = 0
  let isDone = false
  const names = () => ({ loop: objectValue({ state: fromJson(state), index: numberValue(index) }) })
  return {
    concurrency: 1,
    next() {
      const loop = names()
      isDone = asCondition(evaluate(until, loop), '"until"')
      return isDone || index === limit ? undefined : { index, step: `[${index}]`, names: loop }
    },
    completed(_, evaluateAfter) {
      state = evaluateAfter(next)
      index++
    },
    failed: () => false,
    outcome: () => ({ status: 'succeeded', exit: isDone ? 'done' : 'exhausted', attributes: { output: state, iterations: index } }),
  }
}
