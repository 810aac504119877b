import type { Closure, ClosureMember } from '../../artifact/closure.ts'
import type { Reference } from '../../artifact/deferred.ts'
import type { PromptSpec, TierSpec } from '../../artifact/prompt.ts'
import { memberKey } from '../../artifact/references.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { type CallTier, ESCALATION_REASONS, type ModelTarget } from '../../gateway/call.ts'
import type { DeferredLanguage, Names } from '../deferred.ts'
import { typedValue } from '../typed-value.ts'

/** The prompt of a closure. */
export function promptOf(closure: Closure): PromptSpec {
  const { artifact } = memberAt(closure, closure.address)
  if (artifact.kind !== 'prompt') throw unresolved(closure.address, `${closure.address} is a ${artifact.kind}, expected a prompt.`)
  return artifact.spec
}

/**
 * The models that may answer, in order: the tiers of the prompt, or the one that was asked for, each with its fallbacks.
 *
 * @throws OperationError `run/unresolved`
 */
export function tiersOf(closure: Closure, prompt: PromptSpec, model: string | undefined, names: Names, language: DeferredLanguage): Tiers {
  const tiers = model === undefined ? prompt.tiers : [{ model: { $ref: model } }]
  const [first, ...others] = tiers.map(tier => ({ ...tierOf(closure, tier.model), ...rulesOf(tier, prompt, names, language) }))
  if (first === undefined) throw unresolved(closure.address, `${closure.address} names no model.`)
  return [first, ...others]
}

type Tiers = readonly [CallTier, ...CallTier[]]

function rulesOf(
  { escalate_on = [], escalate_when: condition }: TierSpec,
  { output: schema }: PromptSpec,
  names: Names,
  language: DeferredLanguage,
): Pick<CallTier, 'escalateOn' | 'escalateWhen'> {
  const escalateOn = ESCALATION_REASONS.filter(reason => escalate_on.includes(reason))
  if (condition === undefined) return { escalateOn }
  return { escalateOn, escalateWhen: output => language.value(condition, { ...names, output: typedValue(output, schema) }) === true }
}

/** A model and those that stand in for it: its fallbacks in order, each followed by its own, none twice. */
export function tierOf(closure: Closure, reference: Reference): CallTier {
  const models = new Map<string, ModelTarget>()
  const add = (next: Reference) => {
    const key = memberKey(next)
    if (models.has(key)) return
    const target = targetAt(closure, next)
    models.set(key, target)
    target.spec.fallback.forEach(add)
  }
  add(reference)
  return { models: [...models.values()], escalateOn: [] }
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

/** @throws OperationError `run/unresolved` */
export function memberAt(closure: Closure, address: string): ClosureMember {
  const member = closure.members.get(address)
  if (member === undefined)
    throw unresolved(address, `It is not among what ${closure.address} reaches. Apply again, so that the release has it.`)
  return member
}

function unresolved(address: string, detail: string): OperationError {
  return new OperationError({ code: 'run/unresolved', summary: `${address} cannot be resolved`, address, detail })
}
