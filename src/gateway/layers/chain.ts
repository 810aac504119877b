import { invariant } from '../../base/invariant.ts'
import { type Layer, withTarget } from '../call.ts'

/** Chooses the model that is asked: the first of the chain. */
export function chainLayer(): Layer {
  return (call, next) => {
    const [first] = call.chain
    invariant(first, 'gateway/empty-chain', 'a call names at least one model')
    return next(withTarget(call, first, call.params))
  }
}
