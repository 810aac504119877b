import type { ProviderSpec } from '../../artifact/provider.ts'
import type { ProviderTarget } from '../call.ts'
import { CallFailure } from '../failure.ts'
import type { VendorApi } from './definition.ts'

/**
 * Where requests go, without a slash at the end. The usual address is written out here: left to the SDK it would be read
 * from the environment, and a plan could not show it.
 */
export function endpointAt(usual?: string): (spec: ProviderSpec) => string | undefined {
  return ({ base_url }) => (base_url ?? usual)?.replace(/\/+$/, '')
}

/** @throws CallFailure when there is none. */
export function requiredEndpoint(api: VendorApi, { spec, address }: ProviderTarget): string {
  const url = api.endpoint(spec)
  if (url === undefined) throw new CallFailure({ class: 'bad_request', message: `${address} has no base_url` })
  return url
}
