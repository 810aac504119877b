import type { Scope } from '../../hcl/scope.ts'
import type { Type } from '../../hcl/type.ts'
import { INVALID } from '../../hcl/value.ts'
import { createDeferredScope, type DeferredRoot } from '../deferred-scope.ts'
import { RUN, SESSION } from './attributes.ts'
import { createUnknownNodeScope } from './node-scope.ts'
import type { NodeRegistry } from './outline.ts'

/** Names that stand for something in some places of a workflow only. */
const PLACES: ReadonlyMap<string, string> = new Map([
  ['item', 'It is known in the body of a map, and in its "item_key" and "output".'],
  ['loop', 'It is known in the body of a loop, and in its "next" and "until".'],
  ['exit', 'An exit is not a value: it stands in "on" of a node and in "from" of an edge. Which one was taken is node.NAME.exit.'],
])

/** What all expressions of a workflow may use besides its nodes: `input`, `session` and `run`. */
export function createWorkflowScope(
  parent: Scope,
  input: Pick<DeferredRoot, 'type' | 'declaredAt'>,
  address: string,
  registry: NodeRegistry,
): Scope {
  const root = (label: string, type: Type): DeferredRoot => ({ label, code: 'config/unknown-attribute', type })
  const roots = new Map<string, DeferredRoot>([
    ['input', { label: `The input of ${address}`, code: 'config/unknown-input', ...input }],
    ['session', root('The session', SESSION)],
    ['run', root('The run', RUN)],
  ])
  return createUnknownNodeScope(outOfPlace(createDeferredScope(parent, { roots, used: new Set() })), registry)
}

function outOfPlace(parent: Scope): Scope {
  return {
    resolve(traversal, report) {
      const place = PLACES.get(traversal.root)
      if (place === undefined) return parent.resolve(traversal, report)
      report.error({
        code: 'config/not-in-scope',
        summary: `"${traversal.root}" is not known here`,
        detail: place,
        subject: traversal.range,
      })
      return { value: INVALID, steps: traversal.steps.length }
    },
    names: () => parent.names(),
  }
}
