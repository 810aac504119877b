import type { DiagnosticInput } from '../../diagnostics/diagnostic.ts'
import type { FailureDetails } from '../failure.ts'

/** What a person is told where a guard refused a call or an answer; undefined where something else did. */
export function guardDiagnostic({
  class: failureClass,
  refusedBy,
  message,
  notes,
  cure = [],
}: FailureDetails): DiagnosticInput | undefined {
  if (failureClass !== 'guard_blocked') return undefined
  return {
    code: 'guard/blocked',
    summary: message,
    ...(refusedBy !== undefined && { address: refusedBy }),
    ...(notes && { notes }),
    detail: cure.join('\n'),
  }
}
