import type { Diagnostic, DiagnosticInput } from './diagnostic.ts'

/** What was reported so far; shared by all reports of one piece of work. */
interface Collected {
  readonly diagnostics: Diagnostic[]
  /** What was told, by `identityOf`: one mistake in a block with a hundred instances is told for the first of them. */
  readonly told: Set<string>
  /** Counted as they come, told again or not: decoding asks before and after each block. */
  errors: number
}

/** Collects diagnostics while the work goes on: one pass shows many errors. */
export class Report {
  readonly #collected: Collected
  readonly #complete: (diagnostic: Diagnostic) => Diagnostic

  constructor(
    collected: Collected = { diagnostics: [], told: new Set(), errors: 0 },
    complete: (diagnostic: Diagnostic) => Diagnostic = diagnostic => diagnostic,
  ) {
    this.#collected = collected
    this.#complete = complete
  }

  error(diagnostic: DiagnosticInput): void {
    this.add({ ...diagnostic, severity: 'error' })
  }

  warning(diagnostic: DiagnosticInput): void {
    this.add({ ...diagnostic, severity: 'warning' })
  }

  add(...diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      if (diagnostic.severity === 'error') this.#collected.errors++
      const identity = identityOf(diagnostic)
      if (identity !== undefined && this.#collected.told.has(identity)) continue
      if (identity !== undefined) this.#collected.told.add(identity)
      this.#collected.diagnostics.push(this.#complete(diagnostic))
    }
  }

  /** A report into the same list that completes what is added: layers below know the place, and not what stands there. */
  within(complete: (diagnostic: Diagnostic) => Diagnostic): Report {
    return new Report(this.#collected, diagnostic => this.#complete(complete(diagnostic)))
  }

  /** A report that throws away what is added: the same is decoded again, and told then. */
  muted(): Report {
    return new Report()
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#collected.diagnostics
  }

  get hasErrors(): boolean {
    return this.#collected.errors > 0
  }

  get errorCount(): number {
    return this.#collected.errors
  }
}

/** The same words about the same place say nothing new; without a place, each counts. */
function identityOf({ code, summary, detail, subject }: Diagnostic): string | undefined {
  return subject && JSON.stringify([code, summary, detail, subject.source.name, subject.start, subject.end])
}
