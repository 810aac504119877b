import type { Diagnostic } from './diagnostic.ts'

/** What was found in several passes over the same files: one mistake is told once, however many passes see it. */
export function mergeDiagnostics(passes: readonly (readonly Diagnostic[])[]): readonly Diagnostic[] {
  return [...new Map(passes.flat().map(diagnostic => [identityOf(diagnostic), diagnostic])).values()]
}

function identityOf({ code, summary, subject }: Diagnostic): string {
  return JSON.stringify([code, summary, subject?.source.name, subject?.start])
}
