import type { DiagnosticCode } from './codes/index.ts'
import type { Diagnostic, DiagnosticInput } from './diagnostic.ts'

/**
 * The world failed: a lock is held, a store is full, a provider refused. Thrown where it happens; an operation turns
 * it into a diagnostic, in one place.
 */
export class OperationError extends Error {
  readonly code: DiagnosticCode
  readonly diagnostic: Diagnostic
  readonly retryable: boolean

  constructor(diagnostic: DiagnosticInput, options: { readonly retryable?: boolean; readonly cause?: unknown } = {}) {
    super(diagnostic.summary, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'OperationError'
    this.code = diagnostic.code
    this.diagnostic = { ...diagnostic, severity: 'error' }
    this.retryable = options.retryable ?? false
  }

  /** The same failure with the source line that it comes from, known to whoever has the configuration. */
  withPlace(place: Pick<Diagnostic, 'subject' | 'where'>): this {
    return Object.assign(Object.create(Object.getPrototypeOf(this)), this, { diagnostic: { ...this.diagnostic, ...place } })
  }
}
