import type { Diagnostic, DiagnosticInput } from './diagnostic.ts'

/** Collects diagnostics while the work goes on: one pass shows many errors. */
export class Report {
  readonly #diagnostics: Diagnostic[] = []

  error(diagnostic: DiagnosticInput): void {
    this.add({ ...diagnostic, severity: 'error' })
  }

  warning(diagnostic: DiagnosticInput): void {
    this.add({ ...diagnostic, severity: 'warning' })
  }

  add(...diagnostics: readonly Diagnostic[]): void {
    this.#diagnostics.push(...diagnostics)
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
