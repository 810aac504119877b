import type { Closure } from '../../artifact/closure.ts'
import type { Reference } from '../../artifact/deferred.ts'
import { memberKey } from '../../artifact/references.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { GuardTarget } from '../../gateway/call.ts'
import { memberAt, tierOf } from './target.ts'

/**
 * Guards with the models that their judges ask, in their order.
 *
 * @throws OperationError `run/unresolved`
 */
export function guardTargets(closure: Closure, references: readonly Reference[] = []): readonly GuardTarget[] {
  return references.map(reference => {
    const { artifact, digest } = memberAt(closure, memberKey(reference))
    const address = reference.$ref
    if (artifact.kind !== 'guard') {
      const detail = `${address} is a ${artifact.kind}, expected a guard.`
      throw new OperationError({ code: 'run/unresolved', summary: `${address} cannot be resolved`, address, detail })
    }
    const { spec } = artifact
    const judges = spec.detectors.flatMap(detector =>
      detector.type === 'judge' ? [[memberKey(detector.model), tierOf(closure, detector.model)] as const] : [],
    )
    return { address, digest, spec, judges: new Map(judges) }
  })
}
