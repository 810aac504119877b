import type { NodeType } from '../../artifact/workflow.ts'
import { invariant } from '../../base/invariant.ts'
import type { EffectExecutor } from '../durable/effect.ts'
import type { PromptDependencies } from '../prompt/request.ts'
import { guardEffect } from './guard.ts'
import { modelEffect } from './model.ts'
import { routerEffect } from './router.ts'
import type { ToolDependencies } from './tool/call.ts'
import { toolEffect } from './tool/index.ts'

export type EffectDependencies = PromptDependencies & ToolDependencies

/** What nodes do outside of the interpreter, by their type. */
export function createEffects(dependencies: EffectDependencies): EffectExecutor {
  const executors: Partial<Readonly<Record<NodeType, EffectExecutor>>> = {
    model: modelEffect(dependencies),
    router: routerEffect(dependencies),
    guard: guardEffect(dependencies),
    tool: toolEffect(dependencies),
  }
  return (command, run, closure, context) => {
    const execute = executors[command.nodeType]
    invariant(execute, 'engine/no-effect', `a node of type ${command.nodeType} has no work outside`)
    return execute(command, run, closure, context)
  }
}
