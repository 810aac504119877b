import type { Diagnostic, DiagnosticInput } from './diagnostic.ts'

/** Collects diagnostics while the work goes on: one pass shows many errors. */
export class Report {
  readonly #diagnostics: Diagnostic[]
  readonly #complete: (diagnostic: Diagnostic) => Diagnostic

  constructor(diagnostics: Diagnostic[] = [], complete: (diagnostic: Diagnostic) => Diagnostic = diagnostic => diagnostic) {
    this.#diagnostics = diagnostics
    this.#complete = complete
  }

  error(diagnostic: DiagnosticInput): void {
    this.add({ ...diagnostic, severity: 'error' })
  }

  warning(diagnostic: DiagnosticInput): void {
    this.add({ ...diagnostic, severity: 'warning' })
  }

  add(...diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) this.#diagnostics.push(this.#complete(diagnostic))
  }

  /** A report into the same list that completes what is added: layers below know the place, and not what stands there. */
  within(complete: (diagnostic: Diagnostic) => Diagnostic): Report {
    return new Report(this.#diagnostics, diagnostic => this.#complete(complete(diagnostic)))
  }

  /** A report that throws away what is added: the same is decoded again, and told then. */
  muted(): Report {
    return new Report()
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics
  }

  get hasErrors(): boolean {
    return this.#diagnostics.some(diagnostic => diagnostic.severity === 'error')
  }

  get errorCount(): number {
    return this.#diagnostics.filter(diagnostic => diagnostic.severity === 'error').length
  }
}
