import { digestOf } from '../../base/digest.ts'
import type { ModelTarget, ProviderTarget } from '../call.ts'
import type { LimitScope } from './limit.ts'

/** Where the calls of a model count. */
export interface CallScopes {
  readonly provider: LimitScope
  readonly model: LimitScope
}

const known = new WeakMap<ModelTarget['spec'], { readonly provider: ProviderTarget; readonly scopes: CallScopes }>()

/** The scopes of a target. A model counts under the key of its provider, whatever the block is called. */
export function scopesOf({ address, spec, provider }: ModelTarget): CallScopes {
  const before = known.get(spec)
  if (before !== undefined && before.provider === provider) return before.scopes
  const providerKey = keyOf(provider)
  const scopes: CallScopes = {
    provider: { key: providerKey, block: provider.address, limits: provider.spec.rate_limit },
    model: { key: digestOf([providerKey, spec.id]), block: address, limits: spec.rate_limit ?? {} },
  }
  known.set(spec, { provider, scopes })
  return scopes
}

/**
 * The account behind a provider block: two blocks that reach the same place with the same key share its limits. Names of
 * secrets, never what they hold.
 */
function keyOf({ address, spec }: ProviderTarget): string {
  const { type, base_url = null, region = null, organization = null, project = null, api_key = null, headers } = spec
  const secrets = Object.entries(headers).filter(([, text]) => typeof text !== 'string')
  return digestOf({
    type,
    base_url,
    region,
    organization,
    project,
    api_key: api_key === null ? null : JSON.stringify(api_key),
    headers: secrets.map(([name, text]) => `${name.toLowerCase()}: ${JSON.stringify(text)}`).sort(),
    // Nobody but a script answers: each block is a provider of its own.
    simulated: type === 'simulated' ? address : null,
  })
}
