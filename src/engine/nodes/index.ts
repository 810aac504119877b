import type { Closure } from '../../artifact/closure.ts'
import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { NodeArguments, NodeSpec, NodeType } from '../../artifact/workflow.ts'
import type { DiagnosticCode } from '../../diagnostics/codes/index.ts'
import type { Beginning, NodeBehaviour, NodeContext, Succeeded } from '../interpreter/behaviour.ts'
import type { StepOutcome } from '../interpreter/command.ts'
import { approvalNode } from './approval.ts'
import { flowNode } from './flow.ts'
import { guardNode } from './guard.ts'
import { loopNode } from './loop.ts'
import { mapNode } from './map.ts'
import { modelNode } from './model.ts'
import { routerNode } from './router.ts'
import { toolNode } from './tool.ts'
import { transformNode } from './transform.ts'
import { waitNode } from './wait.ts'

const BEHAVIOURS: { readonly [Type in NodeType]: NodeBehaviour<Type> } = Object.freeze({
  model: modelNode,
  tool: toolNode,
  router: routerNode,
  guard: guardNode,
  transform: transformNode,
  map: mapNode,
  loop: loopNode,
  flow: flowNode,
  approval: approvalNode,
  wait: waitNode,
})

const NO_EXITS: BoundBehaviour['exceptionalExits'] = new Map()

/** What the type of a node does, with the arguments of one. */
export interface BoundBehaviour {
  readonly exceptionalExits: ReadonlyMap<string, DiagnosticCode>
  readonly defaultExit: string
  begin(context: NodeContext): Beginning
  end(outcome: Succeeded, context: NodeContext): StepOutcome
  outputType(closure: Closure): JsonSchema | undefined
}

const bound = new WeakMap<NodeSpec, BoundBehaviour>()

export function behaviourOf(spec: NodeSpec): BoundBehaviour {
  const known = bound.get(spec)
  if (known) return known
  const behaviour = bind(spec.type, spec)
  bound.set(spec, behaviour)
  return behaviour
}

function bind<Type extends NodeType>(type: Type, spec: NodeSpec): BoundBehaviour {
  const behaviour: NodeBehaviour<Type> = BEHAVIOURS[type]
  // The artifact was checked against its schema when it was published.
  const given = spec.arguments as unknown as NodeArguments[Type]
  return {
    exceptionalExits: behaviour.exceptionalExits ?? NO_EXITS,
    defaultExit: behaviour.defaultExit?.(given) ?? 'done',
    begin: context => behaviour.begin(given, context),
    end: (outcome, context) => behaviour.end?.(outcome, given, context) ?? outcome,
    outputType: closure => behaviour.outputType?.(given, closure),
  }
}
