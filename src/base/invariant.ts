/** A broken promise of our own code: exit 70, never the user's fault. */
export class InvariantFailure extends Error {
  readonly code: string

  /** @param code what broke, as `area/kebab-name`; it is printed in the crash report. */
  constructor(code: string, why: string) {
    super(why)
    this.name = 'InvariantFailure'
    this.code = code
  }
}

export function invariant(condition: unknown, code: string, why: string): asserts condition {
  if (!condition) throw new InvariantFailure(code, why)
}
