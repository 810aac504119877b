import type { ModelCall } from '../call.ts'
import { abortedFailure, CallFailure, type FailureDetails } from '../failure.ts'
import type { Redactor } from '../redactor.ts'
import { MissingSecret } from '../secrets.ts'
import type { ProviderDependencies } from './definition.ts'
import { foreignDetails } from './network-failure.ts'

/** What an error says of an attempt. `redact` is for texts that are cut: half of a secret is not known any more. */
export type FailureReader = (error: unknown, nowMs: number, redact: Redactor['redact']) => FailureDetails | Promise<FailureDetails>

/**
 * What an attempt threw, as a failure of ours with every secret taken out. Errors that are not about the call (a missing
 * secret) come back as they are.
 */
export async function failureOf(
  error: unknown,
  call: Pick<ModelCall, 'signal'>,
  { redactor, clock }: Pick<ProviderDependencies, 'redactor' | 'clock'>,
  read: FailureReader = (foreign, _, redact) => foreignDetails(foreign, redact),
): Promise<unknown> {
  if (call.signal.aborted) return abortedFailure()
  if (error instanceof MissingSecret) return error
  const details = error instanceof CallFailure ? error.details : await read(error, clock.now(), redactor.redact)
  return new CallFailure({
    ...details,
    message: redactor.redact(details.message),
    ...(details.providerCode !== undefined && { providerCode: redactor.redact(details.providerCode) }),
    ...(details.requestId !== undefined && { requestId: redactor.redact(details.requestId) }),
  })
}
