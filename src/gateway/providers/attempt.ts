import type { ModelCall, ProviderTarget } from '../call.ts'
import { CallFailure, extendFailure } from '../failure.ts'
import { type FailureReader, failureOf } from './attempt-failure.ts'
import { type Credentials, credentialsOf } from './credentials.ts'
import type { ProviderDependencies, VendorApi } from './definition.ts'

/** By what attempts of a provider are made. */
export interface Attempting {
  readonly api: VendorApi
  readonly target: ProviderTarget
  readonly dependencies: ProviderDependencies
  /** Absent: errors are those of the network. */
  readonly read?: FailureReader
}

/** Every failure is one of ours and knows which key was sent; a refused key that was changed meanwhile is tried once. */
export async function withCredentials<T>(
  { api, target, dependencies, read }: Attempting,
  call: Pick<ModelCall, 'signal'>,
  attempt: (credentials: Credentials) => Promise<T>,
): Promise<T> {
  const attemptOrFail = (credentials: Credentials): Promise<T> =>
    attempt(credentials).catch(async (error: unknown) => {
      const failure = await failureOf(error, call, dependencies, read)
      throw failure instanceof CallFailure && isRefusedKey(failure) && credentials.key
        ? extendFailure(failure, { key: credentials.key })
        : failure
    })
  const credentials = await credentialsOf(api, target, dependencies.secrets)
  try {
    return await attemptOrFail(credentials)
  } catch (error) {
    const rotated =
      error instanceof CallFailure && isRefusedKey(error) ? await rotatedCredentials({ api, target, dependencies }, credentials) : undefined
    if (rotated === undefined) throw error
    return attemptOrFail(rotated)
  }
}

function isRefusedKey({ details }: CallFailure): boolean {
  return details.class === 'unauthorized' || details.class === 'forbidden'
}

/** A refused key is looked up again, and one that has changed is tried once (SEC-1). */
async function rotatedCredentials(
  { api, target, dependencies: { secrets } }: Attempting,
  refused: Credentials,
): Promise<Credentials | undefined> {
  if (refused.key === undefined) return undefined
  secrets.forget(refused.key.name)
  const current = await credentialsOf(api, target, secrets)
  return JSON.stringify(current.headers) === JSON.stringify(refused.headers) ? undefined : current
}
