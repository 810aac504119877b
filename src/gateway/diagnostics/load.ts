import type { DiagnosticInput } from '../../diagnostics/diagnostic.ts'
import type { CallHistory, ModelTarget } from '../call.ts'
import type { FailureDetails } from '../failure.ts'

/** What a person is told where a breaker or a rate limit kept the only model from being asked; a chain is told as a whole. */
export function loadDiagnostic(
  { class: reason, message }: FailureDetails,
  { address, spec }: ModelTarget,
  { attempts, passedOver }: CallHistory,
): DiagnosticInput | undefined {
  if (passedOver.length > 0 || (reason !== 'breaker_open' && reason !== 'permit_timeout')) return undefined
  const made = attempts.length === 0 ? 'The call was not made.' : 'It was not tried again.'
  const elsewhere = spec.fallback.length === 0 ? ', or answer from elsewhere:  fallback = [model.backup]' : '.'
  if (reason === 'breaker_open')
    return {
      code: 'gateway/breaker-open',
      summary: `The breaker of ${address} is open`,
      address,
      notes: [message],
      detail: `Nothing is wrong with the prompt. ${made}\nSee flowrun models status, and try it again then${elsewhere}`,
    }
  return {
    code: 'gateway/permit-timeout',
    summary: `The rate limits had no room for a call of ${address} in time`,
    address,
    notes: [message],
    detail: `Nothing is wrong with the prompt. ${made}\nSee flowrun models status, and try it again in a while${elsewhere}`,
  }
}
