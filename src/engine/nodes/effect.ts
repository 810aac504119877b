import type { Closure } from '../../artifact/closure.ts'
import type { Reference } from '../../artifact/deferred.ts'
import type { Artifact } from '../../artifact/envelope.ts'
import { memberKey } from '../../artifact/references.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Beginning, NodeContext } from '../interpreter/behaviour.ts'
import type { EffectCommand } from '../interpreter/command.ts'

/** Work outside, with the limits that the node sets. */
export function effect(context: NodeContext, given: JsonObject, replay: EffectCommand['replay'] = 'safe'): Beginning {
  const { type, timeout_ms: timeoutMs } = context.node
  return {
    kind: 'asked',
    command: { type: 'effect', nodeType: type, arguments: given, replay, attempt: 1, ...(timeoutMs !== undefined && { timeoutMs }) },
  }
}

/** What a reference leads to, when it is of this kind. */
export function memberOf<Kind extends Artifact['kind']>(closure: Closure, reference: Reference, kind: Kind) {
  const artifact = closure.members.get(memberKey(reference))?.artifact
  return artifact?.kind === kind ? (artifact as Extract<Artifact, { readonly kind: Kind }>) : undefined
}
