import type { Closure, ClosureMember } from '../../artifact/closure.ts'
import type { Reference } from '../../artifact/deferred.ts'
import type { PromptSpec } from '../../artifact/prompt.ts'
import { memberKey } from '../../artifact/references.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { ModelTarget } from '../../gateway/call.ts'

/** The prompt of a closure. */
export function promptOf(closure: Closure): PromptSpec {
  const { artifact } = memberAt(closure, closure.address)
  if (artifact.kind !== 'prompt') throw unresolved(closure.address, `${closure.address} is a ${artifact.kind}, expected a prompt.`)
  return artifact.spec
}

/**
 * The models that may answer, in order: of the first tier, or the one that was asked for.
 *
 * @throws OperationError `run/unresolved`
 */
export function chainOf(closure: Closure, prompt: PromptSpec, model: string | undefined): readonly [ModelTarget] {
  const reference = model === undefined ? prompt.tiers[0]?.model : { $ref: model }
  if (reference === undefined) throw unresolved(closure.address, `${closure.address} names no model.`)
  return [targetAt(closure, reference)]
}

function targetAt(closure: Closure, reference: Reference): ModelTarget {
  const address = reference.$ref
  const model = memberAt(closure, memberKey(reference))
  if (model.artifact.kind !== 'model') throw unresolved(address, `${address} is a ${model.artifact.kind}, expected a model.`)
  const providerAddress = model.artifact.spec.provider.$ref
  const provider = memberAt(closure, memberKey(model.artifact.spec.provider))
  if (provider.artifact.kind !== 'provider')
    throw unresolved(providerAddress, `${providerAddress} is a ${provider.artifact.kind}, expected a provider.`)
  return {
    address,
    spec: model.artifact.spec,
    provider: { address: providerAddress, digest: provider.digest, spec: provider.artifact.spec },
  }
}

function memberAt(closure: Closure, address: string): ClosureMember {
  const member = closure.members.get(address)
  if (member === undefined)
    throw unresolved(address, `It is not among what ${closure.address} reaches. Apply again, so that the release has it.`)
  return member
}

function unresolved(address: string, detail: string): OperationError {
  return new OperationError({ code: 'run/unresolved', summary: `${address} cannot be resolved`, address, detail })
}
